"""What an actor sees of checkpoints: his scope, narrowed, and what belongs to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select

from checkpoints.coordinates import Point
from checkpoints.models import Checkpoint, CheckpointLoan, CheckpointLocation
from inspection_api.accounts.queries import get_one, visible
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers.queries import at_or_below

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor

READ = Permission(Action.CHECKPOINTS, "read")


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


def _point(lon: float | None, lat: float | None) -> Point | None:
    return None if lon is None or lat is None else Point(lon, lat)


def place_of(row: Checkpoint) -> Point | None:
    """Return the place that judges the checkpoint today, None while it is unbound."""
    return _point(row.location_lon, row.location_lat)


def registered_place(row: Checkpoint) -> Point | None:
    """Return the place of the registered address, None where nobody entered it."""
    return _point(row.registered_lon, row.registered_lat)
