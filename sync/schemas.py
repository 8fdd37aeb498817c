"""What the protocol's endpoints take and give; pushed batches are decoded by `protocol/envelope.py` instead."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, Pattern, Text, Whole, Word
from sync.protocol.envelope import MAX_SEQ, MAX_UPTIME_MS
from sync.protocol.page import MAX_ROWS

CURSOR_LENGTH = 200
MAX_ENTITIES = 50


class HandshakeInput(Input):
    """Which device, the moment on it, and the last ``seq`` that it has given."""

    device_id = fields.UUID(required=True)
    boot_id = Text(maximum=100, load_default=None)
    mono_ms = Whole(load_default=None, validate=validate.Range(min=-MAX_UPTIME_MS, max=MAX_UPTIME_MS))
    last_seq = Whole(load_default=0, validate=validate.Range(min=0, max=MAX_SEQ))
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
    cursor = Word(load_default=None, validate=validate.Length(max=CURSOR_LENGTH))
    limit = Whole(written=True, load_default=500, validate=validate.Range(min=1, max=MAX_ROWS))


class SnapshotInput(Input):
    """Which device, and where its snapshot goes on; without a cursor it begins."""

    device_id = fields.UUID(required=True)
    cursor = Word(load_default=None, validate=validate.Length(max=CURSOR_LENGTH))
    limit = Whole(load_default=MAX_ROWS, validate=validate.Range(min=1, max=MAX_ROWS))


class VerifyInput(Input):
    """Where a device stands, and the digests of what it holds, by entity and bucket."""

    device_id = fields.UUID(required=True)
    cursor = Word(required=True, validate=validate.Length(max=CURSOR_LENGTH))
    digests = fields.Dict(
        keys=Word(validate=Pattern("^[a-z_]{1,40}$")),
        values=fields.Dict(
            keys=Word(validate=Pattern("^[0-9a-f]{2}$")), values=Word(validate=Pattern("^[0-9a-f]{64}$"))
        ),
        required=True,
        validate=validate.Length(max=MAX_ENTITIES),
    )


class BucketSchema(Schema):
    """One entity and the first byte of its ids, in two hexadecimal digits."""

    entity = fields.String()
    bucket = fields.String()


class VerifySchema(Schema):
    """Whether there is something to pull first, else where the device and its bank differ."""

    epoch = fields.String()
    behind = fields.Boolean()
    differing = fields.List(fields.Nested(BucketSchema))
