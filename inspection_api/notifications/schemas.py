"""What the endpoints of the inbox take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, PageQuery, Truth
from inspection_api.notifications.rules.steps import CODES


class InboxQuery(PageQuery):
    """Narrow the inbox: to what is unread (or read), and to one kind of step."""

    unread = Truth(written=True, load_default=None)
    code = fields.String(load_default=None, validate=validate.OneOf(CODES))


class InboxItemSchema(Schema):
    """One item: the sentence, what it is about, and whether it still asks for a decision."""

    id = fields.UUID()
    code = fields.String()
    text = fields.String()
    asks = fields.Boolean()
    is_settled = fields.Boolean()
    target_kind = fields.String()
    target_id = fields.UUID()
    inspection_id = fields.UUID(allow_none=True)
    checkpoint_id = fields.UUID(allow_none=True)
    checkpoint_name = fields.String(allow_none=True)
    actor_name = fields.String(allow_none=True)
    at = fields.AwareDateTime()
    read_at = fields.AwareDateTime(allow_none=True)


class InboxCountSchema(Schema):
    """The unread items of one kind of step."""

    code = fields.String()
    unread = fields.Integer()
    asking = fields.Integer()


class InboxCountsSchema(Schema):
    """What is unread, for a badge."""

    unread = fields.Integer()
    asking = fields.Integer()
    codes = fields.List(fields.Nested(InboxCountSchema))


class ReadInput(Input):
    """Up to which item, the newest that was seen, everything is read; without it, all that there is."""

    until_id = fields.UUID(load_default=None)


class MarkedSchema(Schema):
    """How many items became read."""

    marked = fields.Integer()
