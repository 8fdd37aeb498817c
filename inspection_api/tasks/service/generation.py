"""Make the tasks that the rules require (domain.md §1.10): idempotent, and a few statements for thousands."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from inspection_api.calendars.queries import load_calendar
from inspection_api.plans.rules import InspectionType, Kind, history_credit, horizon, required_tasks
from inspection_api.tasks import queries
from inspection_api.tasks.service.leaving import drop_unrequired
from inspection_api.tasks.service.making import Portion, mark, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from inspection_api.calendars.rules import Calendar
    from inspection_api.core.context import Context
    from inspection_api.plans.rules import RequiredTask
    from inspection_api.tasks.queries import PlanToRun, Stay

MOST_AT_ONCE = 5000
"""No transaction writes more synced rows than this (sync.md §5)."""
_TASKS_EACH = 2
"""How many tasks a stay needs that is met for the first time: this period's and the next one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What one run made; not ``complete`` means that another transaction has to go on."""

    created: int
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sorts:
    """What equal stays have been found to need: ``terms`` by the number of their sort, and that number by either side.

    A bank's whole portfolio costs a few computations, since plans with the same terms are alike.
    """

    known: dict[tuple[Any, ...], int] = field(default_factory=dict)
    numbers: dict[tuple[tuple[Any, ...], ...], int] = field(default_factory=dict)
    terms: list[tuple[tuple[Any, ...], ...]] = field(default_factory=list)

    def number_of(self, rows: tuple[tuple[Any, ...], ...]) -> int:
        """Return the number of the stays that need ``rows``."""
        if rows not in self.numbers:
            self.numbers[rows] = len(self.terms)
            self.terms.append(rows)
        return self.numbers[rows]


@lru_cache(maxsize=1)
def _sorts(_as_of: date, _calendar: Calendar, _kinds: tuple[Any, ...]) -> _Sorts:
    """Return what the transactions of one run share, by everything that it depends on."""
    return _Sorts()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run: the plans with their horizons; those with the same number in ``alike`` have the same terms."""

    as_of: date
    calendar: Calendar
    plans: Mapping[UUID, PlanToRun]
    horizons: Mapping[UUID, date]
    alike: Mapping[UUID, int]
    sorts: _Sorts

    def sort_of(self, stay: Stay) -> int:
        """Return the number of the sort of stays that need the same tasks."""
        key = (self.alike[stay.plan_id], stay[_TERMS_OF_A_STAY])
        sort = self.sorts.known.get(key)
        if sort is None:
            through = stay.generated_through
            missing = [each for each in self.required(stay) if through is None or each.period.start > through]
            sort = self.sorts.known[key] = self.sorts.number_of(tuple(self._row(stay, task) for task in missing))
        return sort

    def required(self, stay: Stay) -> list[RequiredTask]:
        """Return the tasks of a stay."""
        plan = self.plans[stay.plan_id]
        terms = plan.terms.seen_from(stay.recompute_from)
        return required_tasks(plan.versions, terms, stay.episode, self.as_of, self.calendar)

    def _row(self, stay: Stay, task: RequiredTask) -> tuple[Any, ...]:
        terms = self.plans[stay.plan_id].versions[task.version - 1].rule
        credit = history_credit(terms, task.period) if task.is_first and task.kind is Kind.REGULAR else None
        kind, its_type = task.kind.value, _TYPES.get(task.kind, terms.inspection_type).value
        days = (task.period.start, task.period.end, task.due_on, task.window_end_on, credit.start if credit else None)
        is_backfilled = stay.recompute_from is not None and task.period.end < self.as_of
        return (kind, task.version, its_type, *days, is_backfilled)


_TERMS_OF_A_STAY = slice(2, None)
"""Where a stay's own terms stand in its tuple: behind the ids."""


def generate(ctx: Context, as_of: date, *, at_most: int = MOST_AT_ONCE) -> Generated:
    """Create the tasks that are missing on ``as_of``, the oldest period of each episode first, and assign them.

    Running it 0, 1 or 5 times a day, or after ten days of downtime, gives the same tasks. The officer of the
    checkpoint becomes the task's and holds a grant on it. Call again, in a new transaction, until it is complete.
    """
    run, most = _begin(ctx, as_of), -(-at_most // _TASKS_EACH)
    stays = queries.lock_stays(ctx.session, run.horizons, most=most)
    portion = _missing(run, stays, at_most)
    looked_at = stays[: len(portion.sorts)]
    anew = queries.with_tasks(ctx.session, [stay.id for stay in looked_at if stay.generated_through is None])
    if anew:
        found = {stay.id: (run.plans[stay.plan_id], run.required(stay)) for stay in looked_at if stay.id in anew}
        drop_unrequired(ctx, as_of, found)
    created = write(ctx, portion, as_of, is_anew=bool(anew)) if portion.size else 0
    if created:
        ctx.record("tasks.generated", as_of=as_of.isoformat(), created=created)
    if looked_at:
        mark(ctx, {stay.id: run.horizons[stay.plan_id] for stay in looked_at})
    return Generated(created=created, complete=len(looked_at) == len(stays) < most)


def _begin(ctx: Context, as_of: date) -> _Run:
    plans = {plan.id: plan for plan in queries.active_plans(ctx.session)}
    kinds: dict[Any, int] = {}
    alike = {plan.id: kinds.setdefault((plan.versions, plan.terms), len(kinds)) for plan in plans.values()}
    days = [horizon(versions, terms, as_of) for versions, terms in kinds]
    horizons = {plan_id: days[kind] for plan_id, kind in alike.items()}
    calendar = load_calendar(ctx.session)
    sorts = _sorts(as_of, calendar, tuple(kinds))
    return _Run(as_of=as_of, calendar=calendar, plans=plans, horizons=horizons, alike=alike, sorts=sorts)


def _missing(run: _Run, stays: Sequence[Stay], at_most: int) -> Portion:
    """Return the stays that fit into one transaction, at least one, with their tasks that may not be there."""
    sorts: list[int] = []
    size = 0
    for stay in stays:
        sort = run.sort_of(stay)
        wanted = len(run.sorts.terms[sort])
        if sorts and size + wanted > at_most:
            break
        sorts.append(sort)
        size += wanted
    return Portion(episode_ids=[stay.id for stay in stays[: len(sorts)]], sorts=sorts, terms=run.sorts.terms, size=size)


_TYPES = {Kind.EXIT: InspectionType.EXIT, Kind.INITIAL: InspectionType.NEW}
"""What a task's kind says of its 检查类型; the rule's own rounds are of the rule's."""
