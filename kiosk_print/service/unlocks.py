"""Unlocks: asked by the inspector or a manager, decided by a superior who is neither, once (domain.md §2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, update

from inspection_api.accounts import service as accounts
from inspection_api.accounts.queries import in_subtree, installation_of
from inspection_api.calendars.queries import load_calendar
from inspection_api.core.errors import NotFound, Problem
from inspection_api.core.ids import new_id
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among
from inspection_api.inspections.models import Inspection
from kiosk_print import queries
from kiosk_print.errors import PaperVoided, UnlockDecided, UnlockIdReused
from kiosk_print.models import PaperWindow, UnlockRequest
from kiosk_print.rules import unlock
from kiosk_print.rules.unlock import RequestStatus, UnlockAsked
from kiosk_print.rules.window import open_window
from kiosk_print.service.state import Case, circles_of, find_pending, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import ColumnElement

    from inspection_api.calendars.rules import Calendar
    from inspection_api.core.context import Context
    from kiosk_print.rules.unlock import Candidate, Terms

REQUEST = Permission(Action.UNLOCK, "request")
APPROVE = Permission(Action.UNLOCK, "approve")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Folder:
    """What the requests of one call are judged by; it grows with each that is made."""

    inspections: dict[UUID, Inspection]
    windows: dict[UUID, list[PaperWindow]]
    requests: dict[UUID, list[UnlockRequest]]
    taken: set[UUID]
    calendar: Calendar


def request_unlock(ctx: Context, inspection_id: UUID, *, reason_code: str, reason: str) -> UnlockRequest:
    """Ask for another print window.

    Raises:
        NotFound: the visit is out of scope.
        UnlockReasonInvalid: no known reason, or too few words.
        NotLocked: the window is still open. UnlockRequested: somebody asked already.
        PaperNotReady, PaperVoided: there is no paper.
    """
    asked = UnlockAsked(id=new_id(), inspection_id=inspection_id, reason_code=reason_code, reason=reason)
    (outcome,) = request_unlocks(ctx, [asked])
    if isinstance(outcome, Problem):
        raise outcome
    return outcome


def request_unlocks(ctx: Context, asked: Sequence[UnlockAsked]) -> list[UnlockRequest | Problem]:
    """Ask for any number of print windows in the same number of statements; return what became of each, in order.

    A refusal is what :func:`request_unlock` raises, or UnlockIdReused: the id belongs to another record's request.
    """
    if not asked:
        return []
    folder = _open_folder(ctx, asked)
    known = set(folder.taken)
    outcomes = [_judge(ctx, folder, each) for each in asked]
    made = [each for each in outcomes if isinstance(each, UnlockRequest) and each.id not in known]
    made = list({each.id: each for each in made}.values())
    ctx.session.add_all(made)
    ctx.session.flush()
    officers = {each.id: each.officer_id for each in folder.inspections.values()}
    accounts.grant(ctx, [(officers[each.inspection_id], "unlock_request", each.id) for each in made])
    if made:
        tell(ctx, "unlock.requested", made, folder.inspections, folder.requests)
    return outcomes


def _open_folder(ctx: Context, asked: Sequence[UnlockAsked]) -> _Folder:
    ids = {each.inspection_id for each in asked}
    visible = queries.visible_inspections(ctx.actor, REQUEST).where(among(Inspection.id, ids))
    inspections = {each.id: each for each in ctx.session.scalars(visible)}
    windows = queries.windows_of(ctx.session, inspections, lock=True)
    expire_overdue(ctx, among(UnlockRequest.inspection_id, inspections))
    same_ids = select(UnlockRequest.id).where(among(UnlockRequest.id, {each.id for each in asked}))
    return _Folder(
        inspections=inspections,
        windows=windows,
        requests=queries.requests_of(ctx.session, inspections),
        taken=set(ctx.session.scalars(same_ids)),
        calendar=load_calendar(ctx.session),
    )


def _judge(ctx: Context, folder: _Folder, asked: UnlockAsked) -> UnlockRequest | Problem:
    """Return the request, made or known, or why there is none."""
    try:
        return _made(ctx, folder, asked)
    except Problem as refusal:
        return refusal


def _made(ctx: Context, folder: _Folder, asked: UnlockAsked) -> UnlockRequest:
    inspection = folder.inspections.get(asked.inspection_id)
    if inspection is None:
        raise NotFound
    code = unlock.ensure_reason(asked.reason_code, asked.reason)
    windows, requests = folder.windows[inspection.id], folder.requests[inspection.id]
    known = next((each for each in requests if each.id == asked.id), None)
    if known is not None:
        return known
    if asked.id in folder.taken:
        raise UnlockIdReused
    pending = find_pending(requests, ctx.now)
    state = state_of(ctx, inspection, windows, requests)
    unlock.ensure_requestable(state, open_request_id=pending.id if pending else None)
    request = UnlockRequest(
        id=asked.id,
        inspection_id=inspection.id,
        organisation_id=inspection.organisation_id,
        window_number=windows[-1].number,
        requested_by=ctx.user_id,
        requested_at=ctx.now,
        expires_at=unlock.expires_at(ctx.now, folder.calendar),
        reason_code=code,
        reason=asked.reason.strip(),
        status=RequestStatus.PENDING,
        climbs=0,
        climbs_at=unlock.next_climb(ctx.now, 0, folder.calendar),
        installation_id=ctx.actor.installation_id,
    )
    requests.append(request)
    folder.taken.add(request.id)
    return request


def expire_overdue(ctx: Context, *which: ColumnElement[bool]) -> Sequence[UnlockRequest]:
    """Let requests past their ten workdays stand in nobody's way, and return them; the sweep takes all of them."""
    expired = ctx.session.scalars(
        update(UnlockRequest)
        .where(UnlockRequest.status == RequestStatus.PENDING, UnlockRequest.expires_at <= ctx.now, *which)
        .values(status=RequestStatus.EXPIRED, decided_at=ctx.now)
        .returning(UnlockRequest)
    ).all()
    if expired:
        tell_about(ctx, "unlock.expired", expired)
    return expired


