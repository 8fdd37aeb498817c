"""Which of the open unlock requests somebody may decide now, in a constant number of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.accounts.queries import in_subtree
from inspection_api.inspections.models import Inspection
from kiosk_print import queries
from kiosk_print.models import UnlockRequest
from kiosk_print.rules.unlock import RequestStatus
from kiosk_print.service.state import Case, circles_of
from kiosk_print.service.unlocks import APPROVE

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context


def decidable(ctx: Context) -> list[UUID]:
    """Return the ids of the requests for which :func:`decide_unlock` would let the actor decide."""
    in_scope = in_subtree(UnlockRequest.organisation_id, ctx.actor.paths(APPROVE))
    statement = (
        select(UnlockRequest, Inspection)
        .join(Inspection, Inspection.id == UnlockRequest.inspection_id)
        .where(UnlockRequest.status == RequestStatus.PENDING, UnlockRequest.expires_at > ctx.now, in_scope)
        .where(Inspection.state != "voided")
    )
    pending = ctx.session.execute(statement).all()
    known = queries.requests_of(ctx.session, [inspection.id for _, inspection in pending])
    cases = [
        Case(inspection=inspection, requests=known[inspection.id], request=request) for request, inspection in pending
    ]
    return [
        request.id
        for (request, _), circle in zip(pending, circles_of(ctx, cases), strict=True)
        if ctx.user_id in {each.user_id for each in circle.deciders}
    ]
