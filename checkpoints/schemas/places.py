"""What is said about places: coordinates, fixes, scans, bindings. Coordinates always name their system (§3.1)."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from checkpoints.coordinates import CoordinateSystem
from inspection_api.http.schemas import Input, Real, SketchSchema, Text, Truth, Word

SYSTEMS = validate.OneOf(list(CoordinateSystem))
MAX_FIXES = 50


class CoordinateInput(Input):
    """A place as a map or a person gives it; without its system it is refused."""

    lon = Real(required=True)
    lat = Real(required=True)
    sys = fields.String(required=True, validate=SYSTEMS)


class FixInput(CoordinateInput):
    """One position report of a device: accuracy in metres, age in seconds, and whether it is simulated."""

    acc = Real(load_default=None, allow_none=True)
    age_s = Real(required=True)
    mock = Truth(required=True)
    at = fields.AwareDateTime(load_default=None, allow_none=True)


def _fixes() -> fields.List:
    return fields.List(fields.Nested(FixInput), required=True, validate=validate.Length(max=MAX_FIXES))


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


class DrawnLocationSchema(LocationSchema):
    """A place with its people and phone by name, its reasons in words, and its fence drawn."""

    reason_texts = fields.List(fields.String())
    bound_by_name = fields.String(allow_none=True)
    decided_by_name = fields.String(allow_none=True)
    device_name = fields.String(allow_none=True)
    sketch = fields.Nested(SketchSchema)


class LocationListSchema(Schema):
    """All places of one checkpoint, the latest generation first."""

    items = fields.List(fields.Nested(DrawnLocationSchema))


class NavigationSchema(Schema):
    """Links that open the way in 高德 and 百度."""

    amap_web = fields.String()
    amap_ios = fields.String()
    amap_android = fields.String()
    baidu_web = fields.String()
    baidu_ios = fields.String()
    baidu_android = fields.String()


class PlateSchema(Schema):
    """The newest plate of a checkpoint."""

    checkpoint_id = fields.UUID(attribute="id")
    plate_generation = fields.Integer()
