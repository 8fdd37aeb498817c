"""The desk of devices: when each was last heard, what it waits for, and what it still owes (sync.md §2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from inspection_api.accounts import queries as account_queries
from inspection_api.accounts.models import Device
from inspection_api.core.paging import Page, paginate
from inspection_api.core.permissions import Action, Permission
from sync.models import SyncDevice

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Row, Select

    from inspection_api.core.context import Context

MANAGE = Permission(Action.ACCOUNTS, "enrol")
"""Who approves and revokes devices sees how they stand."""

MOST_WAITING = 200
MOST_GAPS = 200

_STANDINGS = text(
    """
    SELECT d.id, d.name, d.status, u.name AS user_name, s.next_seq, s.gaps[1 : CAST(:most AS int)] AS gaps,
           cardinality(s.gaps) AS missing, (SELECT min(g) FROM unnest(s.gaps_since) AS g) AS missing_since, s.app,
           s.last_seen_at, s.clock_skew_s, r.held, r.parked, r.waiting_since, m.media_open, m.media_since
    FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS wanted (id, place)
    JOIN device d ON d.id = wanted.id
    JOIN user_account u ON u.id = d.user_id
    JOIN sync_device s ON s.device_id = d.id
    CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE status = 'held') AS held, count(*) FILTER (WHERE status = 'parked') AS parked,
               min(received_at) AS waiting_since
        FROM sync_receipt WHERE device_id = d.id AND raw IS NOT NULL) r
    CROSS JOIN LATERAL (
        SELECT count(*) AS media_open, min(declared_at) AS media_since
        FROM media WHERE device_id = d.id AND media.status = 'declared') m
    ORDER BY wanted.place
    """
)
_WAITING = text(
    """
    SELECT op_id, seq, status, result ->> 'code' AS code, result ->> 'message' AS message, received_at
    FROM sync_receipt WHERE device_id = :device_id AND raw IS NOT NULL ORDER BY seq LIMIT :most
    """
)


def list_devices(ctx: Context, *, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    """Return the phones of the actor's subtrees that were heard, by id, each with how it stands."""
    page = paginate(ctx.session, _heard(ctx), by=[Device.id], limit=limit, cursor=cursor)
    return Page(items=standings(ctx, [device.id for device in page.items]), next_cursor=page.next_cursor)


def get_device(ctx: Context, device_id: UUID) -> dict[str, Any]:
    """Return how one phone stands, with the first 200 operations that are held or parked.

    Raises:
        NotFound: it is out of scope, or was never heard.
    """
    device = account_queries.get_one(ctx.session, _heard(ctx).where(Device.id == device_id))
    (standing,) = standings(ctx, [device.id])
    rows = ctx.session.execute(_WAITING, {"device_id": device_id, "most": MOST_WAITING})
    return {**standing, "waiting": [_waiting(ctx, row) for row in rows]}


def _heard(ctx: Context) -> Select[Any]:
    in_scope = account_queries.in_subtree(Device.organisation_id, ctx.actor.paths(MANAGE))
    return select(Device).join(SyncDevice, SyncDevice.device_id == Device.id).where(in_scope)


def standings(ctx: Context, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return how the phones stand, in one query: position, waiting operations, media not yet uploaded."""
    values = {"ids": list(ids), "most": MOST_GAPS}
    return [dict(row) for row in ctx.session.execute(_STANDINGS, values).mappings()]


def _waiting(ctx: Context, row: Row[Any]) -> dict[str, Any]:
    return {**row._mapping, "age_s": int((ctx.now - row.received_at).total_seconds())}  # noqa: SLF001 - SQLAlchemy's name for it
