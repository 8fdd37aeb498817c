"""What a rule will ask for in the next twelve months, counted by distinct terms (issue 4 §3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from inspection_api.core.periods import Period, add_months
from inspection_api.plans.rules.required import Workdays, required_tasks

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from inspection_api.plans.rules.terms import Episode, PlanTerms, Version

MONTHS_AHEAD = 12
_ONE_DAY = timedelta(days=1)

_Due = tuple[tuple[date, date], ...]
"""The last day of the period and the due day of each task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """``count`` stays of equal terms with one officer (None: nobody yet).

    With ``per_loan`` a stay is in a group for each loan, ``since`` its 放款, and in one without a loan ``until`` the
    first of them (None: for ever): a period gets a task for each loan disbursed by its end, or else a single one.
    """

    plan: PlanTerms
    episode: Episode
    officer_id: UUID | None
    count: int
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """Tasks by the first day of the ISO week in which they are due, for each officer."""

    days: Period
    weeks: dict[UUID | None, Counter[date]]

    @property
    def total(self) -> int:
        """Return how many tasks there will be in all."""
        return sum(count.total() for count in self.weeks.values())


def year_from(today: date) -> Period:
    """Return the twelve months that begin today."""
    return Period(start=today, end=add_months(today, MONTHS_AHEAD) - _ONE_DAY)


def forecast(versions: Sequence[Version], groups: Iterable[Group], workdays: Workdays, today: date) -> Forecast:
    """Count the tasks that are due in the twelve months from today, by the functions that make them.

    What is due already stays out. Visits that would exempt a first task, exits and newcomers to come are not foreseen.
    """
    days = year_from(today)
    known: dict[tuple[PlanTerms, Episode], _Due] = {}
    alike: Counter[tuple[_Due, UUID | None, date | None, date | None]] = Counter()
    for group in groups:
        terms = (group.plan, group.episode)
        if terms not in known:
            tasks = required_tasks(versions, *terms, days.end, workdays)
            known[terms] = tuple((task.period.end, task.due_on) for task in tasks if task.due_on in days)
        alike[known[terms], group.officer_id, group.since, group.until] += group.count
    weeks: dict[UUID | None, Counter[date]] = {}
    for (dues, officer_id, since, until), count in alike.items():
        mine = weeks.setdefault(officer_id, Counter())
        for period_end, due_on in dues:
            if _asks_at(period_end, since, until):
                mine[due_on - timedelta(days=due_on.weekday())] += count
    return Forecast(days=days, weeks={officer: found for officer, found in weeks.items() if found})


def _asks_at(period_end: date, since: date | None, until: date | None) -> bool:
    return (since is None or since <= period_end) and (until is None or period_end < until)
