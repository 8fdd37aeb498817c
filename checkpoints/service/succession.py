"""What becomes of the checkpoints of an officer who leaves (domain.md §1.10.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, text

from checkpoints import queries
from checkpoints.models import Checkpoint
from checkpoints.service.handing import change_officers
from inspection_api.accounts.models import UserAccount
from inspection_api.accounts.queries import assignments_on
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Reach, Role, reach
from inspection_api.core.tables import among
from inspection_api.customers.rules import PERFORM, fits

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from inspection_api.core.context import Assignment, Context
    from inspection_api.core.events import Recorded

_HELD = text(
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
_EXPIRED = text(
    """
    SELECT DISTINCT h.officer_id
    FROM (SELECT DISTINCT officer_id, organisation_id FROM checkpoint WHERE archived_at IS NULL) h
    JOIN organisation o ON o.id = h.organisation_id
    WHERE h.officer_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM role_assignment r
        JOIN organisation ro ON ro.id = r.organisation_id
        JOIN user_account u ON u.id = r.user_id
        WHERE r.user_id = h.officer_id AND r.role = ANY (CAST(:roles AS text[])) AND u.disabled_at IS NULL
          AND r.valid_from <= :today AND coalesce(r.valid_to >= :today, true) AND starts_with(o.path, ro.path))
    ORDER BY h.officer_id LIMIT :limit
    """
)
_VISITING = [role.value for role in Role if reach(role, PERFORM) is not Reach.NONE]
_OFFICERS_AT_A_TIME = 20


def on_officers_left(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``user.disabled`` and ``role.ended``: hand on what the officers may not visit any more."""
    hand_on(ctx, {UUID(event.data["user_id"]) for event in events})


def hand_on_expired(ctx: Context) -> bool:
    """Hand on the checkpoints of some officers whose role there has run out; tell whether there may be more."""
    values = {"roles": _VISITING, "today": local_day(ctx.now), "limit": _OFFICERS_AT_A_TIME}
    officers = ctx.session.scalars(_EXPIRED, values).all()
    hand_on(ctx, officers)
    return len(officers) == _OFFICERS_AT_A_TIME


def hand_on(ctx: Context, user_ids: Collection[UUID]) -> None:
    """Give each checkpoint that its officer may not visit any more to its backup officer, if he may.

    Whoever has left the bank, the role or the organisation visits nobody there. Where there is no backup it stays
    without an officer, for the managers to assign; open tasks follow by the event.
    """
    if not user_ids:
        return
    ctx.session.flush()
    held = select(Checkpoint.id).where(among(Checkpoint.officer_id, user_ids), Checkpoint.archived_at.is_(None))
    queries.lock_open_tasks(ctx.session, ctx.session.scalars(held))
    rows = ctx.session.execute(_HELD, {"user_ids": list(user_ids)}).all()
    roles = _roles_of(ctx, {*user_ids, *(row.backup_officer_id for row in rows if row.backup_officer_id)})
    left = [row for row in rows if not fits(roles.get(row.officer_id, ()), row.path)]
    if not left:
        return
    successors: dict[UUID, UUID | None] = {
        row.id: row.backup_officer_id if fits(roles.get(row.backup_officer_id, ()), row.path) else None for row in left
    }
    ctx.session.execute(_SUCCEED, {"ids": list(successors), "officers": list(successors.values())})
    change_officers(ctx, left, successors)


def _roles_of(ctx: Context, user_ids: Collection[UUID]) -> dict[UUID, tuple[Assignment, ...]]:
    """Return today's roles of those who are enabled."""
    able = select(UserAccount.id).where(among(UserAccount.id, user_ids), UserAccount.disabled_at.is_(None))
    return assignments_on(ctx.session, ctx.session.scalars(able).all(), local_day(ctx.now))


def on_organisations_closed(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``organisation.closed``: refuse it while checkpoints in force are there.

    Raises:
        OrganisationHoldsCheckpoints: transfer them first, or let them exit.
    """
    queries.ensure_empty(ctx.session, [UUID(event.data["organisation_id"]) for event in events])
