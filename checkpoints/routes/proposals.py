"""Endpoints of proposals: officers wish for checkpoints and changes, managers decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints import queries, schemas, service
from checkpoints.models import CheckpointProposal
from inspection_api.core.paging import paginate
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.schemas import page_of

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context

READ = Permission(Action.CHECKPOINTS, "read")
EDIT = Permission(Action.CHECKPOINTS, "edit")
PROPOSE = Permission(Action.CHECKPOINTS, "propose")

blp = Blueprint("checkpoint_proposals", "检查点提议：客户经理提出，管理人员处理")


@blp.post(
    "/checkpoint-proposals",
    permission=PROPOSE,
    body=schemas.CreationProposalInput,
    out=schemas.ProposalSchema,
    status=201,
)
def propose_checkpoint(ctx: Context, **values: Any) -> CheckpointProposal:
    """Propose a new checkpoint, of one of my customers or with a new one."""
    return service.propose_checkpoint(ctx, **values)


@blp.post(
    "/checkpoints/<uuid:checkpoint_id>/proposals",
    permission=PROPOSE,
    body=schemas.EditProposalInput,
    out=schemas.ProposalSchema,
    status=201,
    if_match=True,
)
def propose_edit(ctx: Context, checkpoint_id: UUID, **values: Any) -> CheckpointProposal:
    """Propose that one of my checkpoints be described otherwise."""
    return service.propose_edit(ctx, checkpoint_id, **values)


@blp.get("/checkpoint-proposals", permission=READ, query=schemas.ProposalQuery, out=page_of(schemas.ProposalSchema))
def list_proposals(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List the proposals in my scope and my own, the oldest first."""
    statement = queries.proposals_of(ctx.actor, **filters)
    return paginate(ctx.session, statement, by=[CheckpointProposal.id], limit=limit, cursor=cursor)


@blp.get("/checkpoint-proposals/<uuid:proposal_id>", permission=READ, out=schemas.ProposalSchema)
def get_proposal(ctx: Context, proposal_id: UUID) -> CheckpointProposal:
    """Show one proposal."""
    return queries.get_proposal(ctx.session, ctx.actor, proposal_id)


@blp.post(
    "/checkpoint-proposals/<uuid:proposal_id>/accept",
    permission=EDIT,
    body=schemas.ProposalAcceptance,
    out=schemas.ProposalSchema,
)
def accept_proposal(ctx: Context, proposal_id: UUID, **values: Any) -> CheckpointProposal:
    """Do what was proposed, as my own creation or edit."""
    return service.accept_proposal(ctx, proposal_id, **values)


@blp.post(
    "/checkpoint-proposals/<uuid:proposal_id>/refuse",
    permission=EDIT,
    body=schemas.ProposalRefusal,
    out=schemas.ProposalSchema,
)
def refuse_proposal(ctx: Context, proposal_id: UUID, *, note: str) -> CheckpointProposal:
    """Refuse a proposal, with the reason."""
    return service.refuse_proposal(ctx, proposal_id, note=note)


@blp.post("/checkpoint-proposals/<uuid:proposal_id>/withdraw", permission=PROPOSE, out=schemas.ProposalSchema)
def withdraw_proposal(ctx: Context, proposal_id: UUID) -> CheckpointProposal:
    """Take my own proposal back."""
    return service.withdraw_proposal(ctx, proposal_id)
