"""What the desk's endpoints take and give: conflicts, quarantine, and how phones stand."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, PageQuery, SketchSchema, Text, Word
from sync.protocol.desk import Keep


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
    """Narrow the list of conflicts, also to those of one record."""

    inspection_id = fields.UUID(load_default=None)
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


class DrawnQuarantineSchema(QuarantineSchema):
    """The same; ``sketch`` draws where the phone was in the fence, of what has left no record."""

    sketch = fields.Nested(SketchSchema, allow_none=True)


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
