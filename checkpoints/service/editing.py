"""Changing a checkpoint: its description, its people, its loans, its plate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from checkpoints import queries
from checkpoints.models import Checkpoint, CheckpointLoan, CheckpointPlate, CheckpointRadius, OrganisationRadius
from checkpoints.rules import fence, plate
from checkpoints.service.creation import (
    EDIT,
    ensure_handler_fits,
    ensure_own_loans,
    name_loans,
    registered_columns,
)
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, visible_organisations
from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among, ensure_version
from inspection_api.customers import service as customers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from inspection_api.core.context import Context

ISSUE = Permission(Action.PLATES, "issue")
READ_CONFIGURATION = Permission(Action.CONFIGURATION, "read")
EDIT_CONFIGURATION = Permission(Action.CONFIGURATION, "edit")

_KEEP_RADII = text(
    """
    INSERT INTO checkpoint_radius (checkpoint_id, valid_to, radius_m)
    SELECT c.id, :now, c.radius_m
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, radius_m int)
    JOIN checkpoint c ON c.id = r.id AND c.radius_m <> r.radius_m
    ON CONFLICT DO NOTHING
    """
)
_UPDATE = text(
    """
    UPDATE checkpoint c
    SET name = r.name, kind = r.kind, address = r.address, contact = r.contact, tags = r.tags, radius_m = r.radius_m,
        registered_lon = coalesce(r.registered_lon, c.registered_lon),
        registered_lat = coalesce(r.registered_lat, c.registered_lat),
        registered_raw = coalesce(r.registered_raw, c.registered_raw),
        backup_officer_id = coalesce(r.backup_officer_id, c.backup_officer_id),
        exception_handler_id = coalesce(r.exception_handler_id, c.exception_handler_id)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, name text, kind text, address text, contact text, tags text[], radius_m int, registered_lon float8,
        registered_lat float8, registered_raw jsonb, backup_officer_id uuid, exception_handler_id uuid)
    WHERE c.id = r.id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Radius:
    """The usual radius of an organisation's new checkpoints, in metres."""

    radius_m: int


def get_locked(ctx: Context, checkpoint_id: UUID, permission: Permission) -> Checkpoint:
    """Return a checkpoint in the actor's scope, locked and freshly read.

    The lock comes first: a scope checked while waiting for it misses a checkpoint that was transferred meanwhile.

    Raises:
        NotFound: out of scope.
    """
    lock_rows(ctx, [checkpoint_id])
    scope = queries.visible_checkpoints(ctx.actor, permission).where(Checkpoint.id == checkpoint_id)
    return get_one(ctx.session, scope.execution_options(populate_existing=True))


def lock_rows(ctx: Context, checkpoint_ids: Iterable[UUID]) -> None:
    """Lock checkpoints, whoever may see them, in the order in which everybody locks them."""
    ctx.session.flush()
    ordered = select(Checkpoint.id).where(among(Checkpoint.id, checkpoint_ids)).order_by(Checkpoint.id)
    ctx.session.execute(ordered.with_for_update(key_share=True)).all()


def edit(ctx: Context, checkpoint_id: UUID, *, version: int, **changes: Any) -> Checkpoint:
    """Change what a checkpoint says about itself; a new radius judges the visits from now on.

    Raises:
        NotFound: out of scope.
        PreconditionFailed: somebody else edited it since.
        AxisSwapped, CoordinateOutOfRange: the registered coordinate is no place.
        OfficerUnfit, HandlerUnfit: the backup officer or the exception handler has no say there.
        ForeignLoan: a loan is not the customer's.
    """
    checkpoint = get_locked(ctx, checkpoint_id, EDIT)
    ensure_version(checkpoint, version)
    columns = dict(changes)
    if "loan_ids" in columns:
        _name_loans(ctx, checkpoint, columns.pop("loan_ids"))
    _ensure_people_fit(ctx, checkpoint, columns)
    if "registered" in columns:
        columns |= registered_columns(columns.pop("registered"))
    _keep_radius(ctx, checkpoint, columns.get("radius_m", checkpoint.radius_m))
    for name, value in columns.items():
        setattr(checkpoint, name, value)
    ctx.session.flush()
    ctx.record("checkpoint.edited", checkpoint_id=str(checkpoint.id), fields=sorted(changes))
    return checkpoint


