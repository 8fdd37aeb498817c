"""What is said about checkpoints themselves."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from checkpoints.rules import fence
from checkpoints.rules.lifecycle import State
from checkpoints.rules.values import Kind
from checkpoints.schemas.exits import ExitSchema
from checkpoints.schemas.places import AnswerSchema, CoordinateInput, NavigationSchema
from inspection_api.http.schemas import Input, PageQuery, Pattern, Text, Whole, Word

_KINDS = validate.OneOf(list(Kind))
_RADIUS = validate.Range(min=fence.MIN_RADIUS_M, max=fence.MAX_RADIUS_M)


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


class CheckpointDetailSchema(Schema):
    """A checkpoint with its loans, the way to it (if any place is known), its plate's text (if I may), and its exit."""

    checkpoint = fields.Nested(CheckpointSchema)
    loan_ids = fields.List(fields.UUID())
    navigation = fields.Nested(NavigationSchema, allow_none=True)
    qr_text = fields.String(allow_none=True)
    reset_count = fields.Integer()
    exit = fields.Nested(ExitSchema, allow_none=True)


class ScannedSchema(Schema):
    """The scanned checkpoint and what the officer is told."""

    checkpoint = fields.Nested(CheckpointSchema)
    plate_generation = fields.Integer()
    answer = fields.Nested(AnswerSchema)


class AssignInput(Input):
    """Who is to be responsible from now on."""

    officer_id = fields.UUID(required=True)
