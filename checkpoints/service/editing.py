"""Changing a checkpoint: its description, its officer, its plate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text, update

from checkpoints import queries
from checkpoints.models import Checkpoint, CheckpointAssignment, CheckpointPlate
from checkpoints.rules import plate
from checkpoints.service.creation import EDIT, assign_first, grant_with_customer, registered_columns
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import ensure_version
from inspection_api.customers import service as customers
from inspection_api.loans import queries as loans

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

ISSUE = Permission(Action.PLATES, "issue")

_KEEPS_CUSTOMER = text(
    """
    SELECT EXISTS (SELECT FROM checkpoint WHERE customer_id = :customer_id AND officer_id = :officer_id AND id <> :id)
        OR EXISTS (SELECT FROM customer WHERE id = :customer_id AND officer_id = :officer_id)
    """
)


def get_locked(ctx: Context, checkpoint_id: UUID, permission: Permission) -> Checkpoint:
    """Return a checkpoint in the actor's scope, locked and freshly read.

    Raises:
        NotFound: out of scope.
    """
    scope = queries.visible_checkpoints(ctx.actor, permission).where(Checkpoint.id == checkpoint_id)
    locked = scope.with_for_update(key_share=True).execution_options(populate_existing=True)
    return get_one(ctx.session, locked)


def edit(ctx: Context, checkpoint_id: UUID, *, version: int, **changes: Any) -> Checkpoint:
    """Change what a checkpoint says about itself; a new radius judges the visits from now on.

    Raises:
        NotFound: out of scope.
        PreconditionFailed: somebody else edited it since.
        AxisSwapped, CoordinateOutOfRange: the registered coordinate is no place.
    """
    checkpoint = get_locked(ctx, checkpoint_id, EDIT)
    ensure_version(checkpoint, version)
    columns = dict(changes)
    if "registered" in columns:
        columns |= registered_columns(columns.pop("registered"))
    for name, value in columns.items():
        setattr(checkpoint, name, value)
    ctx.session.flush()
    ctx.record("checkpoint.edited", checkpoint_id=str(checkpoint.id), fields=sorted(changes))
    return checkpoint


def assign(ctx: Context, checkpoint_id: UUID, *, officer_id: UUID) -> Checkpoint:
    """Make an officer responsible from now on; the former one's devices drop what he no longer holds.

    The same officer again changes nothing. Open tasks follow by the event.

    Raises:
        NotFound: out of scope.
        OfficerUnfit: the officer visits nobody there.
    """
    checkpoint = get_locked(ctx, checkpoint_id, EDIT)
    former_id = checkpoint.officer_id
    if former_id == officer_id:
        return checkpoint
    organisation = ctx.session.get_one(Organisation, checkpoint.organisation_id)
    customers.ensure_officer_fits(ctx, officer_id, organisation.path)
    checkpoint.officer_id = officer_id
    ctx.session.flush()
    _end_assignments(ctx, checkpoint.id)
    assign_first(ctx, {checkpoint.id: officer_id})
    if former_id is not None:
        _revoke(ctx, checkpoint, former_id)
    grant_with_customer(ctx, [(officer_id, checkpoint.id, checkpoint.customer_id)])
    ctx.record(
        "checkpoint.assigned",
        checkpoint_id=str(checkpoint.id),
        officer_id=str(officer_id),
        former_id=str(former_id) if former_id else None,
    )
    return checkpoint


def _end_assignments(ctx: Context, checkpoint_id: UUID) -> None:
    statement = update(CheckpointAssignment).where(
        CheckpointAssignment.checkpoint_id == checkpoint_id, CheckpointAssignment.valid_to.is_(None)
    )
    ctx.session.execute(statement.values(valid_to=ctx.now))


def _revoke(ctx: Context, checkpoint: Checkpoint, former_id: UUID) -> None:
    """Take the checkpoint from its former officer, and its customer too if nothing else ties him to it."""
    values = {"customer_id": checkpoint.customer_id, "officer_id": former_id, "id": checkpoint.id}
    revoked = [(former_id, "checkpoint", checkpoint.id)]
    if not ctx.session.scalars(_KEEPS_CUSTOMER, values).one():
        owed = loans.ids_by_customer(ctx.session, [checkpoint.customer_id])
        revoked += [(former_id, "customer", checkpoint.customer_id)]
        revoked += [(former_id, "loan", loan_id) for _, loan_id in owed]
    accounts.revoke(ctx, revoked, reason="reassigned")


def reissue_plate(ctx: Context, checkpoint_id: UUID) -> Checkpoint:
    """Issue a new plate; the old ones live until it is first scanned, 30 days at most (domain.md §0).

    Raises:
        NotFound: out of scope.
    """
    checkpoint = get_locked(ctx, checkpoint_id, ISSUE)
    older = select(CheckpointPlate).where(CheckpointPlate.checkpoint_id == checkpoint.id).with_for_update()
    for row in ctx.session.scalars(older):
        row.revoked_at = plate.next_revocation(queries.plate_value(row), ctx.now + plate.OLD_PLATE_LIVES)
    checkpoint.plate_generation += 1
    ctx.session.add(
        CheckpointPlate(checkpoint_id=checkpoint.id, generation=checkpoint.plate_generation, issued_at=ctx.now)
    )
    ctx.session.flush()
    ctx.record("checkpoint.plate_reissued", checkpoint_id=str(checkpoint.id), generation=checkpoint.plate_generation)
    return checkpoint
