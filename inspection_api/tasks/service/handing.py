"""Tasks handed to another officer by a manager, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, tuple_

from checkpoints import service as checkpoints
from inspection_api.core.errors import NotFound
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among
from inspection_api.plans.models import RuleVersion
from inspection_api.tasks import queries
from inspection_api.tasks.errors import TaskClosed, TaskOfRole
from inspection_api.tasks.models import Task
from inspection_api.tasks.rules import OPEN, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.core.context import Context

EDIT = Permission(Action.TASKS, "edit")


def reassign(ctx: Context, *, task_ids: Sequence[UUID], officer_id: UUID) -> int:
    """Hand open tasks to an officer, and their checkpoints with them; returns how many checkpoints changed hands.

    One officer answers for a checkpoint at a time (his offline visits are judged by that), so all its open tasks go.

    Raises:
        NotFound: one of them, or its checkpoint, is out of scope.
        TaskClosed: one of them is done or gone.
        TaskOfRole: the rule of one of them leaves it to a role.
        OfficerUnfit: he visits nobody in one of the organisations.
    """
    ids = set(task_ids)
    seen = queries.visible_tasks(ctx.actor, ctx.now, EDIT).where(among(Task.id, ids)).order_by(Task.id)
    tasks = ctx.session.scalars(seen.with_for_update(key_share=True, of=Task)).all()
    if len(tasks) < len(ids):
        raise NotFound(fields={"task_ids": NotFound.title})
    for task in tasks:
        if State(task.state) not in OPEN:
            raise TaskClosed(task_id=str(task.id), state=task.state)
    _ensure_nobodys_by_role(ctx, tasks)
    points = sorted({task.checkpoint_id for task in tasks})
    return checkpoints.assign_many(ctx, checkpoint_ids=points, officer_id=officer_id, permission=EDIT)


def _ensure_nobodys_by_role(ctx: Context, tasks: Sequence[Task]) -> None:
    named = tuple_(RuleVersion.rule_id, RuleVersion.number).in_({(task.rule_id, task.rule_version) for task in tasks})
    roles = select(RuleVersion.performing_role).where(RuleVersion.performing_role.is_not(None), named)
    role = ctx.session.scalars(roles.limit(1)).first()
    if role is not None:
        raise TaskOfRole(role=role)
