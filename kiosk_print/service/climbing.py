"""Undecided unlock requests climb to the next level after two workdays: here people are told (domain.md §2.2, SLA).

Who may decide follows from the clock alone (`rules/unlock.py`); this writes the step down once, however late.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.calendars.queries import load_calendar
from inspection_api.core.tables import among
from inspection_api.inspections.models import Inspection
from kiosk_print import queries
from kiosk_print.models import UnlockRequest
from kiosk_print.rules import unlock
from kiosk_print.rules.unlock import RequestStatus
from kiosk_print.service.state import Case, circles_of
from kiosk_print.service.unlocks import facts_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from kiosk_print.service.state import Circle

_BATCH = 200


def climb(ctx: Context) -> int:
    """Record whoever may decide now and could not before, once per climb; return how many requests were due.

    After a standstill all climbs that were missed are one step. What has expired, or whose visit was voided, climbs no
    more; where nobody is left above, nobody is told.
    """
    due = _due(ctx)
    if not due:
        return 0
    known = queries.requests_of(ctx.session, {inspection.id for _, inspection in due})
    cases = [Case(inspection=inspection, requests=known[inspection.id], request=request) for request, inspection in due]
    calendar = load_calendar(ctx.session)
    for case, circle in zip(cases, circles_of(ctx, cases), strict=True):
        if case.request is not None:
            _tell(ctx, case.inspection, case.request, circle)
            case.request.climbs = circle.climbs
            case.request.climbs_at = unlock.next_climb(case.request.requested_at, circle.climbs, calendar)
    ctx.session.flush()
    return len(due)


def _due(ctx: Context) -> Sequence[tuple[UnlockRequest, Inspection]]:
    statement = (
        select(UnlockRequest)
        .where(UnlockRequest.status == RequestStatus.PENDING, UnlockRequest.climbs_at <= ctx.now)
        .where(UnlockRequest.expires_at > ctx.now)
        .where(UnlockRequest.inspection_id.not_in(select(Inspection.id).where(Inspection.state == "voided")))
        .order_by(UnlockRequest.climbs_at, UnlockRequest.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    requests = ctx.session.scalars(statement).all()
    ids = {each.inspection_id for each in requests}
    inspections = {each.id: each for each in ctx.session.scalars(select(Inspection).where(among(Inspection.id, ids)))}
    return [(each, inspections[each.inspection_id]) for each in requests]


def _tell(ctx: Context, inspection: Inspection, request: UnlockRequest, circle: Circle) -> None:
    told = {each.user_id for each in circle.told}
    newly = [each for each in circle.deciders if each.user_id not in told]
    if newly:
        ctx.record(
            "unlock.escalated",
            **facts_of(request, inspection.officer_id),
            level=max(each.level for each in newly).name.lower(),
            deciders=[str(each.user_id) for each in newly],
        )
