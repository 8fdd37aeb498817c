"""What keeps the feed and the devices' working sets from growing for ever (sync.md §5), by the clock.

Both functions do a part that fits into one transaction and return whether there is more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, text

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import AccessGrant
from sync.entities import ENTITIES

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

MOST_AT_ONCE = 5_000
KEEP_TOMBSTONES = timedelta(days=180)
KEEP_FINISHED = timedelta(days=90)

# A marker has done its work when its transaction has ended, and of others' only those can be seen.
_FORGET_TICKS = text(
    "DELETE FROM feed_tick WHERE ctid = ANY (ARRAY(SELECT ctid FROM feed_tick"
    " WHERE txid <> (pg_current_xact_id()::text)::bigint LIMIT :most))"
)
_FORGET_SUPERSEDED = text(
    """
    DELETE FROM sync_change WHERE ctid = ANY (ARRAY(
        SELECT o.ctid FROM (
            SELECT ctid, row_number() OVER (PARTITION BY audience, entity, entity_id ORDER BY seq DESC) AS age
            FROM sync_change) o
        WHERE o.age > 1 LIMIT :most))
    """
)
_FORGET_TOMBSTONES = text(
    """
    WITH forgotten AS (
        DELETE FROM sync_change WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM sync_change
            WHERE change <> 'put' AND at < :before ORDER BY seq LIMIT :most))
        RETURNING seq)
    UPDATE sync_epoch SET horizon = greatest(horizon, (SELECT max(seq) FROM forgotten))
    WHERE EXISTS (SELECT FROM forgotten)
    RETURNING (SELECT count(*) FROM forgotten)
    """
)


def compact(ctx: Context, *, at_most: int = MOST_AT_ONCE) -> bool:
    """Forget what no device needs: markers, all but the newest change of each thing, and removals after 180 days.

    Once a removal is forgotten, an older cursor is expired: it would never hear of it.
    """
    most = {"most": at_most}
    tombstones = ctx.session.scalar(_FORGET_TOMBSTONES, {**most, "before": ctx.now - KEEP_TOMBSTONES}) or 0
    counts: tuple[int, ...] = (
        tombstones,
        ctx.session.execute(_FORGET_TICKS, most).rowcount,  # type: ignore[attr-defined]  # a DELETE counts
        ctx.session.execute(_FORGET_SUPERSEDED, most).rowcount,  # type: ignore[attr-defined]  # likewise
    )
    return max(counts) >= at_most


def withdraw_finished(ctx: Context, *, at_most: int = MOST_AT_ONCE) -> bool:
    """Take from everybody what has been finished for 90 days; devices drop it, the server keeps it."""
    found: list[tuple[UUID, str, UUID]] = []
    for name, entity in ENTITIES.items():
        if entity.finished is not None and len(found) < at_most:
            held = (AccessGrant.entity == name) & (AccessGrant.entity_id == entity.table.c.id)
            statement = select(AccessGrant.user_id, AccessGrant.entity, AccessGrant.entity_id)
            statement = statement.join(entity.table, held).where(entity.finished(ctx.now - KEEP_FINISHED))
            found += [(row[0], row[1], row[2]) for row in ctx.session.execute(statement.limit(at_most - len(found)))]
    accounts.revoke(ctx, found, reason="finished")
    return len(found) >= at_most