def _keep_radius(ctx: Context, checkpoint: Checkpoint, radius_m: int) -> None:
    """Keep the radius of until now, which judges what was captured before; of two changes at once the first."""
    if radius_m != checkpoint.radius_m:
        values = {"checkpoint_id": checkpoint.id, "valid_to": ctx.now, "radius_m": checkpoint.radius_m}
        ctx.session.execute(insert(CheckpointRadius).values(**values).on_conflict_do_nothing())


def _ensure_people_fit(ctx: Context, checkpoint: Checkpoint, columns: dict[str, Any]) -> None:
    """Refuse a backup officer who visits nobody there, and a handler who has no say there."""
    path = ctx.session.get_one(Organisation, checkpoint.organisation_id).path
    if columns.get("backup_officer_id") is not None:
        customers.ensure_officer_fits(ctx, columns["backup_officer_id"], path, field="backup_officer_id")
    if columns.get("exception_handler_id") is not None:
        ensure_handler_fits(ctx, columns["exception_handler_id"], path)


def _name_loans(ctx: Context, checkpoint: Checkpoint, loan_ids: Sequence[UUID]) -> None:
    ensure_own_loans(ctx, checkpoint.customer_id, loan_ids)
    ctx.session.execute(delete(CheckpointLoan).where(CheckpointLoan.checkpoint_id == checkpoint.id))
    name_loans(ctx, [(checkpoint.id, loan_id) for loan_id in dict.fromkeys(loan_ids)])


def edit_many(ctx: Context, updates: Sequence[tuple[UUID, dict[str, Any]]]) -> None:
    """Change many checkpoints, which the caller has checked, in four statements; new radii judge from now on.

    Each has name, kind, address, contact, tags and radius_m; registered place, people and loans only where they change.
    """
    if not updates:
        return
    rows = [{"id": id_, **columns} for id_, columns in updates]
    ctx.session.execute(_KEEP_RADII, {"rows": as_jsonb(rows), "now": ctx.now})
    ctx.session.execute(_UPDATE, {"rows": as_jsonb(rows)})
    renamed = {row["id"]: row["loan_ids"] for row in rows if "loan_ids" in row}
    if renamed:
        ctx.session.execute(delete(CheckpointLoan).where(among(CheckpointLoan.checkpoint_id, renamed)))
        name_loans(ctx, [(id_, loan_id) for id_, loan_ids in renamed.items() for loan_id in loan_ids])
    for id_, columns in updates:
        ctx.record("checkpoint.edited", checkpoint_id=str(id_), fields=sorted(columns))


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


def usual_radius(ctx: Context, organisation_id: UUID) -> Radius:
    """Return the radius that an organisation's new checkpoints get: its own, the next one above it, else 200 m.

    Raises:
        NotFound: out of scope.
    """
    scope = visible_organisations(ctx.actor, READ_CONFIGURATION).where(Organisation.id == organisation_id)
    organisation = get_one(ctx.session, scope)
    return Radius(radius_m=queries.usual_radius(ctx.session, organisation.path) or fence.DEFAULT_RADIUS_M)


def put_usual_radius(ctx: Context, organisation_id: UUID, *, radius_m: int) -> Radius:
    """Set the radius of an organisation's new checkpoints, and of those below it that say nothing else.

    Raises:
        NotFound: out of scope.
    """
    scope = visible_organisations(ctx.actor, EDIT_CONFIGURATION).where(Organisation.id == organisation_id)
    organisation = get_one(ctx.session, scope)
    ctx.session.merge(OrganisationRadius(organisation_id=organisation.id, radius_m=radius_m))
    ctx.session.flush()
    ctx.record("organisation.radius_put", organisation_id=str(organisation.id), radius_m=radius_m)
    return Radius(radius_m=radius_m)
