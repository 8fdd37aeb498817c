"""Snapshot: everything that the user holds now, for a device whose cursor is lost (sync.md §2, Pull).

The first page fixes the feed's head; the pages run by (entity, id), each its own READ ONLY REPEATABLE READ transaction,
and pull goes on from that head. What changes meanwhile is fresher already, or comes with the pull.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
from sqlalchemy import Text, Uuid, literal, select, tuple_, union_all

from inspection_api.accounts.models import AccessGrant
from inspection_api.core.feed import sync_change
from inspection_api.core.tables import as_text
from sync.entities import ENTITIES
from sync.protocol.cursor import Place
from sync.protocol.page import count_fitting
from sync.service import rows
from sync.service.pull import admitted
from sync.service.rows import RECEIPT

if TYPE_CHECKING:
    from sqlalchemy import Select

    from inspection_api.core.context import Context
    from sync.entities import Entity
    from sync.service.rows import Thing

    Things = Select[*tuple[Any, ...]]


def snapshot(ctx: Context, *, device_id: UUID, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return the next page: ``cursor`` None begins, ``has_more`` tells whether the new one is for here or for pull.

    Raises:
        DeviceUnknown, DeviceWiped, DeviceUnapproved: the device may not pull.
        CursorForeign, EpochChanged: the snapshot does not go on from there; begin it again.
    """
    device, binding = admitted(ctx, device_id)
    place = binding.open_place(cursor) if cursor else Place(head=device.head)
    things = _things(ctx, place, limit + 1)
    puts = rows.puts(ctx, things[:limit])
    changes = [puts.get(thing, b"") for thing in things[:limit]]
    fitting = count_fitting([len(change) for change in changes])
    has_more = fitting < len(things)
    return {
        "epoch": device.epoch,
        "cursor": binding.seal_place(_after(place, things[fitting - 1])) if has_more else binding.seal(place.head),
        "has_more": has_more,
        "consistent": False,
        "changes": [orjson.Fragment(change) for change in changes[:fitting] if change],
    }


def _after(place: Place, thing: Thing) -> Place:
    return Place(head=place.head, entity=thing[0], id=UUID(thing[1]))


def _things(ctx: Context, place: Place, most: int) -> list[Thing]:
    """Return the next things of the user's working set in the order of (entity, id), in one query."""
    granted = select(AccessGrant.entity, AccessGrant.entity_id).where(AccessGrant.user_id == ctx.user_id)
    late = select(sync_change.c.entity, sync_change.c.entity_id).distinct()
    late = late.where(sync_change.c.audience == ctx.user_id, sync_change.c.entity == RECEIPT)
    parts = [
        _next(granted, AccessGrant.entity, AccessGrant.entity_id, place, most),
        _next(late, sync_change.c.entity, sync_change.c.entity_id, place, most),
        *(_shared(name, entity, place, most) for name, entity in ENTITIES.items() if entity.is_shared),
    ]
    whole = union_all(*(select(part.subquery()) for part in parts)).subquery()
    statement = select(whole.c.entity, as_text(whole.c.entity_id)).order_by(*whole.c).limit(most)
    return [(entity, id_) for entity, id_ in ctx.session.execute(statement)]


def _shared(name: str, entity: Entity, place: Place, most: int) -> Things:
    label = literal(name, Text())
    statement = select(label.label("entity"), entity.table.c.id).where(entity.only)
    return _next(statement, label, entity.table.c.id, place, most)


def _next(statement: Things, entity: Any, id_: Any, place: Place, most: int) -> Things:
    """Return the things of ``statement`` behind ``place``, the first ones only."""
    behind = tuple_(entity, id_) > tuple_(literal(place.entity, Text()), literal(place.id, Uuid()))
    return statement.where(behind).order_by(entity, id_).limit(most)
