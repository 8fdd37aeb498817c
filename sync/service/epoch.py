"""A new epoch: the server came back from a backup, and devices hold what is newer than what it knows (sync.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import text, update

from sync.entities import ENTITIES
from sync.models import SyncEpoch

if TYPE_CHECKING:
    from inspection_api.core.context import Context

VERSION_FLOOR = 1_000_000
"""More than a row can have changed between the backup and the loss of what came after it."""


def begin_epoch(ctx: Context) -> UUID:
    """Begin a new epoch and return it; every cursor from before is void, and every version is above any given before.

    Nothing enters the feed: all devices take a snapshot. The tables are locked until the commit.
    """
    epoch = uuid4()
    ctx.session.execute(update(SyncEpoch).values(epoch=epoch))
    for table in sorted({entity.model.__tablename__ for entity in ENTITIES.values()}):
        _raise_versions(ctx, table)
    ctx.record("bank.restored", epoch=str(epoch))
    return epoch


def _raise_versions(ctx: Context, table: str) -> None:
    """Raise all versions of one table, past the triggers that count them, feed devices, and keep published ones."""
    ctx.session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))
    ctx.session.execute(text(f"UPDATE {table} SET version = version + {VERSION_FLOOR}"))  # noqa: S608 - our own names
    ctx.session.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
