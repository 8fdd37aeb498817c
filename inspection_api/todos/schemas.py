"""What the queue takes and gives; names and ids are flat, and what a kind says is said once: phones pay by the byte."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import Input, PageQuery, Word

SCOPES = ("mine", "all")


class TodoCountQuery(Input):
    """What is looked at: what waits for me first of all (mine), or all that I may decide; below one organisation."""

    scope = fields.String(load_default="mine", validate=validate.OneOf(SCOPES))
    organisation_id = fields.UUID(load_default=None)


class TodoQuery(PageQuery):
    """Narrow the queue to one kind, too."""

    scope = fields.String(load_default="mine", validate=validate.OneOf(SCOPES))
    organisation_id = fields.UUID(load_default=None)
    kind = Word(load_default=None, validate=validate.Length(min=1, max=40))


class AskedQuery(PageQuery):
    """Narrow what I asked for to one kind."""

    kind = Word(load_default=None, validate=validate.Length(min=1, max=40))


class TodoSchema(Schema):
    """One thing that waits."""

    kind = fields.String()
    id = fields.UUID()
    organisation_id = fields.UUID()
    organisation_name = fields.String()
    since = fields.AwareDateTime()
    due_at = fields.AwareDateTime(allow_none=True)
    workdays_left = fields.Integer(allow_none=True)
    is_overdue = fields.Boolean()
    if_nothing = fields.String()
    checkpoint_id = fields.UUID(allow_none=True)
    checkpoint_name = fields.String(allow_none=True)
    customer_name = fields.String(allow_none=True)
    inspection_id = fields.UUID(allow_none=True)
    person_name = fields.String(allow_none=True)
    note = fields.String(allow_none=True)
    note_text = fields.String(allow_none=True)
    version = fields.Integer(allow_none=True)


class AskedSchema(TodoSchema):
    """One thing that waits for others, and the names of those who decide it."""

    deciders = fields.List(fields.String())


class TodoDecisionSchema(Schema):
    """A call that decides: fill the item's members into ``path``, send ``body`` with what ``asks`` names."""

    code = fields.String()
    label = fields.String()
    method = fields.String()
    path = fields.String()
    body = fields.Dict(keys=fields.String())
    asks = fields.List(fields.String())
    if_match = fields.Boolean()


class TodoCountSchema(Schema):
    """A kind, and how many of it wait."""

    code = fields.String()
    title = fields.String()
    number = fields.Integer()


class TodoKindSchema(Schema):
    """A kind: how many wait, which decisions there are, and the sentence of each ``if_nothing``."""

    code = fields.String()
    title = fields.String()
    number = fields.Integer()
    if_nothing = fields.Dict(keys=fields.String(), values=fields.String())
    decisions = fields.List(fields.Nested(TodoDecisionSchema))


class AskedKindSchema(TodoCountSchema):
    """A kind of what waits for others: how many, and the sentence of each ``if_nothing``."""

    if_nothing = fields.Dict(keys=fields.String(), values=fields.String())


class AskedQueueSchema(Schema):
    """A page of what waits for others because of me, and how much of it there is."""

    items = fields.List(fields.Nested(AskedSchema))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()
    kinds = fields.List(fields.Nested(AskedKindSchema))


class QueueSchema(Schema):
    """A page of what waits for me, and how much waits in all."""

    items = fields.List(fields.Nested(TodoSchema))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()
    kinds = fields.List(fields.Nested(TodoKindSchema))


class TodoCountsSchema(Schema):
    """How much waits for me, by kind, for badges."""

    total = fields.Integer()
    kinds = fields.List(fields.Nested(TodoCountSchema))
