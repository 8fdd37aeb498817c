"""Pull: the next page of what changed for this user (sync.md §2, Pull; §5).

The caller's transaction is one READ ONLY REPEATABLE READ snapshot. Rows are read fresh and joined to the grants, so a
stale feed row can never leak, and re-delivery is harmless because versions only rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, select, text

from inspection_api.accounts.models import AccessGrant
from inspection_api.core.tables import among
from sync import queries
from sync.entities import ENTITIES, Entity
from sync.errors import DeviceUnapproved
from sync.models import SyncReceipt
from sync.protocol.cursor import Binding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from inspection_api.core.context import Context

_HEAD = text("SELECT value FROM feed_counter")
_CHANGES = text(
    """
    (SELECT seq, entity, entity_id, change FROM sync_change
     WHERE audience = :user_id AND seq > :after ORDER BY seq LIMIT :most)
    UNION ALL
    (SELECT seq, entity, entity_id, change FROM sync_change
     WHERE audience IS NULL AND seq > :after ORDER BY seq LIMIT :most)
    ORDER BY seq LIMIT :most
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """The newest change of each thing on one page of the feed, and where the page ends."""

    newest: dict[tuple[str, UUID], Row[Any]]
    ends_at: int
    has_more: bool


def pull(ctx: Context, *, device_id: UUID, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return up to ``limit`` changes after ``cursor`` (None: from the beginning).

    Raises:
        DeviceUnknown, DeviceWiped, DeviceUnapproved: the device may not pull.
        CursorExpired: the cursor is not this device's.
    """
    device = queries.get_device(ctx.session, device_id, ctx.user_id)
    if not device.is_approved:
        raise DeviceUnapproved
    key = ctx.bank.derived_key("cursor")
    binding = Binding(key=key, user_id=ctx.user_id, device_id=device_id, epoch=device.epoch)
    page = _page(ctx, binding.open(cursor) if cursor else 0, limit)
    return {
        "epoch": device.epoch,
        "cursor": binding.seal(page.ends_at),
        "has_more": page.has_more,
        "consistent": not page.has_more,
        "changes": _changes(ctx, page.newest),
    }


def feed_head(session: Session) -> int:
    """Return the feed's head: after a commit it is at or beyond all rows of that commit."""
    return int(session.execute(_HEAD).scalar_one())


def _page(ctx: Context, after: int, limit: int) -> _Page:
    head = feed_head(ctx.session)
    values = {"user_id": ctx.user_id, "after": after, "most": limit + 1}
    rows = ctx.session.execute(_CHANGES, values).all()
    has_more = len(rows) > limit
    kept = rows[:limit]
    newest = {(row.entity, row.entity_id): row for row in kept}
    return _Page(newest=newest, ends_at=kept[-1].seq if has_more else head, has_more=has_more)


def _changes(ctx: Context, newest: dict[tuple[str, UUID], Row[Any]]) -> list[dict[str, Any]]:
    """Return the page's changes: removals as the feed says, the rest as the rows now stand."""
    removals = [_removal(row) for row in newest.values() if row.change != "put"]
    wanted: dict[str, list[UUID]] = {}
    for (entity, entity_id), row in newest.items():
        if row.change == "put":
            wanted.setdefault(entity, []).append(entity_id)
    receipts = _receipts(ctx, wanted.pop("receipt", []))
    held = _held(ctx, [id_ for ids in wanted.values() for id_ in ids])
    puts = [put for name, ids in wanted.items() if name in ENTITIES for put in _puts(ctx, name, ids, held)]
    return [*removals, *receipts, *puts]


def _removal(row: Row[Any]) -> dict[str, Any]:
    return {"k": row.change, "e": row.entity, "id": str(row.entity_id)}


def _receipts(ctx: Context, op_ids: Sequence[UUID]) -> list[dict[str, Any]]:
    """Return the receipts that were held when their batch was answered."""
    if not op_ids:
        return []
    statement = select(SyncReceipt.result).where(among(SyncReceipt.op_id, op_ids))
    return [{"k": "receipt", **result, "from": "held"} for result in ctx.session.scalars(statement)]


def _held(ctx: Context, ids: Sequence[UUID]) -> set[tuple[str, UUID]]:
    """Return which things among ``ids`` the user may hold now, as (entity, id)."""
    if not ids:
        return set()
    statement = select(AccessGrant.entity, AccessGrant.entity_id)
    statement = statement.where(AccessGrant.user_id == ctx.user_id, among(AccessGrant.entity_id, ids))
    return {(row.entity, row.entity_id) for row in ctx.session.execute(statement)}


def _puts(ctx: Context, name: str, ids: Sequence[UUID], held: set[tuple[str, UUID]]) -> list[dict[str, Any]]:
    """Return the rows of one entity that the user may hold now; what he lost comes as a later ``drop``."""
    entity = ENTITIES[name]
    allowed = ids if entity.is_shared else [id_ for id_ in ids if (name, id_) in held]
    return [_put(name, entity, row) for row in ctx.session.execute(entity.rows(allowed))]


def _put(name: str, entity: Entity, row: Sequence[Any]) -> dict[str, Any]:
    id_, version, *values = row
    return {"k": "put", "e": name, "id": str(id_), "v": version, "d": dict(zip(entity.columns, values, strict=True))}
