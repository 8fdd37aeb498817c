"""Endpoints of alerts. Reading needs one of two permissions, which the service checks: reviewing, or feedback."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from inspection_api.alerts import schemas, service
from inspection_api.alerts.models import Alert
from inspection_api.alerts.rules import FalseAlarmReason
from inspection_api.alerts.service import FeedPage
from inspection_api.core.context import Context
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import LOGGED_IN, Blueprint
from inspection_api.http.schemas import PageQuery, page_of

REVIEW = Permission(Action.ALERT_REVIEW, "review")

blp = Blueprint("alerts", "预警")


@blp.get("/alerts", permission=LOGGED_IN, query=schemas.AlertQuery, out=page_of(schemas.AlertSchema))
def list_alerts(ctx: Context, **query: Any) -> Any:
    """List the alerts of my subtrees and of the customers that I serve."""
    return service.find_page(ctx, **query)


@blp.get("/alerts/feed", permission=LOGGED_IN, query=PageQuery, out=schemas.FeedSchema)
def read_feed(ctx: Context, *, limit: int, cursor: str | None) -> FeedPage:
    """Follow what happens to my alerts, in commit order; nothing is skipped, whatever commits meanwhile."""
    return service.read_feed(ctx, limit=limit, cursor=cursor)


@blp.get("/alerts/<uuid:alert_id>", permission=LOGGED_IN, out=schemas.AlertSchema)
def get_alert(ctx: Context, alert_id: UUID) -> Alert:
    """Show one alert with the numbers that raised it."""
    return service.get(ctx, alert_id)


@blp.get(
    "/alerts/<uuid:alert_id>/feedback",
    permission=LOGGED_IN,
    query=PageQuery,
    out=page_of(schemas.AlertFeedbackSchema),
)
def list_feedback(ctx: Context, alert_id: UUID, **query: Any) -> Any:
    """List what was found behind an alert, the first word first."""
    return service.find_feedback(ctx, alert_id, **query)


@blp.post("/alerts/<uuid:alert_id>/confirm", permission=REVIEW, body=schemas.ConfirmInput, out=schemas.AlertSchema)
def confirm(ctx: Context, alert_id: UUID, *, note: str | None) -> Alert:
    """Confirm that an alert is real."""
    return service.confirm(ctx, alert_id, note=note)


@blp.post(
    "/alerts/<uuid:alert_id>/false-alarm", permission=REVIEW, body=schemas.FalseAlarmInput, out=schemas.AlertSchema
)
def call_false_alarm(ctx: Context, alert_id: UUID, *, reason: FalseAlarmReason, note: str | None) -> Alert:
    """Call an alert a false alarm; level 3 needs a second reviewer."""
    return service.call_false_alarm(ctx, alert_id, reason=reason, note=note)
