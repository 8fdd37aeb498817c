"""Uploads: short transaction (check, lease) - bytes to disk without a transaction - short transaction (offset).

The truth about an offset is the file's length (sync.md §7); the row only says who writes, and until when.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import update

from inspection_api.core.context import Context
from inspection_api.media import queries
from inspection_api.media.errors import (
    ChecksumMismatch,
    MediaAlreadyStored,
    MediaHashMismatch,
    MediaRefused,
    MediaTooLarge,
    UploadBusy,
)
from inspection_api.media.models import Media, MediaUpload
from inspection_api.media.rules import uploads as rules
from inspection_api.media.rules.kinds import HEAD_BYTES
from inspection_api.media.rules.uploads import Checksum, Declaration, Refusal, Status
from inspection_api.media.service import leases
from inspection_api.media.service.declarations import declare

if TYPE_CHECKING:
    from inspection_api.media.service.leases import Lease

Transactions = Callable[[], AbstractContextManager[Context]]
_RENEW_EVERY_S = rules.LEASE.total_seconds() / 3
_SWEEP_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where an upload stands; ``expires_at`` is None once it is stored."""

    media_id: UUID
    offset: int
    length: int
    expires_at: datetime | None


def create(transactions: Transactions, declaration: Declaration) -> Progress:
    """Declare a media and return where its upload stands; raises as ``declare``."""
    with transactions() as ctx:
        declare(ctx, declaration)
    return find_progress(transactions, declaration.id)


def find_progress(transactions: Transactions, media_id: UUID) -> Progress:
    """Return where the acting user's upload stands.

    Bytes that are complete but were never judged, because the program died in between, are judged now.

    Raises:
        MediaNotFound: no such media of his.
        MediaRefused: it can never be stored.
    """
    with transactions() as ctx:
        progress, status = _progress(ctx, media_id)
    if status is Status.DECLARED and progress.offset == progress.length:
        append(transactions, media_id, iter(()), offset=progress.offset, coming=0)
        with transactions() as ctx:
            progress, _ = _progress(ctx, media_id)
    return progress


def _progress(ctx: Context, media_id: UUID) -> tuple[Progress, Status]:
    media = queries.get_own(ctx.session, ctx.actor, media_id)
    if media.status == Status.REFUSED:
        raise MediaRefused(reason=media.refused_reason)
    upload = ctx.session.get(MediaUpload, media_id, populate_existing=True)
    expires_at = ctx.now + rules.PARTIAL_LIFE if upload is None else upload.expires_at
    is_stored = media.status == Status.STORED
    offset = media.bytes if is_stored else ctx.storage.partial_size(ctx.bank.tag, media_id)
    shown = None if is_stored else expires_at
    return Progress(media_id=media_id, offset=offset, length=media.bytes, expires_at=shown), Status(media.status)


def append(
    transactions: Transactions,
    media_id: UUID,
    chunks: Iterator[bytes],
    *,
    offset: int,
    coming: int | None,
    checksum: Checksum | None = None,
) -> Progress:
    """Write ``chunks`` behind ``offset`` and return where the upload stands; the last bytes make it stored.

    ``coming`` is how many bytes were announced. What came before a cut line stays, unless a checksum was announced.

    Raises:
        MediaNotFound: no such media of the acting user.
        UploadBusy: another request writes it.
        OffsetMismatch: the upload stands elsewhere.
        MediaTooLarge: more bytes than declared; none of these are kept.
        ChecksumMismatch: these bytes are not the announced ones; none are kept.
        MediaHashMismatch: the complete bytes are not the declared ones; the slot is empty again.
        MediaRefused: the bytes can never be what was declared.
    """
    with transactions() as ctx:
        lease = leases.take(ctx, media_id, offset=offset, coming=coming)
    if lease is None:
        return Progress(media_id=media_id, offset=offset, length=offset, expires_at=None)
    length = lease.declaration.bytes
    try:
        _write(lease, _renewing(transactions, lease, chunks), offset, checksum)
        if lease.is_full:
            _complete(transactions, lease)
            return Progress(media_id=media_id, offset=length, length=length, expires_at=None)
        return Progress(media_id=media_id, offset=lease.received, length=length, expires_at=lease.expires_at)
    finally:
        with transactions() as ctx:
            leases.release(ctx, lease)


