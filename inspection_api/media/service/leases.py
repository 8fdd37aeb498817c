"""Leases: who may write an upload, and until when, so that two requests never write one file (sync.md §7)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from inspection_api.media import queries
from inspection_api.media.errors import MediaRefused, UploadBusy
from inspection_api.media.models import Media, MediaUpload
from inspection_api.media.rules import uploads as rules
from inspection_api.media.rules.uploads import Declaration, Status

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.core.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to write one upload for a while; ``expires_at`` is when its partial bytes are forgotten."""

    token: UUID
    expires_at: datetime
    declaration: Declaration
    storage: Storage
    tag: str

    @property
    def media_id(self) -> UUID:
        """Return whose bytes these are."""
        return self.declaration.id

    @property
    def is_full(self) -> bool:
        """Tell whether all declared bytes are here."""
        return self.received == self.declaration.bytes

    @property
    def received(self) -> int:
        """Return how many bytes are here."""
        return self.storage.partial_size(self.tag, self.media_id)


def take(ctx: Context, media_id: UUID, *, offset: int, coming: int | None) -> Lease | None:
    """Take the lease; None when everything is stored already and nothing more comes.

    The media is read again once the lock is held: whoever held it may have completed the upload.

    Raises:
        MediaNotFound: no such media of the acting user.
        MediaRefused: it can never be stored.
        UploadBusy: another request writes it.
        OffsetMismatch: the upload stands elsewhere.
        MediaTooLarge: more would come than was declared.
    """
    queries.get_own(ctx.session, ctx.actor, media_id)
    upload = locked_upload(ctx, media_id)
    media = queries.get_own(ctx.session, ctx.actor, media_id)
    if media.status == Status.REFUSED:
        raise MediaRefused(reason=media.refused_reason)
    if media.status == Status.STORED:
        rules.ensure_appendable(media.bytes, stands_at=media.bytes, offset=offset, coming=coming)
        return None
    if rules.is_leased(upload.lease_until, ctx.now):
        raise UploadBusy
    stands_at = ctx.storage.partial_size(ctx.bank.tag, media_id)
    rules.ensure_appendable(media.bytes, stands_at=stands_at, offset=offset, coming=coming)
    return _granted(ctx, media, upload)


def _granted(ctx: Context, media: Media, upload: MediaUpload) -> Lease:
    upload.lease_token, upload.lease_until = uuid4(), ctx.now + rules.LEASE
    upload.expires_at = ctx.now + rules.PARTIAL_LIFE
    declaration = Declaration(id=media.id, mime=media.mime, bytes=media.bytes, sha256=media.sha256)
    return Lease(
        token=upload.lease_token,
        expires_at=upload.expires_at,
        declaration=declaration,
        storage=ctx.storage,
        tag=ctx.bank.tag,
    )


def locked_upload(ctx: Context, media_id: UUID) -> MediaUpload:
    """Return the upload's row, made if it is not there, locked until the transaction ends."""
    fresh = {"media_id": media_id, "expires_at": ctx.now + rules.PARTIAL_LIFE}
    ctx.session.execute(insert(MediaUpload).values(fresh).on_conflict_do_nothing())
    statement = select(MediaUpload).where(MediaUpload.media_id == media_id).with_for_update()
    return ctx.session.scalars(statement, execution_options={"populate_existing": True}).one()


def renew(ctx: Context, lease: Lease) -> None:
    """Keep a lease alive.

    Raises:
        UploadBusy: it had ended, and somebody else took his own.
    """
    statement = (
        update(MediaUpload)
        .where(MediaUpload.media_id == lease.media_id, MediaUpload.lease_token == lease.token)
        .values(lease_until=ctx.now + rules.LEASE)
        .returning(MediaUpload.media_id)
    )
    if ctx.session.execute(statement).first() is None:
        raise UploadBusy


def release(ctx: Context, lease: Lease) -> None:
    """Give a lease back, unless somebody else has his own meanwhile, and note how far the upload is."""
    ctx.session.execute(
        update(MediaUpload)
        .where(MediaUpload.media_id == lease.media_id, MediaUpload.lease_token == lease.token)
        .values(lease_token=None, lease_until=None, received_bytes=lease.received)
    )
