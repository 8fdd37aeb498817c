"""What a retroactive edit of a rule would change, as a difference (domain.md §1.10.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from inspection_api.core.periods import Period
    from inspection_api.plans.rules.required import RequiredTask
    from inspection_api.plans.rules.terms import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """A task of an episode as it stands; ``is_settled`` when a visit completed or exempted it."""

    kind: Kind
    period: Period
    due_on: date
    is_settled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The tasks of one episode that a recomputation would create, cancel and keep."""

    create: Sequence[RequiredTask]
    cancel: Sequence[Existing]
    keep: Sequence[Existing]


def difference(required: Sequence[RequiredTask], existing: Sequence[Existing], since: date) -> Difference:
    """Return what becomes of the tasks that begin on or after ``since``.

    What a visit settled is never touched, and nothing is created for days that it covers.
    """
    wanted = {(task.kind, task.period, task.due_on): task for task in required if task.period.start >= since}
    concerned = [task for task in existing if task.period.start >= since]
    keep = [task for task in concerned if task.is_settled or _key(task) in wanted]
    create = [task for task in wanted.values() if not any(_overlap(task, kept) for kept in keep)]
    return Difference(create=create, cancel=[task for task in concerned if task not in keep], keep=keep)


def _key(task: Existing) -> tuple[Kind, Period, date]:
    return task.kind, task.period, task.due_on


def _overlap(task: RequiredTask, kept: Existing) -> bool:
    return task.kind is kept.kind and task.period.start <= kept.period.end and kept.period.start <= task.period.end
