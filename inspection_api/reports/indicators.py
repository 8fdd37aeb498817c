"""预警指示统计表: what W01 to W10 were raised, by organisation and period (domain.md §2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import distinct, func, literal, select, tuple_

from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection
from inspection_api.reports import queries, rules, schemas, scope, visits
from inspection_api.reports.rules import Granularity
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Row, Shape, Table, days_of
from inspection_api.reports.words import ANY
from inspection_api.templates.default_template import INDICATOR_WORDS, INDICATORS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select, Subquery

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.table import Cell

CODE = "indicators"
TITLE = "预警指示统计表"
PERIOD, CUSTOMERS = "period", "customers"
MOST_PERIODS = 60
_VISITS, _CUSTOMERS = "visits", "customers"


class _Spot(NamedTuple):
    """A cell row: an organisation's path and the natural first day of the period; both None in the total."""

    path: str | None
    first: date | None


def table(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, by: str = "month", count: str = _VISITS
) -> Table:
    """Return a row per organisation and period: visits that raised each indicator, or their customers, each once.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins. ReportTooLong: it has more than 60 periods.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    granularity = Granularity(by)
    periods = rules.split(window, granularity, most=MOST_PERIODS)
    counted = _counted(ctx, parent, window, granularity, count)
    found = {spot.path for spot in counted}
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=ANY,
        heading="机构",
        columns=_columns(count),
        rows=tuple(
            _row(place, counted.get(_Spot(place.path, first), {}), rules.label_of(first, granularity), period)
            for place in scope.places(ctx, parent, found)
            for first, period in periods.items()
        ),
        total=Row.of(parent, {PERIOD: None, **_cells(counted.get(_Spot(None, None), {}))}),
        chart=Chart(shape=Shape.BARS, columns=(ANY, CUSTOMERS)),
        drill=days_of(window),
    )


def _columns(count: str) -> tuple[Column, ...]:
    def one(key: str, title: str, listing: str = count) -> Column:
        return Column(key=key, title=title, kind=Kind.COUNT, numerator=key, listing=listing)

    return (
        Column(key=PERIOD, title="期间", kind=Kind.TEXT),
        *(one(code, title) for code, title in INDICATOR_WORDS.items()),
        one(ANY, "有预警指示的检查数", _VISITS),
        Column(key=CUSTOMERS, title="涉及企业数", kind=Kind.COUNT, numerator=ANY, listing=_CUSTOMERS),
    )


def _row(place: scope.Place, counts: Mapping[str, int], label: str, period: Period) -> Row:
    return Row.of(place.organisation, {PERIOD: label, **_cells(counts)}, own=place.own, **days_of(period))


def _cells(counts: Mapping[str, int]) -> dict[str, Cell]:
    return {key: counts.get(key, 0) for key in (*INDICATORS, ANY, CUSTOMERS)}


def _counted(
    ctx: Context, parent: Organisation, window: Period, granularity: Granularity, count: str
) -> dict[_Spot, dict[str, int]]:
    """Return the numbers of every row that has any, and of the total, in one query."""
    facts = visits.facts(parent, visits.during(ctx, parent, window), raises(ANY)).c
    first = queries.first_day(facts.performed_on, granularity).label("first")
    by = select(facts.place, first, facts.customer_id, facts.indicators).subquery()
    statement = select(by.c.place, by.c.first, *_aggregates(by, count)).group_by(
        func.grouping_sets(tuple_(by.c.place, by.c.first), tuple_())
    )
    return {_Spot(row["place"], row["first"]): dict(row) for row in ctx.session.execute(statement).mappings()}


def _aggregates(by: Subquery, count: str) -> Iterator[ColumnElement[int]]:
    what = func.count() if count == _VISITS else func.count(distinct(by.c.customer_id))
    for code in INDICATORS:
        yield what.filter(literal(code) == func.any(by.c.indicators)).label(code)
    yield func.count().label(ANY)
    yield func.count(distinct(by.c.customer_id)).label(CUSTOMERS)


def raises(measure: str) -> ColumnElement[bool]:
    """Return the condition that a record raises the indicator ``measure``, or any."""
    if measure == ANY:
        return func.cardinality(Inspection.indicators) > 0
    return literal(measure) == func.any(Inspection.indicators)


def _asked(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> ColumnElement[bool]:
    parent, window = scope.about(ctx, organisation_id, start, end)
    return visits.during(ctx, parent, window, own=own) & raises(measure)


def raising_visits(ctx: Context, **asked: Any) -> Select[*tuple[Any, ...]]:
    """Return the visits behind one number of the table.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    return visits.listed(_asked(ctx, **asked))


def raising_customers(ctx: Context, **asked: Any) -> Select[*tuple[Any, ...]]:
    """Return the customers behind one number of the table.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    return visits.customers(visits.visited(_asked(ctx, **asked)))


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="Risk indicators raised by visits, of one organisation and of those directly below it, by period.",
    query=schemas.IndicatorsQuery,
    table=table,
    lists=(
        Listing(
            path=_VISITS,
            summary="List the visits behind one number of the indicators report.",
            query=schemas.RaisedQuery,
            out=schemas.VisitRowSchema,
            by=(Inspection.performed_on, Inspection.id),
            rows=raising_visits,
        ),
        Listing(
            path=_CUSTOMERS,
            summary="List the customers behind one number of the indicators report.",
            query=schemas.RaisedQuery,
            out=schemas.CustomerRowSchema,
            by=(Customer.id,),
            rows=raising_customers,
        ),
    ),
)
