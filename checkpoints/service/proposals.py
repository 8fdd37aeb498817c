"""Officers propose, managers decide: an accepted proposal is the manager's own creation or edit (domain.md §6).

Of an edit the checkpoint's row is locked before the proposal's, so that of two decisions one comes first and the other
meets it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from checkpoints import queries
from checkpoints.errors import ProposalOpen
from checkpoints.models import Checkpoint, CheckpointProposal
from checkpoints.rules import proposals
from checkpoints.rules.proposals import ProposalKind, ProposalStatus
from checkpoints.service import creation, editing
from inspection_api.accounts.models import UserAccount
from inspection_api.accounts.queries import get_one, name_of, visible
from inspection_api.core.ids import new_id
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import ensure_version
from inspection_api.customers import rules as customer_rules
from inspection_api.customers import service as customers
from inspection_api.customers.models import Customer

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from inspection_api.core.context import Context

PROPOSE = Permission(Action.CHECKPOINTS, "propose")
EDIT = Permission(Action.CHECKPOINTS, "edit")


def propose_checkpoint(
    ctx: Context,
    *,
    reason: str,
    checkpoint: dict[str, Any],
    customer_id: UUID | None = None,
    customer: dict[str, Any] | None = None,
) -> CheckpointProposal:
    """Propose a checkpoint of one of one's customers, or of a new customer of one's organisation.

    Raises:
        NotFound: the customer is not the actor's.
        CodeTaken: a checkpoint has this code. ProposalOpen: a proposal has.
        UsccInvalid: the new customer's code is none.
        AxisSwapped, CoordinateOutOfRange, ForeignLoan: as for a manager's own creation.
    """
    known = _own_customer(ctx, customer_id) if customer_id is not None else None
    creation.ensure_code_free(ctx, checkpoint["code"])
    _ensure_described(ctx, "checkpoint", checkpoint, known.id if known is not None else None)
    if customer is not None:
        with proposals.fields_below("customer"):
            customer = {**customer, "uscc": customer_rules.ensure_uscc(customer["uscc"])}
    return _propose(
        ctx,
        kind=ProposalKind.CREATE,
        organisation_id=known.organisation_id if known is not None else _home_of(ctx),
        customer_id=customer_id,
        new_customer=customer,
        proposed=proposals.stored(checkpoint),
        reason=reason,
    )


def _ensure_described(ctx: Context, part: str, values: Mapping[str, Any], customer_id: UUID | None) -> None:
    """Refuse at once what no manager could accept: a place that is none, the loans of somebody else."""
    with proposals.fields_below(f"{part}.registered"):
        creation.registered_columns(values.get("registered"))
    if customer_id is not None:
        with proposals.fields_below(part):
            creation.ensure_own_loans(ctx, customer_id, values.get("loan_ids", []))


def _own_customer(ctx: Context, customer_id: UUID) -> Customer:
    scope = select(Customer).where(visible(Customer, "customer", ctx.actor, PROPOSE), Customer.id == customer_id)
    return get_one(ctx.session, scope, field="customer_id")


def _home_of(ctx: Context) -> UUID:
    return ctx.session.get_one(UserAccount, ctx.user_id).organisation_id


def propose_edit(
    ctx: Context, checkpoint_id: UUID, *, version: int, reason: str, changes: dict[str, Any]
) -> CheckpointProposal:
    """Propose other words about one of one's checkpoints.

    Raises:
        NotFound: it is not the actor's.
        PreconditionFailed: it was edited since.
        ProposalEmpty: nothing would change. ProposalOpen: somebody's proposal about it waits.
        AxisSwapped, CoordinateOutOfRange, ForeignLoan: as for a manager's own edit.
    """
    proposals.ensure_changes(changes)
    checkpoint = editing.get_locked(ctx, checkpoint_id, PROPOSE)
    ensure_version(checkpoint, version)
    _ensure_described(ctx, "changes", changes, checkpoint.customer_id)
    return _propose(
        ctx,
        kind=ProposalKind.EDIT,
        organisation_id=checkpoint.organisation_id,
        checkpoint_id=checkpoint.id,
        customer_id=checkpoint.customer_id,
        proposed=proposals.stored(changes),
        base_version=version,
        reason=reason,
    )


def _propose(ctx: Context, **values: Any) -> CheckpointProposal:
    row = {"id": new_id(), "proposed_by": ctx.user_id, "proposed_at": ctx.now, **values}
    made = insert(CheckpointProposal).values(row).on_conflict_do_nothing().returning(CheckpointProposal)
    proposal = ctx.session.scalars(made).one_or_none()
    if proposal is None:
        raise ProposalOpen(**_existing(ctx, values))
    _record(ctx, "checkpoint.change_proposed", proposal)
    return proposal


def _existing(ctx: Context, values: Mapping[str, Any]) -> dict[str, Any]:
    """Name the proposal that stands in the way, to whoever may see it."""
    waits = queries.visible_proposals(ctx.actor).where(CheckpointProposal.status == ProposalStatus.PROPOSED)
    if values["kind"] is ProposalKind.EDIT:
        same = CheckpointProposal.checkpoint_id == values["checkpoint_id"]
        found = ctx.session.scalars(waits.where(same)).first()
        return {"existing_id": str(found.id)} if found else {}
    same = CheckpointProposal.proposed["code"].astext == values["proposed"]["code"]
    found = ctx.session.scalars(waits.where(same)).first()
    return {"fields": {"checkpoint.code": ProposalOpen.title}, **({"existing_id": str(found.id)} if found else {})}


def accept_proposal(
    ctx: Context, proposal_id: UUID, *, version: int | None = None, note: str | None = None
) -> CheckpointProposal:
    """Do what somebody else proposed, as one's own creation or edit; ``version`` is the checkpoint's that one has seen.

    Raises:
        NotFound: out of scope.
        ProposalDecided: it waits no more.
        FourEyes: the actor proposed it.
        PreconditionFailed: the checkpoint was edited since the proposal, and ``version`` does not name that.
        Whatever the creation or the edit raises: the proposal goes on waiting.
    """
    proposal = _locked(ctx, proposal_id, EDIT)
    proposals.ensure_decider(ctx.user_id, proposal.proposed_by)
    effect = _edit if proposal.kind == ProposalKind.EDIT else _create
    checkpoint = effect(ctx, proposal, version)
    proposal.checkpoint_id, proposal.customer_id = checkpoint.id, checkpoint.customer_id
    _end(ctx, proposal, ProposalStatus.ACCEPTED, decided_by=ctx.user_id, note=note)
    _record(ctx, "checkpoint.change_accepted", proposal)
    return proposal


def _edit(ctx: Context, proposal: CheckpointProposal, version: int | None) -> Checkpoint:
    changes = proposals.restored(proposal.proposed)
    seen = version if version is not None else proposal.base_version
    return editing.edit(ctx, _id_of(proposal), version=seen or 0, **changes)


def _create(ctx: Context, proposal: CheckpointProposal, _version: int | None) -> Checkpoint:
    customer_id = proposal.customer_id
    if customer_id is None:
        customer_id = customers.create(
            ctx,
            organisation_id=proposal.organisation_id,
            officer_id=proposal.proposed_by,
            **(proposal.new_customer or {}),
        ).id
    values = proposals.restored(proposal.proposed)
    return creation.create(ctx, customer_id=customer_id, officer_id=proposal.proposed_by, is_approved=True, **values)


def _id_of(proposal: CheckpointProposal) -> UUID:
    if proposal.checkpoint_id is None:
        raise AssertionError("an edit names its checkpoint")
    return proposal.checkpoint_id


def refuse_proposal(ctx: Context, proposal_id: UUID, *, note: str) -> CheckpointProposal:
    """Refuse somebody else's proposal, with the reason.

    Raises:
        NotFound: out of scope.
        ProposalDecided: it waits no more.
        FourEyes: the actor proposed it.
    """
    proposal = _locked(ctx, proposal_id, EDIT)
    proposals.ensure_decider(ctx.user_id, proposal.proposed_by)
    _end(ctx, proposal, ProposalStatus.REFUSED, decided_by=ctx.user_id, note=note)
    _record(ctx, "checkpoint.change_refused", proposal)
    return proposal


def withdraw_proposal(ctx: Context, proposal_id: UUID) -> CheckpointProposal:
    """Take one's own proposal back.

    Raises:
        NotFound: out of scope.
        ProposalDecided: it waits no more.
        ProposalNotYours: somebody else proposed it.
    """
    proposal = _locked(ctx, proposal_id, PROPOSE)
    proposals.ensure_proposer(ctx.user_id, proposal.proposed_by)
    _end(ctx, proposal, ProposalStatus.WITHDRAWN)
    _record(ctx, "checkpoint.change_withdrawn", proposal)
    return proposal


def _locked(ctx: Context, proposal_id: UUID, permission: Permission) -> CheckpointProposal:
    """Return a proposal that waits, locked after the checkpoint that it is about, and its scope checked once more.

    Whoever waited for the lock sees only then which checkpoint an acceptance has made.
    """
    named = CheckpointProposal.id == proposal_id
    scope = queries.visible_proposals(ctx.actor, permission).where(named)
    seen = get_one(ctx.session, scope)
    if seen.kind == ProposalKind.EDIT:
        editing.lock_rows(ctx, [_id_of(seen)])
    ctx.session.execute(select(CheckpointProposal.id).where(named).with_for_update())
    proposal = get_one(ctx.session, scope.execution_options(populate_existing=True))
    decider = proposal.decided_by
    proposals.ensure_waits(
        proposal.status,
        decided_by=str(decider) if decider else None,
        decided_by_name=name_of(ctx.session, decider),
    )
    return proposal


def _end(
    ctx: Context,
    proposal: CheckpointProposal,
    status: ProposalStatus,
    *,
    decided_by: UUID | None = None,
    note: str | None = None,
) -> None:
    proposal.status, proposal.decided_by, proposal.decision_note = status.value, decided_by, note
    proposal.ended_at = ctx.now
    ctx.session.flush()


def _record(ctx: Context, kind: str, proposal: CheckpointProposal) -> None:
    ctx.record(
        kind,
        proposal_id=str(proposal.id),
        checkpoint_id=str(proposal.checkpoint_id) if proposal.checkpoint_id else None,
        organisation_id=str(proposal.organisation_id),
        proposed_by=str(proposal.proposed_by),
    )
