"""What the calendar endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, Whole

_DAYS = validate.Length(max=366)


class CalendarYearInput(Input):
    """A year's arrangement as the State Council published it: days off, and weekend days on which people work."""

    year = Whole(required=True, validate=validate.Range(min=2000, max=2100))
    holidays = fields.List(fields.Date(), required=True, validate=_DAYS)
    workdays = fields.List(fields.Date(), required=True, validate=_DAYS)


class CalendarYearSchema(Schema):
    """A year that is known."""

    year = fields.Integer()
    holidays = fields.List(fields.Date())
    workdays = fields.List(fields.Date())
    imported_at = fields.AwareDateTime()


class CalendarSchema(Schema):
    """All years that are known; other dates are judged by their weekday."""

    items = fields.List(fields.Nested(CalendarYearSchema))