def decide_unlock(
    ctx: Context, request_id: UUID, *, approved: bool, days: int | None = None, reason: str = ""
) -> UnlockRequest:
    """Approve (a new window of 1–7 days) or reject; the first decision stands.

    Raises:
        NotFound: the request is out of scope.
        OwnAffair: the actor asked, inspected, or gave the opinion, by whichever of his accounts. SameDevice: that was
            done where he acts now. UnlockNotYours: another level decides.
        UnlockDecided: somebody was faster, it was withdrawn, or it has expired.
        UnlockTermsInvalid: days outside 1–7, or a rejection without a reason.
    """
    in_scope = in_subtree(UnlockRequest.organisation_id, ctx.actor.paths(APPROVE))
    request = queries.lock_request(ctx.session, (UnlockRequest.id == request_id) & in_scope)
    _ensure_undecided(ctx, request)
    inspection = ctx.session.get_one(Inspection, request.inspection_id)
    if inspection.state == "voided":
        raise PaperVoided
    requests = queries.requests_of(ctx.session, [inspection.id])[inspection.id]
    (circle,) = circles_of(ctx, [Case(inspection=inspection, requests=requests, request=request)])
    unlock.ensure_may_decide(ctx.user_id, circle.deciders, barred=circle.barred)
    phone = installation_of(ctx.session, inspection.device_id)
    unlock.ensure_other_device(ctx.actor.installation_id, (request.installation_id, phone))
    terms = unlock.decide_terms(approved=approved, days=days, reason=reason)
    _apply(ctx, request, terms)
    if terms.approved:
        _give_back(ctx, inspection, requests)
    _record(ctx, "unlock.approved" if terms.approved else "unlock.rejected", request, inspection.officer_id)
    return request


def _ensure_undecided(ctx: Context, request: UnlockRequest) -> None:
    """Compare-and-set: only a pending request that has not expired is decided."""
    if unlock.is_open(request.status, request.expires_at, ctx.now):
        return
    status = RequestStatus.EXPIRED if request.status == RequestStatus.PENDING else RequestStatus(request.status)
    names = queries.people(ctx.session, [request.decided_by])
    winner = names.get(request.decided_by) if request.decided_by else None
    raise UnlockDecided(
        f"该申请已由{winner.name}处理" if winner else "",
        current=status.value,
        decided_by=str(winner.id) if winner else None,
        decided_by_name=winner.name if winner else None,
    )


