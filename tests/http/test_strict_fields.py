"""Every field of every input of every slice takes what it says and nothing that merely looks like it."""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from marshmallow import ValidationError, fields, validate

from inspection_api import app
from inspection_api.http.schemas import (
    DecimalText,
    IdempotencyKey,
    IfMatch,
    Input,
    Pattern,
    Real,
    Text,
    Truth,
    Whole,
    Word,
)
from inspection_api.reports.schemas.closings import MonthField

if TYPE_CHECKING:
    from collections.abc import Iterator

    from marshmallow import Schema

NAN = float("nan")
UNSEEN = [
    *("\x00", "\x07", "\t", "\r", "\x1b", "\x7f", "\x85", "\x9b"),  # C0, DEL and C1 controls
    *("\u202a", "\u202e", "\u2066", "\u2069", "\u200e", "\u061c"),  # turn the direction
    *("\u200b", "\u200d", "\u2060", "\ufeff", "\u00ad"),  # have no width
    *("\u2028", "\u2029", "\ud800", "\udfff"),  # break lines; halves of a pair
]
PLAIN = (fields.UUID, fields.Date, fields.AwareDateTime, fields.Enum, fields.Dict)


def inputs(schema: type[Schema] = Input) -> Iterator[type[Schema]]:
    """Yield every input that the application's slices know."""
    assert app.BLUEPRINTS
    for inner in schema.__subclasses__():
        yield inner
        yield from inputs(inner)


def parts(path: str, field: Any) -> Iterator[tuple[str, Any]]:
    """Yield a field and what it is made of."""
    yield path, field
    if isinstance(field, fields.List):
        yield from parts(f"{path}.0", field.inner)
    elif isinstance(field, fields.Nested):
        for name, inner in field.schema.fields.items():
            yield from parts(f"{path}.{name}", inner)


FOUND = {
    path: field
    for schema in {*inputs(), IfMatch, IdempotencyKey}
    if schema.__module__.startswith(("inspection_api", "sync", "checkpoints", "kiosk_print"))
    for name, top in schema().fields.items()
    for path, field in parts(f"{schema.__name__}.{name}", top)
}


def of(kind: type[fields.Field[Any]]) -> list[Any]:
    return [pytest.param(field, id=path) for path, field in sorted(FOUND.items()) if isinstance(field, kind)]


def is_taken(field: Any, value: object) -> bool:
    try:
        field.deserialize(value)
    except ValidationError:
        return False
    return True


def taken(field: Any, values: list[Any]) -> list[Any]:
    return [value for value in values if is_taken(field, value)]


def test_the_walk_sees_every_slice() -> None:
    assert len(FOUND) > 130
    assert {
        "RuleInput.interval",
        "LoanInput.amount",
        "BindInput.fixes.0.mock",
        "PullQuery.limit",
        "LabelsInput.checkpoint_ids.0",
    } <= set(FOUND)


def test_an_input_is_made_of_strict_fields_only() -> None:
    """A plain text is allowed where only listed words are."""
    strict = (Word, Whole, Real, Truth, DecimalText, MonthField, fields.List, fields.Nested, *PLAIN)
    listed = {
        path
        for path, field in FOUND.items()
        if type(field) is fields.String and any(isinstance(rule, validate.OneOf) for rule in field.validators)
    }
    assert {path for path, field in FOUND.items() if not isinstance(field, strict)} == listed


@pytest.mark.parametrize("field", of(fields.Integer))
def test_a_whole_number_is_written_as_one(field: Whole) -> None:
    assert taken(field, [1.0, 1.9, 15.0, True, False, "1.0", "1.9", " 1", "+1", "1_5", "１", "", "1e1", [1], NAN]) == []
    assert bool(taken(field, ["3", "15", "200", "2026"])) is field.written
    assert taken(field, [3, 15, 200, 2026])


@pytest.mark.parametrize("field", of(MonthField))
def test_a_month_is_written_in_full(field: MonthField) -> None:
    assert (
        taken(field, ["2026-3", "2026-13", "2026-00", "2026-03-01", "2026-03\n", " 2026-03", "２026-03", 202603]) == []
    )
    assert field.deserialize("2026-03") == date(2026, 3, 1)


@pytest.mark.parametrize("field", of(fields.Boolean))
def test_true_and_false_are_the_only_truths(field: Truth) -> None:
    assert taken(field, ["yes", "True", "t", "1", 1, 0, 1.0, 0.0, "", "on", [], {}]) == []
    assert (field.deserialize(True), field.deserialize(False)) == (True, False)  # noqa: FBT003 - they are the point
    assert taken(field, ["true", "false"]) == (["true", "false"] if field.written else [])


@pytest.mark.parametrize("field", of(fields.Float))
def test_a_number_is_no_text_and_finite(field: Real) -> None:
    assert taken(field, ["nan", "1e2", " 1", "1_0", "１", ".5", "1.", "", True, NAN, float("inf"), [1.0], {}]) == []
    assert taken(field, ["1", "-1.5"]) == (["1", "-1.5"] if field.written else [])
    assert field.deserialize(1) == 1.0
    assert field.deserialize(116.4) == 116.4


@pytest.mark.parametrize("field", of(DecimalText))
def test_a_decimal_is_a_text_and_never_rounded(field: DecimalText) -> None:
    hostile = [
        1,
        1.239,
        True,
        "NaN",
        "sNaN",
        "Infinity",
        "1e2",
        " 1",
        "1 ",
        "+1",
        "１",
        "1_0",
        ".5",
        "5.",
        "-1",
        "",
        [],
    ]
    assert taken(field, hostile) == []
    longest = "1." + "1" * field.maximum_places
    assert field.deserialize(longest) == Decimal(longest)
    assert not is_taken(field, longest + "1")
    assert not is_taken(field, "9" * 30)


@pytest.mark.parametrize("field", of(fields.String))
def test_a_text_holds_nothing_unseen(field: fields.String) -> None:
    assert (
        taken(
            field, [f"{start}{char}{end}" for char in UNSEEN for start, end in (("甲乙" * 6, "a1"), ("aaaa", "1111"))]
        )
        == []
    )
    if not getattr(field, "lines", False):
        assert taken(field, ["甲乙" * 6 + "\n丙", "aaaa\n1111"]) == []


@pytest.mark.parametrize("field", of(Text))
def test_a_text_is_trimmed_and_composed(field: Text) -> None:
    given = "  " + "e\u0301" * 12 + "\n"
    assert field.deserialize(given) == unicodedata.normalize("NFC", given).strip() == "\u00e9" * 12


def test_a_paragraph_keeps_its_line_breaks() -> None:
    field = Text(lines=True)
    assert field.deserialize("一\n二") == "一\n二"
    assert taken(field, ["一\r\n二", "一\t二", "一\u202e二"]) == []


@pytest.mark.parametrize("value", ["ab\n", "\nab", "a", "ab ", "abc"])
def test_a_pattern_covers_the_whole_text(value: str) -> None:
    with pytest.raises(ValidationError):
        Pattern(r"^[a-z]{2}$")(value)
    assert Pattern(r"^[a-z]{2}$")("ab") == "ab"
