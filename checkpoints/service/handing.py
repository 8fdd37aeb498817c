"""Handing checkpoints over: to another officer, to another organisation, one or hundreds in a few statements."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from checkpoints import queries
from checkpoints.errors import StateForbids
from checkpoints.models import Checkpoint
from checkpoints.rules.lifecycle import State, is_in_force
from checkpoints.service.creation import APPROVE, EDIT, assign_first, grant_with_customer
from checkpoints.service.editing import get_locked, lock_rows
from inspection_api.accounts import service as accounts
from inspection_api.accounts.errors import OrganisationClosed
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, organisation_paths, visible_organisations
from inspection_api.core.errors import NotFound
from inspection_api.core.periods import local_day
from inspection_api.core.tables import among
from inspection_api.customers import service as customers
from inspection_api.customers.errors import OfficerUnfit
from inspection_api.loans import queries as loans

if TYPE_CHECKING:
    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.permissions import Permission

_MOVE = text(
    """
    UPDATE checkpoint SET organisation_id = :organisation_id, officer_id = coalesce(:officer_id, officer_id),
           backup_officer_id = CASE WHEN backup_officer_id = ANY (CAST(:unfit AS uuid[])) THEN NULL
                               ELSE backup_officer_id END,
           exception_handler_id = CASE WHEN exception_handler_id = ANY (CAST(:unfit AS uuid[])) THEN NULL
                                  ELSE exception_handler_id END
    WHERE id = ANY (CAST(:ids AS uuid[]))
    """
)
_CUSTOMERS_FOLLOW = text(
    """
    UPDATE customer c SET organisation_id = :organisation_id, officer_id = coalesce(:officer_id, c.officer_id)
    WHERE c.id = ANY (CAST(:customer_ids AS uuid[])) AND c.organisation_id <> :organisation_id
      AND NOT EXISTS (SELECT FROM checkpoint p WHERE p.customer_id = c.id AND p.archived_at IS NULL
                      AND p.organisation_id <> :organisation_id)
    RETURNING c.id
    """
)
_ASSIGN = text("UPDATE checkpoint SET officer_id = :officer_id WHERE id = ANY (CAST(:ids AS uuid[]))")
_END_ASSIGNMENTS = text(
    """
    UPDATE checkpoint_assignment SET valid_to = :now
    WHERE checkpoint_id = ANY (CAST(:ids AS uuid[])) AND valid_to IS NULL
    """
)
_LEFT_ALONE = text(
    """
    SELECT f.officer_id, f.customer_id
    FROM unnest(CAST(:officers AS uuid[]), CAST(:customers AS uuid[])) AS f (officer_id, customer_id)
    WHERE NOT EXISTS (SELECT FROM checkpoint p WHERE p.customer_id = f.customer_id AND p.officer_id = f.officer_id)
      AND NOT EXISTS (SELECT FROM customer c WHERE c.id = f.customer_id AND c.officer_id = f.officer_id)
    """
)


def assign(ctx: Context, checkpoint_id: UUID, *, officer_id: UUID) -> Checkpoint:
    """Make an officer responsible for one checkpoint from now on; raises as :func:`assign_many`."""
    assign_many(ctx, checkpoint_ids=[checkpoint_id], officer_id=officer_id)
    return ctx.session.get_one(Checkpoint, checkpoint_id, populate_existing=True)


def assign_many(
    ctx: Context, *, checkpoint_ids: Sequence[UUID], officer_id: UUID, permission: Permission = EDIT
) -> int:
    """Make an officer responsible from now on; the former ones' devices drop what they no longer hold.

    Where he is responsible already nothing changes; returns how many changed. Open tasks follow by the event.
    ``permission`` is the one by which the actor reaches the checkpoints.

    Raises:
        NotFound: one of them is out of scope.
        OfficerUnfit: he visits nobody in one of their organisations.
    """
    rows = [row for row in _locked(ctx, checkpoint_ids, permission) if row.officer_id != officer_id]
    paths = organisation_paths(ctx.session, {row.organisation_id for row in rows})
    for path in sorted(paths.values()):
        customers.ensure_officer_fits(ctx, officer_id, path)
    if rows:
        ctx.session.execute(_ASSIGN, {"ids": [row.id for row in rows], "officer_id": officer_id})
        change_officers(ctx, rows, dict.fromkeys((row.id for row in rows), officer_id))
    return len(rows)


def transfer(
    ctx: Context, *, checkpoint_ids: Sequence[UUID], organisation_id: UUID, officer_id: UUID | None = None
) -> int:
    """Hand checkpoints that stay in force to another organisation from today on, all or none; returns how many moved.

    Without ``officer_id`` each keeps its officer, who must visit there. Backup officers and exception handlers who
    have no say there are taken off; a customer whose last checkpoint moves goes with it.

    Raises:
        NotFound: a checkpoint or the organisation is out of scope.
        OrganisationClosed: it takes nothing in any more.
        StateForbids: one of them has left, or its exit is proposed or scheduled.
        OfficerUnfit: the officer, or one of those of today, visits nobody there.
    """
    scope = visible_organisations(ctx.actor, EDIT).where(Organisation.id == organisation_id)
    organisation = get_one(ctx.session, scope.with_for_update(read=True, of=Organisation), field="organisation_id")
    if organisation.closed_on is not None:
        raise OrganisationClosed(fields={"organisation_id": OrganisationClosed.title})
    rows = [row for row in _locked(ctx, checkpoint_ids) if row.organisation_id != organisation.id]
    _ensure_staying(rows)
    _ensure_officers_fit(ctx, rows, officer_id, organisation.path)
    if rows:
        _move(ctx, rows, organisation, officer_id)
    return len(rows)


def _locked(
    ctx: Context, checkpoint_ids: Sequence[UUID], permission: Permission = EDIT
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Return the checkpoints, locked in the order in which everybody locks them, after their open tasks.

    Raises:
        NotFound: one of them is out of scope.
    """
    ids = set(checkpoint_ids)
    columns = (
        Checkpoint.id,
        Checkpoint.customer_id,
        Checkpoint.organisation_id,
        Checkpoint.officer_id,
        Checkpoint.backup_officer_id,
        Checkpoint.exception_handler_id,
        Checkpoint.state,
    )
    queries.lock_open_tasks(ctx.session, ids)
    lock_rows(ctx, ids)
    seen = queries.visible_checkpoints(ctx.actor, permission).where(among(Checkpoint.id, ids))
    rows = ctx.session.execute(seen.with_only_columns(*columns).order_by(Checkpoint.id)).all()
    if len(rows) < len(ids):
        raise NotFound(fields={"checkpoint_ids": NotFound.title})
    return rows


