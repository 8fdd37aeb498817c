"""What is said about checkpoints themselves."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from checkpoints.rules import fence
from checkpoints.rules.lifecycle import State
from checkpoints.rules.values import Kind
from checkpoints.schemas.exits import ExitSchema, exit_type_code
from checkpoints.schemas.places import SYSTEMS, AnswerSchema, CoordinateInput, NavigationSchema
from inspection_api.http.schemas import Input, PageQuery, Pattern, Real, Text, Truth, Whole, Word

_KINDS = validate.OneOf(list(Kind))
MOST_AT_ONCE = 500
MOST_WITHIN_M = 50_000
CODE = Pattern(r"^[A-Za-z0-9-]{1,32}$")
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
    backup_officer_id = fields.UUID(allow_none=True)
    exception_handler_id = fields.UUID(allow_none=True)
    loan_ids = fields.List(fields.UUID(), validate=validate.Length(max=50))


class CheckpointInput(CheckpointEdit):
    """A new checkpoint of a customer; the code is for ever. Organisation and officer are his, unless named."""

    code = Word(required=True, validate=CODE)
    name = Text(required=True, maximum=100)
    customer_id = fields.UUID(required=True)
    organisation_id = fields.UUID()
    officer_id = fields.UUID()
    effective_from = fields.Date()


class CheckpointQuery(PageQuery):
    """Narrow the list; ``text`` is a part of the name or the beginning of the code, ``customer`` the same of its own.

    ``lon``, ``lat``, ``sys`` and ``within_m`` go together: the places within so many metres of a point.
    """

    text = Text(maximum=100, load_default=None)
    code = Text(maximum=32, load_default=None)
    customer = Text(maximum=100, load_default=None)
    customer_id = fields.UUID(load_default=None)
    organisation_id = fields.UUID(load_default=None)
    officer_id = fields.UUID(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(list(State)))
    kind = fields.String(load_default=None, validate=_KINDS)
    exit_type = exit_type_code(load_default=None)
    tag = Text(maximum=20, load_default=None)
    archived = Truth(written=True, load_default=False)
    lon = Real(written=True, load_default=None)
    lat = Real(written=True, load_default=None)
    sys = fields.String(load_default=None, validate=SYSTEMS)
    within_m = Whole(written=True, load_default=None, validate=validate.Range(min=1, max=MOST_WITHIN_M))

    @post_load
    def take_place(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Hand the four members of a distance on as one, ``near``: a place without its system is none."""
        parts = {name: data.pop(name) for name in ("lon", "lat", "sys", "within_m")}
        missing = [name for name, value in parts.items() if value is None]
        if 0 < len(missing) < len(parts):
            raise ValidationError("lon、lat、sys、within_m 须同时给出", field_name=missing[0])
        return {**data, "near": None if missing else parts}


class CheckpointSchema(Schema):
    """A checkpoint; both coordinates are WGS-84."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)
    backup_officer_id = fields.UUID(allow_none=True)
    exception_handler_id = fields.UUID(allow_none=True)
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
    archived_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class FoundCheckpointSchema(CheckpointSchema):
    """A checkpoint in a list; ``distance_m``: metres from the point that was asked about, else null."""

    distance_m = fields.Integer(allow_none=True)


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


class ManyInput(Input):
    """Up to five hundred checkpoints."""

    checkpoint_ids = fields.List(fields.UUID(), required=True, validate=validate.Length(min=1, max=MOST_AT_ONCE))


class AssignManyInput(ManyInput, AssignInput):
    """Which checkpoints an officer is to be responsible for from now on."""


class HandoverQuery(PageQuery):
    """Narrow a hand-over list to what is without an officer."""

    unassigned = Truth(written=True, load_default=False)


class HandoverSchema(Schema):
    """A checkpoint that an officer had until ``valid_to``; ``successor_id`` took it over, ``current_id`` has it now."""

    checkpoint_id = fields.UUID()
    checkpoint_code = fields.String()
    checkpoint_name = fields.String()
    officer_id = fields.UUID()
    valid_from = fields.AwareDateTime()
    valid_to = fields.AwareDateTime()
    successor_id = fields.UUID(allow_none=True)
    successor_name = fields.String(allow_none=True)
    current_id = fields.UUID(allow_none=True)
    current_name = fields.String(allow_none=True)


class TransferInput(ManyInput):
    """Which checkpoints go to which organisation, and to whom there; without a word each keeps its officer."""

    organisation_id = fields.UUID(required=True)
    officer_id = fields.UUID(load_default=None, allow_none=True)


class ArchiveInput(Input):
    """Why a checkpoint is put away."""

    reason = Text(required=True, minimum=4, maximum=200, lines=True)


class ChangedSchema(Schema):
    """How many of the named things changed; the others were so already."""

    changed = fields.Integer()


class RadiusInput(Input):
    """The usual radius of an organisation's new checkpoints, in metres."""

    radius_m = Whole(required=True, validate=_RADIUS)


class RadiusSchema(Schema):
    """The usual radius of an organisation's new checkpoints, in metres: its own, or one from above."""

    radius_m = fields.Integer()
