"""Which task a visit closes, and what becomes of a task that nobody visited (domain.md §1.7, §1.8).

The device's task id is a hint: the window that holds the day of the visit decides. One visit closes at most one task of
a rule, so it never repairs two periods; it closes one of each rule that takes its template's family.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from msgspec.structs import replace

from inspection_api.tasks.errors import MakeupForbidden

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


class State(StrEnum):
    """What became of a task; *overdue* is derived from the day and never stored."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    DONE_LATE = "done_late"
    MISSED = "missed"
    CANCELLED = "cancelled"
    EXEMPT = "exempt"


class Kind(StrEnum):
    """Why a task exists: the rule's round, the checks after an exit, the first check of a new loan, a campaign."""

    REGULAR = "regular"
    EXIT = "exit"
    INITIAL = "initial"
    CAMPAIGN = "campaign"


OPEN = frozenset({State.PENDING, State.IN_PROGRESS})
DONE = frozenset({State.DONE, State.DONE_LATE})
LEFT_OUT = frozenset({State.CANCELLED, State.EXEMPT})
CLOSABLE = OPEN | {State.MISSED}
"""A visit performed in time but accepted late still closes a missed task (§1.8)."""

MAY_BECOME: Mapping[State, frozenset[State]] = {
    State.PENDING: frozenset({State.IN_PROGRESS, State.MISSED}) | DONE | LEFT_OUT,
    State.IN_PROGRESS: frozenset({State.MISSED}) | DONE | LEFT_OUT,
    State.MISSED: DONE,
    State.DONE: frozenset({State.PENDING}),
    State.DONE_LATE: frozenset({State.PENDING}),
    State.CANCELLED: frozenset({State.PENDING}),
    State.EXEMPT: frozenset({State.PENDING}),
}
"""What is done or exempt waits again only if the record of its visit is voided (§0, Inspection)."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """An attempt at a visit: whose it is, and who answers for it."""

    id: UUID
    officer_id: UUID
    organisation_id: UUID


class TaskTerms(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What decides whether a visit closes a task.

    ``previous_on`` is the day of the visit that closed the task before it in the same rule, whose period began on
    ``previous_start``; ``credit_from`` is the first day whose visit exempts it (set only for the first task of an
    episode). A campaign's task has no rule. Only a visit in ``performing_role`` counts (None: anybody's), or of
    ``officer_id``, whose task it is.
    """

    id: UUID
    rule_id: UUID | None
    checkpoint_id: UUID
    state: State
    period_start: date
    due_on: date
    window_end_on: date
    template_family: str
    channels: frozenset[str]
    min_gap_days: int = 0
    previous_on: date | None = None
    previous_start: date | None = None
    credit_from: date | None = None
    performing_role: str | None = None
    officer_id: UUID | None = None

    def is_left_to(self, user_id: UUID) -> bool:
        """Tell whether the task waits for this user because of its rule's role, whoever has the checkpoint."""
        return self.performing_role is not None and self.officer_id == user_id and self.state in CLOSABLE


