"""Shared schemas: strict input, safe text, pages, versions."""

from __future__ import annotations

import re
import types
import unicodedata
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from inspection_api.core.paging import DEFAULT_LIMIT, MAX_LIMIT

UNSAFE_TEXT = "含有不允许的控制字符"
_ALLOWED_CONTROLS = {"\n", "\t"}
_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")


def is_storable(value: str) -> bool:
    """Tell whether PostgreSQL can hold ``value`` at all: neither U+0000 nor half of a surrogate pair."""
    return _UNSTORABLE.search(value) is None


def is_safe_text(value: str) -> bool:
    """Tell whether PostgreSQL and a printed page can hold ``value``: no control characters, no lone surrogates."""
    return not any(unicodedata.category(char) in {"Cc", "Cs"} and char not in _ALLOWED_CONTROLS for char in value)


class Input(Schema):
    """A request body or query: an unknown field is an error (security.md, API3)."""

    class Meta:
        """Refuse what the schema does not name."""

        unknown = RAISE
        ordered = True


class Text(fields.String):
    """One line or paragraph of user text: trimmed, NFC, without control characters, 1–``maximum`` characters."""

    def __init__(self, *, maximum: int = 200, minimum: int = 1, **options: Any) -> None:
        """Set the length limits in characters."""
        super().__init__(validate=validate.Length(min=minimum, max=maximum), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = unicodedata.normalize("NFC", str(super()._deserialize(value, attr, data, **kwargs))).strip()
        if not is_safe_text(text):
            raise ValidationError(UNSAFE_TEXT)
        return text


class PageQuery(Input):
    """Which page of a list."""

    limit = fields.Integer(load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT))
    cursor = Text(maximum=1000, load_default=None)


class IfMatch(Schema):
    """The version that an edit was based on, as in the ETag of the read."""

    if_match = fields.String(required=True, data_key="If-Match", validate=validate.Regexp(r'"\d{1,18}"\Z'))


class IdempotencyKey(Schema):
    """A key that the client makes for one intention, so that a retry has no second effect."""

    idempotency_key = fields.String(
        required=True, data_key="Idempotency-Key", validate=validate.Regexp(r"[\x21-\x7e]{8,100}\Z")
    )


def page_of(item: type[Schema]) -> type[Schema]:
    """Return the schema of one page of ``item``."""
    members = {"items": fields.List(fields.Nested(item)), "next_cursor": fields.String(allow_none=True)}
    name = f"{item.__name__.removesuffix('Schema')}Page"
    page: type[Schema] = types.new_class(name, (Schema,), exec_body=lambda body: body.update(members))
    return page
