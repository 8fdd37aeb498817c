"""Attempts at a visit: 上门未遇, 拒检 (sync.md §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql import insert

from inspection_api.accounts import service as accounts
from inspection_api.tasks.models import VisitAttempt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context


def note_attempts(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Write down attempts (columns of `VisitAttempt`) in one statement; an id that is known stays what it is."""
    if not rows:
        return
    noted = insert(VisitAttempt).on_conflict_do_nothing().returning(VisitAttempt.id)
    written = set(ctx.session.scalars(noted, list(rows)))
    new = [row for row in rows if row["id"] in written]
    accounts.grant(ctx, [(row["officer_id"], "visit_attempt", row["id"]) for row in new])
    for row in new:
        ctx.record(
            "visit.attempted",
            attempt_id=str(row["id"]),
            checkpoint_id=str(row["checkpoint_id"]),
            task_id=str(row["task_id"]) if row["task_id"] else None,
            reason=row["reason"],
        )
