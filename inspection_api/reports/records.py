"""检查记录: valid visits found by place, day, person, conclusion, indicator and words (domain.md §0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, tuple_

from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import State
from inspection_api.reports import schemas, scope, visits
from inspection_api.reports.indicators import raises
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Row, Shape, Table, days_of
from inspection_api.reports.words import ANY

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select

    from inspection_api.core.context import Context
    from inspection_api.reports.table import Cell

CODE = "records"
TITLE = "检查记录"
EXCEPTED = "excepted"
_VISITS = "visits"
_TITLES = {ANY: "检查记录数", State.ACCEPTED: "完成任务", State.EXTRA: "额外检查", EXCEPTED: "其中特批"}
COLUMNS = tuple(
    Column(key=key, title=title, kind=Kind.COUNT, numerator=key, listing=_VISITS) for key, title in _TITLES.items()
)
MEASURES: Mapping[str, tuple[ColumnElement[bool], ...]] = {
    ANY: (),
    State.ACCEPTED: (Inspection.state == State.ACCEPTED,),
    State.EXTRA: (Inspection.state == State.EXTRA,),
    EXCEPTED: (Inspection.excepted.is_(True),),
}
FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "officer_id": lambda value: Inspection.officer_id == value,
    "customer_id": lambda value: Inspection.customer_id == value,
    "checkpoint_id": lambda value: Inspection.checkpoint_id == value,
    "conclusion": lambda value: Inspection.conclusion == value,
    "indicator": raises,
    "excepted": Inspection.excepted.is_,
    "text": lambda value: Inspection.note.contains(value, autoescape=True),
}
"""By what records are found, beside their organisation and their day."""


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date, **filters: Any) -> Table:
    """Return how many records the search finds, by organisation.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    facts = visits.facts(parent, visits.during(ctx, parent, window), *_narrowed(filters)).c
    numbers = {
        ANY: func.count(),
        State.ACCEPTED: func.count().filter(facts.state == State.ACCEPTED),
        State.EXTRA: func.count().filter(facts.state == State.EXTRA),
        EXCEPTED: func.count().filter(facts.excepted),
    }
    counting = select(facts.place, *(number.label(key) for key, number in numbers.items()))
    rows = ctx.session.execute(counting.group_by(func.grouping_sets(tuple_(facts.place), tuple_()))).mappings()
    counted: dict[str | None, Mapping[str, int]] = {row["place"]: dict(row) for row in rows}
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=ANY,
        heading="机构",
        columns=COLUMNS,
        rows=tuple(
            Row.of(place.organisation, _cells(counted.get(place.path, {})), own=place.own)
            for place in scope.places(ctx, parent, counted)
        ),
        total=Row.of(parent, _cells(counted[None])),
        chart=Chart(shape=Shape.BARS, columns=("any", "extra", "excepted")),
        drill=days_of(window) | _written(filters),
    )


def _cells(counts: Mapping[str, int]) -> dict[str, Cell]:
    return {column.key: counts.get(column.key, 0) for column in COLUMNS}


def _narrowed(filters: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    return [FILTERS[name](value) for name, value in filters.items() if value is not None]


def _written(filters: Mapping[str, Any]) -> dict[str, str]:
    """Return the filters as a query writes them."""
    return {
        name: str(value).lower() if isinstance(value, bool) else str(value)
        for name, value in filters.items()
        if value is not None
    }


def found_visits(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool, **filters: Any
) -> Select[*tuple[Any, ...]]:
    """Return the records that the search finds.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    return visits.listed(visits.during(ctx, parent, window, own=own), *_narrowed(filters), *MEASURES[measure])


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="How many records a search finds, of one organisation and of those directly below it.",
    query=schemas.RecordsQuery,
    table=table,
    lists=(
        Listing(
            path=_VISITS,
            summary="Search the accepted records by organisation, day, person, conclusion, indicator and words.",
            query=schemas.RecordVisitsQuery,
            out=schemas.VisitRowSchema,
            by=(Inspection.performed_on, Inspection.id),
            rows=found_visits,
        ),
    ),
)
