"""Reads of campaigns (专项检查): whom they find, and how far they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, select

from checkpoints.models import Checkpoint
from checkpoints.queries import FILTERS as POINTS
from checkpoints.rules.lifecycle import State as Lifecycle
from checkpoints.rules.lifecycle import is_in_force
from inspection_api.accounts.models import UserAccount
from inspection_api.accounts.queries import in_subtree
from inspection_api.customers.queries import at_or_below
from inspection_api.loans.models import Loan
from inspection_api.tasks.models import Campaign, Task
from inspection_api.tasks.queries.reading import READ

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor
    from inspection_api.core.permissions import Permission


class OfficerCount(NamedTuple):
    """How many checkpoints one officer has; None stands for nobody."""

    officer_id: UUID | None
    officer_name: str | None
    tasks: int


def campaigns_of(actor: Actor, permission: Permission = READ) -> Select[Campaign]:
    """Return the campaigns of the organisations of the actor's subtrees."""
    return select(Campaign).where(in_subtree(Campaign.organisation_id, actor.paths(permission)))


def matching(organisation_id: UUID, filters: Mapping[str, Any]) -> Select[Checkpoint]:
    """Return the checkpoints in force at or below an organisation, narrowed by `CAMPAIGN_FILTERS`."""
    in_force = [state.value for state in Lifecycle if is_in_force(state)]
    statement = select(Checkpoint).where(
        at_or_below(Checkpoint.organisation_id, organisation_id),
        Checkpoint.archived_at.is_(None),
        Checkpoint.state.in_(in_force),
    )
    return statement.where(*(CAMPAIGN_FILTERS[name](value) for name, value in filters.items()))


def missing(campaign: Campaign) -> Select[Checkpoint]:
    """Return the checkpoints of a campaign that have no task of it yet."""
    made = select(Task.checkpoint_id).where(Task.campaign_id == campaign.id)
    return matching(campaign.organisation_id, campaign.filters).where(Checkpoint.id.not_in(made))


def _classified(value: str) -> ColumnElement[bool]:
    """Return the condition that the checkpoint's customer has a loan of this class (五级分类)."""
    return Checkpoint.customer_id.in_(select(Loan.customer_id).where(Loan.five_class == value))


CAMPAIGN_FILTERS: dict[str, Callable[[Any], ColumnElement[bool]]] = {
    **{name: POINTS[name] for name in ("customer_id", "officer_id", "organisation_id", "state", "kind", "tag")},
    "five_class": _classified,
}
"""What narrows the checkpoints of a campaign; each takes its value."""


def by_officer(session: Session, found: Select[Checkpoint]) -> list[OfficerCount]:
    """Return how many of these checkpoints each officer has, who has most first; None stands for nobody."""
    number = func.count()
    whose = (Checkpoint.officer_id, UserAccount.name)
    counted = found.outerjoin(UserAccount, UserAccount.id == Checkpoint.officer_id).with_only_columns(*whose, number)
    rows = session.execute(counted.group_by(*whose).order_by(number.desc(), Checkpoint.officer_id))
    return [OfficerCount(*row) for row in rows]


def progress_of(session: Session, campaign_id: UUID) -> dict[str, int]:
    """Return how many tasks of a campaign stand in which state."""
    counted = select(Task.state, func.count()).where(Task.campaign_id == campaign_id).group_by(Task.state)
    return {row[0]: row[1] for row in session.execute(counted)}
