"""What the imports endpoints take and give."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from inspection_api.http.schemas import Input, Text, Truth
from inspection_api.imports.rules.tables import GIVEN, Table

_TABLES = validate.OneOf(list(Table))
_GIVEN = validate.OneOf(list(GIVEN))


class ImportQuery(Input):
    """Whether only to look, and what a CSV holds (an XLSX has a sheet for each table)."""

    dry_run = Truth(written=True, load_default=True)
    table = fields.String(load_default=None, validate=_TABLES)


class CountsSchema(Schema):
    """What became of one table's rows."""

    table = fields.String()
    created = fields.Integer()
    updated = fields.Integer()
    unchanged = fields.Integer()


class OutcomeSchema(Schema):
    """What an import did; what it would do, if ``dry_run``."""

    dry_run = fields.Boolean()
    tables = fields.List(fields.Nested(CountsSchema))


class ExportInput(Input):
    """Which organisation's things to give out, with all below it, and why; a CSV holds one table."""

    organisation_id = fields.UUID(required=True)
    format = fields.String(load_default="xlsx", validate=validate.OneOf(["xlsx", "csv"]))
    table = fields.String(load_default=None, allow_none=True, validate=_GIVEN)
    reason = Text(required=True, minimum=4, maximum=200, lines=True)

    @validates_schema
    def ensure_table(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a CSV without its table, and a table that no CSV asks for."""
        if (data.get("format") == "csv") != (data.get("table") is not None):
            raise ValidationError("CSV 须指定一个表，XLSX 包含全部", field_name="table")
