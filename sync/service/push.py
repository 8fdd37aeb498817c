"""Push: one batch, one transaction, a constant number of queries (sync.md §3).

Read the batch, lock the device, arrange what is new with what waits, judge it (``judging.py``), store the receipts.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import zstandard
from sqlalchemy import select

from inspection_api.core.errors import Unauthenticated
from sync import queries
from sync.errors import BatchIdReused, DeviceUnknown, OutboxFull, SignatureInvalid
from sync.models import SyncBatch
from sync.protocol import order
from sync.protocol.envelope import decode_batch, decode_operation
from sync.protocol.parting import ensure_may_part
from sync.protocol.signature import ensure_signed
from sync.protocol.verdicts import Status
from sync.service import evidence, judging, quarantine, receipts, writing
from sync.service.behalf import as_officer
from sync.service.book import open_book

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from sync.protocol.envelope import Batch, Received
    from sync.protocol.ledger import Position
    from sync.queries import DeviceRow
    from sync.service.book import Book
    from sync.service.judging import Judged

MAX_HELD = 1_000
MOST_SIGNATURE_BYTES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class _Push:
    """A batch as it came from its device; ``flags`` are what all its operations inherit."""

    device: DeviceRow
    batch: Batch
    body: bytes
    signature: bytes
    flags: tuple[str, ...] = ()


def push(ctx: Context, body: bytes, signature: str) -> dict[str, Any]:
    """Apply a batch of the caller's device and return its receipts.

    A revoked device may push for 30 days more, into quarantine, and a device without a login (``ctx`` acts for none)
    only if it has ended. The bank says whether the bad signature of a login's device is refused.

    Raises:
        BatchMalformed, BatchTooLarge: the envelope cannot be taken.
        DeviceUnknown, DeviceWiped, SignatureInvalid, Unauthenticated: not from a device of the caller.
        BatchIdReused, DeviceForked, OutboxFull: the device's history does not fit.
    """
    batch = decode_batch(body)
    if ctx.actor.user_id is None:
        return _push_parting(ctx, batch, body, signature)
    device = queries.find_judged_device(ctx.session, batch.device_id, lock=True)
    if device is None or device.user_id != ctx.user_id:
        raise DeviceUnknown
    ensure_may_part(device.ending, ctx.now)
    signed, flags = _signed(ctx, device, body, signature)
    return _applied(ctx, _Push(device=device, batch=batch, body=body, signature=signed, flags=flags))


def _push_parting(ctx: Context, batch: Batch, body: bytes, signature: str) -> dict[str, Any]:
    """Take a batch that no login comes with: the signature alone says that it is from a device that has ended.

    Everything of it is quarantined, and the answer holds nothing but receipts.
    """
    device = queries.find_judged_device(ctx.session, batch.device_id, lock=True)
    if device is None or device.ending is None or device.id != ctx.actor.device_id:
        raise Unauthenticated
    signed = ensure_signed(device.public_key, body, signature)
    ensure_may_part(device.ending, ctx.now)
    officer = as_officer(ctx, device.user_id)
    answer = _applied(officer, _Push(device=device, batch=batch, body=body, signature=signed))
    bare = [{name: value for name, value in result.items() if name != "fields"} for result in answer["results"]]
    return {"acked_through": answer["acked_through"], "replayed": answer["replayed"], "results": bare}


def _signed(ctx: Context, device: DeviceRow, body: bytes, signature: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the signature as it is kept, and the flag of a bad one where the bank takes it."""
    try:
        return ensure_signed(device.public_key, body, signature), ()
    except SignatureInvalid:
        if not device.flags_bad_signature:
            raise
    ctx.record("security.signature_invalid", device_id=str(device.id))
    return signature.encode(errors="replace")[:MOST_SIGNATURE_BYTES], ("signature_invalid",)


def _applied(ctx: Context, pushed: _Push) -> dict[str, Any]:
    device, batch = pushed.device, pushed.batch
    sha256 = hashlib.sha256(pushed.body).digest()
    received = [decode_operation(bytes(raw)) for raw in batch.ops]
    ctx.stand_aside()
    kept = zstandard.ZstdCompressor(level=1).compress(pushed.body)
    position, is_new = writing.take_batch(ctx, batch, sha256=sha256, body=kept, signature=pushed.signature)
    if not is_new:
        _ensure_same(ctx, batch, sha256)
        return _answer(ctx, device, position, received)
    after, told = _take(ctx, pushed, received, position)
    return _answer(ctx, device, after, received, told)


def _ensure_same(ctx: Context, batch: Batch, sha256: bytes) -> None:
    """Refuse a batch whose id stands for other bytes, or for another device's."""
    statement = select(SyncBatch.sha256, SyncBatch.device_id).where(SyncBatch.id == batch.batch_id)
    if ctx.session.execute(statement).one() != (sha256, batch.device_id):
        raise BatchIdReused


def _take(
    ctx: Context, pushed: _Push, received: Sequence[Received], position: Position
) -> tuple[Position, dict[UUID, dict[str, Any]]]:
    """Judge the batch and what waits, write all of it down, and return the device's position and what is news."""
    device, batch = pushed.device, pushed.batch
    terms = {"flags": pushed.flags, **(device.ending.terms(ctx.now) if device.ending else {})}
    book = open_book(ctx, device.id, received)
    waiting = book.taken_again(received)
    arrangement = order.arrange(received, waiting, book.known, position, abandoned=batch.abandon_seq, now=ctx.now)
    judged = judging.judge(ctx, device, arrangement.queue, lambda: book.ledger(arrangement, ctx, **terms))
    _ensure_room(book, judged, brings_missing=bool(position.gaps.keys() - arrangement.position.gaps.keys()))
    ctx.stand_aside()
    told = receipts.store(ctx, device.id, judged, known=book.known, batch_id=batch.batch_id)
    quarantine.store(ctx, device.id, judged)
    evidence.keep_media(ctx, device, judged)
    writing.store_position(ctx, device.id, arrangement)
    return arrangement.position, told


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
    told: Mapping[UUID, dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the receipts of the batch as they now stand, and of what it released; ``told`` None: it is a replay."""
    return {
        "epoch": device.epoch,
        "server_time": ctx.now.isoformat(),
        "acked_through": position.acked_through,
        "replayed": told is None,
        "results": receipts.results(ctx, received, told or {}),
    }
