"""What the templates endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields

from inspection_api.http.schemas import Input, Pattern, Text, Word

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
    sha256 = fields.String()
    created_by = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    published_by = fields.UUID(allow_none=True)
    published_at = fields.AwareDateTime(allow_none=True)


class VersionDetailSchema(VersionSchema):
    """A version with its definition."""

    definition = fields.Dict()