def _ensure_staying(rows: Sequence[Row[Any]]) -> None:
    for row in rows:
        if State(row.state) in {State.EXIT_PROPOSED, State.EXITED}:
            raise StateForbids(state=row.state, checkpoint_id=str(row.id))


def _ensure_officers_fit(ctx: Context, rows: Sequence[Row[Any]], officer_id: UUID | None, path: str) -> None:
    wanted = {officer_id} if officer_id else {row.officer_id for row in rows if row.officer_id}
    if customers.unfit_officers(ctx, wanted, path):
        raise OfficerUnfit(fields={"officer_id": OfficerUnfit.title})


def _move(ctx: Context, rows: Sequence[Row[Any]], organisation: Organisation, officer_id: UUID | None) -> None:
    helpers = {each for row in rows for each in (row.backup_officer_id, row.exception_handler_id) if each}
    values: dict[str, Any] = {
        "ids": [row.id for row in rows],
        "organisation_id": organisation.id,
        "officer_id": officer_id,
        "unfit": list(customers.unfit_officers(ctx, helpers, organisation.path)),
    }
    ctx.session.execute(_MOVE, values)
    values["customer_ids"] = list({row.customer_id for row in rows})
    for customer_id in ctx.session.scalars(_CUSTOMERS_FOLLOW, values):
        ctx.record("customer.transferred", customer_id=str(customer_id), to_organisation_id=str(organisation.id))
    for row in rows:
        ctx.record(
            "checkpoint.transferred",
            checkpoint_id=str(row.id),
            from_organisation_id=str(row.organisation_id),
            to_organisation_id=str(organisation.id),
            effective_on=local_day(ctx.now).isoformat(),
        )
    if officer_id is not None:
        changed = [row for row in rows if row.officer_id != officer_id]
        change_officers(ctx, changed, dict.fromkeys((row.id for row in changed), officer_id))


def change_officers(ctx: Context, rows: Sequence[Row[Any]], successors: Mapping[UUID, UUID | None]) -> None:
    """Write down who is responsible now (None: nobody yet), and let him hold what the former ones lose.

    ``rows`` are locked checkpoints as they were before (id, customer_id, officer_id); ``successors`` are by their ids.
    """
    if not rows:
        return
    taken = {point: officer for point, officer in successors.items() if officer is not None}
    ctx.session.execute(_END_ASSIGNMENTS, {"ids": [row.id for row in rows], "now": ctx.now})
    assign_first(ctx, taken)
    _revoke(ctx, [row for row in rows if row.officer_id is not None])
    grant_with_customer(ctx, [(taken[row.id], row.id, row.customer_id) for row in rows if row.id in taken])
    for row in rows:
        ctx.record(
            "checkpoint.assigned",
            checkpoint_id=str(row.id),
            officer_id=_text(successors[row.id]),
            former_id=_text(row.officer_id),
        )


def _text(officer_id: UUID | None) -> str | None:
    return str(officer_id) if officer_id else None


def _revoke(ctx: Context, rows: Sequence[Row[Any]]) -> None:
    """Take the checkpoints from their former officers, and their customers too where nothing else ties them."""
    pairs = sorted({(row.officer_id, row.customer_id) for row in rows})
    values = {"officers": [officer for officer, _ in pairs], "customers": [customer for _, customer in pairs]}
    lost = [(row.officer_id, row.customer_id) for row in ctx.session.execute(_LEFT_ALONE, values)]
    owed = loans.ids_by_customer(ctx.session, {customer for _, customer in lost})
    revoked = [(row.officer_id, "checkpoint", row.id) for row in rows]
    revoked += [(officer, "customer", customer) for officer, customer in lost]
    revoked += [(officer, "loan", loan) for officer, customer in lost for owner, loan in owed if owner == customer]
    accounts.revoke(ctx, revoked, reason="reassigned")


def archive(ctx: Context, checkpoint_id: UUID, *, reason: str) -> Checkpoint:
    """Put an exited checkpoint away: lists show it only to who asks for the archive, and nothing is ever deleted.

    It gets no check after its exit any more, so whoever approves exits decides about it.

    Raises:
        NotFound: out of scope.
        StateForbids: it is in force.
    """
    checkpoint = get_locked(ctx, checkpoint_id, APPROVE)
    if is_in_force(State(checkpoint.state)):
        raise StateForbids(state=checkpoint.state)
    checkpoint.archived_at = checkpoint.archived_at or ctx.now
    ctx.session.flush()
    ctx.record("checkpoint.archived", checkpoint_id=str(checkpoint.id), reason=reason)
    return checkpoint
