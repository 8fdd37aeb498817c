"""What an actor sees of checkpoints: his scope, narrowed, and what belongs to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import aliased, with_expression

from checkpoints.coordinates import Point
from checkpoints.errors import OrganisationHoldsCheckpoints
from checkpoints.models import (
    Checkpoint,
    CheckpointAssignment,
    CheckpointExit,
    CheckpointLoan,
    CheckpointLocation,
    OrganisationRadius,
)
from checkpoints.queries.nearness import is_near, metres_from
from checkpoints.rules.exits import ExitStatus
from checkpoints.rules.lifecycle import State
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import get_one, visible
from inspection_api.core.permissions import Action, Permission
from inspection_api.customers.models import Customer
from inspection_api.customers.queries import at_or_below

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement, Label, Select
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from inspection_api.core.context import Actor

READ = Permission(Action.CHECKPOINTS, "read")


def visible_checkpoints(actor: Actor, permission: Permission = READ) -> Select[Checkpoint]:
    """Return the checkpoints of the actor's subtrees and those granted to him."""
    return select(Checkpoint).where(visible(Checkpoint, "checkpoint", actor, permission))


def _of_customer(value: str) -> ColumnElement[bool]:
    named = or_(
        Customer.name.contains(value, autoescape=True), Customer.uscc.startswith(value.upper(), autoescape=True)
    )
    return Checkpoint.customer_id.in_(select(Customer.id).where(named))


def _exited_as(code: str) -> ColumnElement[bool]:
    open_exits = select(CheckpointExit.checkpoint_id).where(CheckpointExit.status == ExitStatus.APPROVED)
    return Checkpoint.id.in_(open_exits.where(CheckpointExit.exit_type == code))


FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    "text": lambda value: or_(
        Checkpoint.name.contains(value, autoescape=True), Checkpoint.code.startswith(value, autoescape=True)
    ),
    "customer_id": lambda value: Checkpoint.customer_id == value,
    "officer_id": lambda value: Checkpoint.officer_id == value,
    "organisation_id": lambda value: at_or_below(Checkpoint.organisation_id, value),
    "state": lambda value: Checkpoint.state == value,
    "kind": lambda value: Checkpoint.kind == value,
    "code": lambda value: Checkpoint.code.startswith(value, autoescape=True),
    "customer": _of_customer,
    "exit_type": _exited_as,
    "tag": lambda value: Checkpoint.tags.bool_op("@>")(literal([value], Checkpoint.tags.type)),
    "archived": lambda value: Checkpoint.archived_at.is_not(None) if value else Checkpoint.archived_at.is_(None),
    "near": is_near,
}


def checkpoints_of(actor: Actor, filters: dict[str, Any]) -> Select[Checkpoint]:
    """Return the visible checkpoints, narrowed by every filter of `FILTERS` that is not None.

    With ``near`` each knows its ``distance_m`` from that point.
    """
    statement = visible_checkpoints(actor)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(FILTERS[name](value))
    if filters.get("near") is None:
        return statement
    return statement.options(with_expression(Checkpoint.distance_m, metres_from(filters["near"])))


def order_of(filters: dict[str, Any]) -> list[InstrumentedAttribute[Any] | Label[Any]]:
    """Return by what `checkpoints_of` is listed: the nearest first where a point is asked about, else by code."""
    nearest = [metres_from(filters["near"])] if filters.get("near") is not None else []
    return [*nearest, Checkpoint.code]


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


def handed_over_by(actor: Actor, user_id: UUID, *, unassigned: bool) -> Select[CheckpointAssignment]:
    """Return the visible checkpoints' spans that a user had and lost, each with who came next and who is there now.

    With ``unassigned`` only those of checkpoints that are without an officer today.
    """
    seen = visible_checkpoints(actor).with_only_columns(Checkpoint.id)
    if unassigned:
        seen = seen.where(Checkpoint.officer_id.is_(None))
    return (
        select(CheckpointAssignment)
        .where(
            CheckpointAssignment.officer_id == user_id,
            CheckpointAssignment.valid_to.is_not(None),
            CheckpointAssignment.checkpoint_id.in_(seen),
        )
        .options(*(with_expression(*each) for each in _told_of_spans()))
    )


def _told_of_spans() -> list[tuple[Any, Any]]:
    """Return what a span tells beside its own columns: of its checkpoint, and of the officers after it."""
    span, following = CheckpointAssignment, aliased(CheckpointAssignment)
    follows = (following.checkpoint_id == span.checkpoint_id, following.valid_from == span.valid_to)
    is_it = Checkpoint.id == span.checkpoint_id
    named = {
        span.successor_id: select(following.officer_id).where(*follows),
        span.successor_name: select(UserAccount.name).join(following, _of(following)).where(*follows),
        span.current_id: select(Checkpoint.officer_id).where(is_it),
        span.current_name: select(UserAccount.name).join(Checkpoint, _of(Checkpoint)).where(is_it),
        span.checkpoint_code: select(Checkpoint.code).where(is_it),
        span.checkpoint_name: select(Checkpoint.name).where(is_it),
    }
    return [(column, statement.scalar_subquery()) for column, statement in named.items()]


def _of(holder: Any) -> Any:
    return holder.officer_id == UserAccount.id


def ensure_empty(session: Session, organisation_ids: Iterable[UUID]) -> None:
    """Refuse organisations that hold checkpoints in force.

    Raises:
        OrganisationHoldsCheckpoints: with their number.
    """
    held = select(func.count()).select_from(Checkpoint)
    in_force = held.where(Checkpoint.state != State.EXITED, Checkpoint.archived_at.is_(None))
    count = session.scalars(in_force.where(Checkpoint.organisation_id.in_(list(organisation_ids)))).one()
    if count:
        raise OrganisationHoldsCheckpoints(count=count)


def _point(lon: float | None, lat: float | None) -> Point | None:
    return None if lon is None or lat is None else Point(lon, lat)


def place_of(row: Checkpoint) -> Point | None:
    """Return the place that judges the checkpoint today, None while it is unbound."""
    return _point(row.location_lon, row.location_lat)


def registered_place(row: Checkpoint) -> Point | None:
    """Return the place of the registered address, None where nobody entered it."""
    return _point(row.registered_lon, row.registered_lat)


def usual_radius(session: Session, path: str) -> int | None:
    """Return the radius that the organisation at ``path``, or the next one above it, gives to new checkpoints."""
    statement = (
        select(OrganisationRadius.radius_m)
        .join(Organisation, Organisation.id == OrganisationRadius.organisation_id)
        .where(func.starts_with(path, Organisation.path))
        .order_by(func.length(Organisation.path).desc())
        .limit(1)
    )
    return session.scalars(statement).first()
