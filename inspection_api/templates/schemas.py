"""What the templates endpoints take and give."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from inspection_api.core.permissions import PEOPLE
from inspection_api.http.schemas import Input, Pattern, Real, Text, Word
from inspection_api.templates.forms import MediaKind, Medium

_CODE = Pattern(r"^[a-z][a-z0-9_]{1,39}$", error="须为 2–40 位小写字母、数字或下划线，以字母开头")


class TemplateInput(Input):
    """A new template; visits of templates of one family stand in for one another."""

    code = Word(required=True, validate=_CODE)
    name = Text(required=True, maximum=100)
    family = Word(required=True, validate=_CODE)


class TemplateSchema(Schema):
    """A template."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    family = fields.String()


class DraftInput(Input):
    """The definition of the next version."""

    definition = fields.Dict(required=True, keys=fields.String())


class VersionSchema(Schema):
    """A version without its definition."""

    id = fields.UUID()
    template_id = fields.UUID()
    number = fields.Integer()
    status = fields.String()
    version = fields.Integer()
    sha256 = fields.String()
    created_by = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    authors = fields.List(fields.UUID())
    published_by = fields.UUID(allow_none=True)
    published_at = fields.AwareDateTime(allow_none=True)


class VersionDetailSchema(VersionSchema):
    """A version with its definition."""

    definition = fields.Dict()


class SampleMedium(Input):
    """A medium that a device would declare: at which item (null: the visit), its kind, and its seconds."""

    item = Word(load_default=None, allow_none=True, validate=validate.Length(min=1, max=100))
    kind = Word(required=True, validate=validate.OneOf([kind.value for kind in MediaKind]))
    seconds = Real(load_default=0.0, validate=validate.Range(min=0, max=86_400))

    @post_load
    def made(self, data: dict[str, Any], **_: object) -> Medium:
        """Return it as the verdict takes it."""
        return Medium(**data)


class TrialInput(Input):
    """A made-up visit, to see what the form says of it."""

    answers = fields.Dict(required=True, keys=Word(), metadata={"description": "检查项代码 → {value, note}"})
    media = fields.List(fields.Nested(SampleMedium), load_default=list, validate=validate.Length(max=500))
    roles = fields.List(
        Word(validate=validate.OneOf(PEOPLE)), load_default=None, allow_none=True, validate=validate.Length(max=20)
    )


class RemarkSchema(Schema):
    """What is to be said of an item."""

    item = fields.String()
    code = fields.String()
    message = fields.String()


class MissingEvidenceSchema(Schema):
    """Proof that an item still asks for."""

    item = fields.String()
    kind = fields.String()
    needed = fields.Integer()
    found = fields.Integer()
    min_seconds = fields.Integer()


class VerdictSchema(Schema):
    """How a visit with these answers would be judged; ``values`` is what would be stored."""

    is_valid = fields.Boolean()
    values = fields.Dict()
    errors = fields.List(fields.Nested(RemarkSchema))
    warnings = fields.List(fields.Nested(RemarkSchema))
    evidence_missing = fields.List(fields.Nested(MissingEvidenceSchema))
    indicators = fields.List(fields.String())