class Visit(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An inspection that is being accepted; ``task_id`` is the device's hint, ``roles`` the officer's of that day."""

    inspection_id: UUID
    checkpoint_id: UUID
    performed_on: date
    template_family: str
    channel: str
    task_id: UUID | None = None
    officer_id: UUID | None = None
    roles: frozenset[str] = frozenset()


class Effect(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a visit does to a task: ``state`` is what the task becomes, None leaves it as it is; ``flags`` say why."""

    task_id: UUID
    state: State | None = None
    flags: tuple[str, ...] = ()


class Closing(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a visit does: ``state`` is what its task becomes, None leaves every task as it is.

    ``task_id`` of an extra visit is the task that it came too late for, if there is one; ``flags`` say why. ``also``
    are the tasks of other rules that the same visit closes or exempts.
    """

    inspection_id: UUID
    task_id: UUID | None = None
    state: State | None = None
    flags: tuple[str, ...] = ()
    also: tuple[Effect, ...] = ()

    @property
    def is_extra(self) -> bool:
        """Tell whether the visit is kept and shown, but completes no task."""
        return self.state not in DONE

    @property
    def outcomes(self) -> dict[UUID, State]:
        """Return what each task becomes."""
        mine = {self.task_id: self.state} if self.task_id is not None and self.state is not None else {}
        return mine | {each.task_id: each.state for each in self.also if each.state is not None}


def decide_closing(visit: Visit, tasks: Iterable[TaskTerms]) -> Closing:
    """Decide what ``visit`` does to the tasks of its checkpoint (§1.7, §1.8).

    In each rule, of the tasks whose window holds the day the oldest one wins, the hinted one among equals. A visit
    shortly before an episode's first period exempts that task. Everything else is extra, with a flag when its task was
    closed meanwhile. Of several rules the one whose task is completed, then the hinted one, names the visit's task.
    """
    by_rule: dict[UUID, list[TaskTerms]] = {}
    for task in tasks:
        if _matches(visit, task):
            by_rule.setdefault(task.rule_id or task.id, []).append(task)
    found = sorted(
        (pair for group in by_rule.values() for pair in _effects(visit, group)),
        key=lambda pair: (_rank(pair[1]), pair[0].id != visit.task_id, pair[0].period_start, pair[0].id),
    )
    if not found:
        return Closing(inspection_id=visit.inspection_id)
    first, others = found[0][1], [effect for _, effect in found[1:]]
    return Closing(
        inspection_id=visit.inspection_id,
        task_id=first.task_id,
        state=first.state,
        flags=first.flags,
        also=tuple(effect for effect in others if effect.state is not None),
    )


def _rank(effect: Effect) -> int:
    if effect.state is None:
        return 2
    return 0 if effect.state in DONE else 1


def decide_closings(visits: Sequence[Visit], tasks: Iterable[TaskTerms]) -> list[Closing]:
    """Decide a batch in its order: what one visit closed is closed for the next one.

    Each visit is held against the tasks of its own checkpoint only, so that a bank's day costs no more than its visits.
    """
    known: dict[UUID, dict[UUID, TaskTerms]] = defaultdict(dict)
    for task in tasks:
        known[task.checkpoint_id][task.id] = task
    closings = []
    for visit in visits:
        there = known[visit.checkpoint_id]
        closing = decide_closing(visit, there.values())
        for task_id, state in closing.outcomes.items():
            closed = there[task_id]
            there = {key: _after(task, state, closed, visit) for key, task in there.items()}
        known[visit.checkpoint_id] = there
        closings.append(closing)
    return closings


def is_too_close(task: TaskTerms, performed_on: date) -> bool:
    """Tell whether the visit comes sooner than ``min_gap_days`` after the one that closed the task before."""
    return task.previous_on is not None and abs(performed_on - task.previous_on).days < task.min_gap_days


def ensure_makeup(state: State, *, window_end_on: date, until: date, today: date) -> None:
    """Refuse a 补检 where nothing can be made up any more, or not yet.

    Raises:
        MakeupForbidden: the task is done or gone, its window runs still, or ``until`` lies behind.
    """
    if state not in CLOSABLE or not window_end_on < today <= until:
        raise MakeupForbidden(state=state.value, window_end_on=window_end_on.isoformat(), until=until.isoformat())


def states_before(target: State) -> tuple[State, ...]:
    """Return the states from which the table allows a task to become ``target``."""
    return tuple(state for state, targets in MAY_BECOME.items() if target in targets)


def _matches(visit: Visit, task: TaskTerms) -> bool:
    return (
        task.checkpoint_id == visit.checkpoint_id
        and task.template_family == visit.template_family
        and visit.channel in task.channels
    )


def _effects(visit: Visit, tasks: Sequence[TaskTerms]) -> Iterator[tuple[TaskTerms, Effect]]:
    """Yield what the visit does to the task of one rule that it concerns, if there is one."""
    held = sorted(
        (task for task in tasks if task.period_start <= visit.performed_on <= task.window_end_on),
        key=lambda task: (task.period_start, task.id != visit.task_id, task.id),
    )
    mine = [task for task in held if _is_in_role(visit, task)]
    open_ones = [task for task in mine if task.state in CLOSABLE]
    earned = sorted((task for task in tasks if _is_earned(visit, task)), key=lambda task: (task.period_start, task.id))
    if open_ones:
        yield open_ones[0], _close(visit, open_ones[0])
    elif earned:
        yield earned[0], Effect(task_id=earned[0].id, state=State.EXEMPT)
    elif mine:
        yield mine[0], Effect(task_id=mine[0].id, flags=(f"task_{mine[0].state}",))
    elif held:
        yield held[0], Effect(task_id=held[0].id, flags=("performing_role",))


def _is_in_role(visit: Visit, task: TaskTerms) -> bool:
    is_his = visit.officer_id is not None and visit.officer_id == task.officer_id
    return task.performing_role is None or is_his or task.performing_role in visit.roles


def _close(visit: Visit, task: TaskTerms) -> Effect:
    if is_too_close(task, visit.performed_on):
        return Effect(task_id=task.id, flags=("min_gap",))
    return Effect(task_id=task.id, state=State.DONE if visit.performed_on <= task.due_on else State.DONE_LATE)


def _is_earned(visit: Visit, task: TaskTerms) -> bool:
    """Tell whether the visit exempts an open first task of an episode: its credit holds the day."""
    if task.state not in OPEN or task.credit_from is None or not _is_in_role(visit, task):
        return False
    return task.credit_from <= visit.performed_on < task.period_start


def _after(task: TaskTerms, state: State, closed: TaskTerms, visit: Visit) -> TaskTerms:
    """Return a ``task`` of the same checkpoint after ``visit``; of later ones of the rule it may be the one before."""
    if task.id == closed.id:
        return replace(task, state=state)
    if state in DONE and task.rule_id == closed.rule_id and closed.period_start < task.period_start:
        start, day = max(_before(task), (closed.period_start, visit.performed_on))
        return replace(task, previous_start=start, previous_on=day)
    return task


def _before(task: TaskTerms) -> tuple[date, date]:
    """Return when the task before began, and the day of its visit: of two for loans of one period the later one."""
    return task.previous_start or date.min, task.previous_on or date.min
