"""Reads of the checkpoints slice: what an actor sees, and what visits and bindings are judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Select, literal_column, or_, select, text
from sqlalchemy.orm import Session

from checkpoints.coordinates import Point
from checkpoints.models import (
    Checkpoint,
    CheckpointLoan,
    CheckpointLocation,
    CheckpointPlate,
    CheckpointReset,
)
from checkpoints.rules.binding import Location
from checkpoints.rules.lifecycle import State
from checkpoints.rules.plate import Plate
from checkpoints.rules.values import AssignedSpan, CheckpointFacts, Neighbour
from inspection_api.accounts.queries import get_one, in_subtree, visible
from inspection_api.core.context import Actor, Context
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among, among_given
from inspection_api.customers.queries import at_or_below

READ = Permission(Action.CHECKPOINTS, "read")
BIND = Permission(Action.BINDING, "bind")
NEIGHBOURHOOD_DEGREES = 0.0009
"""About 100 m of latitude; wider than any distance that neighbours are judged by."""

_NEIGHBOURS = text(
    """
    SELECT DISTINCT c.customer_id, c.location_lon AS lon, c.location_lat AS lat
    FROM unnest(CAST(:lons AS float8[]), CAST(:lats AS float8[]), CAST(:widths AS float8[])) AS p (lon, lat, width)
    JOIN checkpoint c ON c.location_lat BETWEEN p.lat - :height AND p.lat + :height
                     AND c.location_lon BETWEEN p.lon - p.width AND p.lon + p.width
    WHERE c.archived_at IS NULL AND c.state <> 'exited'
    """
)


def _all_of(table: str, columns: str) -> str:
    """Return the SQL of the rows of ``table`` that belong to the checkpoint of the outer statement, as a JSON array."""
    where = "checkpoint_id = checkpoint.id"
    return f"(SELECT coalesce(json_agg(one), '[]') FROM (SELECT {columns} FROM {table} WHERE {where}) one)"  # noqa: S608 - our names


_PLATES = _all_of("checkpoint_plate", "checkpoint_id, generation, issued_at, revoked_at, first_scanned_at")
_ASSIGNMENTS = _all_of("checkpoint_assignment", "officer_id, valid_from, valid_to")
_PLACES = _all_of(
    "checkpoint_location",
    "id, checkpoint_id, generation, json_build_object('lon', lon, 'lat', lat) AS point, status, bound_by, bound_at,"
    " valid_from, valid_to, decided_by",
)
# One text for each checkpoint, which becomes values at the speed of a C decoder: rows of four statements cost 5x that.
_JUDGED_BY: ColumnElement[str] = literal_column(
    f"""
    json_build_object(
        'facts', json_build_object(
            'id', checkpoint.id, 'public_id', public_id, 'customer_id', customer_id,
            'organisation_id', organisation_id, 'officer_id', officer_id, 'state', state, 'radius_m', radius_m,
            'plate_generation', plate_generation, 'location_generation', location_generation,
            'registered', CASE WHEN registered_lon IS NOT NULL AND registered_lat IS NOT NULL
                          THEN json_build_object('lon', registered_lon, 'lat', registered_lat) END,
            'generation_since', reset_at),
        'plates', {_PLATES}, 'locations', {_PLACES}, 'assignments', {_ASSIGNMENTS})::text
    """
)
_LOCATIONS = text(
    f"SELECT checkpoint.id, {_PLACES}::text FROM checkpoint WHERE id = ANY (CAST(:ids AS uuid[]))"  # noqa: S608
)

# The rows to be bound, and those whose place waits for a manager: his decision and a visit that is judged by the
# doubtful place wait for each other, so that it misses none.
_LOCK = (
    select(Checkpoint.id)
    .where(
        or_(
            among_given(Checkpoint.id, "bound"),
            among_given(Checkpoint.id, "ids") & (Checkpoint.state == State.PENDING_CONFIRM),
        )
    )
    .order_by(Checkpoint.id)
    .with_for_update(key_share=True)
)


class _JudgedBy(msgspec.Struct):
    """What judges a visit to one checkpoint."""

    facts: CheckpointFacts
    plates: list[Plate]
    locations: list[Location]
    assignments: list[AssignedSpan]


_DECODER = msgspec.json.Decoder(_JudgedBy)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointSet:
    """Checkpoints with all that judges a visit to them, by id.

    ``reachable`` are those in the actor's scope, ``supervised`` those of them that a role of his covers (the others are
    granted to him), ``bindable`` those that he may give a place, ``reset_by_himself`` those whose place he took away:
    another gives the next one. Ids that do not exist are missing everywhere.
    """

    checkpoints: dict[UUID, CheckpointFacts]
    plates: dict[UUID, list[Plate]]
    locations: dict[UUID, list[Location]]
    assignments: dict[UUID, list[AssignedSpan]]
    reachable: frozenset[UUID]
    supervised: frozenset[UUID]
    bindable: frozenset[UUID]
    reset_by_himself: frozenset[UUID]


def visible_checkpoints(actor: Actor, permission: Permission = READ) -> Select[Checkpoint]:
    """Return the checkpoints of the actor's subtrees and those granted to him."""
    return select(Checkpoint).where(visible(Checkpoint, "checkpoint", actor, permission))


FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "text": lambda value: or_(
        Checkpoint.name.contains(value, autoescape=True), Checkpoint.code.startswith(value, autoescape=True)
    ),
    "customer_id": lambda value: Checkpoint.customer_id == value,
    "officer_id": lambda value: Checkpoint.officer_id == value,
    "organisation_id": lambda value: at_or_below(Checkpoint.organisation_id, value),
    "state": lambda value: Checkpoint.state == value,
    "kind": lambda value: Checkpoint.kind == value,
}


