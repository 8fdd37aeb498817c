"""The places of a checkpoint as whoever decides about them sees them: side by side, named, each drawn in its fence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from checkpoints.coordinates import Point, distance_m
from checkpoints.models import Checkpoint, CheckpointLocation
from checkpoints.queries.judging import neighbours_of
from checkpoints.queries.seeing import get_checkpoint, locations_of, place_of, registered_place
from checkpoints.rules import fence, sketch
from checkpoints.rules.binding import REASON_WORDS, LocationStatus
from checkpoints.rules.sketch import MarkKind
from inspection_api.accounts.models import Device
from inspection_api.accounts.queries import names_of
from inspection_api.core.tables import among

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy.orm import Session

    from checkpoints.rules.sketch import Sketch
    from inspection_api.core.context import Actor

NEIGHBOURHOOD_M = 100.0


def drawn_locations(session: Session, actor: Actor, checkpoint_id: UUID) -> list[dict[str, Any]]:
    """Return all places that a visible checkpoint ever had, the latest first, each by its columns, named and drawn.

    Raises:
        NotFound: the checkpoint is out of scope.
    """
    checkpoint = get_checkpoint(session, actor, checkpoint_id)
    places = locations_of(session, actor, checkpoint_id)
    people = names_of(session, {id_ for each in places for id_ in (each.bound_by, each.decided_by) if id_})
    phones = _phones(session, {each.device_id for each in places if each.device_id})
    near = neighbours_of(session, [_point(each) for each in places])
    others = [each.point for each in near if each.customer_id != checkpoint.customer_id]
    return [
        {
            **{column.key: getattr(each, column.key) for column in CheckpointLocation.__mapper__.column_attrs},
            "reason_texts": [REASON_WORDS[reason] for reason in each.reasons],
            "bound_by_name": people.get(each.bound_by),
            "decided_by_name": people.get(each.decided_by) if each.decided_by else None,
            "device_name": phones.get(each.device_id) if each.device_id else None,
            "sketch": _drawn(checkpoint, each, places, others),
        }
        for each in places
    ]


def _drawn(
    checkpoint: Checkpoint, place: CheckpointLocation, places: Iterable[CheckpointLocation], others: Sequence[Point]
) -> Sketch:
    """Return the fence that a place would have, with its fixes, the registered address, its rivals, its neighbours."""
    centre, registered = _point(place), registered_place(checkpoint)
    rivals = [
        _point(each)
        for each in places
        if each.generation == place.generation and each is not place and each.status != LocationStatus.REJECTED
    ]
    near = [each for each in others if distance_m(centre, each) <= NEIGHBOURHOOD_M]
    return sketch.draw(
        centre,
        checkpoint.radius_m,
        sketch.mark_places(centre, MarkKind.REGISTERED, [registered] if registered else []),
        sketch.mark_places(centre, MarkKind.NEIGHBOUR, near),
        sketch.mark_places(centre, MarkKind.RIVAL, rivals),
        sketch.mark_fixes(centre, MarkKind.FIX, fence.fixes_as_kept(place.fixes)),
    )


def _point(place: CheckpointLocation) -> Point:
    return Point(place.lon, place.lat)


def _phones(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    rows = session.execute(select(Device.id, Device.name).where(among(Device.id, ids)))
    return {row.id: row.name for row in rows}


def fence_of(session: Session, checkpoint_id: UUID, location_id: UUID | None) -> tuple[Point, int] | None:
    """Return centre and radius of a checkpoint's fence: of a place that it had, or of the one of now, if any."""
    checkpoint = session.get_one(Checkpoint, checkpoint_id)
    location = session.get(CheckpointLocation, location_id) if location_id is not None else None
    centre = _point(location) if location is not None else place_of(checkpoint)
    return None if centre is None else (centre, checkpoint.radius_m)
