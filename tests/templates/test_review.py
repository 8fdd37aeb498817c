"""What a new definition is refused for, and the exact member at which."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from inspection_api.templates import default_template
from inspection_api.templates.errors import DefinitionInvalid
from inspection_api.templates.forms import compile_form, ensure_well_made
from inspection_api.templates.forms.faults import told

AB = [{"code": "a", "label": "甲"}, {"code": "b", "label": "乙"}]
CHOICE: dict[str, Any] = {"key": "x", "group": "g", "label": "项", "type": "single", "options": AB}
NEXT: dict[str, Any] = {"key": "y", "group": "g", "label": "项", "type": "yes_no"}
FORM: dict[str, Any] = {"title": "t", "groups": [{"key": "g", "label": "组"}], "items": [CHOICE, NEXT]}

SECOND: dict[str, Any] = {"kind": "second_person", "item": "x"}

SHAPES: list[tuple[dict[str, Any], str]] = [
    ({"options": [AB[0], {"code": "b"}]}, "items.0.options.1.label"),
    ({"options": [{**AB[0], "hue": 1}]}, "items.0.options.0.hue"),
    ({"options": [{**AB[0], "a b": 1}]}, "items.0.options.0"),
    ({"options": [{**AB[0], "code": 7}]}, "items.0.options.0.code"),
    ({"options": ["a"]}, "items.0.options.0"),
    ({"roles": ["king"]}, "items.0.roles.0"),
    ({"media_limits": {"smell": 1}}, "items.0.media_limits"),
    ({"media_limits": {"photo": "many"}}, "items.0.media_limits"),
    ({"indicator": {"code": "W1", "adverse": [1]}}, "items.0.indicator.adverse.0"),
    ({"options": [{**AB[0], "label": "a\u0000"}]}, "items.0.options.0.label"),
]
MEANINGS: list[tuple[dict[str, Any], str]] = [
    ({"options": [AB[0], AB[0]]}, "items.0.options.1.code"),
    ({"roles": ["auditor", "auditor"]}, "items.0.roles.1"),
    ({"key": "Not a key"}, "items.0.key"),
    ({"decimals": -1}, "items.0.decimals"),
    ({"max_length": 10**30}, "items.0.max_length"),
    ({"minimum": "2", "maximum": "1"}, "items.0.maximum"),
    ({"media_limits": {"photo": -1}}, "items.0.media_limits.photo"),
    ({"media_limits": {"photo": 2}, "evidence": [{"kind": "photo", "min_count": 3}]}, "items.0.evidence.0.min_count"),
    ({"evidence": [{"kind": "audio", "min_seconds": -1}]}, "items.0.evidence.0.min_seconds"),
    ({"evidence": [{"kind": "photo", "item": "x"}]}, "items.0.evidence.0.item"),
    ({"evidence": [{"kind": "second_person"}]}, "items.0.evidence.0.item"),
    ({"evidence": [{"kind": "document_number", "item": "x"}]}, "items.0.evidence.0.item"),
    (
        {"type": "text", "evidence": [{"kind": "second_person", "item": "x", "min_count": 2}]},
        "items.0.evidence.0.min_count",
    ),
    ({"indicator": {"code": "W1", "adverse": []}}, "items.0.indicator.adverse"),
    ({"indicator": {"code": "W1", "adverse": ["a", "c"]}}, "items.0.indicator.adverse.1"),
]
LATER: list[dict[str, Any]] = [
    {"visible_if": {"item": "x", "one_of": ["a"]}, "required_if": {"any_indicator": True}},
    {"not_applicable": True, "indicator": {"code": "W1", "adverse": [True, "not_applicable"]}},
    {"type": "text", "indicator": {"code": "W1", "adverse": ["无"]}},
    {"type": "number", "minimum": "1", "maximum": "1"},
]


def paths(definition: dict[str, Any]) -> set[str]:
    """Return where a definition is refused."""
    with pytest.raises(DefinitionInvalid) as refused:
        ensure_well_made(compile_form(definition))
    return set(refused.value.fields)


@pytest.mark.parametrize(("change", "path"), SHAPES + MEANINGS, ids=[row[1] for row in SHAPES + MEANINGS])
def test_a_wrong_member_of_an_item_is_named_exactly(change: dict[str, Any], path: str) -> None:
    assert paths({**FORM, "items": [CHOICE | change]}) == {path}


@pytest.mark.parametrize("part", LATER)
def test_what_an_item_can_mean_is_taken(part: dict[str, Any]) -> None:
    ensure_well_made(compile_form({**FORM, "items": [CHOICE, NEXT | part]}))


@pytest.mark.parametrize("name", ["visible_if", "required_if"])
def test_a_condition_names_only_answers_that_the_item_can_have(name: str) -> None:
    condition = {name: {"item": "x", "one_of": ["a", "c"]}}
    assert paths({**FORM, "items": [CHOICE, NEXT | condition]}) == {f"items.1.{name}.one_of.1"}


def test_a_yes_no_item_without_not_applicable_is_never_not_applicable() -> None:
    adverse = {"indicator": {"code": "W1", "adverse": ["not_applicable"]}}
    assert paths({**FORM, "items": [NEXT | adverse]}) == {"items.0.indicator.adverse.0"}


def test_a_wrong_member_outside_the_items_is_named_exactly() -> None:
    assert paths({**FORM, "min_dwell_s": -1}) == {"min_dwell_s"}
    assert paths({**FORM, "groups": [*FORM["groups"], {"key": "g", "label": "又"}]}) == {"groups.1.key"}
    rule = {"kind": "reason_if_indicator", "items": ["x"], "value": "c"}
    assert paths({**FORM, "rules": [rule]}) == {"rules.0.value"}
    assert paths({**FORM, "rules": [rule | {"items": ["nothing"]}]}) == {"rules.0"}
    assert paths({**FORM, "rules": [{"kind": "ordered", "items": ["x", "y"]}]}) == {"rules.0"}
    proof = {"kind": "document_number", "item": "y"}
    assert paths({**FORM, "rules": [rule | {"value": "a", "evidence": [proof]}]}) == {"rules.0.evidence.0.item"}
    ensure_well_made(compile_form({**FORM, "rules": [rule | {"value": "a"}]}))


@pytest.mark.parametrize(("count", "right"), [(0, False), (1, True), (11, True), (12, False)])
def test_a_rule_asks_for_no_more_media_than_its_items_take(count: int, *, right: bool) -> None:
    rule = {"kind": "at_least_one", "items": ["x", "y"], "evidence": [{"kind": "photo", "min_count": count}]}
    form = {**FORM, "items": [CHOICE | {"media_limits": {"photo": 2}}, NEXT], "rules": [rule]}
    if right:
        ensure_well_made(compile_form(form))
    else:
        assert paths(form) == {"rules.0.evidence.0.min_count"}


def test_every_fault_of_meaning_is_told_at_once() -> None:
    broken = deepcopy(FORM) | {"min_dwell_s": -1}
    broken["items"][0]["decimals"] = 99
    assert paths(broken) == {"min_dwell_s", "items.0.decimals"}


def test_a_missing_member_of_the_whole_is_named_itself() -> None:
    assert told("Object missing required field `groups`") == ("groups", "缺少此项")


def test_the_default_template_is_well_made() -> None:
    ensure_well_made(compile_form(default_template.DEFINITION))
