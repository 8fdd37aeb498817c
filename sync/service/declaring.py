"""Media that a batch declares, bundled by what they belong to: what a record's media share is sent once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from inspection_api.media import service as media
from inspection_api.media.rules.uploads import Status
from inspection_api.media.service import Bundle, MediaRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from sync.protocol.additions import MediaWrite
    from sync.protocol.bind import BindWrite
    from sync.protocol.envelope import Manifest
    from sync.protocol.submit import VisitWrite

_OF_CAPTURE = ("captured", "fix", "source", "challenge_id", "width", "height", "seconds")


def declare(
    ctx: Context,
    *,
    visits: Sequence[VisitWrite] = (),
    photos: Sequence[BindWrite] = (),
    further: Sequence[MediaWrite] = (),
) -> Callable[[], set[UUID]]:
    """Declare the media of visits, of plates that were bound, and further ones, in one statement, without waiting.

    What is returned waits, and says whose bytes are here already; a later upload settles its visit itself.
    """
    bundles = [
        *(_bundle(write.media, write.row, write.row["id"]) for write in visits if write.media),
        *(_of_plate(ctx, write) for write in photos),
        *(_of_addition(write) for write in further),
    ]
    statuses = media.declare_ahead(ctx, _once(bundles))
    return lambda: {id_ for id_, status in statuses().items() if status is Status.STORED}


def _of_plate(ctx: Context, write: BindWrite) -> Bundle:
    owner = {"officer_id": ctx.user_id, "organisation_id": write.organisation_id, "device_id": write.device_id}
    return _bundle([write.photo], owner, None)


def _of_addition(write: MediaWrite) -> Bundle:
    owner = {"officer_id": write.owner_id, "organisation_id": write.organisation_id, "device_id": write.device_id}
    return _bundle(write.media, owner, write.inspection_id)


def _bundle(manifests: Sequence[Manifest], record: Mapping[str, Any], inspection_id: UUID | None) -> Bundle:
    return Bundle(
        owner_user_id=record["officer_id"],
        organisation_id=record["organisation_id"],
        device_id=record["device_id"],
        inspection_id=inspection_id,
        media=[_media_row(medium) for medium in manifests],
    )


def _media_row(medium: Manifest) -> MediaRow:
    return MediaRow(
        id=medium.id,
        item_key=medium.item,
        kind=medium.kind,
        mime=medium.mime,
        bytes=medium.bytes,
        sha256=medium.sha256,
        captured={name: value for name in _OF_CAPTURE if (value := getattr(medium, name))},
    )


def _once(bundles: list[Bundle]) -> list[Bundle]:
    """Return the bundles with every medium once; who names it last has it."""
    ids = [row.id for each in bundles for row in each.media]
    if len(set(ids)) == len(ids):
        return bundles
    last = {row.id: (each, row) for each in bundles for row in each.media}
    return [replace(each, media=[row for holder, row in last.values() if holder is each]) for each in bundles]