def _write(lease: Lease, chunks: Iterator[bytes], offset: int, checksum: Checksum | None) -> None:
    """Write the chunks; whatever may not stay is cut off again."""
    storage, tag, media_id = lease.storage, lease.tag, lease.media_id
    room = lease.declaration.bytes - offset
    undo = MediaTooLarge if checksum is None else Exception
    end = storage.append(tag, media_id, _bounded(chunks, room), offset=offset, undo=undo)
    if checksum is not None and storage.digest(tag, media_id, checksum.algorithm, start=offset) != checksum.digest:
        storage.cut(tag, media_id, offset, end=end)
        raise ChecksumMismatch(upload_offset=offset)


def _bounded(chunks: Iterator[bytes], room: int) -> Iterator[bytes]:
    for chunk in chunks:
        room -= len(chunk)
        if room < 0:
            raise MediaTooLarge("超过登记的长度")
        yield chunk


def _renewing(transactions: Transactions, lease: Lease, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks, and keep the lease alive while they flow; a line that is silent loses it."""
    renewed_at = time.monotonic()
    for chunk in chunks:
        if time.monotonic() - renewed_at > _RENEW_EVERY_S:
            with transactions() as ctx:
                leases.renew(ctx, lease)
            renewed_at = time.monotonic()
        yield chunk


def _complete(transactions: Transactions, lease: Lease) -> None:
    """Judge complete bytes. The blob is kept before the row says so, the partial file dropped after: no crash loses."""
    sha256 = lease.storage.digest(lease.tag, lease.media_id, "sha256").hex()
    head = lease.storage.head(lease.tag, lease.media_id, HEAD_BYTES)
    refusal = rules.decide_completion(lease.declaration, sha256=sha256, head=head)
    if refusal is None:
        lease.storage.keep(lease.tag, lease.media_id, sha256)
    with transactions() as ctx:
        _record_outcome(ctx, lease, refusal)
    lease.storage.drop(lease.tag, lease.media_id)
    match refusal:
        case None:
            return
        case Refusal.SHA256_MISMATCH:
            raise MediaHashMismatch(sha256=sha256)
        case Refusal.TYPE_MISMATCH:
            raise MediaRefused(reason=refusal)


def _record_outcome(ctx: Context, lease: Lease, refusal: Refusal | None) -> None:
    status = {None: Status.STORED, Refusal.TYPE_MISMATCH: Status.REFUSED}.get(refusal, Status.DECLARED)
    stored_at = ctx.now if refusal is None else None
    statement = (
        update(Media)
        .where(Media.id == lease.media_id, Media.status == Status.DECLARED)
        .values(status=status, refused_reason=refusal, stored_at=stored_at)
        .returning(Media.inspection_id)
    )
    row = ctx.session.execute(statement).first()
    if row is None:
        return
    inspection_id = None if row.inspection_id is None else str(row.inspection_id)
    if refusal is None:
        ctx.record("media.stored", media_id=str(lease.media_id), inspection_id=inspection_id)
    else:
        ctx.record("media.refused", media_id=str(lease.media_id), inspection_id=inspection_id, reason=refusal)


def terminate(ctx: Context, media_id: UUID) -> None:
    """Throw the partial bytes of the acting user's upload away; the slot stays, empty.

    Raises:
        MediaNotFound: no such media of his.
        MediaAlreadyStored: evidence is never deleted.
        UploadBusy: a request is writing it.
    """
    media = queries.get_own(ctx.session, ctx.actor, media_id)
    if media.status == Status.STORED:
        raise MediaAlreadyStored
    upload = leases.locked_upload(ctx, media_id)
    if rules.is_leased(upload.lease_until, ctx.now):
        raise UploadBusy
    ctx.storage.drop(ctx.bank.tag, media_id)
    upload.received_bytes = 0


def sweep(ctx: Context) -> int:
    """Drop partial bytes of which nothing was heard for seven days; the slots stay. Return how many."""
    expired = queries.expired_uploads(ctx.session, ctx.now, _SWEEP_LIMIT)
    for upload in expired:
        ctx.storage.drop(ctx.bank.tag, upload.media_id)
        ctx.session.delete(upload)
    return len(expired)
