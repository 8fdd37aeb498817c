"""What the figures are counted from: one condition per measure, used by the number and by its list alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Date, DateTime, and_, case, cast, false, func, or_, select, text

from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, in_subtree, visible
from inspection_api.core.errors import NotFound
from inspection_api.core.paging import Page, paginate
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission, Reach, reach
from inspection_api.core.tables import among
from inspection_api.plans.rules import InspectionType
from inspection_api.reports.models import MonthFigure, TaskTally
from inspection_api.reports.rules import Counts, Granularity, Measure
from inspection_api.tasks.models import Task
from inspection_api.tasks.queries import is_overdue
from inspection_api.tasks.rules import DONE, LEFT_OUT, State

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from decimal import Decimal
    from uuid import UUID

    from sqlalchemy import RowMapping, Select, Subquery
    from sqlalchemy.orm import InstrumentedAttribute

    from inspection_api.core.context import Actor, Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.table import Listing

READ = Permission(Action.REPORTS, "completion")
READ_ALERTS = Permission(Action.REPORTS, "alerts")
READ_ANY = Permission(Action.REPORTS, "read")

_PLAN_EACH_TIME = text("SET LOCAL plan_cache_mode TO force_custom_plan")


def plan_each_time(ctx: Context) -> None:
    """Let the statements of this transaction be planned for their own days and organisations.

    From the tenth run on PostgreSQL may keep one plan for all of them: a page of a list took 570 ms instead of 40.
    """
    ctx.session.execute(_PLAN_EACH_TIME)


def readable_organisations(actor: Actor, permission: Permission = READ) -> Select[Organisation]:
    """Return the organisations about which the actor may ask, be it only for what is his own."""
    paths = [held.path for held in actor.assignments if reach(held.role, permission) is not Reach.NONE]
    return select(Organisation).where(in_subtree(Organisation.id, paths))


def get_readable(ctx: Context, organisation_id: UUID, permission: Permission = READ) -> Organisation:
    """Return the organisation that a report is about.

    Raises:
        NotFound: it is out of the actor's scope.
    """
    readable = readable_organisations(ctx.actor, permission)
    return get_one(ctx.session, readable.where(Organisation.id == organisation_id), field="organisation_id")


def get_all_readable(ctx: Context, organisation_ids: Sequence[UUID]) -> list[Organisation]:
    """Return the organisations that a report is about, in the order of ``organisation_ids``, in one query.

    Raises:
        NotFound: one of them is out of the actor's scope.
    """
    statement = readable_organisations(ctx.actor).where(among(Organisation.id, organisation_ids))
    found = {organisation.id: organisation for organisation in ctx.session.scalars(statement)}
    if len(found) < len(organisation_ids):
        raise NotFound(fields={"organisation_ids": NotFound.title})
    return [found[organisation_id] for organisation_id in organisation_ids]


def children_of(ctx: Context, parent: Organisation) -> Sequence[Organisation]:
    """Return the organisations directly below ``parent``, by code."""
    statement = select(Organisation).where(Organisation.parent_id == parent.id).order_by(Organisation.code)
    return ctx.session.scalars(statement).all()


def conditions(window: Period, today: date) -> Mapping[Measure, ColumnElement[bool]]:
    """Return when a task is counted in each measure, for ``window`` as of ``today`` (domain.md §1.9).

    专项 are shown apart, and what a recompute made in hindsight counts for nobody.
    """
    counted = and_(Task.state.not_in(LEFT_OUT), Task.backfilled.is_(False))
    done = Task.state.in_(DONE)
    due, special, running = (and_(counted, part) for part in _parts(Task, window, today))
    return {
        Measure.DUE: due,
        Measure.COMPLETED: and_(due, done),
        Measure.ON_TIME: and_(due, Task.state == State.DONE),
        Measure.OVERDUE: and_(due, (Task.state == State.MISSED) | is_overdue(today)),
        Measure.RUNNING: running,
        Measure.PROGRESSED: and_(running, done),
        Measure.SPECIAL: special,
        Measure.SPECIAL_COMPLETED: and_(special, done),
    }


def _parts(
    rows: type[Task | TaskTally], window: Period, today: date
) -> tuple[ColumnElement[bool], ColumnElement[bool], ColumnElement[bool]]:
    """Return when a row is due, a due 专项, and running."""
    due = and_(rows.due_on.between(window.start, window.end), rows.due_on <= today)
    special = rows.inspection_type == InspectionType.SPECIAL
    running = and_(rows.period_start <= today, rows.period_end >= today) if today in window else false()
    return and_(due, ~special), and_(due, special), and_(running, ~special)


def counts_by_path(ctx: Context, parent: Organisation, window: Period, today: date) -> dict[str, Counts]:
    """Return the counts of every organisation at or below ``parent`` that has tasks to count, by path, in one query.

    Whoever reads the whole subtree gets the sums of the tally; an officer's own few tasks are counted.
    """
    whole = any(parent.path.startswith(path) for path in ctx.actor.paths(READ))
    counting = _tallied(window, today) if whole else _counted(ctx, window, today)
    statement = counting.where(Organisation.path.startswith(parent.path)).group_by(Organisation.path)
    rows = ctx.session.execute(statement).mappings()
    counts = {row["path"]: Counts(**{name: row[name] or 0 for name in Measure}) for row in rows}
    return {path: each for path, each in counts.items() if each != Counts()}


def due_by_period(ctx: Context, parent: Organisation, window: Period, granularity: Granularity) -> dict[date, Counts]:
    """Return what fell due at or below ``parent`` by the natural first days of its periods, in one query."""
    by_day = _due_by_day(ctx, [parent], window)
    found = _added_up(ctx, by_day, first=first_day(by_day.c.due_on, granularity))
    return {row["first"]: counts for row, counts in found}


def due_by_path_and_month(
    ctx: Context, parents: Sequence[Organisation], window: Period
) -> dict[str, dict[date, Counts]]:
    """Return what fell due at or below ``parents``, by the paths that have tasks and by months, in one query."""
    by_day = _due_by_day(ctx, parents, window)
    found = _added_up(ctx, by_day, place=by_day.c.path, first=first_day(by_day.c.due_on, Granularity.MONTH))
    by_path: dict[str, dict[date, Counts]] = {}
    for row, counts in found:
        by_path.setdefault(row["place"], {})[row["first"]] = counts
    return by_path


def first_day(
    column: ColumnElement[date] | InstrumentedAttribute[Any], granularity: Granularity
) -> ColumnElement[date]:
    """Return the first day of the natural period of ``column``, as `rules.first_day_of` says."""
    return cast(func.date_trunc(granularity.value, cast(column, DateTime)), Date)


def _due_by_day(ctx: Context, parents: Sequence[Organisation], window: Period) -> Subquery:
    """Return the counts of what fell due in ``window``, by path and due day."""
    today = local_day(ctx.now)
    whole = all(any(parent.path.startswith(path) for path in ctx.actor.paths(READ)) for parent in parents)
    rows, counting = (TaskTally, _tallied(window, today)) if whole else (Task, _counted(ctx, window, today))
    below = or_(*(Organisation.path.startswith(parent.path) for parent in parents))
    return (
        counting.add_columns(rows.due_on)
        .where(below, rows.due_on.between(window.start, window.end))
        .group_by(Organisation.path, rows.due_on)
        .subquery()
    )


def _added_up(ctx: Context, by_day: Subquery, **keys: ColumnElement[Any]) -> Iterator[tuple[RowMapping, Counts]]:
    sums = [func.sum(by_day.c[measure.value]).label(measure.value) for measure in Measure]
    statement = select(*(column.label(name) for name, column in keys.items()), *sums).group_by(*keys)
    for row in ctx.session.execute(statement).mappings():
        counts = Counts(**{name: int(row[name] or 0) for name in Measure})
        if counts != Counts():
            yield row, counts


def _counted(ctx: Context, window: Period, today: date) -> Select[*tuple[Any, ...]]:
    measures = conditions(window, today)
    columns = [func.count().filter(condition).label(measure.value) for measure, condition in measures.items()]
    return (
        select(Organisation.path, *columns)
        .join(Task, Task.organisation_id == Organisation.id)
        .where(visible(Task, "task", ctx.actor, READ))
        .where(measures[Measure.DUE] | measures[Measure.SPECIAL] | measures[Measure.RUNNING])
    )


def _tallied(window: Period, today: date) -> Select[*tuple[Any, ...]]:
    done = TaskTally.done + TaskTally.done_late
    late = TaskTally.missed + case((TaskTally.due_on < today, TaskTally.open), else_=0)
    every = TaskTally.open + done + TaskTally.missed
    due, special, running = _parts(TaskTally, window, today)
    sums = {
        Measure.DUE: (every, due),
        Measure.COMPLETED: (done, due),
        Measure.ON_TIME: (TaskTally.done, due),
        Measure.OVERDUE: (late, due),
        Measure.RUNNING: (every, running),
        Measure.PROGRESSED: (done, running),
        Measure.SPECIAL: (every, special),
        Measure.SPECIAL_COMPLETED: (done, special),
    }
    columns = [func.sum(amount).filter(part).label(measure.value) for measure, (amount, part) in sums.items()]
    return (
        select(Organisation.path, *columns)
        .join(TaskTally, TaskTally.organisation_id == Organisation.id)
        .where(due | special | running)
    )


@dataclass(frozen=True, slots=True)
class SummedPage(Page[Any]):
    """A page of a list, the first one with what the amounts of all its pages come to."""

    sums: Mapping[str, Decimal] | None


def summed_page(ctx: Context, listing: Listing, *, limit: int, cursor: str | None, **asked: Any) -> SummedPage:
    """Return one page of the list behind a number.

    Raises:
        CursorInvalid: the cursor is not one of this list's.
        NotFound, …: what the list itself refuses.
    """
    plan_each_time(ctx)
    rows = listing.rows(ctx, **asked)
    page = paginate(ctx.session, rows, by=listing.by, limit=limit, cursor=cursor)
    sums = _sums(ctx, rows, listing.summed) if cursor is None else None
    return SummedPage(page.items, page.next_cursor, sums)


def _sums(ctx: Context, rows: Select[*tuple[Any, ...]], columns: Sequence[str]) -> Mapping[str, Decimal]:
    if not columns:
        return {}
    every = rows.subquery()
    statement = select(*(func.coalesce(func.sum(every.c[name]), 0).label(name) for name in columns))
    return dict(ctx.session.execute(statement).mappings().one())


def closed_months(ctx: Context, parent: Organisation, window: Period) -> Sequence[date]:
    """Return the months that touch ``window`` and whose figures were frozen for ``parent``, by their first days."""
    statement = select(MonthFigure.month).where(
        MonthFigure.organisation_id == parent.id,
        MonthFigure.month.between(window.start.replace(day=1), window.end),
    )
    return ctx.session.scalars(statement.order_by(MonthFigure.month)).all()
