"""Small pictures for ordinary viewers, and originals for those who may see them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, BinaryIO
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from inspection_api.core.errors import Problem
from inspection_api.media import images, queries
from inspection_api.media.errors import MediaNotStored, ThumbnailMissing
from inspection_api.media.models import Media, MediaDerivative
from inspection_api.media.queries import THUMBNAIL
from inspection_api.media.rules.uploads import Status

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

_DECODABLE = ("image/jpeg", "image/png", "image/webp")


def make_thumbnail(ctx: Context, events: Sequence[Recorded]) -> None:
    """Make the thumbnails of stored photos (handler of ``media.stored``); those that are there stay.

    A photo that cannot be decoded keeps its place as evidence and is flagged by an event.
    """
    for media in _without_thumbnail(ctx, [UUID(event.data["media_id"]) for event in events]):
        try:
            with ctx.storage.open(ctx.bank.tag, media.sha256) as original:
                data = images.thumbnail(original)
        except Problem as problem:
            ctx.record("media.undecodable", media_id=str(media.id), code=problem.code)
        else:
            row = {"media_id": media.id, "kind": THUMBNAIL, "sha256": ctx.storage.put(ctx.bank.tag, data)}
            ctx.session.execute(insert(MediaDerivative).values(row).on_conflict_do_nothing())


def _without_thumbnail(ctx: Context, media_ids: Iterable[UUID]) -> Sequence[Media]:
    made = select(MediaDerivative.media_id).where(MediaDerivative.kind == THUMBNAIL)
    statement = select(Media).where(
        Media.id.in_(list(media_ids)),
        Media.status == Status.STORED,
        Media.mime.in_(_DECODABLE),
        Media.id.not_in(made),
    )
    return ctx.session.scalars(statement).all()


def open_thumbnail(ctx: Context, media_id: UUID) -> BinaryIO:
    """Open the small picture of a visible media.

    Raises:
        MediaNotFound: the media is out of scope.
        ThumbnailMissing: not made yet, or no picture.
    """
    queries.get_visible(ctx.session, ctx.actor, media_id)
    sha256 = queries.find_derivative(ctx.session, media_id, THUMBNAIL)
    if sha256 is None:
        raise ThumbnailMissing
    return ctx.storage.open(ctx.bank.tag, sha256)


def open_original(ctx: Context, media_id: UUID) -> tuple[Media, BinaryIO]:
    """Open the untouched bytes of a visible media; that somebody did is recorded.

    Raises:
        MediaNotFound: the media is out of scope.
        MediaNotStored: its bytes have not come.
    """
    media = queries.get_visible(ctx.session, ctx.actor, media_id)
    if media.status != Status.STORED:
        raise MediaNotStored
    file = ctx.storage.open(ctx.bank.tag, media.sha256)
    ctx.record("media.original_viewed", media_id=str(media.id))
    return media, file
