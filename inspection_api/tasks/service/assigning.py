"""Whose a task is: the officer of its checkpoint, who holds a grant on it (architecture.md §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from inspection_api.accounts import service as accounts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

_FOLLOW = text(
    """
    UPDATE task t SET officer_id = f.officer_id
    FROM (SELECT o.id, o.officer_id AS former_id, c.officer_id
          FROM task o
          JOIN checkpoint c ON c.id = o.checkpoint_id
          WHERE c.id = ANY (CAST(:checkpoint_ids AS uuid[])) AND o.state IN ('pending', 'in_progress')
            AND o.officer_id IS DISTINCT FROM c.officer_id
          ORDER BY o.id FOR NO KEY UPDATE OF o) f
    WHERE t.id = f.id
    RETURNING t.id, f.former_id, f.officer_id
    """
)


def assign(ctx: Context, officers: Iterable[tuple[UUID, UUID | None]]) -> None:
    """Give (task, officer) pairs their grants; a task without an officer is left to the managers."""
    accounts.grant(ctx, [(officer_id, "task", task_id) for task_id, officer_id in officers if officer_id is not None])


def on_checkpoints_assigned(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.assigned``: the open tasks follow their checkpoint to its officer of now.

    The former officer's devices drop them, the new one's receive them; what is closed stays attributed as it was.
    """
    ctx.session.flush()
    values = {"checkpoint_ids": [UUID(event.data["checkpoint_id"]) for event in events]}
    moved = ctx.session.execute(_FOLLOW, values).all()
    lost = [(row.former_id, "task", row.id) for row in moved if row.former_id is not None]
    accounts.revoke(ctx, lost, reason="reassigned")
    assign(ctx, [(row.id, row.officer_id) for row in moved])
    for row in moved:
        ctx.record(
            "task.reassigned", task_id=str(row.id), former_id=_text(row.former_id), officer_id=_text(row.officer_id)
        )


def _text(officer_id: UUID | None) -> str | None:
    return str(officer_id) if officer_id else None
