"""结论迁移矩阵: from which conclusion to which the customers of a window moved (domain.md §2.1).

A customer counts once: by its last conclusion in the window, at any of its checkpoints, against its last one before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection
from inspection_api.reports import schemas, scope, visits, words
from inspection_api.reports.conclusions import concludes
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Row, Shape, Table, days_of
from inspection_api.reports.words import ANY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select, Subquery

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.table import Cell

CODE = "migrations"
TITLE = "巡检结论迁移矩阵"
_CUSTOMERS = "customers"
COLUMNS = (
    *(
        Column(key=code, title=word, kind=Kind.COUNT, numerator=code, listing=_CUSTOMERS)
        for code, word in words.CONCLUSIONS.items()
    ),
    Column(key=ANY, title="合计", kind=Kind.COUNT, numerator=ANY, listing=_CUSTOMERS),
)
NOTE = "按企业统计：行为区间开始前的最近一次结论（“无”为此前没有检查），列为区间内的最近一次结论。"


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date) -> Table:
    """Return how many customers moved from each conclusion to each; the rows are where they came from.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    moves = _moves(ctx, parent, window).c
    counting = select(moves.before, moves.after, func.count()).group_by(moves.before, moves.after)
    counts = {(before, after): number for before, after, number in ctx.session.execute(counting)}
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=ANY,
        heading="原结论",
        columns=COLUMNS,
        rows=tuple(
            Row(label=word, key=code, cells=_cells(counts, [code]), drill={"before": code})
            for code, word in words.BEFORE.items()
        ),
        total=Row(label="合计", key=ANY, cells=_cells(counts, words.BEFORE)),
        chart=Chart(shape=Shape.BARS, columns=tuple(words.CONCLUSIONS)),
        notes=(NOTE,),
        drill={"organisation_id": str(parent.id), **days_of(window)},
    )


def _cells(counts: Mapping[tuple[str, str], int], before: Mapping[str, str] | list[str]) -> dict[str, Cell]:
    cells = {after: sum(counts.get((code, after), 0) for code in before) for after in words.CONCLUSIONS}
    return {**cells, ANY: sum(cells.values())}


def _moves(ctx: Context, parent: Organisation, window: Period) -> Subquery:
    """Return each customer that was concluded on in the window, with what was concluded ``before`` and ``after``."""
    after = _last(visits.during(ctx, parent, window))
    earlier = Inspection.customer_id.in_(select(after.c.customer_id))
    before = _last(visits.is_valid(ctx.actor), Inspection.performed_on < window.start, earlier)
    return (
        select(
            after.c.customer_id,
            after.c.conclusion.label("after"),
            func.coalesce(before.c.conclusion, words.NEVER).label("before"),
        )
        .outerjoin(before, before.c.customer_id == after.c.customer_id)
        .subquery()
    )


def _last(*conditions: ColumnElement[bool]) -> Subquery:
    latest = (Inspection.performed_on.desc(), Inspection.accepted_at.desc(), Inspection.id.desc())
    return (
        select(Inspection.customer_id, Inspection.conclusion)
        .where(*conditions, concludes(ANY))
        .ext(distinct_on(Inspection.customer_id))
        .order_by(Inspection.customer_id, *latest)
        .subquery()
    )


def moved_customers(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, before: str | None
) -> Select[*tuple[Any, ...]]:
    """Return the customers behind one number of the matrix.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    moved = _moves(ctx, parent, window)
    moves = moved.c
    statement = visits.customers().add_columns(moves.before, moves.after).join(moved, moves.customer_id == Customer.id)
    asked = {moves.before: before, moves.after: None if measure == ANY else measure}
    return statement.where(*(column == value for column, value in asked.items() if value is not None))


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="From which conclusion to which the customers of an organisation moved in a window.",
    query=schemas.WindowQuery,
    table=table,
    lists=(
        Listing(
            path=_CUSTOMERS,
            summary="List the customers behind one number of the matrix of conclusions.",
            query=schemas.MovedQuery,
            out=schemas.MovedCustomerSchema,
            by=(Customer.id,),
            rows=moved_customers,
        ),
    ),
)
