"""Tasks as reports list them: each with the names that people know it by, and what its visit found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import case, literal, select

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import visible
from inspection_api.core.periods import local_day
from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection
from inspection_api.reports import queries, schemas, scope, words
from inspection_api.reports.rules import Measure
from inspection_api.reports.table import Listing
from inspection_api.tasks.models import Task
from inspection_api.tasks.queries import is_overdue

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select

    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period


def among(ctx: Context, parent: Organisation, *, own: bool = False) -> ColumnElement[bool]:
    """Return the condition that the actor may read figures of a task of the subtree, or of ``parent`` alone."""
    return visible(Task, "task", ctx.actor, queries.READ) & scope.held_by(Task.organisation_id, parent, own=own)


def due_in(window: Period) -> ColumnElement[bool]:
    """Return the condition that a task is due in ``window``."""
    return Task.due_on.between(window.start, window.end)


def standing(today: date) -> ColumnElement[str]:
    """Return how a task stands as of ``today``: its state, or that it is open past its due day."""
    return case((is_overdue(today), literal(words.OVERDUE)), else_=Task.state)


def listed(ctx: Context, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """Return the tasks that meet ``conditions``, with the visit that closed each, in one statement."""
    today = local_day(ctx.now)
    return (
        select(
            Task.id,
            Task.inspection_type,
            Task.period_start,
            Task.period_end,
            Task.due_on,
            Task.state,
            is_overdue(today).label("overdue"),
            standing(today).label("standing"),
            Task.performed_on,
            Task.closed_by,
            Inspection.conclusion,
            Inspection.indicators,
            Task.checkpoint_id,
            Checkpoint.code.label("checkpoint_code"),
            Checkpoint.name.label("checkpoint_name"),
            Task.customer_id,
            Customer.name.label("customer_name"),
            Task.organisation_id,
            Organisation.name.label("organisation_name"),
            Task.officer_id,
            UserAccount.name.label("officer_name"),
        )
        .join(Checkpoint, Checkpoint.id == Task.checkpoint_id)
        .join(Customer, Customer.id == Task.customer_id)
        .join(Organisation, Organisation.id == Task.organisation_id)
        .outerjoin(UserAccount, UserAccount.id == Task.officer_id)
        .outerjoin(Inspection, Inspection.id == Task.closed_by)
        .where(*conditions)
    )


def due_tasks(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> Select[*tuple[Any, ...]]:
    """Return the tasks behind a rate of what fell due in a window.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    counted = queries.conditions(window, local_day(ctx.now))[Measure(measure)]
    return listed(ctx, among(ctx, parent, own=own), counted)


DUE_TASKS = Listing(
    path="tasks",
    summary="List the tasks behind a rate of what fell due.",
    query=schemas.DueTasksQuery,
    out=schemas.TaskRowSchema,
    by=(Task.due_on, Task.id),
    rows=due_tasks,
)
