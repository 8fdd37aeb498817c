"""The one lock that a checkpoint's writer takes above its own slice (sync.md §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from sqlalchemy.orm import Session

# The tasks' own slice comes too late for this: it reacts when the checkpoints are locked already.
_OPEN_TASKS = text(
    """
    SELECT id FROM task
    WHERE checkpoint_id = ANY (CAST(:ids AS uuid[])) AND state IN ('pending', 'in_progress')
    ORDER BY id FOR NO KEY UPDATE
    """
)


def lock_open_tasks(session: Session, checkpoint_ids: Iterable[UUID]) -> None:
    """Lock the open tasks of checkpoints that are about to be locked, because those tasks will follow them.

    Every writer of the system locks tasks before checkpoints; a push that binds a place holds its task already.
    """
    session.execute(_OPEN_TASKS, {"ids": sorted(set(checkpoint_ids))})