def _apply(ctx: Context, request: UnlockRequest, terms: Terms) -> None:
    request.status = RequestStatus.APPROVED if terms.approved else RequestStatus.REJECTED
    request.decided_by, request.decided_at = ctx.user_id, ctx.now
    request.decision_reason, request.days = terms.reason or None, terms.days or None
    ctx.session.flush()
    if terms.approved:
        _open_next(ctx, request, terms.days)


def _open_next(ctx: Context, request: UnlockRequest, days: int) -> None:
    window = open_window(request.window_number + 1, ctx.now, days)
    ctx.session.add(
        PaperWindow(
            inspection_id=request.inspection_id,
            number=window.number,
            opens_at=window.opens_at,
            closes_at=window.closes_at,
            unlock_request_id=request.id,
        )
    )
    ctx.session.flush()
    ctx.session.execute(
        update(Inspection)
        .where(Inspection.id == request.inspection_id)
        .values(print_opens_at=window.opens_at, print_closes_at=window.closes_at)
    )


def _give_back(ctx: Context, inspection: Inspection, requests: Sequence[UnlockRequest]) -> None:
    """Let the officer hold a record and its paper again if his devices dropped them, finished: now they may change."""
    held = [("inspection", inspection.id), *(("unlock_request", request.id) for request in requests)]
    held += [("paper", each.id) for each in queries.prints(ctx.session, inspection.id)]
    accounts.grant(ctx, [(inspection.officer_id, entity, id_) for entity, id_ in held])


def withdraw_unlock(ctx: Context, request_id: UUID) -> UnlockRequest:
    """Take back one's own request.

    Raises:
        NotFound: it is not the actor's.
        UnlockDecided: it is no longer open.
    """
    own = UnlockRequest.requested_by == ctx.user_id
    request = queries.lock_request(ctx.session, (UnlockRequest.id == request_id) & own)
    _ensure_undecided(ctx, request)
    request.status, request.decided_at = RequestStatus.WITHDRAWN, ctx.now
    ctx.session.flush()
    tell_about(ctx, "unlock.withdrawn", [request])
    return request


def tell_about(ctx: Context, kind: str, requests: Sequence[UnlockRequest]) -> None:
    """Record what happened to requests, each with those who could decide it, in five statements."""
    ids = {each.inspection_id for each in requests}
    inspections = {each.id: each for each in ctx.session.scalars(select(Inspection).where(among(Inspection.id, ids)))}
    tell(ctx, kind, requests, inspections, queries.requests_of(ctx.session, ids))


def tell(
    ctx: Context,
    kind: str,
    requests: Sequence[UnlockRequest],
    inspections: Mapping[UUID, Inspection],
    known: Mapping[UUID, Sequence[UnlockRequest]],
) -> None:
    """Record what happened to requests, each with those who could decide it, in three statements."""
    cases = [
        Case(inspection=inspections[each.inspection_id], requests=known[each.inspection_id], request=each)
        for each in requests
    ]
    for request, circle in zip(requests, circles_of(ctx, cases), strict=True):
        _record(ctx, kind, request, inspections[request.inspection_id].officer_id, circle.deciders)


def _record(
    ctx: Context, kind: str, request: UnlockRequest, officer_id: UUID, deciders: Sequence[Candidate] = ()
) -> None:
    until = open_window(request.window_number + 1, ctx.now, request.days).closes_at if request.days else None
    more = {"closes_at": until.isoformat()} if until else {}
    ctx.record(kind, **facts_of(request, officer_id), **more, deciders=[str(each.user_id) for each in deciders])


def facts_of(request: UnlockRequest, officer_id: UUID) -> dict[str, str]:
    """Return what every event of a request says: it, its record, and whom it concerns."""
    return {
        "request_id": str(request.id),
        "inspection_id": str(request.inspection_id),
        "organisation_id": str(request.organisation_id),
        "requested_by": str(request.requested_by),
        "officer_id": str(officer_id),
        "reason_code": request.reason_code,
    }
