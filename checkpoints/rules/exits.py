"""How a checkpoint leaves and comes back (domain.md §0, §1.5): proposed by one person, decided by another.

A checkpoint is exited from the exit's effective day D on, not from its approval: an approval before D is a scheduled
exit, which can be called off until D; after D only a re-activation leads back, as a new episode.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from checkpoints.errors import (
    ExitCodeInvalid,
    ExitDayInvalid,
    ExitInEffect,
    ExitNotYours,
    ExitSettled,
    ReactivationDayInvalid,
)
from checkpoints.rules.binding import LocationStatus
from checkpoints.rules.lifecycle import State, ensure_other_person

if TYPE_CHECKING:
    from uuid import UUID

CODE_FORM = r"^[a-z][a-z0-9_]{1,39}$"
MOST_AHEAD = timedelta(days=366)
CONCLUDED = "现场检查结论为退出"
VOIDED = "提议所依据的检查记录已作废"
"""The reason of an exit that an accepted visit's conclusion proposes."""
DEFAULT_TYPE = "exited"
"""The type of such an exit, until the approver names a better one."""

_OWN_EXIT = "退出申请须由提出人以外的审批人处理。"
_OWN_RETURN = "提出退出的人不能重新启用该检查点，须由另一审批人办理。"


class ExitStatus(StrEnum):
    """Where an exit stands; proposed and approved ones are open, and a checkpoint has one of those at most."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    CALLED_OFF = "called_off"
    REACTIVATED = "reactivated"


class ExitStep(StrEnum):
    """What may happen to an exit."""

    APPROVE = "approve"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"
    CALL_OFF = "call_off"
    REACTIVATE = "reactivate"


OPEN = (ExitStatus.PROPOSED, ExitStatus.APPROVED)

EXIT_STEPS: dict[tuple[ExitStatus, ExitStep], ExitStatus] = {
    (ExitStatus.PROPOSED, ExitStep.APPROVE): ExitStatus.APPROVED,
    (ExitStatus.PROPOSED, ExitStep.REFUSE): ExitStatus.REFUSED,
    (ExitStatus.PROPOSED, ExitStep.WITHDRAW): ExitStatus.WITHDRAWN,
    (ExitStatus.APPROVED, ExitStep.CALL_OFF): ExitStatus.CALLED_OFF,
    (ExitStatus.APPROVED, ExitStep.REACTIVATE): ExitStatus.REACTIVATED,
}


def next_status(status: ExitStatus, step: ExitStep, *, last_by_name: str | None = None) -> ExitStatus:
    """Return where an exit stands after ``step``; ``last_by_name`` is who decided or ended it, None while it waits.

    Raises:
        ExitSettled: the table has no such step from here.
    """
    after = EXIT_STEPS.get((status, step))
    if after is None:
        sentence = f"该退出申请已由{last_by_name}处理" if last_by_name else ""
        raise ExitSettled(sentence, current=status.value, step=step.value, decided_by_name=last_by_name)
    return after


def ensure_code(code: str) -> None:
    """Refuse a code for the dictionary that is not 2 to 40 small letters, digits and underscores.

    Raises:
        ExitCodeInvalid: it is something else.
    """
    if re.fullmatch(CODE_FORM, code) is None:
        raise ExitCodeInvalid


def ensure_day(effective_on: date, *, effective_from: date, today: date) -> None:
    """Refuse an exit before the checkpoint's first day, or more than a year ahead; a past day is for the approver.

    Raises:
        ExitDayInvalid: so it is.
    """
    if not effective_from <= effective_on <= today + MOST_AHEAD:
        last = today + MOST_AHEAD
        raise ExitDayInvalid(fields={"effective_on": f"应在 {effective_from} 与 {last} 之间"})


def ensure_decider(actor_id: UUID, proposer_id: UUID) -> None:
    """Refuse the decision to whoever proposed the exit (¶ of domain.md §6).

    Raises:
        FourEyes: he proposed it.
    """
    ensure_other_person(actor_id, proposer_id, sentence=_OWN_EXIT)


def ensure_proposer(actor_id: UUID, proposer_id: UUID) -> None:
    """Refuse taking somebody else's proposal back; an approver refuses it instead.

    Raises:
        ExitNotYours: he did not propose it.
    """
    if actor_id != proposer_id:
        raise ExitNotYours


def ensure_still_ahead(effective_on: date, today: date) -> None:
    """Refuse calling off an exit whose day has come.

    Raises:
        ExitInEffect: with ``effective_on``.
    """
    if is_in_effect(effective_on, today):
        raise ExitInEffect(effective_on=effective_on.isoformat())


def is_in_effect(effective_on: date, today: date) -> bool:
    """Tell whether the checkpoint is out of force on ``today``: D itself is the first such day."""
    return effective_on <= today


def ensure_return(actor_id: UUID, proposer_id: UUID, *, returns_on: date, effective_on: date, today: date) -> None:
    """Refuse a re-activation by whoever proposed the exit, or for a day outside of exit and today.

    Raises:
        FourEyes: he proposed it.
        ReactivationDayInvalid: the day lies before the exit or in the future.
    """
    ensure_other_person(actor_id, proposer_id, sentence=_OWN_RETURN)
    if not effective_on <= returns_on <= today:
        raise ReactivationDayInvalid(fields={"effective_on": f"应在 {effective_on} 与 {today} 之间"})


def state_by_place(standing: LocationStatus | None) -> State:
    """Return the state of a checkpoint in force, as its standing place says: none, a doubtful or a sound one."""
    if standing is None:
        return State.UNBOUND
    return State.PENDING_CONFIRM if standing is LocationStatus.PROVISIONAL else State.ACTIVE
