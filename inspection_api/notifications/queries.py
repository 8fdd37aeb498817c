"""Reads of the notifications slice: what is known of a step, who could decide it, and what is in an inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, distinct, func, select

from checkpoints.models import Checkpoint, CheckpointExit, CheckpointLocation
from checkpoints.queries import visible_checkpoints
from inspection_api.accounts.models import AccessGrant, Device, Organisation, RoleAssignment, UserAccount
from inspection_api.accounts.queries import get_one, valid_on
from inspection_api.alerts.models import Alert
from inspection_api.core.permissions import Role
from inspection_api.core.tables import among, among_given
from inspection_api.inspections.models import Inspection
from inspection_api.jobs.models import Job
from inspection_api.notifications.models import InboxItem
from inspection_api.notifications.rules.recipients import Holder
from inspection_api.plans.models import InspectionRule
from inspection_api.tasks.models import RuleRecompute, Task
from inspection_api.templates.models import TemplateVersion

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from sqlalchemy import Executable, Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor

_HELD_BY = (
    select(func.array_agg(AccessGrant.user_id, type_=ARRAY(Uuid())))
    .where(AccessGrant.entity == "alert", AccessGrant.entity_id == Alert.id)
    .scalar_subquery()
)
_EXCEPTION_HANDLERS = (
    select(func.array_agg(distinct(Checkpoint.exception_handler_id), type_=ARRAY(Uuid())))
    .where(Checkpoint.customer_id == Alert.customer_id, Checkpoint.exception_handler_id.is_not(None))
    .scalar_subquery()
)
_ROOT = select(Organisation.id).where(Organisation.parent_id.is_(None)).limit(1).scalar_subquery()

FACTS: dict[str, Executable] = {
    "task_id": select(Task.id, Task.checkpoint_id, Task.organisation_id).where(among_given(Task.id, "ids")),
    "location_id": select(CheckpointLocation.id, CheckpointLocation.bound_by).where(
        among_given(CheckpointLocation.id, "ids")
    ),
    "exit_id": select(CheckpointExit.id, CheckpointExit.proposed_by).where(among_given(CheckpointExit.id, "ids")),
    "inspection_id": select(
        Inspection.id,
        Inspection.organisation_id,
        Inspection.officer_id,
        Inspection.checkpoint_id,
        Inspection.state.label("record_state"),
    ).where(among_given(Inspection.id, "ids")),
    "checkpoint_id": select(Checkpoint.id, Checkpoint.organisation_id, Checkpoint.officer_id).where(
        among_given(Checkpoint.id, "ids")
    ),
    "device_id": select(Device.id, Device.organisation_id, Device.user_id, Device.kind.label("device_kind")).where(
        among_given(Device.id, "ids")
    ),
    "alert_id": select(
        Alert.id,
        Alert.organisation_id,
        Alert.level,
        Alert.proposed_by.label("alert_proposed_by"),
        _HELD_BY.label("held_by"),
        _EXCEPTION_HANDLERS.label("exception_handlers"),
    ).where(among_given(Alert.id, "ids")),
    "job_id": select(Job.id, Job.requested_by, Job.kind.label("job_kind")).where(among_given(Job.id, "ids")),
    "recompute_id": select(RuleRecompute.id, RuleRecompute.proposed_by, InspectionRule.organisation_id)
    .join(InspectionRule, InspectionRule.id == RuleRecompute.rule_id)
    .where(among_given(RuleRecompute.id, "ids")),
    "version_id": select(TemplateVersion.id, TemplateVersion.authors, _ROOT.label("organisation_id")).where(
        among_given(TemplateVersion.id, "ids")
    ),
}
"""What an id in an event tells beyond it; a row may bring the id that a later one looks up."""


def facts_of(session: Session, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is known of a step: its event's ``data`` and what the ids in it tell; the event has the last word."""
    facts = dict(data)
    for key, statement in FACTS.items():
        if facts.get(key):
            row = session.execute(statement, {"ids": [facts[key]]}).mappings().first()
            facts |= {name: value for name, value in (row or {}).items() if name != "id" and name not in facts}
    return facts


def holders_over(session: Session, organisation_id: UUID, day: date) -> list[Holder]:
    """Return the roles that people who are not disabled hold at the organisation or above it on ``day``."""
    path = select(Organisation.path).where(Organisation.id == organisation_id).scalar_subquery()
    statement = (
        select(RoleAssignment.user_id, RoleAssignment.role, func.length(Organisation.path).label("depth"))
        .join(Organisation, Organisation.id == RoleAssignment.organisation_id)
        .join(UserAccount, UserAccount.id == RoleAssignment.user_id)
        .where(func.starts_with(path, Organisation.path), valid_on(day), UserAccount.disabled_at.is_(None))
    )
    return [Holder(user_id=row.user_id, role=Role(row.role), depth=row.depth) for row in session.execute(statement)]


def in_office(session: Session, user_ids: Iterable[UUID], day: date) -> frozenset[UUID]:
    """Return those who are not disabled and hold any role on ``day``: nobody else is told anything."""
    statement = (
        select(RoleAssignment.user_id)
        .join(UserAccount, UserAccount.id == RoleAssignment.user_id)
        .where(among(RoleAssignment.user_id, user_ids), valid_on(day), UserAccount.disabled_at.is_(None))
    )
    return frozenset(session.scalars(statement))


def own_items(actor: Actor, *, unread: bool | None = None, code: str | None = None) -> Select[InboxItem]:
    """Return the acting person's items, narrowed; ``unread`` True, False, or None for both."""
    statement = select(InboxItem).where(InboxItem.user_id == actor.user_id)
    if unread is not None:
        statement = statement.where(InboxItem.read_at.is_(None) if unread else InboxItem.read_at.is_not(None))
    return statement if code is None else statement.where(InboxItem.code == code)


def get_own(session: Session, actor: Actor, item_id: UUID) -> InboxItem:
    """Return one item of the acting person's, locked.

    Raises:
        NotFound: it is not his.
    """
    return get_one(session, own_items(actor).where(InboxItem.id == item_id).with_for_update())


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many unread items of a code there are, and how many of them still ask for a decision."""

    code: str
    unread: int
    asking: int


def count_unread(session: Session, actor: Actor) -> list[Count]:
    """Return the acting person's unread items by code."""
    asking = func.count().filter(InboxItem.asks, InboxItem.settled_at.is_(None))
    statement = (
        select(InboxItem.code, func.count().label("unread"), asking.label("asking"))
        .where(InboxItem.user_id == actor.user_id, InboxItem.read_at.is_(None))
        .group_by(InboxItem.code)
        .order_by(InboxItem.code)
    )
    return [Count(code=row.code, unread=row.unread, asking=row.asking) for row in session.execute(statement)]


def checkpoint_names(session: Session, actor: Actor, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of those checkpoints that the actor may still see."""
    statement = visible_checkpoints(actor).where(among(Checkpoint.id, ids))
    return {row.id: row.name for row in session.execute(statement.with_only_columns(Checkpoint.id, Checkpoint.name))}


def person_names(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of people."""
    statement = select(UserAccount.id, UserAccount.name).where(among(UserAccount.id, ids))
    return {row.id: row.name for row in session.execute(statement)}
