"""Who may decide which of the open unlock requests now, in a constant number of statements."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, select

from inspection_api.accounts.queries import in_subtree
from inspection_api.core.tables import among
from inspection_api.inspections.models import Inspection
from kiosk_print import queries
from kiosk_print.models import UnlockRequest
from kiosk_print.rules.unlock import RequestStatus
from kiosk_print.service.state import Case, circles_of
from kiosk_print.service.unlocks import APPROVE

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from inspection_api.core.context import Context


def unlock_waits(ctx: Context) -> ColumnElement[bool]:
    """Return the condition that a request, joined to its record, waits for somebody's decision."""
    pending = and_(UnlockRequest.status == RequestStatus.PENDING, UnlockRequest.expires_at > ctx.now)
    return and_(pending, Inspection.state != "voided")


def decidable(ctx: Context) -> list[UUID]:
    """Return the ids of the requests for which :func:`decide_unlock` would let the actor decide."""
    in_scope = in_subtree(UnlockRequest.organisation_id, ctx.actor.paths(APPROVE))
    return [id_ for id_, deciders in _deciders(ctx, in_scope).items() if ctx.user_id in deciders]


def deciders_of_requests(ctx: Context, ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return who decides each of the requests that are open."""
    return _deciders(ctx, among(UnlockRequest.id, ids)) if ids else {}


def _deciders(ctx: Context, which: ColumnElement[bool]) -> dict[UUID, list[UUID]]:
    statement = (
        select(UnlockRequest, Inspection)
        .join(Inspection, Inspection.id == UnlockRequest.inspection_id)
        .where(which, unlock_waits(ctx))
    )
    pending = ctx.session.execute(statement).all()
    known = queries.requests_of(ctx.session, [inspection.id for _, inspection in pending])
    cases = [
        Case(inspection=inspection, requests=known[inspection.id], request=request) for request, inspection in pending
    ]
    return {
        request.id: [each.user_id for each in circle.deciders]
        for (request, _), circle in zip(pending, circles_of(ctx, cases), strict=True)
    }
