"""Acting for an officer who is not there: his operations are judged later as they would have been in his push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.accounts import queries as account_queries
from inspection_api.core.context import Actor
from inspection_api.core.periods import local_day

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context


def as_officer(ctx: Context, officer_id: UUID) -> Context:
    """Return the transaction on behalf of the officer, with the roles that he holds today."""
    held = account_queries.assignments_on(ctx.session, [officer_id], local_day(ctx.now))
    return ctx.acting_as(Actor(user_id=officer_id, assignments=held.get(officer_id, ())))
