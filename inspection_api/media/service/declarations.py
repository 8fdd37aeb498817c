"""Declaring media: by an operation, in bulk, or by the upload itself when the bytes come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import select, text

from inspection_api.accounts.models import UserAccount
from inspection_api.core import ahead
from inspection_api.core.errors import Forbidden
from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.permissions import Action, Permission
from inspection_api.media.errors import DeclarationDiffers, MediaNotFound
from inspection_api.media.models import Media
from inspection_api.media.rules import uploads
from inspection_api.media.rules.uploads import Declaration, Status

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspection_api.core.context import Actor, Context

DECLARE = Permission(Action.ONSITE, "perform")


class MediaRow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A declared media as it goes into the table; ``captured`` holds the facts of its capture (domain.md §4.2)."""

    id: UUID
    kind: str
    mime: str
    bytes: int
    sha256: str
    item_key: str | None = None
    captured: Mapping[str, Any] = {}


class Bundle(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Media that belong together: to one owner and one record, or to none yet."""

    owner_user_id: UUID
    organisation_id: UUID
    media: Sequence[MediaRow]
    device_id: UUID | None = None
    inspection_id: UUID | None = None


# What already has media of one owner takes none of another's, asked for each bundle so that the index answers.
_DECLARED = """
    INSERT INTO media AS m (id, owner_user_id, organisation_id, device_id, inspection_id, item_key, kind, mime, bytes,
                            sha256, captured, declared_at)
    SELECT r.id, b.owner_user_id, b.organisation_id, b.device_id, b.inspection_id, r.item_key, r.kind, r.mime, r.bytes,
           r.sha256, coalesce(r.captured, '{}'), :now
    FROM jsonb_to_recordset(CAST(:bundles AS jsonb)) AS b (
        owner_user_id uuid, organisation_id uuid, device_id uuid, inspection_id uuid, media jsonb)
    CROSS JOIN jsonb_to_recordset(b.media) AS r (
        id uuid, item_key text, kind text, mime text, bytes int, sha256 text, captured jsonb)
    WHERE (SELECT true FROM media o
           WHERE o.inspection_id = b.inspection_id AND o.owner_user_id <> b.owner_user_id LIMIT 1) IS NULL
    ORDER BY r.id
"""
_KEEP = "ON CONFLICT (id) DO NOTHING"
# A media may be known already, from its upload: then the operation adds what only it knows, and changes nothing else.
# Whose evidence it is follows what it belongs to; an upload's own declaration knows only its owner's organisation.
_COMPLETE = """
    ON CONFLICT (id) DO UPDATE
    SET inspection_id = excluded.inspection_id, item_key = excluded.item_key, captured = excluded.captured,
        device_id = coalesce(excluded.device_id, m.device_id),
        organisation_id = CASE WHEN excluded.device_id IS NULL THEN m.organisation_id ELSE excluded.organisation_id END
    WHERE (m.owner_user_id, m.sha256, m.bytes, m.mime)
        = (excluded.owner_user_id, excluded.sha256, excluded.bytes, excluded.mime)
      AND (m.inspection_id IS NULL OR m.inspection_id = excluded.inspection_id)
    RETURNING m.id, m.status
"""
_DECLARE_NEW = text(_DECLARED + _KEEP)
_DECLARE_KNOWN = text(_DECLARED + _COMPLETE)


def declare_many(ctx: Context, bundles: Sequence[Bundle]) -> dict[UUID, Status]:
    """Declare media, the new ones first; return the status, as of now, of those that are declared as ``bundles`` say.

    An id that is missing from the answer is taken by somebody else, by other bytes, or by another inspection, or its
    inspection has another's media: a contradiction. The ids of the media must differ. An upload that completes
    meanwhile waits for this transaction, or this statement for it, so a status is never stale.
    """
    return declare_ahead(ctx, bundles)()


def declare_ahead(ctx: Context, bundles: Sequence[Bundle]) -> Callable[[], dict[UUID, Status]]:
    """Declare media without waiting; what is returned waits, and says what :func:`declare_many` does."""
    ids = [row.id for each in bundles for row in each.media]
    if not ids:
        return dict
    written: list[int] = []
    values = {"bundles": as_jsonb(bundles), "now": ctx.now}
    ahead.send(ctx.session, _DECLARE_NEW, values, lambda rows: written.append(rows.rowcount))

    def statuses() -> dict[UUID, Status]:
        ahead.wait(ctx.session)
        if written == [len(ids)]:
            return dict.fromkeys(ids, Status.DECLARED)
        return {row.id: Status(row.status) for row in ctx.session.execute(_DECLARE_KNOWN, values)}

    return statuses


def declare(ctx: Context, declaration: Declaration) -> Media:
    """Declare one media of the acting user, from the headers of its upload; the same again answers the same.

    Raises:
        Forbidden: it is new, and the actor is none who inspects.
        MediaTypeUnknown: we keep no such type.
        MediaTooLarge: its kind may not be that large.
        MediaNotFound: the id is somebody else's.
        DeclarationDiffers: the acting user declared it before, as something else.
    """
    uploads.ensure_declarable(declaration)
    media = ctx.session.get(Media, declaration.id)
    if media is None:
        _ensure_may_declare(ctx.actor)
        declare_many(ctx, [_bundle(ctx, declaration)])
        media = ctx.session.get_one(Media, declaration.id)
    _ensure_same(ctx, media, declaration)
    return media


def _bundle(ctx: Context, declaration: Declaration) -> Bundle:
    user = select(UserAccount.organisation_id).where(UserAccount.id == ctx.user_id)
    row = MediaRow(
        id=declaration.id,
        kind=declaration.kind,
        mime=declaration.mime,
        bytes=declaration.bytes,
        sha256=declaration.sha256,
    )
    return Bundle(owner_user_id=ctx.user_id, organisation_id=ctx.session.scalars(user).one(), media=[row])


def _ensure_may_declare(actor: Actor) -> None:
    if not actor.may(DECLARE):
        raise Forbidden(permission=str(DECLARE))


def _ensure_same(ctx: Context, media: Media, declaration: Declaration) -> None:
    if media.owner_user_id != ctx.user_id:
        raise MediaNotFound
    if (media.sha256, media.bytes, media.mime) != (declaration.sha256, declaration.bytes, declaration.mime):
        raise DeclarationDiffers
