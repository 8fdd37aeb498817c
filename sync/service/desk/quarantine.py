"""Deciding a quarantined operation: it counts after all, or never (sync.md §4, domain.md §0)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update

from inspection_api.accounts.queries import get_one, in_subtree, organisation_paths
from inspection_api.inspections import service as inspections
from inspection_api.inspections.rules import ensure_may_decide
from kiosk_print import queries as papers
from sync import queries
from sync.errors import QuarantineDecided
from sync.models import SyncQuarantine
from sync.protocol import desk
from sync.protocol.amend import AmendmentWrite
from sync.protocol.envelope import decode_operation
from sync.service import receipts, writing
from sync.service.behalf import as_officer
from sync.service.desk import reading
from sync.service.judging import judge_again

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from sync.service.desk.reading import QuarantineView


def accept(ctx: Context, op_id: UUID, *, reason: str) -> QuarantineView:
    """Let a quarantined operation count: a visit as it stands, anything else by judging it again without its reasons.

    Raises:
        NotFound: out of scope.
        OwnRecord: it is the actor's own.
        QuarantineDecided, NotQuarantined: it no longer waits.
        NotAcceptable: even so it could have no effect.
        RecordLocked, RecordClosed, AnswersInvalid: as an amendment, its record does not take it; it goes on waiting.
    """
    row = _decide(ctx, op_id, "accepted", reason)
    if row.raw is None:
        inspections.accept_quarantined(ctx, row.entity_id)
    else:
        _judge_accepted(ctx, row, row.raw)
    return _told(ctx, row)


def refuse(ctx: Context, op_id: UUID, *, reason: str) -> QuarantineView:
    """Refuse a quarantined operation: it is kept, with its reasons, and never counts.

    Raises:
        NotFound: out of scope.
        OwnRecord: it is the actor's own.
        QuarantineDecided, NotQuarantined: it no longer waits.
    """
    row = _decide(ctx, op_id, "refused", reason)
    if row.raw is None:
        inspections.refuse_quarantined(ctx, row.entity_id)
    return _told(ctx, row)


def _decide(ctx: Context, op_id: UUID, state: str, reason: str) -> SyncQuarantine:
    """Take the decision on an operation that waits, after locking its device: the first of every writer's locks."""
    in_scope = in_subtree(SyncQuarantine.organisation_id, ctx.actor.paths(desk.DECIDE))
    row = get_one(ctx.session, select(SyncQuarantine).where(SyncQuarantine.op_id == op_id, in_scope))
    ensure_may_decide(ctx.user_id, row.officer_id)
    queries.lock_position(ctx.session, row.device_id)
    statement = (
        update(SyncQuarantine)
        .where(SyncQuarantine.op_id == op_id, SyncQuarantine.state == "open")
        .values(state=state, decided_by=ctx.user_id, decided_at=ctx.now, reason=reason)
        .returning(SyncQuarantine.op_id)
    )
    decided = ctx.session.execute(statement).one_or_none()
    ctx.session.refresh(row)
    if decided is None:
        raise _decided_before(ctx, row)
    return row


def _decided_before(ctx: Context, row: SyncQuarantine) -> QuarantineDecided:
    winner = next(iter(papers.people(ctx.session, [row.decided_by]).values()), None)
    return QuarantineDecided(
        f"该操作已由{winner.name}处理" if winner else "",
        state=row.state,
        decided_by=str(winner.id) if winner else None,
        decided_by_name=winner.name if winner else None,
    )


def _judge_accepted(ctx: Context, row: SyncQuarantine, raw: bytes) -> None:
    """Judge an operation again in its officer's name, as of when it came, with nothing left that speaks against it."""
    inspections.find_locked(ctx, row.entity_id)
    device = queries.get_kept_device(ctx.session, row.device_id, row.received_at)
    officer = as_officer(ctx, row.officer_id)
    (judged,) = judge_again(officer, device, [decode_operation(raw)], are_accepted=True)
    desk.ensure_effective(judged.verdict)
    if isinstance(judged.write, AmendmentWrite):
        path = organisation_paths(ctx.session, [row.organisation_id])[row.organisation_id]
        desk.ensure_may_amend(ctx.actor, path)
        inspections.amend(ctx, judged.write.amendment)
        writing.declare_further(ctx, judged.write.media)


def _told(ctx: Context, row: SyncQuarantine) -> QuarantineView:
    """Record the decision and tell the officer's devices."""
    ctx.record(
        f"quarantine.{row.state}",
        op_id=str(row.op_id),
        entity_id=str(row.entity_id),
        organisation_id=str(row.organisation_id),
        officer_id=str(row.officer_id),
        type=row.type,
        codes=row.codes,
    )
    receipts.tell_decisions(ctx, [row])
    return reading.quarantined(ctx, row.op_id)
