"""Shared schemas: strict input, safe text, pages, versions.

marshmallow is obliging by default: it turns 1.9 into 1, "yes" into true, and rounds 1.239. The fields below do not, and
an :class:`Input` is made of nothing else (tests/http/test_strict_fields.py).
"""

from __future__ import annotations

import re
import types
import unicodedata
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

from inspection_api.core.paging import DEFAULT_LIMIT, MAX_LIMIT
from inspection_api.http.texts import is_safe_text

if TYPE_CHECKING:
    from collections.abc import Mapping

UNSAFE_TEXT = "含有不允许的控制字符"
_WRITTEN_WHOLE = re.compile(r"-?[0-9]{1,18}")
_WRITTEN_REAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_WRITTEN_TRUTH = {"true": True, "false": False}
_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.([0-9]{1,30}))?")


class Input(Schema):
    """A request body or query: an unknown field is an error (security.md, API3)."""

    class Meta:
        """Refuse what the schema does not name."""

        unknown = RAISE
        ordered = True


class Pattern(validate.Regexp):
    """A form that the whole text must have; written as ``^…$``, which means the same to every reader of the document.

    Python alone lets ``$`` stand before a last line break.
    """

    def __call__(self, value: Any) -> Any:
        """Return ``value`` if all of it has the form.

        Raises:
            ValidationError: it has not.
        """
        if self.regex.fullmatch(value) is None:
            raise ValidationError(self._format_error(value))
        return value


class Word(fields.String):
    """A text as it comes: NFC, and nothing in it that people do not see; ``lines`` lets line breaks through."""

    def __init__(self, *, lines: bool = False, **options: Any) -> None:
        """Say whether it may have several lines."""
        super().__init__(**options)
        self.lines = lines

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = unicodedata.normalize("NFC", str(super()._deserialize(value, attr, data, **kwargs)))
        if not is_safe_text(text, lines=self.lines):
            raise ValidationError(UNSAFE_TEXT)
        return text


class Text(Word):
    """One line of user text, or several: trimmed, ``minimum``–``maximum`` characters."""

    def __init__(self, *, maximum: int = 200, minimum: int = 1, **options: Any) -> None:
        """Set the length limits in characters."""
        super().__init__(validate=validate.Length(min=minimum, max=maximum), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        trimmed = value.strip() if isinstance(value, str) else value
        return super()._deserialize(trimmed, attr, data, **kwargs)


class Whole(fields.Integer):
    """A whole number: 1, and neither 1.0 nor "1" nor true; ``written`` reads the text of a query instead."""

    def __init__(self, *, written: bool = False, **options: Any) -> None:
        """Say whether it is written in a query."""
        super().__init__(strict=True, **options)
        self.written = written

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if self.written and isinstance(value, str) and _WRITTEN_WHOLE.fullmatch(value):
            value = int(value)
        return super()._deserialize(value, attr, data, **kwargs)


class Real(fields.Float):
    """A finite number of JSON: never a text, never true; ``written`` reads the text of a query instead."""

    def __init__(self, *, written: bool = False, **options: Any) -> None:
        """Say whether it is written in a query."""
        super().__init__(**options)
        self.written = written

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if self.written and isinstance(value, str) and _WRITTEN_REAL.fullmatch(value):
            value = float(value)
        if not isinstance(value, int | float):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Truth(fields.Boolean):
    """JSON's true or false, and nothing that could be taken for one; ``written`` reads the text of a query instead."""

    def __init__(self, *, written: bool = False, **options: Any) -> None:
        """Say whether it is written in a query."""
        super().__init__(**options)
        self.written = written

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:  # noqa: ARG002 - marshmallow's signature
        if self.written and isinstance(value, str):
            value = _WRITTEN_TRUTH.get(value)
        if value is not True and value is not False:
            raise self.make_error("invalid", input=value)
        return value is True


class DecimalText(fields.String):
    """A decimal number as a text, for a JSON number is a float to most readers: from 0 to ``below``, never rounded.

    Digits beyond ``maximum_places`` are refused.
    """

    def __init__(self, *, maximum_places: int = 30, below: Decimal = Decimal("Infinity"), **options: Any) -> None:
        """Set the limits."""
        super().__init__(metadata={"format": "decimal"}, **options)
        self.maximum_places = maximum_places
        self.below = below

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - marshmallow's signature
        return None if value is None else format(value, "f")

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:  # type: ignore[override]  # noqa: ARG002 - a number comes of it; marshmallow's signature
        match = _DECIMAL.fullmatch(value) if isinstance(value, str) else None
        if match is None:
            raise ValidationError('应为十进制数的文本，如 "12.30"')
        number = Decimal(match[0])
        if not Decimal(0) <= number < self.below:
            raise ValidationError("超出范围")
        if len(match[2] or "") > self.maximum_places:
            raise ValidationError(f"最多 {self.maximum_places} 位小数")
        return number


class InWords(fields.String):
    """A code as people read it; one that has no word stays what it is."""

    def __init__(self, words: Mapping[Any, str], **options: Any) -> None:
        """Set the words by code."""
        super().__init__(allow_none=True, dump_only=True, **options)
        self.words = words

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:  # noqa: ARG002 - marshmallow's signature
        return None if value is None else self.words.get(value, str(value))


class PageQuery(Input):
    """Which page of a list."""

    limit = Whole(written=True, load_default=DEFAULT_LIMIT, validate=validate.Range(min=1, max=MAX_LIMIT))
    cursor = Text(maximum=1000, load_default=None)


class IfMatch(Schema):
    """The version that an edit was based on, as in the ETag of the read."""

    if_match = Word(required=True, data_key="If-Match", validate=Pattern(r'^"[0-9]{1,18}"$'))


class IdempotencyKey(Schema):
    """A key that the client makes for one intention, so that a retry has no second effect."""

    idempotency_key = Word(required=True, data_key="Idempotency-Key", validate=Pattern(r"^[\x21-\x7e]{8,100}$"))


class StartedJobSchema(Schema):
    """A job that was just asked for; ``GET /jobs/{id}`` tells how far it is."""

    id = fields.UUID()
    kind = fields.String()
    status = fields.String()


class MarkSchema(Schema):
    """What lies around a fence's centre, in metres east and north of it; ``accuracy_m`` is what a fix reports."""

    kind = fields.String()
    east_m = fields.Float()
    north_m = fields.Float()
    distance_m = fields.Float()
    accuracy_m = fields.Float(allow_none=True)
    is_mock = fields.Boolean()


class SketchSchema(Schema):
    """A fence around a place in WGS-84, and the marks around it, in the order in which they are drawn."""

    lon = fields.Float()
    lat = fields.Float()
    radius_m = fields.Integer()
    marks = fields.List(fields.Nested(MarkSchema))


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """Return the schema of one page of ``item``, the same for every endpoint."""
    members = {"items": fields.List(fields.Nested(item)), "next_cursor": fields.String(allow_none=True)}
    name = f"{item.__name__.removesuffix('Schema')}Page"
    page: type[Schema] = types.new_class(name, (Schema,), exec_body=lambda body: body.update(members))
    return page
