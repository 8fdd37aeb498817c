"""What the report endpoints take and give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from marshmallow import Schema, fields, validate

from inspection_api.http.schemas import DecimalText, Input, PageQuery, Truth
from inspection_api.reports.rules import ANY, BEFORE, CONCLUSIONS, INDICATORS, Measure, Rate
from inspection_api.reports.table import Kind, Shape


class ReportSchema(Schema):
    """One report that can be asked for."""

    code = fields.String()
    title = fields.String()
    path = fields.String()


class CatalogueSchema(Schema):
    """All reports."""

    items = fields.List(fields.Nested(ReportSchema))


class WindowQuery(Input):
    """Which organisation and which days, both inclusive, by due date."""

    organisation_id = fields.UUID(required=True)
    start = fields.Date(required=True, data_key="from")
    end = fields.Date(required=True, data_key="to")


class CellQuery(WindowQuery, PageQuery):
    """Which number of a table; ``own`` for the organisation's own row."""

    own = Truth(written=True, load_default=False)


class CountedTasksQuery(CellQuery):
    """Which number of the completion report."""

    measure = fields.String(required=True, validate=validate.OneOf(list(Measure)))


class IndicatorsQuery(WindowQuery):
    """By which periods, and what to count: visits, or their customers, each once."""

    by = fields.String(load_default="month", validate=validate.OneOf(["month", "quarter", "year"]))
    count = fields.String(load_default="visits", validate=validate.OneOf(["visits", "customers"]))


class ConcludedQuery(CellQuery):
    """Which conclusion, or any."""

    measure = fields.String(required=True, validate=validate.OneOf([*CONCLUSIONS, ANY]))


class MovedQuery(WindowQuery, PageQuery):
    """Which conclusion the customers came to, or any, and from which, unless from any."""

    measure = fields.String(required=True, validate=validate.OneOf([*CONCLUSIONS, ANY]))
    before = fields.String(load_default=None, validate=validate.OneOf(list(BEFORE)))


class RaisedQuery(CellQuery):
    """Which indicator, or any."""

    measure = fields.String(required=True, validate=validate.OneOf([*INDICATORS, ANY]))


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


class WordField(fields.String):
    """A code as people read it; one that has no word stays what it is."""

    def __init__(self, words: Mapping[str, str], **options: Any) -> None:
        """Set the words by code."""
        super().__init__(allow_none=True, dump_only=True, **options)
        self.words = words

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - marshmallow's signature
        return None if value is None else self.words.get(value, str(value))


class VisitRowSchema(Schema):
    """A visit behind a number, with the names that people know it by."""

    id = fields.UUID()
    performed_on = fields.Date()
    state = fields.String()
    conclusion = fields.String(allow_none=True)
    conclusion_word = WordField(CONCLUSIONS, attribute="conclusion")
    indicators = fields.List(fields.String())
    note = fields.String(allow_none=True)
    checkpoint_id = fields.UUID()
    checkpoint_code = fields.String()
    checkpoint_name = fields.String()
    customer_id = fields.UUID()
    customer_name = fields.String()
    organisation_id = fields.UUID()
    organisation_name = fields.String()
    officer_id = fields.UUID()
    officer_name = fields.String()


class CustomerRowSchema(Schema):
    """A customer behind a number."""

    id = fields.UUID()
    name = fields.String()
    uscc = fields.String()
    organisation_id = fields.UUID()
    organisation_name = fields.String()


class MovedCustomerSchema(CustomerRowSchema):
    """A customer with its last conclusions before the window and in it."""

    before = fields.String()
    before_word = WordField(BEFORE, attribute="before")
    after = fields.String()
    after_word = WordField(CONCLUSIONS, attribute="after")


class CoveredQuery(PageQuery):
    """Which number of the coverage table; ``own`` for the organisation's own row."""

    organisation_id = fields.UUID(required=True)
    start = fields.Date(required=True, data_key="from")
    end = fields.Date(required=True, data_key="to")
    measure = fields.String(required=True, validate=validate.OneOf(["due", "covered", "uncovered"]))
    own = Truth(written=True, load_default=False)


class CoveredCheckpointSchema(Schema):
    """A checkpoint that had to be seen."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    customer_id = fields.UUID()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)
    state = fields.String()
    effective_from = fields.Date()


class CoveredCustomerSchema(Schema):
    """A customer who had to be seen."""

    id = fields.UUID()
    name = fields.String()
    organisation_id = fields.UUID()
    officer_id = fields.UUID(allow_none=True)


class CellField(fields.Field[Any]):
    """What stands in a cell, by its column's ``kind``: a rate, a number, an amount as text, a text, a date, or null."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        match value:
            case Rate():
                return RateSchema().dump(value)
            case Decimal():
                return format(value, "f")
            case date():
                return value.isoformat()
        return value


class RateSchema(Schema):
    """A rate with its two numbers, counts or amounts in 元 as texts; ``value`` null is shown as "—"."""

    numerator = CellField()
    denominator = CellField()
    value = DecimalText(allow_none=True)


class ColumnSchema(Schema):
    """A column; ``numerator`` and ``denominator`` are the measures behind its numbers, null where there is none.

    The list ``listing`` below the report's path, asked the table's ``drill``, then the row's, then this one, and the
    measure, is as long as the number in the cell.
    """

    key = fields.String()
    title = fields.String()
    kind = fields.Enum(Kind, by_value=True)
    numerator = fields.String(allow_none=True)
    denominator = fields.String(allow_none=True)
    listing = fields.String(allow_none=True)
    drill = fields.Dict(keys=fields.String(), values=fields.String())


class PlaceSchema(Schema):
    """The organisation of a row."""

    id = fields.UUID()
    code = fields.String()
    name = fields.String()
    kind = fields.String()


class RowSchema(Schema):
    """A row: its cells by column key; ``organisation`` is null where a row is no organisation's."""

    label = fields.String()
    key = fields.String()
    organisation = fields.Nested(PlaceSchema, allow_none=True)
    own = fields.Boolean()
    drill = fields.Dict(keys=fields.String(), values=fields.String())
    cells = fields.Dict(keys=fields.String(), values=CellField())


class WindowSchema(Schema):
    """The report's days, both inclusive."""

    start = fields.Date(data_key="from")
    end = fields.Date(data_key="to")


class ChartSchema(Schema):
    """The columns that a curve or a bar chart shows."""

    shape = fields.Enum(Shape, by_value=True)
    columns = fields.List(fields.String())


class TableSchema(Schema):
    """A report: typed columns, its rows, and their sum where one makes sense."""

    code = fields.String()
    title = fields.String()
    window = fields.Nested(WindowSchema)
    as_of = fields.AwareDateTime()
    headline = fields.String()
    heading = fields.String()
    columns = fields.List(fields.Nested(ColumnSchema))
    rows = fields.List(fields.Nested(RowSchema))
    total = fields.Nested(RowSchema, allow_none=True)
    chart = fields.Nested(ChartSchema, allow_none=True)
    notes = fields.List(fields.String())
    drill = fields.Dict(keys=fields.String(), values=fields.String())
