"""Review: somebody confirms an alert, or calls it a false alarm (level 3 needs two for that), or says what he found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from inspection_api.accounts import queries as accounts
from inspection_api.alerts import queries, rules
from inspection_api.alerts.models import AlertFeedback
from inspection_api.alerts.rules import FalseAlarmReason, Handling

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.alerts.models import Alert
    from inspection_api.core.context import Context


def confirm(ctx: Context, alert_id: UUID, *, note: str | None) -> Alert:
    """Confirm that an alert is real.

    Raises:
        AlertNotFound: out of scope.
        AlertLevelTooHigh: the actor reviews level 1 and 2 only.
        AlertHandled: somebody has decided.
    """
    alert = _reviewable(ctx, alert_id)
    return _decide(ctx, alert, Handling.CONFIRMED, reason=None, note=note)


def call_false_alarm(ctx: Context, alert_id: UUID, *, reason: FalseAlarmReason, note: str | None) -> Alert:
    """Call an alert a false alarm; at level 3 the first says so and a second agrees. The rule is not muted.

    Raises:
        AlertNotFound: out of scope.
        AlertLevelTooHigh: the actor reviews level 1 and 2 only.
        AlertHandled: somebody has decided.
        SecondReviewerNeeded: the actor himself was the first.
    """
    alert = _reviewable(ctx, alert_id)
    handling = rules.decide_false_alarm(alert.level, proposed_by=alert.proposed_by, reviewer=ctx.user_id)
    if handling is Handling.FALSE_ALARM_PROPOSED:
        alert.proposed_by = ctx.user_id
    return _decide(ctx, alert, handling, reason=reason, note=note)


def _reviewable(ctx: Context, alert_id: UUID) -> Alert:
    alert = queries.get_visible(ctx.session, ctx.actor, alert_id, lock=True)
    path = accounts.organisation_paths(ctx.session, [alert.organisation_id])[alert.organisation_id]
    rules.ensure_may_review(alert.level, ctx.actor.roles_over(path))
    decider = accounts.name_of(ctx.session, alert.handled_by)
    rules.ensure_undecided(Handling(alert.handling), decided_by_name=decider)
    return alert


def _decide(
    ctx: Context, alert: Alert, handling: Handling, *, reason: FalseAlarmReason | None, note: str | None
) -> Alert:
    alert.handling, alert.reason, alert.note = handling, reason, note
    alert.handled_by, alert.handled_at = ctx.user_id, ctx.now
    ctx.record(f"alert.{handling}", alert_id=str(alert.id), rule=alert.rule, customer_id=str(alert.customer_id))
    return alert


def give_feedback(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Write down what officers found behind alerts that are theirs, in one statement; the same row again is harmless.

    ``rows`` have ``id``, ``alert_id``, ``author_id``, ``verdict`` and ``text``.
    """
    if not rows:
        return
    given = insert(AlertFeedback).on_conflict_do_nothing().returning(AlertFeedback.id)
    written = set(ctx.session.scalars(given, [{**row, "at": ctx.now} for row in rows]))
    for row in rows:
        if row["id"] in written:
            ctx.record("alert.feedback_given", alert_id=str(row["alert_id"]), verdict=str(row["verdict"]))
