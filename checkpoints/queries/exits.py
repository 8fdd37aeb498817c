"""Exits as an actor sees them: those of the checkpoints in his scope."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from checkpoints.models import Checkpoint, CheckpointExit, ExitType
from checkpoints.queries.seeing import visible_checkpoints
from checkpoints.rules.exits import OPEN, ExitStatus
from inspection_api.accounts.queries import get_one
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor

READ_EXITS = Permission(Action.EXIT, "read")


def visible_exits(actor: Actor, permission: Permission = READ_EXITS) -> Select[CheckpointExit]:
    """Return the exits of the checkpoints that the actor reaches with ``permission``."""
    seen = visible_checkpoints(actor, permission).with_only_columns(Checkpoint.id)
    return select(CheckpointExit).where(CheckpointExit.checkpoint_id.in_(seen))


def exits_of(actor: Actor, **filters: Any) -> Select[CheckpointExit]:
    """Return the visible exits; ``filters`` are columns and the value that each must have (None: any)."""
    statement = visible_exits(actor)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(getattr(CheckpointExit, name) == value)
    return statement


def get_exit(session: Session, actor: Actor, exit_id: UUID) -> CheckpointExit:
    """Return one visible exit.

    Raises:
        NotFound: none, or out of scope.
    """
    return get_one(session, visible_exits(actor).where(CheckpointExit.id == exit_id))


def open_exit_of(checkpoint_id: UUID) -> Select[CheckpointExit]:
    """Return the one exit of a checkpoint that is proposed or approved, if there is one."""
    return select(CheckpointExit).where(CheckpointExit.checkpoint_id == checkpoint_id, CheckpointExit.status.in_(OPEN))


def exit_in_effect(session: Session, checkpoint_id: UUID, today: date) -> tuple[date, date] | None:
    """Return the day of the exit that keeps a checkpoint out of force ``today``, and that of its approval."""
    is_out = (CheckpointExit.status == ExitStatus.APPROVED, CheckpointExit.effective_on <= today)
    row = session.scalars(open_exit_of(checkpoint_id).where(*is_out)).one_or_none()
    return (row.effective_on, local_day(row.decided_at)) if row is not None and row.decided_at else None


def unknown_exit_types(session: Session, codes: Collection[str]) -> list[str]:
    """Return which of these codes the dictionary does not have, retired ones being known; without codes ask nothing."""
    if not codes:
        return []
    known = set(session.scalars(select(ExitType.code).where(ExitType.code.in_(list(codes)))))
    return sorted(set(codes) - known)


def exit_types(session: Session) -> Sequence[ExitType]:
    """Return the dictionary of exits, retired types too, by code."""
    return session.scalars(select(ExitType).order_by(ExitType.code)).all()
