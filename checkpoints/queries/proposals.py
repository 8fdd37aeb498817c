"""Proposals as an actor sees them: those about the checkpoints of his subtrees, and his own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, or_, select

from checkpoints.models import Checkpoint, CheckpointProposal
from checkpoints.queries.seeing import READ
from inspection_api.accounts.queries import get_one, in_subtree

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor
    from inspection_api.core.permissions import Permission


def visible_proposals(actor: Actor, permission: Permission = READ) -> Select[CheckpointProposal]:
    """Return the proposals that the actor reaches with ``permission``: a checkpoint's where it is today."""
    mine = CheckpointProposal.proposed_by == actor.user_id if actor.user_id is not None else false()
    return select(CheckpointProposal).where(or_(_within(actor.paths(permission)), mine))


def _within(paths: tuple[str, ...]) -> ColumnElement[bool]:
    there = select(Checkpoint.id).where(in_subtree(Checkpoint.organisation_id, paths))
    is_new = and_(CheckpointProposal.checkpoint_id.is_(None), in_subtree(CheckpointProposal.organisation_id, paths))
    return or_(CheckpointProposal.checkpoint_id.in_(there), is_new)


def proposals_of(actor: Actor, **filters: Any) -> Select[CheckpointProposal]:
    """Return the visible proposals; ``filters`` are columns and the value that each must have (None: any)."""
    statement = visible_proposals(actor)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(getattr(CheckpointProposal, name) == value)
    return statement


def get_proposal(session: Session, actor: Actor, proposal_id: UUID) -> CheckpointProposal:
    """Return one visible proposal.

    Raises:
        NotFound: none, or out of scope.
    """
    return get_one(session, visible_proposals(actor).where(CheckpointProposal.id == proposal_id))
