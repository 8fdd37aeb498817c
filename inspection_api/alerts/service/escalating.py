"""Alerts that nobody reviews or answers: the steps upwards are rows with a time, each told once (domain.md §5.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from inspection_api.alerts.models import Alert, AlertEscalation, AlertFeedback
from inspection_api.alerts.queries import is_open
from inspection_api.alerts.rules import Handling, Level, escalation
from inspection_api.alerts.rules.escalation import Wait
from inspection_api.calendars.queries import load_calendar
from inspection_api.core.tables import among

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

_BATCH = 200
_WAITS = {"alert.raised": Wait.REVIEW, "alert.confirmed": Wait.FEEDBACK}


def on_alerts_waiting(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``alert.raised`` and ``alert.confirmed``: write down who hears when of it, in three statements.

    What was raised before this table came into being has no steps, and nobody is told of it.
    """
    levels = _levels(ctx, {UUID(event.data["alert_id"]) for event in events})
    calendar = load_calendar(ctx.session)
    rows = [
        {"alert_id": alert_id, "wait": wait, "number": step.number, "role": step.role, "due_at": step.due_at}
        for event in events
        for alert_id, wait in [(UUID(event.data["alert_id"]), _WAITS[event.kind])]
        for step in escalation.escalations(wait, levels[alert_id], event.at, calendar)
    ]
    ctx.session.execute(insert(AlertEscalation).on_conflict_do_nothing(), rows)


def _levels(ctx: Context, alert_ids: set[UUID]) -> dict[UUID, Level]:
    statement = select(Alert.id, Alert.level).where(among(Alert.id, alert_ids))
    return {row.id: Level(row.level) for row in ctx.session.execute(statement)}


def escalate(ctx: Context) -> bool:
    """Record the steps that have come due, each once for ever; return whether there may be more.

    A step of a wait that is over, or that was due more than 30 days ago, is only ticked off.
    """
    answered = exists().where(AlertFeedback.alert_id == Alert.id)
    statement = (
        select(AlertEscalation, Alert, answered.label("is_answered"), (~is_open()).label("is_over"))
        .join(Alert, Alert.id == AlertEscalation.alert_id)
        .where(AlertEscalation.done_at.is_(None), AlertEscalation.due_at <= ctx.now)
        .order_by(AlertEscalation.due_at, AlertEscalation.alert_id, AlertEscalation.wait, AlertEscalation.number)
        .limit(_BATCH)
        .with_for_update(of=AlertEscalation, skip_locked=True)
    )
    due = ctx.session.execute(statement).all()
    for step, alert, is_answered, is_over in due:
        step.done_at = ctx.now
        wait, handling = Wait(step.wait), Handling(alert.handling)
        waits = escalation.is_waiting(wait, handling, is_answered=is_answered, is_over=is_over)
        if waits and escalation.is_worth_telling(step.due_at, ctx.now):
            _tell(ctx, step, alert)
    ctx.session.flush()
    return len(due) == _BATCH


def _tell(ctx: Context, step: AlertEscalation, alert: Alert) -> None:
    ctx.record(
        "alert.escalated",
        alert_id=str(alert.id),
        rule=alert.rule,
        customer_id=str(alert.customer_id),
        wait=step.wait,
        number=step.number,
        escalated_to=step.role,
    )