def checkpoints_of(actor: Actor, filters: dict[str, Any]) -> Select[Checkpoint]:
    """Return the visible checkpoints, narrowed by every filter of `FILTERS` that is not None."""
    statement = visible_checkpoints(actor)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(FILTERS[name](value))
    return statement


def get_checkpoint(session: Session, actor: Actor, checkpoint_id: UUID) -> Checkpoint:
    """Return one visible checkpoint.

    Raises:
        NotFound: none, or out of scope.
    """
    return get_one(session, visible_checkpoints(actor).where(Checkpoint.id == checkpoint_id))


def loan_ids_of(session: Session, checkpoint_id: UUID) -> Sequence[UUID]:
    """Return the loans that the checkpoint's visits are about."""
    statement = select(CheckpointLoan.loan_id).where(CheckpointLoan.checkpoint_id == checkpoint_id)
    return session.scalars(statement.order_by(CheckpointLoan.loan_id)).all()


def locations_of(session: Session, actor: Actor, checkpoint_id: UUID) -> Sequence[CheckpointLocation]:
    """Return all places that a visible checkpoint ever had, the latest first, rivals side by side.

    Raises:
        NotFound: the checkpoint is out of scope.
    """
    checkpoint = get_checkpoint(session, actor, checkpoint_id)
    statement = select(CheckpointLocation).where(CheckpointLocation.checkpoint_id == checkpoint.id)
    return session.scalars(
        statement.order_by(CheckpointLocation.generation.desc(), CheckpointLocation.bound_at, CheckpointLocation.id)
    ).all()


def facts_of(ctx: Context, ids: Iterable[UUID], permission: Permission, *, bound: Iterable[UUID] = ()) -> CheckpointSet:
    """Return the checkpoints ``ids`` with plates, locations and assignments, in two queries.

    Rows in ``bound`` are locked, and those whose place waits for a manager. ``permission`` says what ``reachable``
    means.
    """
    wanted = list(ids)
    ctx.session.execute(_LOCK, {"ids": wanted, "bound": list(bound)})
    rows = ctx.session.execute(_with_reach(ctx.actor, permission).where(among(Checkpoint.id, wanted))).all()
    known = {judged.facts.id: judged for judged in (_DECODER.decode(row.judged_by) for row in rows)}
    by = dict(zip(known, rows, strict=True))
    return CheckpointSet(
        checkpoints={id_: each.facts for id_, each in known.items()},
        plates={id_: each.plates for id_, each in known.items()},
        locations={id_: each.locations for id_, each in known.items()},
        assignments={id_: each.assignments for id_, each in known.items()},
        reachable=frozenset(id_ for id_, row in by.items() if row.reachable),
        supervised=frozenset(id_ for id_, row in by.items() if row.supervised),
        bindable=frozenset(id_ for id_, row in by.items() if row.bindable and row.reset_by != ctx.actor.user_id),
        reset_by_himself=frozenset(id_ for id_, row in by.items() if row.reset_by == ctx.actor.user_id),
    )


def locations_by_checkpoint(session: Session, ids: Iterable[UUID]) -> dict[UUID, list[Location]]:
    """Return every place that the checkpoints ever had."""
    rows = session.execute(_LOCATIONS, {"ids": list(ids)})
    return {id_: msgspec.json.decode(places, type=list[Location]) for id_, places in rows}


def _with_reach(actor: Actor, permission: Permission) -> Select[*tuple[Any, ...]]:
    opened = (CheckpointReset.checkpoint_id == Checkpoint.id) & (
        CheckpointReset.generation == Checkpoint.location_generation
    )
    return select(
        _JUDGED_BY.label("judged_by"),
        visible(Checkpoint, "checkpoint", actor, permission).label("reachable"),
        in_subtree(Checkpoint.organisation_id, actor.paths(permission)).label("supervised"),
        visible(Checkpoint, "checkpoint", actor, BIND).label("bindable"),
        CheckpointReset.reset_by,
    ).outerjoin_from(Checkpoint, CheckpointReset, opened)


def _point(lon: float | None, lat: float | None) -> Point | None:
    return None if lon is None or lat is None else Point(lon, lat)


def place_of(row: Checkpoint) -> Point | None:
    """Return the place that judges the checkpoint today, None while it is unbound."""
    return _point(row.location_lon, row.location_lat)


def registered_place(row: Checkpoint) -> Point | None:
    """Return the place of the registered address, None where nobody entered it."""
    return _point(row.registered_lon, row.registered_lat)


def plate_value(row: CheckpointPlate | Row[Any]) -> Plate:
    """Return a plate's row as the value that the rules take."""
    return Plate(
        checkpoint_id=row.checkpoint_id,
        generation=row.generation,
        issued_at=row.issued_at,
        revoked_at=row.revoked_at,
        first_scanned_at=row.first_scanned_at,
    )


def neighbours_of(session: Session, points: Sequence[Point]) -> tuple[Neighbour, ...]:
    """Return the bound places within about 100 m of any of the points, in one query by the index on places."""
    values = {
        "lons": [point.lon for point in points],
        "lats": [point.lat for point in points],
        "widths": [NEIGHBOURHOOD_DEGREES / max(cos(radians(point.lat)), 0.01) for point in points],
        "height": NEIGHBOURHOOD_DEGREES,
    }
    rows = session.execute(_NEIGHBOURS, values) if points else ()
    return tuple(_neighbour(row) for row in rows)


def _neighbour(row: Row[Any]) -> Neighbour:
    return Neighbour(customer_id=row.customer_id, point=Point(row.lon, row.lat))
