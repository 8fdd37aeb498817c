"""分行检查表: the completion of every organisation that holds tasks, month by month of a year (domain.md §1.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import aliased

from inspection_api.accounts.models import Organisation
from inspection_api.core.tables import among
from inspection_api.reports import queries, rules, schemas
from inspection_api.reports.duties import DUE_TASKS
from inspection_api.reports.rules import Counts, Measure
from inspection_api.reports.table import Chart, Column, Kind, Report, Row, Shape, Table, days_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.table import Cell

CODE = "branch_checks"
TITLE = "分行检查表"
ABOVE, YEAR = "above", "year"


def table(ctx: Context, *, organisation_id: UUID, year: int) -> Table:
    """Return a row for every organisation at or below the chosen one with tasks of its own; a column per month.

    Raises:
        NotFound: the organisation is out of the actor's scope.
    """
    parent = queries.get_readable(ctx, organisation_id)
    window, months = rules.months_of(year)
    counts = queries.due_by_path_and_month(ctx, [parent], window)
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=YEAR,
        heading="机构",
        columns=_columns(months),
        rows=tuple(_row(place, above, counts[place.path], months) for place, above in _holders(ctx, counts)),
        total=Row.of(parent, {ABOVE: None, **_cells(counts.values(), months)}),
        chart=Chart(shape=Shape.BARS, columns=(YEAR,)),
        drill=days_of(window),
    )


def _columns(months: Mapping[date, Period]) -> tuple[Column, ...]:
    def rate(key: str, title: str, drill: Mapping[str, str]) -> Column:
        completed, due = Measure.COMPLETED, Measure.DUE
        return Column(key=key, title=title, numerator=completed, denominator=due, listing=DUE_TASKS.path, drill=drill)

    return (
        Column(key=ABOVE, title="上级机构", kind=Kind.TEXT),
        *(rate(first.isoformat(), f"{first.month}月", days_of(month)) for first, month in months.items()),
        rate(YEAR, "全年", {}),
    )


def _holders(ctx: Context, paths: Iterable[str]) -> Sequence[tuple[Organisation, str | None]]:
    """Return the organisations with these paths, each with the name of the one above it, in the order of the tree."""
    above = aliased(Organisation)
    statement = select(Organisation, above.name).outerjoin(above, above.id == Organisation.parent_id)
    rows = ctx.session.execute(statement.where(among(Organisation.path, paths)).order_by(Organisation.path))
    return [(place, name) for place, name in rows]


def _row(place: Organisation, above: str | None, mine: Mapping[date, Counts], months: Mapping[date, Period]) -> Row:
    cells = {ABOVE: above, **_cells([mine], months)}
    return replace(Row.of(place, cells, own=True), label=place.name)


def _cells(parts: Iterable[Mapping[date, Counts]], months: Mapping[date, Period]) -> dict[str, Cell]:
    """Return the completion of each month and of the year, by the keys of the columns."""
    by_month = rules.added_up(parts, months)
    year = sum(by_month.values(), Counts())
    cells = {first.isoformat(): rules.completion_of(each) for first, each in by_month.items()}
    return {**cells, YEAR: rules.completion_of(year)}


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="Completion of every organisation that holds tasks, at or below one, by the months of a year.",
    query=schemas.YearQuery,
    table=table,
    lists=(DUE_TASKS,),
)
