"""What the checkpoints endpoints take and give. Coordinates always name their system (domain.md §3.1)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from checkpoints.coordinates import CoordinateSystem
from checkpoints.rules import fence
from checkpoints.rules.lifecycle import State
from checkpoints.rules.values import Kind
from inspection_api.http.schemas import Input, PageQuery, Pattern, Real, Text, Truth, Whole, Word

_SYSTEMS = validate.OneOf(list(CoordinateSystem))
_KINDS = validate.OneOf(list(Kind))
_RADIUS = validate.Range(min=fence.MIN_RADIUS_M, max=fence.MAX_RADIUS_M)
MAX_FIXES = 50


class CoordinateInput(Input):
    """A place as a map or a person gives it; without its system it is refused."""

    lon = Real(required=True)
    lat = Real(required=True)
    sys = fields.String(required=True, validate=_SYSTEMS)


class FixInput(CoordinateInput):
    """One position report of a device: accuracy in metres, age in seconds, and whether it is simulated."""

    acc = Real(load_default=None, allow_none=True)
    age_s = Real(required=True)
    mock = Truth(required=True)
    at = fields.AwareDateTime(load_default=None, allow_none=True)


def _fixes() -> fields.List:
    return fields.List(fields.Nested(FixInput), required=True, validate=validate.Length(max=MAX_FIXES))


class CheckpointEdit(Input):
    """What may change of a checkpoint; what is left out stays."""

    name = Text(maximum=100)
    kind = fields.String(validate=_KINDS)
    address = Text(maximum=200, allow_none=True)
    contact = Text(maximum=60, allow_none=True)
    tags = fields.List(Text(maximum=20), validate=validate.Length(max=20))
    radius_m = Whole(validate=_RADIUS)
    registered = fields.Nested(CoordinateInput, allow_none=True)


class CheckpointInput(CheckpointEdit):
    """A new checkpoint of a customer; the code is for ever. Organisation and officer are his, unless named."""

    code = Word(required=True, validate=Pattern(r"^[A-Za-z0-9-]{1,32}$"))
    name = Text(required=True, maximum=100)
    customer_id = fields.UUID(required=True)
    organisation_id = fields.UUID()
    officer_id = fields.UUID()
    effective_from = fields.Date()
    loan_ids = fields.List(fields.UUID(), validate=validate.Length(max=50))


class CheckpointQuery(PageQuery):
    """Narrow the list; ``text`` is a part of the name or the beginning of the code."""

    text = Text(maximum=100, load_default=None)
    customer_id = fields.UUID(load_default=None)
    organisation_id = fields.UUID(load_default=None)
    officer_id = fields.UUID(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(list(State)))
    kind = fields.String(load_default=None, validate=_KINDS)


class CheckpointSchema(Schema):
    """A checkpoint; both coordinates are WGS-84."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)
    address = fields.String(allow_none=True)
    contact = fields.String(allow_none=True)
    tags = fields.List(fields.String())
    registered_lon = fields.Float(allow_none=True)
    registered_lat = fields.Float(allow_none=True)
    radius_m = fields.Integer()
    effective_from = fields.Date()
    state = fields.String()
    plate_generation = fields.Integer()
    location_generation = fields.Integer()
    location_lon = fields.Float(allow_none=True)
    location_lat = fields.Float(allow_none=True)
    version = fields.Integer()


class NavigationSchema(Schema):
    """Links that open the way in 高德 and 百度."""

    amap_web = fields.String()
    amap_ios = fields.String()
    amap_android = fields.String()
    baidu_web = fields.String()
    baidu_ios = fields.String()
    baidu_android = fields.String()


class CheckpointDetailSchema(Schema):
    """A checkpoint with its loans, the way to it (if any place is known), and the text of its plate (if I may)."""

    checkpoint = fields.Nested(CheckpointSchema)
    loan_ids = fields.List(fields.UUID())
    navigation = fields.Nested(NavigationSchema, allow_none=True)
    qr_text = fields.String(allow_none=True)
    reset_count = fields.Integer()


class AssignInput(Input):
    """Who is to be responsible from now on."""

    officer_id = fields.UUID(required=True)


class PlateSchema(Schema):
    """The newest plate of a checkpoint."""

    checkpoint_id = fields.UUID(attribute="id")
    plate_generation = fields.Integer()


class ScanInput(Input):
    """What the camera read, and where the phone is."""

    qr = Word(required=True, validate=validate.Length(max=500))
    fixes = _fixes()


class JudgementSchema(Schema):
    """The geofence verdict and the metres that it rests on."""

    verdict = fields.String()
    radius_m = fields.Integer()
    distance_m = fields.Float(allow_none=True)
    accuracy_m = fields.Float(allow_none=True)


class AnswerSchema(Schema):
    """One sentence for the officer, its stable code, and whether a visit may begin."""

    code = fields.String()
    sentence = fields.String()
    may_start = fields.Boolean()
    judgement = fields.Nested(JudgementSchema, allow_none=True)


class ScannedSchema(Schema):
    """The scanned checkpoint and what the officer is told."""

    checkpoint = fields.Nested(CheckpointSchema)
    plate_generation = fields.Integer()
    answer = fields.Nested(AnswerSchema)


class BindInput(ScanInput):
    """A scan that gives an unbound checkpoint its place; the photo shows the mounted plate."""

    photo_media_id = fields.UUID(required=True)


class ResetInput(Input):
    """Why the place is given up."""

    reason = Text(required=True, minimum=4, maximum=200, lines=True)


class LocationSchema(Schema):
    """A place that a checkpoint has or had, in WGS-84; ``reasons`` say why a manager must look at it."""

    id = fields.UUID()
    checkpoint_id = fields.UUID()
    generation = fields.Integer()
    lon = fields.Float()
    lat = fields.Float()
    status = fields.String()
    reasons = fields.List(fields.String())
    bound_by = fields.UUID()
    bound_at = fields.AwareDateTime()
    photo_media_id = fields.UUID(allow_none=True)
    decided_by = fields.UUID(allow_none=True)
    decided_at = fields.AwareDateTime(allow_none=True)
    valid_from = fields.AwareDateTime()
    valid_to = fields.AwareDateTime(allow_none=True)


class LocationListSchema(Schema):
    """All places of one checkpoint, the latest generation first."""

    items = fields.List(fields.Nested(LocationSchema))
