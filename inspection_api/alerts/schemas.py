"""What the alert endpoints take and give."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from inspection_api.alerts.rules import RULE_OF_CODE, Condition, FalseAlarmReason, Handling
from inspection_api.http.schemas import Input, PageQuery, Text


class AlertSchema(Schema):
    """One episode of a rule at an enterprise: what was seen, and what was decided."""

    id = fields.UUID()
    rule = fields.String()
    rule_title = fields.Method("_rule_title")
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    level = fields.Integer()
    subject_date = fields.Date()
    episode = fields.Integer()
    condition = fields.String()
    handling = fields.String()
    numbers = fields.Dict()
    first_seen_on = fields.Date()
    last_seen_on = fields.Date()
    cleared_on = fields.Date(allow_none=True)
    count = fields.Integer()
    corrected = fields.Boolean()
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    proposed_by = fields.UUID(allow_none=True)
    handled_by = fields.UUID(allow_none=True)
    handled_at = fields.AwareDateTime(allow_none=True)
    created_at = fields.AwareDateTime()

    def _rule_title(self, alert: Any) -> str:
        return RULE_OF_CODE[alert.rule].title


class AlertFeedbackSchema(Schema):
    """What somebody found behind an alert."""

    author_id = fields.UUID()
    verdict = fields.String()
    text = fields.String()
    at = fields.AwareDateTime()


class AlertQuery(PageQuery):
    """Narrow the list of alerts."""

    condition = fields.String(load_default=None, validate=validate.OneOf(list(Condition)))
    handling = fields.String(load_default=None, validate=validate.OneOf(list(Handling)))
    customer_id = fields.UUID(load_default=None)


class FeedItemSchema(Schema):
    """Something that happened to an alert, and the alert as it stands now."""

    kind = fields.String()
    at = fields.AwareDateTime()
    alert = fields.Nested(AlertSchema)


class FeedSchema(Schema):
    """A page of the feed; keep ``cursor`` and come again with it."""

    items = fields.List(fields.Nested(FeedItemSchema))
    cursor = fields.String()
    has_more = fields.Boolean()


class ConfirmInput(Input):
    """A word on why the alert is real."""

    note = Text(maximum=500, load_default=None, lines=True)


class FalseAlarmInput(Input):
    """Why the alert was none."""

    reason = fields.Enum(FalseAlarmReason, by_value=True, required=True)
    note = Text(maximum=500, load_default=None, lines=True)
