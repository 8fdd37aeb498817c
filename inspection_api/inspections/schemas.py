"""What the inspections endpoints give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import InWords, PageQuery, SketchSchema
from inspection_api.inspections.rules import BLOCKERS, QUARANTINE_WORDS, STATES, State
from inspection_api.templates.default_template import INDICATOR_WORDS


class InspectionQuery(PageQuery):
    """Narrow the list of records."""

    checkpoint_id = fields.UUID(load_default=None)
    customer_id = fields.UUID(load_default=None)
    officer_id = fields.UUID(load_default=None)
    task_id = fields.UUID(load_default=None)
    state = fields.String(load_default=None, validate=validate.OneOf(list(State)))


class InspectionSchema(Schema):
    """A record in a list."""

    id = fields.UUID()
    task_id = fields.UUID(allow_none=True)
    checkpoint_id = fields.UUID()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    officer_id = fields.UUID()
    channel = fields.String()
    state = fields.String()
    blockers = fields.List(fields.String())
    quarantine_codes = fields.List(fields.String())
    flags = fields.List(fields.String())
    conclusion = fields.String(allow_none=True)
    indicators = fields.List(fields.String())
    performed_at = fields.AwareDateTime(allow_none=True)
    performed_on = fields.Date(allow_none=True)
    submitted_at = fields.AwareDateTime(allow_none=True)
    accepted_at = fields.AwareDateTime(allow_none=True)
    print_opens_at = fields.AwareDateTime(allow_none=True)
    print_closes_at = fields.AwareDateTime(allow_none=True)
    version = fields.Integer()


class MediumSchema(Schema):
    """A medium of a record, whether its bytes are here, and how much of it the caller may see."""

    id = fields.UUID()
    item_key = fields.String(allow_none=True)
    kind = fields.String()
    mime = fields.String()
    bytes = fields.Integer()
    status = fields.String()
    refused_reason = fields.String(allow_none=True)
    access = fields.String(validate=validate.OneOf(["original", "thumbnail", "none"]))


class RevisionSchema(Schema):
    """What a record said before an amendment, who proposed that and who approved it."""

    number = fields.Integer()
    answers = fields.Dict()
    note = fields.String(allow_none=True)
    conclusion = fields.String(allow_none=True)
    indicators = fields.List(fields.String())
    author_id = fields.UUID()
    approved_by = fields.UUID()
    amended_at = fields.AwareDateTime()


class CommentSchema(Schema):
    """A word on a record."""

    id = fields.UUID()
    author_id = fields.UUID()
    text = fields.String()
    at = fields.AwareDateTime()


class FormSchema(Schema):
    """The form that a record answers."""

    template_version_id = fields.UUID()
    definition = fields.Dict()


class VoidSchema(Schema):
    """Why a record counts no more."""

    reason = fields.String(required=True, validate=validate.Length(min=1, max=500))


class InspectionDetailSchema(InspectionSchema):
    """A record with its answers, its judgement and its media; ``sketch`` draws where the officer was in the fence.

    ``may_void`` tells whether the caller may void it now, ``excepted`` that somebody accepted it out of quarantine; the
    words are its codes as people read them.
    """

    state_word = InWords(STATES, attribute="state")
    blocker_words = fields.List(InWords(BLOCKERS), attribute="blockers", dump_only=True)
    quarantine_words = fields.List(InWords(QUARANTINE_WORDS), attribute="quarantine_codes", dump_only=True)
    indicator_words = fields.List(InWords(INDICATOR_WORDS), attribute="indicators", dump_only=True)
    excepted = fields.Boolean()
    template_version_id = fields.UUID()
    answers = fields.Dict()
    note = fields.String(allow_none=True)
    judgement = fields.Dict(allow_none=True)
    snapshot = fields.Dict(allow_none=True)
    media = fields.List(fields.Nested(MediumSchema))
    amendments = fields.Integer()
    voided_by = fields.UUID(allow_none=True)
    voided_at = fields.AwareDateTime(allow_none=True)
    void_reason = fields.String(allow_none=True)
    may_void = fields.Boolean()
    revisions = fields.List(fields.Nested(RevisionSchema))
    comments = fields.List(fields.Nested(CommentSchema))
    checkpoint_name = fields.String()
    officer_name = fields.String(allow_none=True)
    sketch = fields.Nested(SketchSchema, allow_none=True)
