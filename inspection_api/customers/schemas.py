"""What the customers endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields

from inspection_api.http.schemas import Input, PageQuery, Text


class CustomerEdit(Input):
    """What may change about a customer; members that are left out stay."""

    name = Text(maximum=120)
    officer_id = fields.UUID(allow_none=True)
    contact = Text(maximum=60, allow_none=True)
    phone = Text(maximum=40, allow_none=True)
    address = Text(maximum=200, allow_none=True)


class CustomerInput(CustomerEdit):
    """A new customer of an organisation."""

    name = Text(required=True, maximum=120)
    uscc = Text(required=True, maximum=40)
    organisation_id = fields.UUID(required=True)


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


class CustomerQuery(PageQuery):
    """Narrow the list of customers; ``text`` is part of the name or the beginning of the code."""

    text = Text(maximum=120, load_default=None)
    organisation_id = fields.UUID(load_default=None)
    officer_id = fields.UUID(load_default=None)
