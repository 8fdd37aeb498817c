"""What becomes of the checkpoints of an officer who leaves (domain.md §1.10.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from checkpoints import queries
from checkpoints.models import Checkpoint
from checkpoints.service.handing import change_officers
from inspection_api.accounts.models import UserAccount
from inspection_api.accounts.queries import assignments_on
from inspection_api.core.periods import local_day
from inspection_api.core.tables import among
from inspection_api.customers.rules import fits

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

_LEFT = text(
    """
    SELECT c.id, c.customer_id, c.officer_id, c.backup_officer_id, o.path
    FROM checkpoint c JOIN organisation o ON o.id = c.organisation_id
    WHERE c.officer_id = ANY (CAST(:user_ids AS uuid[])) AND c.archived_at IS NULL
    ORDER BY c.id FOR NO KEY UPDATE OF c
    """
)
_SUCCEED = text(
    """
    UPDATE checkpoint c
    SET officer_id = s.officer_id,
        backup_officer_id = CASE WHEN s.officer_id IS NULL THEN c.backup_officer_id END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:officers AS uuid[])) AS s (id, officer_id)
    WHERE c.id = s.id
    """
)


def on_users_disabled(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``user.disabled``: what he was responsible for goes to each backup officer who may visit there.

    Where there is none it stays without an officer, for the managers to assign; open tasks follow by the event.
    """
    ctx.session.flush()
    user_ids = [UUID(event.data["user_id"]) for event in events]
    held = select(Checkpoint.id).where(among(Checkpoint.officer_id, user_ids), Checkpoint.archived_at.is_(None))
    queries.lock_open_tasks(ctx.session, ctx.session.scalars(held))
    rows = ctx.session.execute(_LEFT, {"user_ids": user_ids}).all()
    if not rows:
        return
    successors = _successors(ctx, rows)
    ctx.session.execute(_SUCCEED, {"ids": list(successors), "officers": list(successors.values())})
    change_officers(ctx, rows, successors)


def _successors(ctx: Context, rows: Sequence[Row[Any]]) -> dict[UUID, UUID | None]:
    """Return, by checkpoint, its backup officer, if he is enabled and visits there, else None."""
    backups = {row.backup_officer_id for row in rows if row.backup_officer_id}
    able = select(UserAccount.id).where(among(UserAccount.id, backups), UserAccount.disabled_at.is_(None))
    held = assignments_on(ctx.session, ctx.session.scalars(able).all(), local_day(ctx.now))
    return {
        row.id: row.backup_officer_id if fits(held.get(row.backup_officer_id, ()), row.path) else None for row in rows
    }


def on_organisations_closed(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``organisation.closed``: refuse it while checkpoints in force are there.

    Raises:
        OrganisationHoldsCheckpoints: transfer them first, or let them exit.
    """
    queries.ensure_empty(ctx.session, [UUID(event.data["organisation_id"]) for event in events])
