"""检查趋势: visits, indicators and completion day by day, week by week or month by month, for curves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from inspection_api.inspections.models import Inspection
from inspection_api.reports import queries, rules, schemas, scope, visits
from inspection_api.reports.duties import DUE_TASKS
from inspection_api.reports.indicators import raises
from inspection_api.reports.rules import Counts, Granularity, Measure, Rate
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Row, Shape, Table, days_of
from inspection_api.reports.words import ANY

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.table import Cell

CODE = "series"
TITLE = "检查趋势"
MOST_POINTS = 400
VISITS, RAISED, COMPLETION, ON_TIME = "visits", "raised", "completion", "on_time"
COLUMNS = (
    Column(key=VISITS, title="检查次数", kind=Kind.COUNT, numerator=VISITS, listing=VISITS),
    Column(key=RAISED, title="有预警指示的检查数", kind=Kind.COUNT, numerator=RAISED, listing=VISITS),
    Column(
        key=COMPLETION,
        title="完成率",
        numerator=Measure.COMPLETED,
        denominator=Measure.DUE,
        listing=DUE_TASKS.path,
    ),
    Column(
        key=ON_TIME,
        title="及时完成率",
        numerator=Measure.ON_TIME,
        denominator=Measure.DUE,
        listing=DUE_TASKS.path,
    ),
)


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date, by: str = "day") -> Table:
    """Return a row per day, ISO week or month, the first and the last cut to the window.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins. ReportTooLong: it has more than 400 points.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    granularity = Granularity(by)
    periods = rules.split(window, granularity, most=MOST_POINTS)
    made, due = _visits(ctx, parent, window, granularity), queries.due_by_period(ctx, parent, window, granularity)
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=COMPLETION,
        heading="期间",
        columns=COLUMNS,
        rows=tuple(
            Row(
                label=rules.label_of(first, granularity),
                key=first.isoformat(),
                cells=_cells(made.get(first, (0, 0)), due.get(first, Counts())),
                drill=days_of(period),
            )
            for first, period in periods.items()
        ),
        total=Row(label="合计", key=ANY, cells=_cells(_added(made), sum(due.values(), Counts()))),
        chart=Chart(shape=Shape.LINES, columns=(COMPLETION, VISITS, RAISED)),
        drill={"organisation_id": str(parent.id), **days_of(window)},
    )


def _added(made: dict[date, tuple[int, int]]) -> tuple[int, int]:
    return sum(every for every, _ in made.values()), sum(raised for _, raised in made.values())


def _cells(made: tuple[int, int], due: Counts) -> dict[str, Cell]:
    return {
        VISITS: made[0],
        RAISED: made[1],
        COMPLETION: rules.completion_of(due),
        ON_TIME: Rate(numerator=due.on_time, denominator=due.due),
    }


def _visits(
    ctx: Context, parent: Organisation, window: Period, granularity: Granularity
) -> dict[date, tuple[int, int]]:
    """Return the visits of each natural period, and those among them that raise an indicator, in one query."""
    facts = select(
        queries.first_day(Inspection.performed_on, granularity).label("first"), raises(ANY).label("raised")
    ).where(visits.during(ctx, parent, window))
    by = facts.subquery().c
    counting = select(by.first, func.count(), func.count().filter(by.raised)).group_by(by.first)
    return {first: (every, raised) for first, every, raised in ctx.session.execute(counting)}


def listed_visits(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> Select[*tuple[Any, ...]]:
    """Return the visits behind one number of the table.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    statement = visits.listed(visits.during(ctx, parent, window, own=own))
    return statement.where(raises(ANY)) if measure == RAISED else statement


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="Visits, indicators and completion of one organisation by day, week or month.",
    query=schemas.SeriesQuery,
    table=table,
    lists=(
        Listing(
            path=VISITS,
            summary="List the visits behind one number of the series.",
            query=schemas.SeriesVisitsQuery,
            out=schemas.VisitRowSchema,
            by=(Inspection.performed_on, Inspection.id),
            rows=listed_visits,
        ),
        DUE_TASKS,
    ),
)
