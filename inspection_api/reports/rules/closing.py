"""When a month is closed and reviewed, and what its frozen figures become with later changes (domain.md §1.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from inspection_api.accounts.errors import FourEyes
from inspection_api.core.periods import month_of
from inspection_api.reports.errors import MonthNotOver, MonthReviewed
from inspection_api.reports.rules.figures import Counts, Measure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

_DONE = ("done", "done_late")
_OUTCOMES = (*_DONE, "overdue")
FROZEN = tuple(measure for measure in Measure if measure not in {Measure.RUNNING, Measure.PROGRESSED})
"""The measures that closing a month freezes."""
ADJUSTED = {Measure.DUE: "adjusted_due", Measure.COMPLETED: "adjusted_completed"}
"""The measures of what stands after the changes since."""


def ensure_over(month: date, today: date) -> None:
    """Refuse to close a month, named by its first day, before it is over.

    Raises:
        MonthNotOver: its last day has not passed.
    """
    if today <= month_of(month).end:
        raise MonthNotOver(fields={"month": MonthNotOver.title})


def ensure_reviewable(closed_by: UUID, reviewed_by: UUID | None, reviewer_id: UUID) -> None:
    """Refuse a second review of a closing, and one by whoever closed the month.

    Raises:
        FourEyes: he did.
        MonthReviewed: somebody has reviewed it.
    """
    if reviewer_id == closed_by:
        raise FourEyes
    if reviewed_by is not None:
        raise MonthReviewed


class Change(NamedTuple):
    """What a task was and became after its month was closed: done, done_late, overdue, or None: not counted."""

    was: str | None
    became: str | None
    special: bool


def adjusted(frozen: Counts, changes: Mapping[Change, int]) -> Counts:
    """Return the frozen counts as they are after the changes that came later (§1.9)."""
    after = frozen
    for change, times in changes.items():
        after = after + _of(change.became, change.special, times) + _of(change.was, change.special, -times)
    return after


def _of(outcome: str | None, special: bool, times: int) -> Counts:  # noqa: FBT001 - what the row says
    if outcome not in _OUTCOMES:
        return Counts()
    done = times if outcome in _DONE else 0
    if special:
        return Counts(special=times, special_completed=done)
    on_time, overdue = (times if outcome == name else 0 for name in ("done", "overdue"))
    return Counts(due=times, completed=done, on_time=on_time, overdue=overdue)
