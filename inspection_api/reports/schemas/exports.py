"""What asking for a file takes."""

from __future__ import annotations

from marshmallow import fields, validate

from inspection_api.http.schemas import Input, Text


class TableExportInput(Input):
    """As what the report is to be written."""

    format = fields.String(load_default="xlsx", validate=validate.OneOf(["xlsx", "pdf"]))


class ListExportInput(Input):
    """Why names are taken out of the system."""

    reason = Text(required=True, minimum=4, maximum=200, lines=True)
