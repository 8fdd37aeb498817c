"""补检: a manager allows a visit after the window (domain.md §1.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from inspection_api.accounts.queries import get_one
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.plans.models import RuleVersion
from inspection_api.tasks import queries
from inspection_api.tasks.models import Task
from inspection_api.tasks.rules import State, ensure_makeup

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

EDIT = Permission(Action.TASKS, "edit")


def allow_makeup(ctx: Context, task_id: UUID, *, reason: str) -> Task:
    """Let a task that nobody did in its window be done late, for the ``makeup_days`` of its rule.

    Raises:
        NotFound: out of scope.
        MakeupForbidden: it is done or gone, its window runs still, or the days of its rule are over.
    """
    task = get_one(
        ctx.session, queries.visible_tasks(ctx.actor, ctx.now, EDIT).where(Task.id == task_id).with_for_update(of=Task)
    )
    until = task.window_end_on + timedelta(days=_makeup_days(ctx, task))
    ensure_makeup(State(task.state), window_end_on=task.window_end_on, until=until, today=local_day(ctx.now))
    task.makeup_until = until
    ctx.session.flush()
    ctx.record("task.makeup_allowed", task_id=str(task.id), until=until.isoformat(), reason=reason)
    return task


def _makeup_days(ctx: Context, task: Task) -> int:
    """Return the days that the task's rule gives; a campaign gives none."""
    if task.rule_id is None:
        return 0
    return ctx.session.get_one(RuleVersion, (task.rule_id, task.rule_version)).makeup_days
