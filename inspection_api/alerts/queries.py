"""Reads of the alerts slice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, cast, exists, false, func, or_, select, tuple_
from sqlalchemy.orm import Session, aliased

from checkpoints.models import Checkpoint
from inspection_api.accounts import queries as accounts
from inspection_api.accounts.models import AccessGrant
from inspection_api.alerts.errors import AlertNotFound
from inspection_api.alerts.models import Alert
from inspection_api.alerts.rules import DECIDED, FEEDBACK, READ_FEEDBACK, READERS, Condition, Level
from inspection_api.core.context import Actor, Context
from inspection_api.core.events import Event
from inspection_api.core.feed import feed_counter
from inspection_api.core.tables import among
from inspection_api.customers.models import Customer

FEED_KINDS = (
    "alert.raised",
    "alert.cleared",
    "alert.confirmed",
    "alert.false_alarm_proposed",
    "alert.false_alarm",
    "alert.feedback_given",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """Something that happened to an alert, and the alert as it stands now."""

    number: int
    kind: str
    at: datetime
    alert: Alert


def visible_alerts(actor: Actor) -> Select[Alert]:
    """Return the alerts of the actor's subtrees, those of the customers that he serves, and those granted to him."""
    paths = [path for permission in READERS for path in actor.paths(permission)]
    return select(Alert).where(or_(accounts.in_subtree(Alert.organisation_id, paths), _own(actor)))


def answerable(ctx: Context, alert_ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Return the organisations of those alerts on which the actor may give feedback; without ids nothing is asked."""
    if not alert_ids:
        return {}
    in_scope = accounts.in_subtree(Alert.organisation_id, ctx.actor.paths(FEEDBACK))
    statement = select(Alert.id, Alert.organisation_id).where(among(Alert.id, alert_ids))
    rows = ctx.session.execute(statement.where(or_(in_scope, _own(ctx.actor))))
    return {row.id: row.organisation_id for row in rows}


def _own(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an alert is the actor's own: he serves its customer, or it was granted to him."""
    if actor.user_id is None or not actor.may_own(READ_FEEDBACK):
        return false()
    served = select(Customer.id).where(Customer.officer_id == actor.user_id)
    return or_(Alert.customer_id.in_(served), accounts.granted(Alert.id, "alert", actor, READ_FEEDBACK))


def get_visible(session: Session, actor: Actor, alert_id: UUID, *, lock: bool = False) -> Alert:
    """Return one alert inside the actor's scope, locked for a decision if asked.

    Raises:
        AlertNotFound: there is none.
    """
    statement = visible_alerts(actor).where(Alert.id == alert_id)
    alert = session.scalars(statement.with_for_update() if lock else statement).one_or_none()
    if alert is None:
        raise AlertNotFound
    return alert


def latest_alerts(session: Session, customer_ids: Iterable[UUID]) -> Sequence[Alert]:
    """Return the latest episode of each rule at each enterprise, locked in order."""
    latest = (
        select(Alert.customer_id, Alert.rule, func.max(Alert.episode))
        .where(Alert.customer_id.in_(list(customer_ids)))
        .group_by(Alert.customer_id, Alert.rule)
    )
    statement = (
        select(Alert)
        .where(tuple_(Alert.customer_id, Alert.rule, Alert.episode).in_(latest))
        .order_by(Alert.id)
        .with_for_update()
    )
    return session.scalars(statement).all()


def is_open() -> ColumnElement[bool]:
    """Return the condition that an alert still asks something of somebody: it holds, or nobody has decided.

    A mere notice is closed by its clearing, a graver one never is (domain.md §5.5).
    """
    is_owed = (Alert.level > Level.NOTICE) & Alert.handling.not_in(DECIDED)
    return or_(Alert.condition == Condition.ACTIVE, is_owed)


def addressees(session: Session, customer_ids: Iterable[UUID]) -> list[tuple[UUID, UUID]]:
    """Return (user, alert) for the open alerts of enterprises and everybody who holds these."""
    holds = (AccessGrant.entity == "customer") & (AccessGrant.entity_id == Alert.customer_id)
    statement = select(AccessGrant.user_id, Alert.id).join(AccessGrant, holds)
    statement = statement.where(among(Alert.customer_id, customer_ids), is_open())
    return [(user_id, alert_id) for user_id, alert_id in session.execute(statement)]


def unserved(session: Session, customer_ids: Iterable[UUID], user_ids: Collection[UUID]) -> list[tuple[UUID, UUID]]:
    """Return (user, alert) for the alerts of enterprises that some of ``user_ids`` hold though not their enterprise.

    Without users nothing is asked.
    """
    if not user_ids:
        return []
    served = aliased(AccessGrant)
    serves = (served.user_id == AccessGrant.user_id, served.entity == "customer")
    statement = (
        select(AccessGrant.user_id, Alert.id)
        .join(AccessGrant, (AccessGrant.entity == "alert") & (AccessGrant.entity_id == Alert.id))
        .where(among(Alert.customer_id, customer_ids), among(AccessGrant.user_id, user_ids))
        .where(~exists().where(*serves, served.entity_id == Alert.customer_id))
    )
    return [(user_id, alert_id) for user_id, alert_id in session.execute(statement)]


def lock_customers(session: Session, *which: ColumnElement[bool]) -> dict[UUID, UUID]:
    """Return the organisations of enterprises, locked: nobody raises an alert there while its holders change."""
    statement = select(Customer.id, Customer.organisation_id).where(*which)
    locked = statement.order_by(Customer.id).with_for_update(key_share=True)
    return {row.id: row.organisation_id for row in session.execute(locked)}


def of_checkpoints(checkpoint_ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Return the condition that an enterprise is that of one of the checkpoints."""
    return Customer.id.in_(select(Checkpoint.customer_id).where(among(Checkpoint.id, checkpoint_ids)))


def feed_head(session: Session) -> int:
    """Return the number up to which every event is committed and visible to the next statement.

    The counter is bumped as the last act of a transaction and its row is locked until the commit, so nothing at or
    below it can appear later (sync.md §5).
    """
    return int(session.execute(select(feed_counter.c.value)).scalar_one())


def feed(session: Session, actor: Actor, *, after: int, head: int, limit: int) -> list[FeedItem]:
    """Return what happened to visible alerts with numbers in (after, head], oldest first, at most ``limit``."""
    visible = visible_alerts(actor).subquery()
    statement = (
        select(Event.number, Event.kind, Event.at, Alert)
        .join(Alert, Alert.id == cast(Event.data["alert_id"].astext, Uuid))
        .where(Event.kind.in_(FEED_KINDS), Event.number > after, Event.number <= head)
        .where(Alert.id.in_(select(visible.c.id)))
        .order_by(Event.number)
        .limit(limit)
    )
    rows = session.execute(statement)
    return [FeedItem(number=number or 0, kind=kind, at=at, alert=alert) for number, kind, at, alert in rows]
