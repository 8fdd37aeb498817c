"""Whoever printed a wrong paper asks that it be voided; a manager who has no part in it decides, once (§2.3, §6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.accounts.queries import installation_of
from inspection_api.calendars.queries import load_calendar
from inspection_api.inspections.models import Inspection
from kiosk_print import queries
from kiosk_print.errors import IdempotencyKeyReused, VoidDecided
from kiosk_print.models import VoidRequest
from kiosk_print.rules import voiding
from kiosk_print.rules.unlock import ensure_other_device
from kiosk_print.rules.voiding import VoidStatus
from kiosk_print.service.reserving import PRINT
from kiosk_print.service.void_circles import VOID, record_void, tell_of_voids
from kiosk_print.service.voids import ensure_may_void, sheets_of, void

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from kiosk_print.models import PaperPrint
    from kiosk_print.service.voids import Sheets


def request_void(ctx: Context, print_id: UUID, *, reason_code: str, reason: str, idempotency_key: str) -> VoidRequest:
    """Ask that a print be voided with all that share its number; the same key again answers the same request.

    Raises:
        NotFound: the print is out of scope. IdempotencyKeyReused: the key belongs to another print's request.
        VoidReasonInvalid: too few words. VoidRequested: somebody asked already.
        NotVoidable: it is superseded or voided already.
    """
    row = queries.get_print(ctx.session, ctx.actor, print_id, PRINT)
    queries.lock_inspection(ctx.session, ctx.actor, row.inspection_id, PRINT)
    known = queries.find_void_request_by_key(ctx.session, ctx.user_id, idempotency_key)
    if known is not None:
        return _same(known, print_id)
    ctx.session.refresh(row)
    words = voiding.ensure_void_reason(reason)
    pending = queries.find_open_void_request(ctx.session, row.number)
    voiding.ensure_requestable(row.status, open_request_id=pending.id if pending else None)
    request = _row(ctx, row, reason_code, words, idempotency_key)
    ctx.session.add(request)
    ctx.session.flush()
    tell_of_voids(ctx, "void.requested", [request])
    return request


def _same(known: VoidRequest, print_id: UUID) -> VoidRequest:
    if known.print_id != print_id:
        raise IdempotencyKeyReused
    return known


def _row(ctx: Context, row: PaperPrint, reason_code: str, reason: str, key: str) -> VoidRequest:
    return VoidRequest(
        inspection_id=row.inspection_id,
        organisation_id=row.organisation_id,
        print_id=row.id,
        number=row.number,
        requested_by=ctx.user_id,
        requested_at=ctx.now,
        idempotency_key=key,
        installation_id=ctx.actor.installation_id,
        reason_code=reason_code,
        reason=reason,
        escalates_at=voiding.escalates_at(ctx.now, load_calendar(ctx.session)),
        status=VoidStatus.PENDING,
    )


def decide_void(ctx: Context, request_id: UUID, *, approved: bool, reason: str = "") -> VoidRequest:
    """Approve, which voids the print with its copies, or reject with a reason; the first decision stands.

    Raises:
        NotFound: the request is out of scope. VoidDecided: somebody was faster, it was withdrawn, or the paper ended.
        OwnPrint: the actor asked, inspected, or printed, by whichever of his accounts. SameDevice: the request was
            made, or the visit, where he acts now. VoidReasonInvalid: a rejection without a reason.
    """
    in_scope = queries.visible_inspections(ctx.actor, VOID).with_only_columns(Inspection.id)
    wanted = (VoidRequest.id == request_id) & VoidRequest.inspection_id.in_(in_scope)
    found = queries.get_void_request(ctx.session, wanted)
    inspection = queries.lock_inspection(ctx.session, ctx.actor, found.inspection_id, VOID)
    request = queries.get_void_request(ctx.session, wanted, lock=True)
    _ensure_open(ctx, request)
    sheets = sheets_of(ctx, inspection, queries.get_print(ctx.session, ctx.actor, request.print_id, VOID))
    ensure_may_void(ctx, sheets, request.requested_by)
    phone = installation_of(ctx.session, inspection.device_id)
    ensure_other_device(ctx.actor.installation_id, (request.installation_id, phone))
    request.decision_reason = voiding.ensure_comment(reason, approved=approved)
    request.status = VoidStatus.APPROVED if approved else VoidStatus.REJECTED
    request.decided_by, request.decided_at = ctx.user_id, ctx.now
    ctx.session.flush()
    if approved:
        _void(ctx, request, sheets)
    record_void(ctx, f"void.{request.status}", request)
    return request


def _ensure_open(ctx: Context, request: VoidRequest) -> None:
    """Compare-and-set: only a pending request is decided or withdrawn."""
    if request.status == VoidStatus.PENDING:
        return
    winner = queries.people(ctx.session, [request.decided_by]).get(request.decided_by) if request.decided_by else None
    raise VoidDecided(
        f"该申请已由{winner.name}处理" if winner else "",
        current=request.status,
        decided_by=str(winner.id) if winner else None,
        decided_by_name=winner.name if winner else None,
    )


def _void(ctx: Context, request: VoidRequest, sheets: Sheets) -> None:
    """Void what was asked for; whoever asked hears of his request instead."""
    reason = voiding.void_words(request.reason_code, request.reason)
    void(ctx, sheets, reason=reason, concerned=sheets.people - {request.requested_by})


def withdraw_void(ctx: Context, request_id: UUID) -> VoidRequest:
    """Take back one's own request.

    Raises:
        NotFound: it is not the actor's. VoidDecided: it is no longer open.
    """
    own = (VoidRequest.id == request_id) & (VoidRequest.requested_by == ctx.user_id)
    request = queries.get_void_request(ctx.session, own, lock=True)
    _ensure_open(ctx, request)
    request.status, request.decided_at = VoidStatus.WITHDRAWN, ctx.now
    ctx.session.flush()
    tell_of_voids(ctx, "void.withdrawn", [request])
    return request
