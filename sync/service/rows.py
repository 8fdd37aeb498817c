"""Rows on their way to a device: read fresh, joined to the grants, encoded once (sync.md §5, Scope)."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import bindparam, exists, select

from inspection_api.accounts.models import AccessGrant
from inspection_api.core.tables import among, as_text
from sync.entities import ENTITIES, Entity
from sync.models import SyncReceipt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Select

    from inspection_api.core.context import Context

RECEIPT = "receipt"
Thing = tuple[str, str]
"""A synced thing: its entity, and its id as text, which thousands of look-ups hash ten times faster than a UUID."""


def encoded(change: dict[str, Any]) -> bytes:
    """Return one change as JSON; decimals become strings."""
    return orjson.dumps(change, default=str)


def puts(ctx: Context, things: Iterable[Thing]) -> dict[Thing, bytes]:
    """Return the ``put`` of each thing that there is and that the user may hold now, and the receipts among them.

    Nothing reaches a device in any other way, so a stale row of the feed can never leak.
    """
    wanted: dict[str, list[str]] = {}
    for entity, entity_id in things:
        wanted.setdefault(entity, []).append(entity_id)
    told = _receipts(ctx, wanted.pop(RECEIPT, []))
    for name, ids in wanted.items():
        if name in ENTITIES:
            told |= _rows(ctx, name, ids)
    return told


def _receipts(ctx: Context, op_ids: Sequence[str]) -> dict[Thing, bytes]:
    """Return the receipts that waited when their batch was answered, or about which somebody has decided since."""
    if not op_ids:
        return {}
    statement = select(as_text(SyncReceipt.op_id), SyncReceipt.result).where(among(SyncReceipt.op_id, op_ids))
    return {(RECEIPT, op_id): encoded(_receipt(result)) for op_id, result in ctx.session.execute(statement)}


def _receipt(result: dict[str, Any]) -> dict[str, Any]:
    """Return a late receipt with what the device was told before (``from``)."""
    return {"k": "receipt", **result, **({"from": "quarantined"} if "decision" in result else {})}


def _rows(ctx: Context, name: str, ids: Sequence[str]) -> dict[Thing, bytes]:
    """Return the rows of one entity that the user may hold now; what he lost comes as a later ``drop``."""
    found = ctx.session.execute(_statement(name), {"ids": ids, "user_id": ctx.user_id}).all()
    return {(name, id_): _put(name, id_, version, told) for id_, version, told in found}


@cache
def _statement(name: str) -> Select[str, int, str]:
    """Return the statement for the rows ``ids`` of one entity that ``user_id`` may hold now."""
    entity = ENTITIES[name]
    statement = entity.rows()
    if not entity.is_shared:
        statement = statement.where(_is_held(name, entity))
    return statement


def _is_held(name: str, entity: Entity) -> ColumnElement[bool]:
    """Return the condition that the user holds a grant on the row."""
    grants = AccessGrant.__table__.c
    mine = (grants.user_id == bindparam("user_id"), grants.entity == name, grants.entity_id == entity.table.c.id)
    return exists().where(*mine)


def _put(name: str, id_: str, version: int, told: str) -> bytes:
    return f'{{"k":"put","e":"{name}","id":"{id_}","v":{version},"d":{told}}}'.encode()
