"""What the protocol's endpoints take and give; pushed batches are decoded by `protocol/envelope.py` instead."""

from __future__ import annotations

from typing import Any

import msgspec
from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, PageQuery, Pattern, Text, Whole, Word
from sync.entities import OPERATIONS
from sync.protocol.desk import Keep
from sync.protocol.envelope import MAX_OPS, MAX_SEQ, MAX_UPTIME_MS, Batch, Operation
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


class PersonSchema(Schema):
    """Somebody by name."""

    id = fields.UUID()
    name = fields.String()


class SideSchema(Schema):
    """One value of a conflict, and the device and time that it came from (none where a decision had set it)."""

    value = fields.Raw(allow_none=True)
    device_id = fields.UUID(allow_none=True)
    device_name = fields.String(allow_none=True)
    at = fields.AwareDateTime(allow_none=True)


class ConflictQuery(PageQuery):
    """Narrow the list of conflicts."""

    state = Word(load_default=None, validate=validate.OneOf(["open", "resolved"]))


class ConflictSchema(Schema):
    """Two values of one field of a record: the server's, the device's, and the one that stands now."""

    id = fields.UUID()
    inspection_id = fields.UUID()
    record_state = fields.String()
    checkpoint_id = fields.UUID()
    checkpoint_name = fields.String()
    officer = fields.Nested(PersonSchema)
    field = fields.String()
    label = fields.String()
    server = fields.Nested(SideSchema)
    device = fields.Nested(SideSchema)
    current = fields.Raw(allow_none=True)
    state = fields.String()
    kept = fields.String(allow_none=True)
    decided_by = fields.Nested(PersonSchema, allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    reason = fields.String(allow_none=True)
    created_at = fields.AwareDateTime()


class ResolveInput(Input):
    """Which value stands, and why."""

    keep = fields.Enum(Keep, by_value=True, required=True)
    reason = Text(maximum=500, load_default=None)


class ReasonSchema(Schema):
    """Why an operation was quarantined."""

    code = fields.String()
    message = fields.String()


class QuarantineSchema(Schema):
    """A quarantined operation: whose, where, why, and what it says where it has left no record."""

    op_id = fields.UUID()
    type = fields.String()
    entity_id = fields.UUID()
    officer = fields.Nested(PersonSchema)
    device_id = fields.UUID()
    organisation_id = fields.UUID()
    checkpoint_id = fields.UUID(allow_none=True)
    checkpoint_name = fields.String(allow_none=True)
    reasons = fields.List(fields.Nested(ReasonSchema))
    judgement = fields.Dict(allow_none=True)
    content = fields.Dict(allow_none=True)
    state = fields.String()
    received_at = fields.AwareDateTime()
    decided_by = fields.Nested(PersonSchema, allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    reason = fields.String(allow_none=True)


class QuarantineDecisionInput(Input):
    """Why."""

    reason = Text(maximum=500, required=True)


class WaitingSchema(Schema):
    """An operation that is held or parked, since when, and why."""

    op_id = fields.UUID()
    seq = fields.Integer()
    status = fields.String()
    code = fields.String()
    message = fields.String()
    received_at = fields.AwareDateTime()
    age_s = fields.Integer()


class DeviceStandingSchema(Schema):
    """How a phone stands; ``gaps`` are the first 200 numbers of the ``missing`` ones."""

    id = fields.UUID()
    name = fields.String()
    status = fields.String()
    user_name = fields.String()
    app = fields.String()
    last_seen_at = fields.AwareDateTime()
    clock_skew_s = fields.Float(allow_none=True)
    next_seq = fields.Integer()
    gaps = fields.List(fields.Integer())
    missing = fields.Integer()
    missing_since = fields.AwareDateTime(allow_none=True)
    held = fields.Integer()
    parked = fields.Integer()
    waiting_since = fields.AwareDateTime(allow_none=True)
    media_open = fields.Integer()
    media_since = fields.AwareDateTime(allow_none=True)


class DeviceDetailSchema(DeviceStandingSchema):
    """The same, with the first 200 operations that wait."""

    waiting = fields.List(fields.Nested(WaitingSchema))


def batch_schema() -> dict[str, Any]:
    """Return the JSON schema of a pushed batch, one alternative for each type of operation.

    Made from the very types that decode it, so that the document cannot differ from the program.
    """
    kinds = {name: kind.payload.type for name, kind in OPERATIONS.items()}
    _, parts = msgspec.json.schema_components([Batch, Operation, *kinds.values()], ref_template="{name}")
    batch: dict[str, Any] = _inlined(parts["Batch"], parts)
    operation: dict[str, Any] = _inlined(parts["Operation"], parts)
    alternatives = [_alternative(name, _inlined(parts[kind.__name__], parts)) for name, kind in kinds.items()]
    batch["properties"]["ops"] = {"type": "array", "maxItems": MAX_OPS, "items": {**operation, "oneOf": alternatives}}
    return batch


def _alternative(name: str, payload: Any) -> dict[str, Any]:
    return {"type": "object", "title": name, "properties": {"type": {"enum": [name]}, "payload": payload}}


def _inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """Return a schema with what it refers to in place; none of ours refers to itself."""
    if isinstance(schema, list):
        return [_inlined(each, parts) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return _inlined(parts[schema["$ref"]], parts)
    return {name: _inlined(part, parts) for name, part in schema.items() if name != "title"}
