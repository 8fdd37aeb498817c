"""巡检结论统计表: to which conclusions the visits of a window came, by organisation (domain.md §2.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select, tuple_

from inspection_api.inspections.models import Inspection
from inspection_api.reports import schemas, scope, visits, words
from inspection_api.reports.rules import Rate
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Row, Shape, Table, days_of
from inspection_api.reports.words import ANY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.table import Cell

CODE = "conclusions"
TITLE = "巡检结论统计表"
_VISITS = "visits"
_SHARE = "_share"
COLUMNS = (
    *(
        Column(key=code, title=word, kind=Kind.COUNT, numerator=code, listing=_VISITS)
        for code, word in words.CONCLUSIONS.items()
    ),
    Column(key=ANY, title="检查次数", kind=Kind.COUNT, numerator=ANY, listing=_VISITS),
    *(
        Column(key=code + _SHARE, title=f"{word}占比", numerator=code, denominator=ANY, listing=_VISITS)
        for code, word in words.CONCLUSIONS.items()
    ),
)


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date) -> Table:
    """Return how many visits came to each conclusion, and their shares, by organisation.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    counted = _counted(ctx, parent, window)
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
        chart=Chart(shape=Shape.BARS, columns=tuple(words.CONCLUSIONS)),
        drill=days_of(window),
    )


def _cells(counts: Mapping[str, int]) -> dict[str, Cell]:
    every = counts.get(ANY, 0)
    shares = {code + _SHARE: Rate(numerator=counts.get(code, 0), denominator=every) for code in words.CONCLUSIONS}
    return {**{code: counts.get(code, 0) for code in words.CONCLUSIONS}, ANY: every, **shares}


def _counted(ctx: Context, parent: Organisation, window: Period) -> dict[str | None, dict[str, int]]:
    """Return the numbers of each row by its path, and those of the total by None, in one query."""
    facts = visits.facts(parent, visits.during(ctx, parent, window), concludes(ANY)).c
    parts = [func.count().filter(facts.conclusion == code).label(code) for code in words.CONCLUSIONS]
    statement = select(facts.place, *parts, func.count().label(ANY)).group_by(
        func.grouping_sets(tuple_(facts.place), tuple_())
    )
    return {row["place"]: dict(row) for row in ctx.session.execute(statement).mappings()}


def concludes(measure: str) -> ColumnElement[bool]:
    """Return the condition that a record comes to the conclusion ``measure``, or to any that we know."""
    if measure == ANY:
        return Inspection.conclusion.in_(words.CONCLUSIONS)
    return Inspection.conclusion == measure


def concluded_visits(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> Select[*tuple[Any, ...]]:
    """Return the visits behind one number of the table.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    return visits.listed(visits.during(ctx, parent, window, own=own), concludes(measure))


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="Conclusions of visits and their shares, of one organisation and of those directly below it.",
    query=schemas.WindowQuery,
    table=table,
    lists=(
        Listing(
            path=_VISITS,
            summary="List the visits behind one number of the conclusions report.",
            query=schemas.ConcludedQuery,
            out=schemas.VisitRowSchema,
            by=(Inspection.performed_on, Inspection.id),
            rows=concluded_visits,
        ),
    ),
)
