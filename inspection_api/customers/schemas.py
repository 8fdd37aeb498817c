"""What the customers endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields

from inspection_api.http.schemas import Input, PageQuery, Text


class CustomerInput(Input):
    """A new customer of an organisation; its officer may be named at once."""

    uscc = Text(required=True, maximum=40)
    name = Text(required=True, maximum=100)
    organisation_id = fields.UUID(required=True)
    officer_id = fields.UUID(load_default=None, allow_none=True)
    contact = Text(maximum=60, load_default=None, allow_none=True)
    phone = Text(maximum=40, load_default=None, allow_none=True)
    address = Text(maximum=200, load_default=None, allow_none=True)


class CustomerEdit(Input):
    """What may change of a customer; what is left out stays."""

    name = Text(maximum=100)
    contact = Text(maximum=60, allow_none=True)
    phone = Text(maximum=40, allow_none=True)
    address = Text(maximum=200, allow_none=True)


class CustomerQuery(PageQuery):
    """Narrow the list: a part of the name, the beginning of the code, an organisation with all below it."""

    name = Text(maximum=100, load_default=None)
    uscc = Text(maximum=18, load_default=None)
    organisation_id = fields.UUID(load_default=None)


class CustomerSchema(Schema):
    """A borrower enterprise."""

    id = fields.UUID()
    uscc = fields.String()
    name = fields.String()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)
    contact = fields.String(allow_none=True)
    phone = fields.String(allow_none=True)
    address = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()
    version = fields.Integer()
