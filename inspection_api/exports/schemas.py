"""What the exports endpoints take and give."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from inspection_api.exports.rules import MOST_ROWS
from inspection_api.http.schemas import Input, PageQuery, Whole

_ROWS = validate.Range(min=1, max=MOST_ROWS)


class ExportTermsSchema(Schema):
    """Rows with people's names in them that one person takes a day: told from where on, refused from where on."""

    alert_rows = fields.Integer()
    daily_rows = fields.Integer()


class ExportTermsInput(Input):
    """Both terms of an organisation's people."""

    alert_rows = Whole(required=True, validate=_ROWS)
    daily_rows = Whole(required=True, validate=_ROWS)

    @validates_schema
    def ensure_order(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a limit that comes before anybody is told."""
        if data["alert_rows"] > data["daily_rows"]:
            raise ValidationError("提醒线不得高于每日上限", field_name="alert_rows")


class PersonalExportQuery(PageQuery):
    """Whose, and from which day to which."""

    user_id = fields.UUID(load_default=None)
    from_ = fields.Date(data_key="from", load_default=None)
    to = fields.Date(load_default=None)


class PersonalExportSchema(Schema):
    """Who took what away, how much of it, when and why; ``status`` is its job's, a failed one gave nothing."""

    job_id = fields.UUID()
    user_id = fields.UUID()
    username = fields.String()
    user_name = fields.String()
    organisation_id = fields.UUID()
    content = fields.String()
    rows = fields.Integer()
    reason = fields.String()
    day = fields.Date()
    at = fields.AwareDateTime()
    status = fields.String()
