"""作废: a review takes an accepted record out of everything that it counted for (domain.md §0, Inspection)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.accounts.queries import accounts_of_same_people, get_one, visible
from inspection_api.core.permissions import Action, Permission
from inspection_api.inspections import rules
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import State
from inspection_api.tasks import service as tasks

if TYPE_CHECKING:
    from uuid import UUID

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
    reached = select(Inspection).where(
        Inspection.id == inspection_id, visible(Inspection, "inspection", ctx.actor, REVIEW)
    )
    seen = get_one(ctx.session, reached)
    where = {"checkpoint_id": seen.checkpoint_id, "inspection_id": seen.id}
    concerned = tasks.lock_concerned(ctx, **where)
    again = reached.with_for_update(key_share=True).execution_options(populate_existing=True)
    record = get_one(ctx.session, again)
    barred = accounts_of_same_people(ctx.session, [record.officer_id])[record.officer_id]
    rules.ensure_voidable(State(record.state), decider_id=ctx.user_id, barred=barred)
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
