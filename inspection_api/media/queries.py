"""Reads of the media slice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, false, or_, select
from sqlalchemy.orm import Session

from inspection_api.accounts import queries as accounts
from inspection_api.core.context import Actor
from inspection_api.core.permissions import Action, Permission
from inspection_api.media.errors import MediaNotFound
from inspection_api.media.models import Media, MediaDerivative, MediaUpload

REVIEW = Permission(Action.EVIDENCE, "read")
THUMBNAIL = "thumbnail"


def visible_media(actor: Actor) -> Select[Media]:
    """Return the media that the actor made, and those of the subtrees whose evidence he may see."""
    own = Media.owner_user_id == actor.user_id if actor.user_id is not None else false()
    return select(Media).where(or_(own, accounts.in_subtree(Media.organisation_id, actor.paths(REVIEW))))


def get_visible(session: Session, actor: Actor, media_id: UUID) -> Media:
    """Return one media inside the actor's scope.

    Raises:
        MediaNotFound: there is none.
    """
    media = session.scalars(visible_media(actor).where(Media.id == media_id)).one_or_none()
    if media is None:
        raise MediaNotFound
    return media


def get_own(session: Session, actor: Actor, media_id: UUID) -> Media:
    """Return a media that the actor himself uploads; somebody else's answers like none.

    Raises:
        MediaNotFound: there is none.
    """
    media = session.get(Media, media_id, populate_existing=True)
    if media is None or actor.user_id is None or media.owner_user_id != actor.user_id:
        raise MediaNotFound
    return media


def is_used_by_visit(session: Session, media: Media) -> bool:
    """Tell whether a visit brought this medium, or these very bytes, already."""
    used = select(Media.id).where(Media.sha256 == media.sha256, Media.inspection_id.is_not(None))
    return session.scalars(used.limit(1)).first() is not None


def of_inspections(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, list[Media]]:
    """Return each inspection's media, oldest first."""
    statement = (
        select(Media).where(Media.inspection_id.in_(list(inspection_ids))).order_by(Media.inspection_id, Media.id)
    )
    found: dict[UUID, list[Media]] = defaultdict(list)
    for media in session.scalars(statement):
        if media.inspection_id is not None:
            found[media.inspection_id].append(media)
    return dict(found)


def access_to(session: Session, actor: Actor, media: Iterable[Media]) -> dict[UUID, str]:
    """Return how much of each medium the actor may see: its "original", its "thumbnail", or "none" of it."""
    ids = {each.id for each in media}
    seen = visible_media(actor).with_only_columns(Media.id).where(Media.id.in_(ids))
    return dict.fromkeys(ids, "none") | dict.fromkeys(
        session.scalars(seen), "original" if actor.may(REVIEW) else "thumbnail"
    )


def find_derivative(session: Session, media_id: UUID, kind: str) -> str | None:
    """Return the hash of what was made from an original, None if it was not (yet)."""
    statement = select(MediaDerivative.sha256).where(MediaDerivative.media_id == media_id, MediaDerivative.kind == kind)
    return session.scalars(statement).one_or_none()


def expired_uploads(session: Session, now: datetime, limit: int) -> Sequence[MediaUpload]:
    """Return uploads of which nothing was heard for their whole life, locked; those being written are left out."""
    statement = (
        select(MediaUpload)
        .where(MediaUpload.expires_at <= now, or_(MediaUpload.lease_until.is_(None), MediaUpload.lease_until <= now))
        .order_by(MediaUpload.media_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(statement).all()
