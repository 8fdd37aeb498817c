"""Tasks handed to another officer by a manager, many at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints import service as checkpoints
from inspection_api.core.errors import NotFound
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among
from inspection_api.tasks import queries
from inspection_api.tasks.errors import TaskClosed
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
    points = sorted({task.checkpoint_id for task in tasks})
    return checkpoints.assign_many(ctx, checkpoint_ids=points, officer_id=officer_id, permission=EDIT)
