"""A checkpoint leaves and comes back: proposed, decided by another, scheduled, called off, re-activated (§0, §1.5).

The checkpoint's row is locked before its exit's, so that of two decisions one comes first and the other meets it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text

from checkpoints import queries
from checkpoints.errors import ExitTypeUnknown
from checkpoints.models import Checkpoint, CheckpointExit, ExitType
from checkpoints.rules import binding, exits, lifecycle
from checkpoints.rules.exits import ExitStatus, ExitStep
from checkpoints.rules.lifecycle import State, Step
from checkpoints.service.creation import APPROVE
from checkpoints.service.editing import get_locked
from inspection_api.accounts.queries import get_one, name_of
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission

if TYPE_CHECKING:
    from inspection_api.core.context import Context

PROPOSE = Permission(Action.EXIT, "propose")
AT_ONCE = 1000
"""How many checkpoints leave in one transaction on the day of their exit."""
_TAKE_EFFECT = text(
    """
    WITH due AS MATERIALIZED (
        SELECT c.id, e.id AS exit_id, e.exit_type, e.effective_on, e.decided_at
        FROM checkpoint c JOIN checkpoint_exit e ON e.checkpoint_id = c.id
        WHERE e.status = 'approved' AND e.effective_on <= :today AND c.state = 'exit_proposed'
        ORDER BY c.id LIMIT :limit FOR NO KEY UPDATE OF c)
    UPDATE checkpoint p SET state = 'exited' FROM due WHERE p.id = due.id
    RETURNING p.id, due.exit_id, due.exit_type, due.effective_on, due.decided_at
    """
)


def propose_exit(
    ctx: Context, checkpoint_id: UUID, *, exit_type: str, reason: str, effective_on: date
) -> CheckpointExit:
    """Propose that a checkpoint in force leaves on a day of the past, today, or within a year.

    Raises:
        NotFound: out of scope.
        StateForbids: it has left, or an exit is proposed already.
        ExitTypeUnknown: the dictionary has no such type.
        ExitDayInvalid: the day lies before the checkpoint's first one, or too far ahead.
    """
    checkpoint = get_locked(ctx, checkpoint_id, PROPOSE)
    _ensure_type(ctx, exit_type)
    exits.ensure_day(effective_on, effective_from=checkpoint.effective_from, today=local_day(ctx.now))
    checkpoint.state = lifecycle.next_state(State(checkpoint.state), Step.PROPOSE_EXIT).value
    return propose(ctx, checkpoint, exit_type=exit_type, reason=reason, effective_on=effective_on, by=ctx.user_id)


def propose(
    ctx: Context,
    checkpoint: Checkpoint,
    *,
    exit_type: str,
    reason: str,
    effective_on: date,
    by: UUID,
    inspection_id: UUID | None = None,
) -> CheckpointExit:
    """Write a proposal of a checkpoint whose state says so already."""
    made = CheckpointExit(
        checkpoint_id=checkpoint.id,
        exit_type=exit_type,
        reason=reason,
        effective_on=effective_on,
        inspection_id=inspection_id,
        proposed_by=by,
        proposed_at=ctx.now,
    )
    ctx.session.add(made)
    ctx.session.flush()
    ctx.record("checkpoint.exit_proposed", checkpoint_id=str(checkpoint.id), exit_id=str(made.id), exit_type=exit_type)
    return made


def approve_exit(
    ctx: Context,
    exit_id: UUID,
    *,
    note: str | None = None,
    exit_type: str | None = None,
    effective_on: date | None = None,
    keep_overdue: bool = False,
) -> CheckpointExit:
    """Approve somebody else's proposal, if need be with another type or day; before that day the exit is scheduled.

    Tasks that have fallen due since a day of the past stay overdue; higher slices refuse the approval unless the
    approver says with ``keep_overdue`` that he knows (issue 4).

    Raises:
        NotFound: out of scope.
        ExitSettled: it was decided or withdrawn meanwhile.
        FourEyes: the actor proposed it.
        ExitTypeUnknown, ExitDayInvalid: as for the proposal.
    """
    checkpoint, row = _locked(ctx, exit_id, APPROVE)
    today = local_day(ctx.now)
    status = _next_status(ctx, row, ExitStep.APPROVE)
    exits.ensure_decider(ctx.user_id, row.proposed_by)
    row.exit_type, row.effective_on = exit_type or row.exit_type, effective_on or row.effective_on
    _ensure_type(ctx, row.exit_type)
    exits.ensure_day(row.effective_on, effective_from=checkpoint.effective_from, today=today)
    _decide(ctx, row, status, note)
    if exits.is_in_effect(row.effective_on, today):
        checkpoint.state = lifecycle.next_state(State(checkpoint.state), Step.EXIT).value
    ctx.session.flush()
    ctx.record(
        "checkpoint.exited",
        checkpoint_id=str(checkpoint.id),
        exit_id=str(row.id),
        exit_type=row.exit_type,
        effective_on=row.effective_on.isoformat(),
        approved_on=today.isoformat(),
        keeps_overdue=keep_overdue,
    )
    return row


def refuse_exit(ctx: Context, exit_id: UUID, *, note: str) -> CheckpointExit:
    """Refuse somebody else's proposal; the checkpoint stays as its place says.

    Raises:
        NotFound, ExitSettled, FourEyes: as for the approval.
    """
    checkpoint, row = _locked(ctx, exit_id, APPROVE)
    status = _next_status(ctx, row, ExitStep.REFUSE)
    exits.ensure_decider(ctx.user_id, row.proposed_by)
    _decide(ctx, row, status, note)
    stay(ctx, checkpoint, Step.REFUSE_EXIT)
    ctx.record("checkpoint.exit_refused", checkpoint_id=str(checkpoint.id), exit_id=str(row.id))
    return row


def withdraw_exit(ctx: Context, exit_id: UUID, *, reason: str) -> CheckpointExit:
    """Take one's own proposal back, before it is decided.

    Raises:
        NotFound: out of scope.
        ExitSettled: it was decided or withdrawn already.
        ExitNotYours: somebody else proposed it.
    """
    checkpoint, row = _locked(ctx, exit_id, PROPOSE)
    status = _next_status(ctx, row, ExitStep.WITHDRAW)
    exits.ensure_proposer(ctx.user_id, row.proposed_by)
    _end(ctx, row, status, reason)
    stay(ctx, checkpoint, Step.REFUSE_EXIT)
    ctx.record("checkpoint.exit_taken_back", checkpoint_id=str(checkpoint.id), exit_id=str(row.id))
    return row


def call_off_exit(ctx: Context, exit_id: UUID, *, reason: str) -> CheckpointExit:
    """Call a scheduled exit off, before its day.

    Raises:
        NotFound: out of scope.
        ExitSettled: it is not approved, or over.
        ExitInEffect: its day has come.
    """
    checkpoint, row = _locked(ctx, exit_id, APPROVE)
    status = _next_status(ctx, row, ExitStep.CALL_OFF)
    exits.ensure_still_ahead(row.effective_on, local_day(ctx.now))
    _end(ctx, row, status, reason)
    stay(ctx, checkpoint, Step.REFUSE_EXIT)
    ctx.record("checkpoint.exit_withdrawn", checkpoint_id=str(checkpoint.id), exit_id=str(row.id))
    return row


def reactivate(ctx: Context, checkpoint_id: UUID, *, reason: str, effective_on: date | None = None) -> Checkpoint:
    """Bring an exited checkpoint back, as a new episode from ``effective_on`` (today, unless named), even archived.

    Raises:
        NotFound: out of scope.
        StateForbids: it has not left.
        FourEyes: the actor proposed the exit.
        ReactivationDayInvalid: the day lies before the exit or in the future.
    """
    queries.lock_open_tasks(ctx.session, [checkpoint_id])
    checkpoint = get_locked(ctx, checkpoint_id, APPROVE)
    lifecycle.next_state(State(checkpoint.state), Step.REACTIVATE)
    row = ctx.session.scalars(queries.open_exit_of(checkpoint.id).with_for_update()).one()
    today = local_day(ctx.now)
    returns_on = effective_on or today
    exits.ensure_return(ctx.user_id, row.proposed_by, returns_on=returns_on, effective_on=row.effective_on, today=today)
    row.returned_on = returns_on
    _end(ctx, row, exits.next_status(ExitStatus(row.status), ExitStep.REACTIVATE), reason)
    checkpoint.archived_at = None
    stay(ctx, checkpoint, Step.REACTIVATE)
    ctx.record(
        "checkpoint.reactivated",
        checkpoint_id=str(checkpoint.id),
        exit_id=str(row.id),
        effective_on=returns_on.isoformat(),
    )
    return checkpoint


def _next_status(ctx: Context, row: CheckpointExit, step: ExitStep) -> ExitStatus:
    """Return where the exit stands after ``step``, or tell who was faster (ExitSettled)."""
    last_by_name = name_of(ctx.session, row.ended_by or row.decided_by)
    return exits.next_status(ExitStatus(row.status), step, last_by_name=last_by_name)


def let_exits_take_effect(ctx: Context) -> bool:
    """Put the checkpoints out of force whose scheduled exit's day has come; return whether there may be more.

    The event says what ``checkpoint.exited`` said: plans that began in between lose the checkpoint now.
    """
    left = ctx.session.execute(_TAKE_EFFECT, {"today": local_day(ctx.now), "limit": AT_ONCE}).all()
    for row in left:
        ctx.record(
            "checkpoint.exit_took_effect",
            checkpoint_id=str(row.id),
            exit_id=str(row.exit_id),
            exit_type=row.exit_type,
            effective_on=row.effective_on.isoformat(),
            approved_on=local_day(row.decided_at).isoformat(),
        )
    return len(left) == AT_ONCE


def put_exit_type(ctx: Context, code: str, *, label: str, is_active: bool) -> ExitType:
    """Add a type to the dictionary of exits, give it another label, or retire it; codes are for ever.

    Raises:
        ExitCodeInvalid: the code has another form.
    """
    exits.ensure_code(code)
    row = ctx.session.get(ExitType, code, with_for_update=True) or ExitType(code=code)
    row.label, row.is_active = label, is_active
    ctx.session.add(row)
    ctx.session.flush()
    ctx.record("exit_type.put", code=code, is_active=is_active)
    return row


def _locked(ctx: Context, exit_id: UUID, permission: Permission) -> tuple[Checkpoint, CheckpointExit]:
    """Return the exit and its checkpoint, locked in the order in which everybody locks them."""
    seen = queries.visible_exits(ctx.actor, permission).where(CheckpointExit.id == exit_id)
    checkpoint_id = get_one(ctx.session, seen).checkpoint_id
    queries.lock_open_tasks(ctx.session, [checkpoint_id])
    checkpoint = get_locked(ctx, checkpoint_id, permission)
    again = seen.with_for_update(of=CheckpointExit).execution_options(populate_existing=True)
    return checkpoint, get_one(ctx.session, again)


def _ensure_type(ctx: Context, code: str) -> None:
    known = ctx.session.get(ExitType, code)
    if known is None or not known.is_active:
        raise ExitTypeUnknown(fields={"exit_type": ExitTypeUnknown.title})


def _decide(ctx: Context, row: CheckpointExit, status: ExitStatus, note: str | None) -> None:
    row.status, row.decided_by, row.decided_at, row.decision_note = status.value, ctx.user_id, ctx.now, note


def _end(ctx: Context, row: CheckpointExit, status: ExitStatus, reason: str) -> None:
    row.status, row.ended_by, row.ended_at, row.end_reason = status.value, ctx.user_id, ctx.now, reason


def stay(ctx: Context, checkpoint: Checkpoint, step: Step) -> None:
    """Let the checkpoint be in force again, in the state that its standing place gives it."""
    lifecycle.next_state(State(checkpoint.state), step)
    places = queries.locations_by_checkpoint(ctx.session, [checkpoint.id])[checkpoint.id]
    standing = binding.standing(places)
    checkpoint.state = exits.state_by_place(standing.status if standing else None).value
    ctx.session.flush()
