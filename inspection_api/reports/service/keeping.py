"""Whom a closed month had to see is kept, and its frozen coverage counted from that: each number has its list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, func, insert, literal, select, text

from checkpoints.models import Checkpoint
from inspection_api.core.periods import month_of
from inspection_api.customers.models import Customer
from inspection_api.reports import covering
from inspection_api.reports.models import MonthCheckpoint, MonthCustomer, MonthFigure

if TYPE_CHECKING:
    from sqlalchemy import Subquery

    from inspection_api.core.context import Context
    from inspection_api.reports.models import MonthClosing

_COUNT = text(
    """
    UPDATE month_figure f
    SET (checkpoints, covered_checkpoints) =
        (SELECT count(*), count(*) FILTER (WHERE m.seen) FROM month_checkpoint m
         WHERE m.organisation_id = f.organisation_id AND m.month = f.month),
        (customers, covered_customers, balance, covered_balance) =
        (SELECT count(*), count(*) FILTER (WHERE m.seen),
                coalesce(sum(m.balance), 0), coalesce(sum(m.balance) FILTER (WHERE m.seen), 0)
         FROM month_customer m WHERE m.organisation_id = f.organisation_id AND m.month = f.month)
    WHERE f.closing_id = :closing_id
    """
)


def keep_covered(ctx: Context, closing: MonthClosing) -> None:
    """Write down, for the organisations that ``closing`` froze, whom they had to see and whom they saw (§1.9)."""
    window = month_of(closing.month)
    points = covering.points_of(ctx, window.start, window.end)
    _keep_checkpoints(ctx, closing, points)
    _keep_customers(ctx, closing, points)
    ctx.session.execute(_COUNT, {"closing_id": closing.id})


def _keep_checkpoints(ctx: Context, closing: MonthClosing, points: Subquery) -> None:
    kept = (
        select(Checkpoint.organisation_id, literal(closing.month, Date), Checkpoint.id, points.c.seen)
        .join(points, points.c.id == Checkpoint.id)
        .join(MonthFigure, MonthFigure.organisation_id == Checkpoint.organisation_id)
        .where(MonthFigure.closing_id == closing.id)
    )
    columns = ["organisation_id", "month", "checkpoint_id", "seen"]
    ctx.session.execute(insert(MonthCheckpoint).from_select(columns, kept))


def _keep_customers(ctx: Context, closing: MonthClosing, points: Subquery) -> None:
    window = month_of(closing.month)
    whose, lent = covering.customers_of(points), covering.lent_in(window.start, window.end)
    balance = func.coalesce(lent.c.amount, 0)
    kept = (
        select(Customer.organisation_id, literal(closing.month, Date), Customer.id, whose.c.seen, balance)
        .join(whose, whose.c.id == Customer.id)
        .join(MonthFigure, MonthFigure.organisation_id == Customer.organisation_id)
        .outerjoin(lent, lent.c.customer_id == Customer.id)
        .where(MonthFigure.closing_id == closing.id)
    )
    columns = ["organisation_id", "month", "customer_id", "seen", "balance"]
    ctx.session.execute(insert(MonthCustomer).from_select(columns, kept))
