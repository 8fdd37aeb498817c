"""What the report endpoints take and give."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import DecimalText, Input, PageQuery, Truth
from inspection_api.reports.rules import Measure


class ReportSchema(Schema):
    """One report that can be asked for."""

    code = fields.String()
    title = fields.String()
    path = fields.String()


class CatalogueSchema(Schema):
    """All reports."""

    items = fields.List(fields.Nested(ReportSchema))


class CompletionQuery(Input):
    """Which organisation and which days, both inclusive, by due date."""

    organisation_id = fields.UUID(required=True)
    start = fields.Date(required=True, data_key="from")
    end = fields.Date(required=True, data_key="to")


class CountedTasksQuery(PageQuery):
    """Which number of the table; ``own`` for the organisation's own row."""

    organisation_id = fields.UUID(required=True)
    start = fields.Date(required=True, data_key="from")
    end = fields.Date(required=True, data_key="to")
    measure = fields.String(required=True, validate=validate.OneOf(list(Measure)))
    own = Truth(written=True, load_default=False)


class CountedTaskSchema(Schema):
    """A task behind a number."""

    id = fields.UUID()
    checkpoint_id = fields.UUID()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)
    period_start = fields.Date()
    period_end = fields.Date()
    due_on = fields.Date()
    state = fields.String()
    overdue = fields.Boolean()
    closed_by = fields.UUID(allow_none=True)
    performed_on = fields.Date(allow_none=True)


class RateSchema(Schema):
    """A rate with its two counts; ``value`` null is shown as "—"."""

    numerator = fields.Integer()
    denominator = fields.Integer()
    value = DecimalText(allow_none=True)


class ColumnSchema(Schema):
    """A column; the measures name the lists behind numerator and denominator."""

    key = fields.String()
    title = fields.String()
    numerator = fields.String()
    denominator = fields.String()


class PlaceSchema(Schema):
    """The organisation of a row."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()


class RowSchema(Schema):
    """One organisation's rates by column key."""

    organisation = fields.Nested(PlaceSchema)
    own = fields.Boolean()
    cells = fields.Dict(keys=fields.String(), values=fields.Nested(RateSchema))


class WindowSchema(Schema):
    """The report's days, both inclusive."""

    start = fields.Date(data_key="from")
    end = fields.Date(data_key="to")


class TableSchema(Schema):
    """A report: typed columns, one row per organisation, and their sum."""

    code = fields.String()
    title = fields.String()
    window = fields.Nested(WindowSchema)
    as_of = fields.AwareDateTime()
    headline = fields.String()
    columns = fields.List(fields.Nested(ColumnSchema))
    rows = fields.List(fields.Nested(RowSchema))
    total = fields.Nested(RowSchema)
