"""Rows on their way to a device: read fresh, joined to the grants, encoded once (sync.md §5, Scope)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import select

from inspection_api.accounts.models import AccessGrant
from inspection_api.core.tables import among
from sync.entities import ENTITIES, Entity
from sync.models import SyncReceipt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inspection_api.core.context import Context

RECEIPT = "receipt"
Thing = tuple[str, UUID]


def encoded(change: dict[str, Any]) -> bytes:
    """Return one change as JSON; decimals become strings."""
    return orjson.dumps(change, default=str)


def puts(ctx: Context, things: Iterable[Thing]) -> dict[Thing, bytes]:
    """Return the ``put`` of each thing that there is and that the user may hold now, and the receipts among them.

    Nothing reaches a device in any other way, so a stale row of the feed can never leak.
    """
    wanted: dict[str, list[UUID]] = {}
    for entity, entity_id in things:
        wanted.setdefault(entity, []).append(entity_id)
    told = _receipts(ctx, wanted.pop(RECEIPT, []))
    held = _held(ctx, [id_ for ids in wanted.values() for id_ in ids])
    for name, ids in wanted.items():
        if name in ENTITIES:
            told |= _rows(ctx, name, ids, held)
    return told


def _receipts(ctx: Context, op_ids: Sequence[UUID]) -> dict[Thing, bytes]:
    """Return the receipts that were held when their batch was answered, or about which somebody has decided since."""
    if not op_ids:
        return {}
    statement = select(SyncReceipt.op_id, SyncReceipt.result).where(among(SyncReceipt.op_id, op_ids))
    rows = ctx.session.execute(statement)
    return {(RECEIPT, row.op_id): encoded(_receipt(row.result)) for row in rows}


def _receipt(result: dict[str, Any]) -> dict[str, Any]:
    return {"k": "receipt", **result, "from": "quarantined" if "decision" in result else "held"}


def _held(ctx: Context, ids: Sequence[UUID]) -> set[Thing]:
    if not ids:
        return set()
    statement = select(AccessGrant.entity, AccessGrant.entity_id)
    statement = statement.where(AccessGrant.user_id == ctx.user_id, among(AccessGrant.entity_id, ids))
    return {(row.entity, row.entity_id) for row in ctx.session.execute(statement)}


def _rows(ctx: Context, name: str, ids: Sequence[UUID], held: set[Thing]) -> dict[Thing, bytes]:
    """Return the rows of one entity that the user may hold now; what he lost comes as a later ``drop``."""
    entity = ENTITIES[name]
    allowed = ids if entity.is_shared else [id_ for id_ in ids if (name, id_) in held]
    return {(name, row[0]): _put(name, entity, row) for row in ctx.session.execute(entity.rows(allowed))}


def _put(name: str, entity: Entity, row: Sequence[Any]) -> bytes:
    id_, version, *values = row
    members = dict(zip(entity.columns, values, strict=True))
    return encoded({"k": "put", "e": name, "id": id_, "v": version, "d": members})
