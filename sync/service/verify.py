"""Verify: does a device hold exactly what it should? (sync.md §2, Verify)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, literal, select, text, union_all

from inspection_api.accounts.models import AccessGrant
from sync.entities import ENTITIES
from sync.protocol.digest import differing, digests
from sync.service.pull import admitted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from sqlalchemy import Select

    from inspection_api.core.context import Context
    from sync.entities import Entity

_IS_BEHIND = text(
    "SELECT EXISTS (SELECT FROM sync_change WHERE audience = :user_id AND seq > :after)"
    " OR EXISTS (SELECT FROM sync_change WHERE audience IS NULL AND seq > :after)"
)


def verify(ctx: Context, *, device_id: UUID, cursor: str, held: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    """Compare a device's digests (``held``: by entity and bucket) with what its user holds.

    A device that has something to pull is ``behind``, and nothing is compared: only equal places can be equal.

    Raises:
        DeviceUnknown, DeviceWiped, DeviceUnapproved: the device may not pull.
        CursorForeign, EpochChanged, CursorExpired: there is nothing to compare; take a snapshot.
    """
    device, binding = admitted(ctx, device_id)
    after = binding.open(cursor, horizon=device.horizon, head=device.head)
    if ctx.session.scalars(_IS_BEHIND, {"user_id": ctx.user_id, "after": after}).one():
        return {"epoch": device.epoch, "behind": True, "differing": []}
    theirs = {(entity, bucket): digest for entity, buckets in held.items() for bucket, digest in buckets.items()}
    return {"epoch": device.epoch, "behind": False, "differing": _differing(ctx, theirs)}


def _differing(ctx: Context, theirs: Mapping[tuple[str, str], str]) -> list[dict[str, str]]:
    parts = [_versions(ctx, name, entity) for name, entity in ENTITIES.items()]
    ours = digests((name, id_, version) for name, id_, version in ctx.session.execute(union_all(*parts)))
    return [{"entity": entity, "bucket": bucket} for entity, bucket in differing(ours, theirs)]


def _versions(ctx: Context, name: str, entity: Entity) -> Select[Any]:
    """Return name, id and version of the rows of one entity that the user may hold."""
    columns = (literal(name, Text()).label("entity"), entity.table.c.id, entity.table.c.version)
    statement = select(*columns).where(entity.only)
    if entity.is_shared:
        return statement
    held = (AccessGrant.entity == name) & (AccessGrant.entity_id == entity.table.c.id)
    return statement.join(AccessGrant, held).where(AccessGrant.user_id == ctx.user_id)
