"""Whose a task is: the officer of its checkpoint, or who has the role that its rule names; he holds a grant on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from checkpoints import service as checkpoints
from inspection_api.accounts import service as accounts
from inspection_api.core.periods import local_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

_FOLLOW = text(
    """
    UPDATE task t SET officer_id = f.officer_id
    FROM (SELECT o.id, o.officer_id AS former_id, p.officer_id, r.performing_role IS NOT NULL AS by_role
          FROM task o
          JOIN checkpoint c ON c.id = o.checkpoint_id
          LEFT JOIN inspection_rule_version r ON r.rule_id = o.rule_id AND r.number = o.rule_version
          CROSS JOIN LATERAL (SELECT CASE WHEN r.performing_role IS NULL THEN c.officer_id
                                          ELSE performer_of(c.id, r.performing_role, :today) END AS officer_id) p
          WHERE o.state IN ('pending', 'in_progress') AND o.officer_id IS DISTINCT FROM p.officer_id
            AND (c.id = ANY (CAST(:checkpoint_ids AS uuid[]))
                 OR (r.performing_role IS NOT NULL AND o.officer_id = ANY (CAST(:user_ids AS uuid[]))))
          ORDER BY o.id FOR NO KEY UPDATE OF o) f
    WHERE t.id = f.id
    RETURNING t.id, f.former_id, f.officer_id, f.by_role, t.checkpoint_id, t.customer_id
    """
)


def assign(ctx: Context, officers: Iterable[tuple[UUID, UUID | None]]) -> None:
    """Give (task, officer) pairs their grants; a task without an officer is left to the managers."""
    accounts.grant(ctx, [(officer_id, "task", task_id) for task_id, officer_id in officers if officer_id is not None])


def let_hold(ctx: Context, tasks: Sequence[Row[Any]]) -> None:
    """Let the officers of these tasks hold their checkpoints, too, which are not theirs: the rule names a role."""
    held = [(row.officer_id, row.checkpoint_id, row.customer_id) for row in tasks if row.officer_id is not None]
    checkpoints.grant_with_customer(ctx, sorted(set(held)))


def on_checkpoints_assigned(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.assigned``: the open tasks follow their checkpoint to its officer of now.

    The former officer's devices drop them, the new one's receive them; what is closed stays attributed as it was.
    """
    _follow(ctx, checkpoint_ids=[UUID(event.data["checkpoint_id"]) for event in events])


def on_handlers_named(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.edited``: the tasks that rules leave to the exception handler go to the one of now."""
    named = [event.data["checkpoint_id"] for event in events if "exception_handler_id" in event.data["fields"]]
    _follow(ctx, checkpoint_ids=[UUID(checkpoint_id) for checkpoint_id in named])


def on_performers_left(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``user.disabled`` and ``role.ended``: the tasks that were his by his role go to whoever has it now."""
    _follow(ctx, user_ids=[UUID(event.data["user_id"]) for event in events])


def _follow(ctx: Context, *, checkpoint_ids: Sequence[UUID] = (), user_ids: Sequence[UUID] = ()) -> None:
    if not checkpoint_ids and not user_ids:
        return
    ctx.session.flush()
    values = {"checkpoint_ids": list(checkpoint_ids), "user_ids": list(user_ids), "today": local_day(ctx.now)}
    moved = ctx.session.execute(_FOLLOW, values).all()
    lost = [(row.former_id, "task", row.id) for row in moved if row.former_id is not None]
    accounts.revoke(ctx, lost, reason="reassigned")
    assign(ctx, [(row.id, row.officer_id) for row in moved])
    let_hold(ctx, [row for row in moved if row.by_role])
    for row in moved:
        ctx.record(
            "task.reassigned", task_id=str(row.id), former_id=_text(row.former_id), officer_id=_text(row.officer_id)
        )


def _text(officer_id: UUID | None) -> str | None:
    return str(officer_id) if officer_id else None
