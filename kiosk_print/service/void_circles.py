"""Requests to void: whose they are now, whom each step names, and how they end when the paper ends otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from inspection_api.accounts.queries import accounts_of_same_people, in_subtree
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission, Reach, reach
from inspection_api.core.tables import among
from kiosk_print import queries
from kiosk_print.models import VoidRequest
from kiosk_print.rules.unlock import MANAGER_LEVELS
from kiosk_print.rules.voiding import VoidStatus, void_deciders

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from uuid import UUID

    from sqlalchemy import ColumnElement

    from inspection_api.core.context import Context
    from kiosk_print.rules.unlock import Candidate

VOID = Permission(Action.PAPERS, "void")
VOIDERS = tuple(role for role in MANAGER_LEVELS if reach(role, VOID) is Reach.SUBTREE)
_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidCircle:
    """Who decides a request now, and who was told of it last: requester, inspector and printers never are.

    Of these all accounts are barred that have their staff numbers.
    """

    deciders: tuple[Candidate, ...]
    told: tuple[Candidate, ...]


def circles_of_voids(ctx: Context, requests: Sequence[VoidRequest]) -> list[VoidCircle]:
    """Return the circle of each request, in the same three statements whatever their number; none for none."""
    if not requests:
        return []
    places = {each.organisation_id for each in requests}
    candidates = queries.candidates(ctx.session, places, local_day(ctx.now), VOIDERS)
    parties = queries.void_parties(ctx.session, [each.id for each in requests])
    accounts = accounts_of_same_people(ctx.session, set().union(*parties.values()))
    circles = []
    for each in requests:
        barred = frozenset().union(*(accounts[who] for who in parties[each.id]))
        decide = partial(void_deciders, candidates[each.organisation_id], barred=barred)
        escalated = ctx.now >= each.escalates_at
        circles.append(
            VoidCircle(deciders=decide(is_escalated=escalated), told=decide(is_escalated=each.escalated_at is not None))
        )
    return circles


def decidable_voids(ctx: Context) -> list[UUID]:
    """Return the ids of the open requests that are the actor's to decide now."""
    in_scope = in_subtree(VoidRequest.organisation_id, ctx.actor.paths(VOID))
    return [id_ for id_, deciders in _deciders(ctx, in_scope).items() if ctx.user_id in deciders]


def deciders_of_voids(ctx: Context, ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Return who decides each of the requests that are open."""
    return _deciders(ctx, among(VoidRequest.id, ids)) if ids else {}


def _deciders(ctx: Context, which: ColumnElement[bool]) -> dict[UUID, list[UUID]]:
    pending = ctx.session.scalars(select(VoidRequest).where(VoidRequest.status == VoidStatus.PENDING, which)).all()
    circles = zip(pending, circles_of_voids(ctx, pending), strict=True)
    return {each.id: [one.user_id for one in circle.deciders] for each, circle in circles}


def tell_of_voids(ctx: Context, kind: str, requests: Sequence[VoidRequest]) -> None:
    """Record what happened to requests, each with those who could decide it."""
    for each, circle in zip(requests, circles_of_voids(ctx, requests), strict=True):
        record_void(ctx, kind, each, deciders=circle.deciders)


def record_void(ctx: Context, kind: str, request: VoidRequest, deciders: Sequence[Candidate] = (), **more: str) -> None:
    """Record one step of a request: it, its paper, and whom it concerns."""
    ctx.record(
        kind,
        request_id=str(request.id),
        inspection_id=str(request.inspection_id),
        organisation_id=str(request.organisation_id),
        print_id=str(request.print_id),
        number=request.number,
        requested_by=str(request.requested_by),
        reason_code=request.reason_code,
        deciders=[str(each.user_id) for each in deciders],
        **more,
    )


def overtake(ctx: Context, inspection_ids: Collection[UUID]) -> None:
    """Close the open requests of records whose papers have ended otherwise; nobody needs to decide them any more."""
    closed = ctx.session.scalars(
        update(VoidRequest)
        .where(among(VoidRequest.inspection_id, inspection_ids), VoidRequest.status == VoidStatus.PENDING)
        .values(status=VoidStatus.OVERTAKEN, decided_at=ctx.now)
        .returning(VoidRequest)
    ).all()
    tell_of_voids(ctx, "void.overtaken", closed)


def escalate_voids(ctx: Context) -> int:
    """Tell the next level of requests that nobody has decided in two workdays, once; return how many were due.

    Whose they are follows from the clock alone. Where nobody is left above, nobody is told.
    """
    statement = (
        select(VoidRequest)
        .where(VoidRequest.status == VoidStatus.PENDING)
        .where(VoidRequest.escalated_at.is_(None), VoidRequest.escalates_at <= ctx.now)
        .order_by(VoidRequest.escalates_at, VoidRequest.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    due = ctx.session.scalars(statement).all()
    for each, circle in zip(due, circles_of_voids(ctx, due), strict=True):
        _tell_above(ctx, each, circle)
        each.escalated_at = ctx.now
    ctx.session.flush()
    return len(due)


def _tell_above(ctx: Context, request: VoidRequest, circle: VoidCircle) -> None:
    newly = [each for each in circle.deciders if each not in circle.told]
    if newly:
        level = max(each.level for each in newly).name.lower()
        record_void(ctx, "void.escalated", request, newly, level=level)
