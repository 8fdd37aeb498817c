"""A checkpoint's states and steps (domain.md §0), as one table of data."""

from __future__ import annotations

from enum import StrEnum

from checkpoints.errors import FourEyes, StateForbids


class State(StrEnum):
    """Where a checkpoint stands. In force = not exited, whatever the binding."""

    UNBOUND = "unbound"
    PENDING_CONFIRM = "pending_confirm"
    ACTIVE = "active"
    EXIT_PROPOSED = "exit_proposed"
    EXITED = "exited"


class Step(StrEnum):
    """What may happen to a checkpoint."""

    BIND = "bind"
    BIND_PROVISIONALLY = "bind_provisionally"
    DISPUTE = "dispute"
    CONFIRM = "confirm"
    REJECT = "reject"
    RESET = "reset"
    PROPOSE_EXIT = "propose_exit"
    REFUSE_EXIT = "refuse_exit"
    EXIT = "exit"
    REACTIVATE = "reactivate"


# EXIT from every state in force: "in force = not exited, whatever the binding", so a place that nobody ever bound may
# leave as well; the way back leads to what its binding says (`state_by_place`).
# DISPUTE: a second first-binding of the same generation came in from offline, so a manager decides (§3.4).
STEPS: dict[tuple[State, Step], State] = {
    (State.UNBOUND, Step.BIND): State.ACTIVE,
    (State.UNBOUND, Step.BIND_PROVISIONALLY): State.PENDING_CONFIRM,
    (State.PENDING_CONFIRM, Step.DISPUTE): State.PENDING_CONFIRM,
    (State.PENDING_CONFIRM, Step.CONFIRM): State.ACTIVE,
    (State.PENDING_CONFIRM, Step.REJECT): State.UNBOUND,
    (State.ACTIVE, Step.DISPUTE): State.PENDING_CONFIRM,
    (State.ACTIVE, Step.RESET): State.UNBOUND,
    (State.UNBOUND, Step.PROPOSE_EXIT): State.EXIT_PROPOSED,
    (State.PENDING_CONFIRM, Step.PROPOSE_EXIT): State.EXIT_PROPOSED,
    (State.ACTIVE, Step.PROPOSE_EXIT): State.EXIT_PROPOSED,
    (State.EXIT_PROPOSED, Step.EXIT): State.EXITED,
    (State.EXIT_PROPOSED, Step.REFUSE_EXIT): State.ACTIVE,
    (State.EXITED, Step.REACTIVATE): State.ACTIVE,
}


def next_state(state: State, step: Step) -> State:
    """Return the state after ``step``.

    Raises:
        StateForbids: the table has no such step from here.
    """
    after = STEPS.get((state, step))
    if after is None:
        raise StateForbids(state=state.value, step=step.value)
    return after


def is_in_force(state: State) -> bool:
    """Tell whether the checkpoint counts for plans and rates."""
    return state is not State.EXITED


def ensure_other_person(actor_id: object, earlier_id: object, *, sentence: str) -> None:
    """Refuse the second of two steps to the person of the first.

    Raises:
        FourEyes: both are the same; ``sentence`` tells the user which two steps.
    """
    if earlier_id is not None and actor_id == earlier_id:
        raise FourEyes(sentence)
