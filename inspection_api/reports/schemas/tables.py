"""What reports give: a typed table."""

from __future__ import annotations

import types
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from marshmallow import Schema, fields

from inspection_api.http.schemas import page_of
from inspection_api.reports.rules import Rate
from inspection_api.reports.table import Kind, Shape


class TitledSchema(Schema):
    """A column of a list: the member of its rows, and what people call it."""

    key = fields.String()
    title = fields.String()


class ListingSchema(Schema):
    """A list behind the numbers of a report; ``path`` is below the report's own."""

    path = fields.String()
    columns = fields.List(fields.Nested(TitledSchema))


class ReportSchema(Schema):
    """One report that can be asked for."""

    code = fields.String()
    title = fields.String()
    path = fields.String()
    lists = fields.List(fields.Nested(ListingSchema))


@cache
def summed_page_of(row: type[Schema]) -> type[Schema]:
    """Return the schema of one page of a list; the first says what each column of amounts comes to in all pages."""
    page = page_of(row)
    amount = fields.Decimal(places=2, as_string=True)
    sums = fields.Dict(keys=fields.String(), values=amount, allow_none=True)
    found: type[Schema] = types.new_class(page.__name__, (page,), exec_body=lambda body: body.update(sums=sums))
    return found


class CatalogueSchema(Schema):
    """All reports that the caller may read, whether he may read their tasks, and take their lists away."""

    items = fields.List(fields.Nested(ReportSchema))
    may_explain_tasks = fields.Boolean()
    may_export_lists = fields.Boolean()


class CellField(fields.Field[Any]):
    """What stands in a cell, by its column's ``kind``: a rate, a number, an amount as text, a text, a date, or null.

    A rate is its ``numerator`` and ``denominator``, counts or amounts in 元 as texts, and its ``value``; ``value`` null
    is shown as "—". It is written without a schema of its own: a page may hold three thousand of them.
    """

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:  # noqa: ARG002 - marshmallow's signature
        if isinstance(value, Rate):
            parts = {"numerator": value.numerator, "denominator": value.denominator, "value": value.value}
            return {name: _plain(part) for name, part in parts.items()}
        return _plain(value)


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return format(value, "f")
        case date():
            return value.isoformat()
    return value


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
