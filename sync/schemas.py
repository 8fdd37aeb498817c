"""What the protocol's endpoints take and give; pushed batches are decoded by `protocol/envelope.py` instead."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, Text, Whole, Word

MAX_PAGE = 1000


class HandshakeInput(Input):
    """Which device, the moment on it, and the last ``seq`` that it has given."""

    device_id = fields.UUID(required=True)
    boot_id = Text(maximum=100, load_default=None)
    mono_ms = Whole(load_default=None, validate=validate.Range(min=0))
    last_seq = Whole(load_default=0, validate=validate.Range(min=0))
    app = Text(maximum=50, minimum=0, load_default="")


class HandshakeSchema(Schema):
    """Where the device stands, what the server takes, and a signed time sample."""

    device_id = fields.UUID()
    approved = fields.Boolean()
    epoch = fields.String()
    sample = fields.Dict()
    limits = fields.Dict()
    op_formats = fields.List(fields.Integer())
    next_seq = fields.Integer()
    gaps = fields.List(fields.Integer())
    held = fields.List(fields.Dict())


class PullQuery(Input):
    """From where, and how much."""

    device_id = fields.UUID(required=True)
    cursor = Word(load_default=None, validate=validate.Length(max=200))
    limit = Whole(written=True, load_default=500, validate=validate.Range(min=1, max=MAX_PAGE))
