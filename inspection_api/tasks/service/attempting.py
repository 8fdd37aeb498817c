"""Attempts at a visit: 上门未遇, 拒检 (sync.md §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql import insert

from inspection_api.accounts import service as accounts
from inspection_api.tasks.errors import AttemptRaced
from inspection_api.tasks.models import VisitAttempt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context


def note_attempts(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Write down attempts (columns of `VisitAttempt`), all or none; that an id is no record's, the database sees to.

    Raises:
        AttemptRaced: an id has become an attempt since it was looked for.
    """
    if not rows:
        return
    noted = insert(VisitAttempt).on_conflict_do_nothing().returning(VisitAttempt.id)
    if len(ctx.session.scalars(noted, list(rows)).all()) < len(rows):
        raise AttemptRaced(retry_after_s=1)
    accounts.grant(ctx, [(row["officer_id"], "visit_attempt", row["id"]) for row in rows])
    for row in rows:
        ctx.record(
            "visit.attempted",
            attempt_id=str(row["id"]),
            checkpoint_id=str(row["checkpoint_id"]),
            task_id=str(row["task_id"]) if row["task_id"] else None,
            reason=row["reason"],
        )
