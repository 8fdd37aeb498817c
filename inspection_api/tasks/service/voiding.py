"""A visit that is voided counts for nothing more: its tasks are as if it had never been (domain.md §0, Inspection)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from checkpoints.queries import exit_in_effect
from inspection_api.core.periods import local_day
from inspection_api.tasks.service.campaigns import drop_after_campaign, leave_campaigns
from inspection_api.tasks.service.counting import count_earlier
from inspection_api.tasks.service.leaving import drop_after_exit, drop_after_removal, follow_transfer
from inspection_api.tasks.service.making import credit_imported

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context

# Beside what it closed, whatever of the same rules still waits for a visit: one that came too soon after the voided one
# may be right now.
_CONCERNED = text(
    """
    SELECT id FROM task
    WHERE checkpoint_id = :checkpoint_id
      AND (closed_by = :inspection_id
           OR (state IN ('pending', 'in_progress', 'missed')
               AND rule_id IN (SELECT rule_id FROM task
                               WHERE checkpoint_id = :checkpoint_id AND closed_by = :inspection_id)))
    ORDER BY id FOR NO KEY UPDATE
    """
)
_REOPEN = text(
    """
    UPDATE task SET state = 'pending', reason = NULL, closed_by = NULL, performed_on = NULL
    WHERE checkpoint_id = :checkpoint_id AND closed_by = :inspection_id
    RETURNING id, episode_id
    """
)
_FORGET = text("DELETE FROM visit WHERE inspection_id = :inspection_id")
_MISS = text(
    """
    UPDATE task SET state = 'missed'
    WHERE id = ANY (CAST(:ids AS uuid[])) AND state = 'pending' AND COALESCE(makeup_until, window_end_on) < :today
    RETURNING id
    """
)


def lock_concerned(ctx: Context, *, checkpoint_id: UUID, inspection_id: UUID) -> Sequence[UUID]:
    """Lock, before the record itself, the tasks that voiding it may change; return their ids."""
    terms = {"checkpoint_id": checkpoint_id, "inspection_id": inspection_id}
    return ctx.session.scalars(_CONCERNED, terms).all()


def forget_visit(ctx: Context, concerned: Sequence[UUID], *, checkpoint_id: UUID, inspection_id: UUID) -> None:
    """Open again what a voided visit closed or exempted, under the locks of ``lock_concerned``.

    The earliest of the visits that are left takes its place where one can (it is extra no longer: ``visit.counted``).
    What has left meanwhile is cancelled, and missed is what nobody can do any more.
    """
    ctx.session.flush()
    terms = {"checkpoint_id": checkpoint_id, "inspection_id": inspection_id}
    ctx.session.execute(_FORGET, {"inspection_id": inspection_id})
    reopened = ctx.session.execute(_REOPEN, terms).all()
    if not reopened:
        return
    ids = [row.id for row in reopened]
    for task_id in ids:
        ctx.record("task.reopened", task_id=str(task_id), inspection_id=str(inspection_id))
    count_earlier(ctx, [list(concerned)])
    credit_imported(ctx, [ids])
    _leave(ctx, checkpoint_id, ids, [row.episode_id for row in reopened if row.episode_id])
    for task_id in ctx.session.scalars(_MISS, {"ids": ids, "today": local_day(ctx.now)}).all():
        ctx.record("task.missed", task_id=str(task_id))


def _leave(ctx: Context, checkpoint_id: UUID, ids: Sequence[UUID], episode_ids: Sequence[UUID]) -> None:
    """Let the open ones among these tasks learn what their checkpoint, plan or campaign has done since."""
    drop_after_exit(ctx, [checkpoint_id])
    follow_transfer(ctx, [checkpoint_id])
    drop_after_removal(ctx, episode_ids)
    drop_after_campaign(ctx, ids)
    left: tuple[date, date] | None = exit_in_effect(ctx.session, checkpoint_id, local_day(ctx.now))
    if left is not None:
        leave_campaigns(ctx, {checkpoint_id: left})
