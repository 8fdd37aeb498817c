"""覆盖率 of checkpoints, customers and loans: whom has anybody been to see at all? (domain.md §1.9).

Completion asks whether the tasks are done, coverage whether the borrowers were seen: checkpoints in no plan count here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, not_, select, true

from checkpoints.models import Checkpoint
from inspection_api.accounts.queries import visible
from inspection_api.customers.models import Customer
from inspection_api.reports import covering, queries, schemas, visits
from inspection_api.reports.rules import Coverage, Rate
from inspection_api.reports.scope import about, held_by
from inspection_api.reports.table import Chart, Column, Listing, Report, Shape, Table, days_of, rows_by_place

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select

    from inspection_api.core.context import Context

CODE, TITLE = "coverage", "检查覆盖率"
COLUMNS = (
    Column(key="checkpoints", title="检查点覆盖率", numerator="covered", denominator="due", listing="checkpoints"),
    Column(key="customers", title="客户覆盖率", numerator="covered", denominator="due", listing="customers"),
    Column(key="balance", title="余额覆盖率", numerator="covered", denominator="due", listing="customers"),
)
NOTES = (
    "统计期内在管的检查点；当期新增的，自有任务到期起计入，未纳入任何计划的即计入；当期退出的，退出前有任务到期方计入。",
    "余额为期内存续借据的借款金额之和（元），客户计入其管户机构。",
)


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date) -> Table:
    """Return one row per organisation directly below the chosen one, its own part if any, and their sum.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = about(ctx, organisation_id, start, end)
    parts = covering.parts_by_path(ctx, parent, start, end)
    rows, whole = rows_by_place(parent, queries.children_of(ctx, parent), parts, _cells, Coverage())
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline="checkpoints",
        heading="机构",
        columns=COLUMNS,
        rows=rows,
        total=whole,
        chart=Chart(shape=Shape.BARS, columns=("checkpoints", "customers")),
        notes=NOTES,
        drill=days_of(window),
    )


def _cells(part: Coverage) -> dict[str, Rate]:
    return {
        column.key: Rate(numerator=getattr(part, f"covered_{column.key}"), denominator=getattr(part, column.key))
        for column in COLUMNS
    }


def checkpoints(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> Select[*tuple[Any, ...]]:
    """Return the checkpoints behind one number: those that had to be seen, those that were, or those that were not.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, _ = about(ctx, organisation_id, start, end)
    points = covering.points_of(ctx, start, end)
    mine = visible(Checkpoint, "checkpoint", ctx.actor, queries.READ)
    measured = Checkpoint.id.in_(select(points.c.id).where(_MEASURES[measure](points.c.seen)))
    return covering.listed(mine, measured, held_by(Checkpoint.organisation_id, parent, own=own))


def customers(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> Select[*tuple[Any, ...]]:
    """Return the customers behind one number, with the same measures, and what was lent to them in the window.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, _ = about(ctx, organisation_id, start, end)
    whose, lent = covering.customers_of(covering.points_of(ctx, start, end)), covering.lent_in(start, end)
    mine = visible(Customer, "customer", ctx.actor, queries.READ)
    measured = Customer.id.in_(select(whose.c.id).where(_MEASURES[measure](whose.c.seen)))
    found = visits.customers(mine, measured, held_by(Customer.organisation_id, parent, own=own))
    balance = func.coalesce(lent.c.amount, 0).label("balance")
    return found.add_columns(balance).outerjoin(lent, lent.c.customer_id == Customer.id)


_MEASURES: dict[str, Callable[[ColumnElement[bool]], ColumnElement[bool]]] = {
    "due": lambda _: true(),
    "covered": lambda seen: seen,
    "uncovered": not_,
}

REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="Coverage of one organisation and of those directly below it.",
    query=schemas.WindowQuery,
    table=table,
    lists=(
        Listing(
            path="checkpoints",
            summary="List the checkpoints behind one number of the coverage report.",
            query=schemas.CoveredQuery,
            out=schemas.CoveredCheckpointSchema,
            by=(Checkpoint.code, Checkpoint.id),
            rows=checkpoints,
        ),
        Listing(
            path="customers",
            summary="List the customers behind one number of the coverage report.",
            query=schemas.CoveredQuery,
            out=schemas.CoveredCustomerSchema,
            by=(Customer.name, Customer.id),
            rows=customers,
            summed=("balance",),
        ),
    ),
)
