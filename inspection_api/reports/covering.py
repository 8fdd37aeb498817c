"""Who had to be seen in a window, and who was: what coverage is counted from (domain.md §1.9).

Of a window only the days up to today are looked at, but for what a history credit has spared in it already.

- S, who had to be seen: checkpoints in force on a day of the window. One that came into force in the window belongs to
  it as soon as a task of its own was due there, one that exited there only if one was due before the exit. Nothing will
  ever be due of one that is in no plan, so it belongs to it at once.
- V, who was seen: at least one accepted visit performed in the window, of any type, or a history credit whose task is
  due there.

A customer has to be seen where one of his checkpoints has, and was where one of these was; he counts for the
organisation that serves him, with the amounts of his loans whose term holds a day of the window (nobody tells us of
repayments).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, exists, func, or_, select

from checkpoints.models import Checkpoint, CheckpointExit
from checkpoints.rules.exits import ExitStatus
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import visible
from inspection_api.core.periods import local_day
from inspection_api.customers.models import Customer
from inspection_api.loans.models import Loan
from inspection_api.plans.models import PlanMembership
from inspection_api.plans.rules import InspectionType
from inspection_api.reports import queries
from inspection_api.reports.rules import Coverage
from inspection_api.tasks.models import Task, Visit
from inspection_api.tasks.rules import State

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import ColumnElement, Select, Subquery

    from inspection_api.core.context import Context

_LEFT = (ExitStatus.APPROVED, ExitStatus.REACTIVATED)


def parts_by_path(ctx: Context, parent: Organisation, start: date, end: date) -> dict[str, Coverage]:
    """Return what each organisation at or below ``parent`` has to cover by itself, by path, in two queries."""
    points = points_of(ctx, start, end)
    parts: dict[str, Coverage] = {}
    for statement in (_by_checkpoint(ctx, points), _by_customer(ctx, points, start, end)):
        below = statement.where(Organisation.path.startswith(parent.path)).group_by(Organisation.path)
        for row in ctx.session.execute(below).mappings():
            numbers = Coverage(**{name: number for name, number in row.items() if name != "path"})
            parts[row["path"]] = parts.get(row["path"], Coverage()) + numbers
    return {path: part for path, part in parts.items() if part != Coverage()}


def _by_checkpoint(ctx: Context, points: Subquery) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Organisation.path,
            func.count().label("checkpoints"),
            func.count().filter(points.c.seen).label("covered_checkpoints"),
        )
        .join(Checkpoint, Checkpoint.organisation_id == Organisation.id)
        .join(points, points.c.id == Checkpoint.id)
        .where(visible(Checkpoint, "checkpoint", ctx.actor, queries.READ))
    )


def _by_customer(ctx: Context, points: Subquery, start: date, end: date) -> Select[*tuple[Any, ...]]:
    whose, lent = customers_of(points), lent_in(start, end)
    amount = func.coalesce(func.sum(lent.c.amount), 0)
    return (
        select(
            Organisation.path,
            func.count().label("customers"),
            func.count().filter(whose.c.seen).label("covered_customers"),
            amount.label("balance"),
            func.coalesce(func.sum(lent.c.amount).filter(whose.c.seen), 0).label("covered_balance"),
        )
        .join(Customer, Customer.organisation_id == Organisation.id)
        .join(whose, whose.c.id == Customer.id)
        .outerjoin(lent, lent.c.customer_id == Customer.id)
        .where(visible(Customer, "customer", ctx.actor, queries.READ))
    )


def lent_in(start: date, end: date) -> Subquery:
    """Return what is lent to each customer on a day of the window: ``customer_id`` and ``amount`` in 元."""
    return (
        select(Loan.customer_id, func.sum(Loan.amount).label("amount"))
        .where(Loan.disbursed_on <= end, Loan.matures_on >= start)
        .group_by(Loan.customer_id)
        .subquery()
    )


def customers_of(points: Subquery) -> Subquery:
    """Return the customers of S: ``id`` and ``seen``."""
    seen = func.bool_or(points.c.seen).label("seen")
    return select(points.c.customer_id.label("id"), seen).group_by(points.c.customer_id).subquery()


def points_of(ctx: Context, start: date, end: date) -> Subquery:
    """Return S for the days from ``start`` to ``end``: ``id``, ``customer_id`` and whether it was ``seen``."""
    whole_end, end = end, min(end, local_day(ctx.now))
    left = _absences(start, end)
    begins = func.greatest(Checkpoint.effective_from, start)
    is_newcomer = or_(Checkpoint.effective_from >= start, left.c.returned_on >= start)
    return (
        select(Checkpoint.id, Checkpoint.customer_id, _is_seen(start, end, whole_end).label("seen"))
        .outerjoin(left, left.c.checkpoint_id == Checkpoint.id)
        .where(
            begins <= end,
            end - begins + 1 > func.coalesce(left.c.days, 0),
            or_(~func.coalesce(is_newcomer, False), _has_task_due(start, end), ~_is_planned(begins)),
            or_(left.c.left_on.is_(None), _has_task_due(start, left.c.left_on - 1)),
        )
        .subquery()
    )


def _absences(start: date, end: date) -> Subquery:
    """Return of checkpoints with exits how many days of the window they were away, and their exit and return in it."""
    first = func.greatest(CheckpointExit.effective_on, Checkpoint.effective_from, start)
    last = func.least(func.coalesce(CheckpointExit.returned_on - 1, end), end)
    is_away = or_(CheckpointExit.returned_on.is_(None), CheckpointExit.returned_on > end)
    left_here = and_(is_away, CheckpointExit.effective_on >= start)
    return (
        select(
            CheckpointExit.checkpoint_id,
            func.sum(func.greatest(last - first + 1, 0)).label("days"),
            func.max(CheckpointExit.effective_on).filter(left_here).label("left_on"),
            func.max(CheckpointExit.returned_on).filter(CheckpointExit.returned_on <= end).label("returned_on"),
        )
        .join(Checkpoint, Checkpoint.id == CheckpointExit.checkpoint_id)
        .where(CheckpointExit.status.in_(_LEFT), CheckpointExit.effective_on <= end)
        .group_by(CheckpointExit.checkpoint_id)
        .subquery()
    )


def _is_planned(begins: ColumnElement[date]) -> ColumnElement[bool]:
    """Return that a checkpoint is in a plan, or was on or after the day ``begins``."""
    stays = or_(PlanMembership.left_on.is_(None), PlanMembership.left_on > begins)
    return exists().where(PlanMembership.checkpoint_id == Checkpoint.id, stays)


def _has_task_due(start: date, end: date | ColumnElement[date]) -> ColumnElement[bool]:
    counted = and_(
        Task.state != State.CANCELLED, Task.inspection_type != InspectionType.SPECIAL, Task.backfilled.is_(False)
    )
    return exists().where(Task.checkpoint_id == Checkpoint.id, Task.due_on.between(start, end), counted)


def _is_seen(start: date, end: date, whole_end: date) -> ColumnElement[bool]:
    visited = exists().where(Visit.checkpoint_id == Checkpoint.id, Visit.performed_on.between(start, end))
    credited = exists().where(
        Task.checkpoint_id == Checkpoint.id,
        Task.due_on.between(start, whole_end),
        Task.state == State.EXEMPT,
        Task.reason == "history",
    )
    return or_(visited, credited)


def listed(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the checkpoints that meet ``conditions``, with the names that people know them by, in one statement."""
    return (
        select(
            Checkpoint.id,
            Checkpoint.code,
            Checkpoint.name,
            Checkpoint.effective_from,
            Checkpoint.customer_id,
            Customer.name.label("customer_name"),
            Checkpoint.organisation_id,
            Organisation.name.label("organisation_name"),
            Checkpoint.officer_id,
            UserAccount.name.label("officer_name"),
        )
        .join(Customer, Customer.id == Checkpoint.customer_id)
        .join(Organisation, Organisation.id == Checkpoint.organisation_id)
        .outerjoin(UserAccount, UserAccount.id == Checkpoint.officer_id)
        .where(*conditions)
    )
