"""What visits that conclude 退出 do to their checkpoints: they propose an exit, until they are voided (domain §0)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from checkpoints.models import Checkpoint, CheckpointExit
from checkpoints.rules import exits, lifecycle
from checkpoints.rules.exits import ExitStatus
from checkpoints.rules.lifecycle import State, Step
from checkpoints.service.exits import propose, stay
from inspection_api.core.periods import local_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded


def on_exits_concluded(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``inspection.exit_concluded``: the visit's officer proposes the exit, of a checkpoint that has none."""
    for event in events:
        checkpoint = _locked(ctx, event)
        step = (State(checkpoint.state), Step.PROPOSE_EXIT)
        if step in lifecycle.STEPS:
            checkpoint.state = lifecycle.next_state(*step).value
            propose(
                ctx,
                checkpoint,
                exit_type=exits.DEFAULT_TYPE,
                reason=exits.CONCLUDED,
                effective_on=max(local_day(event.at), checkpoint.effective_from),
                by=UUID(event.data["officer_id"]),
                inspection_id=UUID(event.data["inspection_id"]),
            )


def on_conclusions_voided(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``inspection.voided``, behind what the record had concluded: nobody has proposed that exit any more."""
    for event in events:
        checkpoint = _locked(ctx, event)
        concluded = select(CheckpointExit).where(
            CheckpointExit.inspection_id == UUID(event.data["inspection_id"]),
            CheckpointExit.status == ExitStatus.PROPOSED,
        )
        row = ctx.session.scalars(concluded.with_for_update()).one_or_none()
        if row is not None:
            row.status, row.end_reason = ExitStatus.WITHDRAWN, exits.VOIDED
            row.ended_by, row.ended_at = event.actor_id, event.at
            stay(ctx, checkpoint, Step.REFUSE_EXIT)
            ctx.record("checkpoint.exit_taken_back", checkpoint_id=str(checkpoint.id), exit_id=str(row.id))


def _locked(ctx: Context, event: Recorded) -> Checkpoint:
    return ctx.session.get_one(
        Checkpoint, UUID(event.data["checkpoint_id"]), with_for_update={"key_share": True}, populate_existing=True
    )
