"""Every message that marshmallow has reaches the user in Chinese."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from marshmallow import Schema, ValidationError, fields, validate

from inspection_api.http.messages import chinese

if TYPE_CHECKING:
    from collections.abc import Iterator


def field_classes(kind: type[fields.Field[Any]] = fields.Field) -> Iterator[type[fields.Field[Any]]]:
    for inner in kind.__subclasses__():
        if inner.__module__ == "marshmallow.fields":
            yield inner
            yield from field_classes(inner)


UNUSED = (fields.IP, fields.IPInterface, fields.Enum, fields.Function, fields.Method, fields.Constant, fields.Pluck)
SENTENCES = sorted(
    {
        message
        for kind in field_classes()
        if not issubclass(kind, UNUSED)
        for message in kind.default_error_messages.values()
        if "{" not in message
    }
)


@pytest.mark.parametrize("message", SENTENCES)
def test_every_message_of_a_field_is_translated(message: str) -> None:
    assert chinese(message) != message


@pytest.mark.parametrize(
    ("rule", "value", "told"),
    [
        (validate.Length(min=1, max=200), "", "长度须在 1 与 200 之间"),
        (validate.Length(min=3), "", "长度不能少于 3"),
        (validate.Length(max=3), "abcd", "长度不能超过 3"),
        (validate.Length(equal=2), "abc", "长度须为 2"),
        (validate.Range(min=1, max=200), 0, "须在 1 与 200 之间"),
        (validate.Range(min=1, max=2, min_inclusive=False), 1, "须大于 1 且不大于 2"),
        (validate.Range(min=1, max=2, max_inclusive=False), 2, "须不小于 1 且小于 2"),
        (validate.Range(min=1, max=2, min_inclusive=False, max_inclusive=False), 2, "须大于 1 且小于 2"),
        (validate.Range(min=1), 0, "不能小于 1"),
        (validate.Range(max=1), 2, "不能大于 1"),
        (validate.Range(min=1, min_inclusive=False), 1, "须大于 1"),
        (validate.Range(max=1, max_inclusive=False), 1, "须小于 1"),
        (validate.OneOf(["a", "b"]), "c", "须为其中之一：a, b"),
        (validate.Equal("a"), "c", "须等于 a"),
        (validate.ContainsOnly(["a"]), ["c"], "只能选择：a"),
        (validate.ContainsNoneOf(["c"]), ["c"], "不能选择：c"),
        (validate.Regexp("a"), "c", "格式不正确"),
        (validate.Predicate("__len__"), "", "取值无效"),
    ],
)
def test_limits_keep_their_numbers(rule: Any, value: Any, told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        rule(value)
    assert [chinese(message) for message in refused.value.messages] == [told]


def test_messages_about_times_are_translated() -> None:
    schema = Schema.from_dict({"at": fields.AwareDateTime(), "on": fields.Date()})()
    for wrong in ({"at": "2026-01-01T00:00:00"}, {"at": "x"}, {"on": "x"}):
        with pytest.raises(ValidationError) as refused:
            schema.load(wrong)
        assert "应为" in chinese(refused.value.messages_dict[next(iter(wrong))][0])


def test_a_schemas_own_words_stay_as_they_are() -> None:
    assert chinese("须为 2–40 位小写字母") == "须为 2–40 位小写字母"
