"""Pull: the next page of what changed for this user (sync.md §2, Pull; §5).

The caller's transaction is one READ ONLY REPEATABLE READ snapshot. Re-delivery is harmless because versions only rise.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import text

from sync import queries
from sync.errors import DeviceUnapproved
from sync.protocol.cursor import Binding
from sync.protocol.page import count_fitting
from sync.service import rows

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from sync.queries import DeviceRow

_CHANGES = text(
    """
    (SELECT seq, entity, entity_id::text, change, reason, version FROM sync_change
     WHERE audience = :user_id AND seq > :after ORDER BY seq LIMIT :most)
    UNION ALL
    (SELECT seq, entity, entity_id::text, change, reason, version FROM sync_change
     WHERE audience IS NULL AND seq > :after ORDER BY seq LIMIT :most)
    ORDER BY seq LIMIT :most
    """
)

_THING = slice(1, 3)
"""Where a row of ``_CHANGES`` names its thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Encoded changes, the feed number at which the page ends, and whether the feed goes on."""

    changes: list[bytes]
    ends_at: int
    has_more: bool


def pull(ctx: Context, *, device_id: UUID, cursor: str | None, limit: int) -> dict[str, Any]:
    """Return up to ``limit`` changes after ``cursor`` (None: from the beginning), of 1 MiB at most.

    Raises:
        DeviceUnknown, DeviceWiped, DeviceUnapproved: the device may not pull.
        CursorForeign, EpochChanged, CursorExpired: the feed does not go on from there.
    """
    device, binding = admitted(ctx, device_id)
    after = binding.open(cursor, horizon=device.horizon, head=device.head) if cursor else 0
    page = _page(ctx, after, device.head, limit)
    return {
        "epoch": device.epoch,
        "cursor": binding.seal(page.ends_at),
        "has_more": page.has_more,
        "consistent": not page.has_more,
        "changes": [orjson.Fragment(change) for change in page.changes if change],
    }


def admitted(ctx: Context, device_id: UUID) -> tuple[DeviceRow, Binding]:
    """Return the caller's device, which may pull, and what its cursors are bound to.

    Raises:
        DeviceUnknown, DeviceWiped, DeviceUnapproved: the device may not pull.
    """
    device = queries.get_device(ctx.session, device_id, ctx.user_id)
    if not device.is_approved:
        raise DeviceUnapproved
    key = ctx.bank.derived_key("cursor")
    return device, Binding(key=key, user_id=ctx.user_id, device_id=device_id, epoch=device.epoch)


def _page(ctx: Context, after: int, head: int, limit: int) -> _Page:
    if after == head:
        return _Page(changes=[], ends_at=head, has_more=False)
    found = ctx.session.execute(_CHANGES, {"user_id": ctx.user_id, "after": after, "most": limit + 1}).all()
    kept = found[:limit]
    newest = sorted({row[_THING]: row for row in kept}.values(), key=itemgetter(0))
    changes = _changes(ctx, newest)
    fitting = count_fitting([len(change) for change in changes])
    if fitting < len(changes):
        return _Page(changes=changes[:fitting], ends_at=newest[fitting - 1][0], has_more=True)
    has_more = len(found) > limit
    return _Page(changes=changes, ends_at=kept[-1].seq if has_more else head, has_more=has_more)


def _changes(ctx: Context, newest: Sequence[Row[Any]]) -> list[bytes]:
    """Return one change for each row: removals as the feed says, the rest as they now stand; empty where nothing is."""
    puts = rows.puts(ctx, [row[_THING] for row in newest if row.change == "put"])
    return [puts.get(row[_THING], b"") if row.change == "put" else _removal(row) for row in newest]


def _removal(row: Row[Any]) -> bytes:
    """Return a ``drop``, with its reason, or a ``del``, with the version that the row would have now."""
    facts = {"reason": row.reason, "v": row.version}
    known = {name: value for name, value in facts.items() if value is not None}
    return rows.encoded({"k": row.change, "e": row.entity, "id": row.entity_id, **known})
