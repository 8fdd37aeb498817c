"""作废: a review takes an accepted record out of everything that it counted for (domain.md §0, Inspection)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.accounts.queries import accounts_of_same_people, get_one, visible
from inspection_api.core.errors import Problem
from inspection_api.core.permissions import Action, Permission
from inspection_api.inspections import rules
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import State
from inspection_api.tasks import service as tasks

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Select

    from inspection_api.core.context import Context

REVIEW = Permission(Action.EVIDENCE, "review")


def void(ctx: Context, inspection_id: UUID, *, reason: str) -> Inspection:
    """Void an accepted or extra record: it stays readable, and counts no more.

    The earliest other visit that can takes its place at the task, else the task waits again or is missed. The event
    voids what was printed; months that are closed get dated adjustments.

    Raises:
        NotFound: out of scope.
        OwnRecord: the actor inspected, under whatever account.
        RecordNotVoidable: it does not count, or no longer.
    """
    reached = _reached(ctx, inspection_id)
    seen = get_one(ctx.session, reached)
    where = {"checkpoint_id": seen.checkpoint_id, "inspection_id": seen.id}
    concerned = tasks.lock_concerned(ctx, **where)
    again = reached.with_for_update(key_share=True).execution_options(populate_existing=True)
    record = get_one(ctx.session, again)
    _ensure_voidable(ctx, record)
    record.state, record.void_reason = State.VOIDED, reason
    record.voided_by, record.voided_at = ctx.user_id, ctx.now
    ctx.session.flush()
    tasks.forget_visit(ctx, concerned, **where)
    ctx.record(
        "inspection.voided",
        inspection_id=str(record.id),
        checkpoint_id=str(record.checkpoint_id),
        organisation_id=str(record.organisation_id),
        officer_id=str(record.officer_id),
    )
    return record


def may_void(ctx: Context, record: Inspection) -> bool:
    """Tell whether the actor could void a record that he reads, as it stands."""
    if not ctx.actor.may(REVIEW) or ctx.session.scalars(_reached(ctx, record.id)).one_or_none() is None:
        return False
    try:
        _ensure_voidable(ctx, record)
    except Problem:
        return False
    return True


def _reached(ctx: Context, inspection_id: UUID) -> Select[Inspection]:
    in_reach = visible(Inspection, "inspection", ctx.actor, REVIEW)
    return select(Inspection).where(Inspection.id == inspection_id, in_reach)


def _ensure_voidable(ctx: Context, record: Inspection) -> None:
    barred = accounts_of_same_people(ctx.session, [record.officer_id])[record.officer_id]
    rules.ensure_voidable(State(record.state), decider_id=ctx.user_id, barred=barred)
