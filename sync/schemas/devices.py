"""What a device's endpoints take and give; pushed batches are decoded by `protocol/envelope.py` instead.

Receipts and changes are encoded as they are stored and read; their schemas are for whoever reads the document.
"""

from __future__ import annotations

from typing import Final

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, Pattern, Text, Whole, Word
from inspection_api.inspections.rules import Outcome
from sync.entities import ENTITIES
from sync.protocol.envelope import MAX_SEQ, MAX_UPTIME_MS
from sync.protocol.page import MAX_ROWS
from sync.protocol.verdicts import UNSETTLED, Status

CURSOR_LENGTH = 200
MAX_ENTITIES = 50
_INSTANT: Final = {"format": "date-time"}


def _told_of_entities() -> str:
    """Return which members each entity has, in one sentence for each."""
    return " ".join(f"{name}: {', '.join(entity.members)}." for name, entity in ENTITIES.items())


class HandshakeInput(Input):
    """Which device, the moment on it, and the last ``seq`` that it has given."""

    device_id = fields.UUID(required=True)
    boot_id = Text(maximum=100, load_default=None)
    mono_ms = Whole(load_default=None, validate=validate.Range(min=-MAX_UPTIME_MS, max=MAX_UPTIME_MS))
    last_seq = Whole(load_default=0, validate=validate.Range(min=0, max=MAX_SEQ))
    app = Text(maximum=50, minimum=0, load_default="")


class SampleSchema(Schema):
    """The time as the server and the device told it at one moment; ``mac`` is the server's over the other members."""

    server_time = fields.String(metadata=_INSTANT)
    device_id = fields.UUID()
    boot_id = fields.String(allow_none=True)
    mono_ms = fields.Integer(allow_none=True)
    mac = fields.String()


class LimitsSchema(Schema):
    """How much a batch may be (unpacked), and how large a medium of each kind."""

    max_ops = fields.Integer()
    max_bytes = fields.Integer()
    media_bytes = fields.Dict(keys=fields.String(), values=fields.Integer())


class HeldSchema(Schema):
    """An operation that is held or parked."""

    op_id = fields.UUID()
    seq = fields.Integer()
    status = fields.String(validate=validate.OneOf(sorted(UNSETTLED)))


class HandshakeSchema(Schema):
    """Where the device stands, what the server takes, and a signed time sample.

    ``gaps`` are the numbers below ``next_seq`` that never came: abandon at once those whose operation is gone.
    """

    device_id = fields.UUID()
    approved = fields.Boolean()
    epoch = fields.String()
    sample = fields.Nested(SampleSchema)
    limits = fields.Nested(LimitsSchema)
    op_formats = fields.List(fields.Integer(), metadata={"description": "The oldest and the newest that is taken."})
    next_seq = fields.Integer()
    gaps = fields.List(fields.Integer())
    held = fields.List(fields.Nested(HeldSchema))


class FieldOutcomeSchema(Schema):
    """What became of one field of a draft; of a clash both values are kept until somebody decides."""

    outcome = fields.String(validate=validate.OneOf(list(Outcome)))
    server = fields.Raw(allow_none=True)
    server_version = fields.Integer()
    base_version = fields.Integer()
    conflict_id = fields.UUID()


class DecisionSchema(Schema):
    """What somebody decided about a quarantined operation; its verdict stands beside that."""

    state = fields.String()
    message = fields.String()
    at = fields.AwareDateTime()
    reason = fields.String(allow_none=True)


class OperationReceiptSchema(Schema):
    """What became of one operation, for good unless it is held or parked; ``message`` is for the officer to read."""

    op_id = fields.UUID()
    seq = fields.Integer()
    status = fields.String(validate=validate.OneOf(list(Status)))
    code = fields.String(metadata={"description": "The first of ``codes``, else the status."})
    message = fields.String()
    codes = fields.List(fields.String())
    flags = fields.List(fields.String())
    by_field = fields.Dict(data_key="fields", keys=fields.String(), values=fields.Nested(FieldOutcomeSchema))
    version = fields.Integer(metadata={"description": "The record's version behind this operation."})
    conflict_id = fields.UUID()
    decision = fields.Nested(DecisionSchema)
    former = fields.String(data_key="from", metadata={"description": "The status that was told before."})


class PushedSchema(Schema):
    """The receipts of a batch, and of what it released; a device without a login is told only the required members.

    ``acked_through`` is the highest number up to which everything is here.
    """

    epoch = fields.String()
    server_time = fields.String(metadata=_INSTANT)
    acked_through = fields.Integer(required=True)
    feed_seq = fields.Integer()
    replayed = fields.Boolean(required=True)
    results = fields.List(fields.Nested(OperationReceiptSchema), required=True)


class ChangeSchema(OperationReceiptSchema):
    """One change: ``put`` (``e``, ``id``, ``v``, ``d``), ``del`` (``e``, ``id``, ``v``) or ``drop`` (``e``, ``id``).

    A ``drop`` says, perhaps with a ``reason``, that the row is no longer the device's. A row that is here with a higher
    ``v`` already stays as it is. A ``receipt`` has the members of a receipt.
    """

    k = fields.String(required=True, validate=validate.OneOf(["put", "del", "drop", "receipt"]))
    e = fields.String(metadata={"description": "The entity."})
    id = fields.UUID()
    v = fields.Integer()
    d = fields.Dict(keys=fields.String(), metadata={"description": _told_of_entities()})
    reason = fields.String()


class PulledSchema(Schema):
    """A page; keep ``cursor`` together with what the page changed. ``consistent``: all is here, as of one moment."""

    epoch = fields.String(required=True)
    cursor = fields.String(required=True)
    has_more = fields.Boolean(required=True)
    consistent = fields.Boolean(required=True)
    changes = fields.List(fields.Nested(ChangeSchema), required=True)


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
