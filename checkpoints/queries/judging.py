"""What visits and bindings are judged by: checkpoints with plates, places and officers, in two queries."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import cos, radians
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Uuid, bindparam, false, literal_column, or_, select, text

from checkpoints.coordinates import Point
from checkpoints.models import Checkpoint, CheckpointReset
from checkpoints.rules.binding import Location
from checkpoints.rules.lifecycle import State
from checkpoints.rules.plate import Plate
from checkpoints.rules.values import AssignedSpan, CheckpointFacts, Neighbour
from inspection_api.accounts.queries import held_by, in_subtree
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among_given, as_text, fetch

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from checkpoints.models import CheckpointPlate
    from inspection_api.core.context import Actor, Context

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
_RADII = _all_of("checkpoint_radius", "radius_m, valid_to")
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
            'id', checkpoint.id, 'code', code, 'public_id', public_id, 'customer_id', customer_id,
            'organisation_id', organisation_id, 'officer_id', officer_id, 'state', state, 'radius_m', radius_m,
            'plate_generation', plate_generation, 'location_generation', location_generation,
            'registered', CASE WHEN registered_lon IS NOT NULL AND registered_lat IS NOT NULL
                          THEN json_build_object('lon', registered_lon, 'lat', registered_lat) END,
            'generation_since', reset_at, 'past_radii', {_RADII}),
        'plates', {_PLATES}, 'locations', {_PLACES}, 'assignments', {_ASSIGNMENTS})::text
    """
)
_LOCATIONS = select(Checkpoint.id, as_text(literal_column(_PLACES))).where(among_given(Checkpoint.id, "ids"))

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


class _JudgedBy(msgspec.Struct, gc=False):
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


def facts_of(ctx: Context, ids: Iterable[UUID], permission: Permission, *, bound: Iterable[UUID] = ()) -> CheckpointSet:
    """Return the checkpoints ``ids`` with plates, locations and assignments, in one query.

    Rows in ``bound`` are locked, and those whose place waits for a manager: these are read under the lock.
    ``permission`` says what ``reachable`` means.
    """
    wanted, binding = list(ids), list(bound)
    statement = _with_reach(_scope_of(ctx.actor, permission))
    values = {"ids": wanted, "actor_id": ctx.actor.user_id}
    rows: Sequence[Row[Any]] = [] if binding else fetch(ctx.session, statement, **values).all()
    if binding or any(row.state == State.PENDING_CONFIRM for row in rows):
        ctx.session.execute(_LOCK, {"ids": wanted, "bound": binding})
        rows = fetch(ctx.session, statement, **values).all()
    known = [(_DECODER.decode(row.judged_by), row) for row in rows]
    return CheckpointSet(
        checkpoints={each.facts.id: each.facts for each, _ in known},
        plates={each.facts.id: each.plates for each, _ in known},
        locations={each.facts.id: each.locations for each, _ in known},
        assignments={each.facts.id: each.assignments for each, _ in known},
        reachable=frozenset(each.facts.id for each, row in known if row.reachable),
        supervised=frozenset(each.facts.id for each, row in known if row.supervised),
        bindable=frozenset(each.facts.id for each, row in known if row.bindable and row.reset_by != ctx.actor.user_id),
        reset_by_himself=frozenset(each.facts.id for each, row in known if row.reset_by == ctx.actor.user_id),
    )


def locations_by_checkpoint(session: Session, ids: Iterable[UUID]) -> dict[UUID, list[Location]]:
    """Return every place that the checkpoints ever had."""
    rows = session.execute(_LOCATIONS, {"ids": list(ids)})
    return {id_: msgspec.json.decode(places, type=list[Location]) for id_, places in rows}


class _Scope(NamedTuple):
    """What an actor's roles reach: paths of subtrees, and whether what is granted to him; to look at, and to bind."""

    paths: tuple[str, ...]
    is_owner: bool
    binding_paths: tuple[str, ...]
    is_binding_owner: bool


def _scope_of(actor: Actor, permission: Permission) -> _Scope:
    is_person = actor.user_id is not None
    return _Scope(
        paths=actor.paths(permission),
        is_owner=is_person and actor.may_own(permission),
        binding_paths=actor.paths(BIND),
        is_binding_owner=is_person and actor.may_own(BIND),
    )


@lru_cache(maxsize=100)
def _with_reach(scope: _Scope) -> Select[*tuple[Any, ...]]:
    """Return the statement for the parameters ``ids`` and ``actor_id``: building it costs more than its answer."""
    opened = (CheckpointReset.checkpoint_id == Checkpoint.id) & (
        CheckpointReset.generation == Checkpoint.location_generation
    )
    return (
        select(
            Checkpoint.state,
            _JUDGED_BY.label("judged_by"),
            _reached(scope.paths, is_owner=scope.is_owner).label("reachable"),
            in_subtree(Checkpoint.organisation_id, scope.paths).label("supervised"),
            _reached(scope.binding_paths, is_owner=scope.is_binding_owner).label("bindable"),
            CheckpointReset.reset_by,
        )
        .outerjoin_from(Checkpoint, CheckpointReset, opened)
        .where(among_given(Checkpoint.id, "ids"))
    )


def _reached(paths: Sequence[str], *, is_owner: bool) -> ColumnElement[bool]:
    own = held_by(Checkpoint.id, "checkpoint", bindparam("actor_id", type_=Uuid())) if is_owner else false()
    return or_(in_subtree(Checkpoint.organisation_id, paths), own)


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
