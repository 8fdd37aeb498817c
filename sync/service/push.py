"""Push: one batch, one transaction, a constant number of queries (sync.md §3).

Read the batch, lock the device, arrange what is new with what waits, judge it (``judging.py``), store the receipts.
"""

from __future__ import annotations

import hashlib
import zlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from sync import queries
from sync.errors import BatchIdReused, OutboxFull
from sync.models import SyncBatch
from sync.protocol import order
from sync.protocol.envelope import decode_batch, decode_operation
from sync.protocol.signature import ensure_signed
from sync.protocol.verdicts import Status
from sync.service import judging, quarantine, receipts, writing
from sync.service.book import open_book

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from sync.protocol.envelope import Batch, Received
    from sync.protocol.ledger import Position
    from sync.queries import DeviceRow
    from sync.service.book import Book
    from sync.service.judging import Judged

MAX_HELD = 1_000


def push(ctx: Context, body: bytes, signature: str) -> dict[str, Any]:
    """Apply a batch and return its receipts.

    Raises:
        BatchMalformed, BatchTooLarge: the envelope cannot be taken.
        DeviceUnknown, DeviceWiped, SignatureInvalid: not from a device of the caller.
        BatchIdReused, DeviceForked, OutboxFull: the device's history does not fit.
    """
    batch = decode_batch(body)
    device = queries.get_device(ctx.session, batch.device_id, ctx.user_id, lock=True)
    signed = ensure_signed(device.public_key, body, signature)
    position = queries.lock_device(ctx, device.id)
    sha256 = hashlib.sha256(body).digest()
    received = [decode_operation(bytes(raw)) for raw in batch.ops]
    if _is_replayed(ctx, batch, sha256):
        return _answer(ctx, device, position, received)
    writing.store_batch(ctx, batch, sha256=sha256, body=zlib.compress(body, 1), signature=signed)
    after, judged = _take(ctx, device, batch, received, position)
    return _answer(ctx, device, after, received, judged)


def _is_replayed(ctx: Context, batch: Batch, sha256: bytes) -> bool:
    statement = select(SyncBatch.sha256, SyncBatch.device_id).where(SyncBatch.id == batch.batch_id)
    stored = ctx.session.execute(statement).one_or_none()
    if stored is not None and (stored.sha256, stored.device_id) != (sha256, batch.device_id):
        raise BatchIdReused
    return stored is not None


def _take(
    ctx: Context, device: DeviceRow, batch: Batch, received: Sequence[Received], position: Position
) -> tuple[Position, list[Judged]]:
    """Judge the batch and what waits, write all of it down, and return the device's position and what is news."""
    book = open_book(ctx, device.id, received)
    waiting = book.taken_again(received)
    arrangement = order.arrange(received, waiting, book.known, position, abandoned=batch.abandon_seq, now=ctx.now)
    judged = judging.judge(ctx, device, arrangement.queue, lambda: book.ledger(arrangement, ctx))
    _ensure_room(book, judged, brings_missing=bool(position.gaps.keys() - arrangement.position.gaps.keys()))
    receipts.store(ctx, device.id, judged, known=book.known, batch_id=batch.batch_id)
    quarantine.store(ctx, device.id, judged)
    writing.store_position(ctx, device.id, arrangement)
    return arrangement.position, judged


def _ensure_room(book: Book, judged: Sequence[Judged], *, brings_missing: bool) -> None:
    """Refuse to hold more of a device, unless this batch brings or abandons something that is waited for.

    Raises:
        OutboxFull: so that nothing of the batch stays, and it comes again behind what is missing.
    """
    held = book.held()
    for each in judged:
        held.discard(each.received.head.op_id)
        if each.verdict.status is Status.HELD:
            held.add(each.received.head.op_id)
    if len(held) > MAX_HELD and not brings_missing:
        raise OutboxFull(retry_after_s=60)


def _answer(
    ctx: Context,
    device: DeviceRow,
    position: Position,
    received: Sequence[Received],
    judged: Sequence[Judged] | None = None,
) -> dict[str, Any]:
    """Return the receipts of the batch as they now stand, and of what it released; ``judged`` None: it is a replay."""
    return {
        "epoch": device.epoch,
        "server_time": ctx.now.isoformat(),
        "acked_through": position.acked_through,
        "replayed": judged is None,
        "results": receipts.results(ctx, received, judged or []),
    }
