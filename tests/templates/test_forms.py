"""Forms: definitions compile or are refused, answers get canonical values or one sentence each."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.templates import default_template
from inspection_api.templates.errors import DefinitionInvalid
from inspection_api.templates.forms import (
    EvidenceMissing,
    Form,
    Medium,
    answers_from_wire,
    compile_form,
    evidence_missing,
    tidied,
    validate,
)

DEFAULT = compile_form(default_template.DEFINITION)
RISKS = [item["key"] for item in default_template.DEFINITION["items"] if item["type"] == "yes_no"]
PHOTOS = [Medium("power_kwh", "photo"), Medium("tax_ytd", "photo")]


def calm(**changes: Any) -> dict[str, Any]:
    """Return a complete, calm sheet; a change to None leaves the answer out."""
    given_values = {"op_status": "normal", "power_kwh": "1200.50", "tax_ytd": "3", "conclusion": "normal"}
    answers = given_values | dict.fromkeys(RISKS, False) | changes
    return {key: value if isinstance(value, dict) else {"value": value} for key, value in answers.items()}


def form_of(*items: dict[str, Any], rules: list[dict[str, Any]] | None = None) -> Form:
    base = {"group": "g", "label": "项"}
    groups = [{"key": "g", "label": "组"}]
    return compile_form({"title": "t", "groups": groups, "items": [base | i for i in items], "rules": rules or []})


def judged(item: dict[str, Any], value: object) -> object:
    """Return the canonical value of one answer, or the code of what is wrong with it."""
    verdict = validate(form_of({"key": "x"} | item), {"x": {"value": value}})
    return verdict.errors["x"][0] if verdict.errors else verdict.values["x"]["value"]


def test_a_complete_calm_sheet_is_valid_and_proved() -> None:
    verdict = validate(DEFAULT, calm(), PHOTOS)
    assert verdict.is_valid
    assert verdict.evidence_missing == ()
    assert verdict.indicators == ()
    assert verdict.values["power_kwh"] == {"value": "1200.5"}


def test_the_default_template_has_every_key_and_indicator_of_the_specification() -> None:
    keys = (
        "customer_name loan_amount disbursed_on matures_on five_class op_status water_t power_kwh gas_m3 tax_ytd"
        " payroll_n payroll_amt credit_delta_up credit_delta_down inflow_ytd dep_balance dep_delta other_bank_overdue"
        " ent_dispute ctrl_lost ctrl_credit ctrl_event coll_adverse guar_overdue guar_dispute licence_expired"
        " remark conclusion superior_opinion companions"
    )
    assert list(DEFAULT.by_key) == keys.split()
    indicators = [item.indicator for item in DEFAULT.by_key.values() if item.indicator]
    assert indicators == [f"W{number:02}" for number in range(1, 11)] == list(default_template.INDICATORS)


def test_every_adverse_answer_raises_its_own_indicator() -> None:
    answers = calm(op_status="semi", remark="停产检修", conclusion="watch") | {key: {"value": True} for key in RISKS}
    verdict = validate(DEFAULT, answers, PHOTOS)
    assert verdict.indicators == tuple(f"W{number:02}" for number in range(1, 11))
    assert verdict.is_valid


def test_a_remark_is_required_as_soon_as_an_indicator_is_raised() -> None:
    verdict = validate(DEFAULT, calm(ctrl_lost=True, conclusion="watch", remark="  "), PHOTOS)
    assert verdict.errors == {"remark": ("required", "其他需特殊说明情况：必填")}


def test_a_calm_conclusion_over_an_indicator_needs_a_reason_and_stays_a_warning() -> None:
    answers = calm(ctrl_lost=True, remark="已派人上门")
    assert validate(DEFAULT, answers).errors["conclusion"][0] == "reason_required"
    answers["conclusion"] = {"value": "normal", "note": "出差，次日已联系上"}
    verdict = validate(DEFAULT, answers, PHOTOS)
    assert verdict.is_valid
    assert verdict.warnings["conclusion"][0] == "contradicts_indicators"


@pytest.mark.parametrize("meter", ["water_t", "power_kwh", "gas_m3"])
def test_any_one_of_water_power_and_gas_is_enough_and_its_photo_may_lie_at_any_of_them(meter: str) -> None:
    answers = calm(power_kwh=None) | {meter: {"value": 0}}
    verdict = validate(DEFAULT, answers, [Medium("tax_ytd", "photo"), Medium("gas_m3", "photo")])
    assert verdict.is_valid
    assert verdict.evidence_missing == ()
    assert verdict.values[meter] == {"value": "0"}


def test_none_of_water_power_and_gas_is_refused() -> None:
    assert validate(DEFAULT, calm(power_kwh=None)).errors["power_kwh"][0] == "at_least_one"


def test_a_wrong_meter_value_is_one_error_and_not_two() -> None:
    assert [code for code, _ in validate(DEFAULT, calm(power_kwh="x")).errors.values()] == ["wrong_type"]


@pytest.mark.parametrize(
    ("up", "down", "wrong"), [("1", "1", True), ("0", "1", False), ("1", "0.00", False), (None, None, False)]
)
def test_at_most_one_of_increase_and_decrease_is_not_zero(up: str | None, down: str | None, wrong: bool) -> None:  # noqa: FBT001 - a table's column
    errors = validate(DEFAULT, calm(credit_delta_up=up, credit_delta_down=down)).errors
    assert ("credit_delta_down" in errors) is wrong


def test_every_missing_required_answer_is_named() -> None:
    assert set(validate(DEFAULT, {}).errors) == {"op_status", "power_kwh", "tax_ytd", "conclusion", *RISKS}


def test_missing_photos_are_listed_with_what_is_needed() -> None:
    missing = validate(DEFAULT, calm(), [Medium("tax_ytd", "audio", 30), Medium(None, "photo")]).evidence_missing
    assert missing == (EvidenceMissing("tax_ytd", "photo", 1, 0, 0), EvidenceMissing("power_kwh", "photo", 1, 0, 0))


def test_evidence_is_counted_again_over_the_stored_media() -> None:
    values = validate(DEFAULT, calm(), PHOTOS).values
    assert [lack.item for lack in evidence_missing(DEFAULT, values, PHOTOS[:1])] == ["tax_ytd"]


def test_an_unknown_item_is_an_error_and_is_not_kept() -> None:
    verdict = validate(DEFAULT, calm(state="accepted"))
    assert verdict.errors["state"][0] == "unknown_item"
    assert "state" not in verdict.values


def test_more_media_than_an_item_takes_are_refused() -> None:
    assert validate(DEFAULT, calm(), [*PHOTOS, *[Medium("op_status", "photo")] * 9]).is_valid
    errors = validate(DEFAULT, calm(), [*PHOTOS, *[Medium("op_status", "photo")] * 10]).errors
    assert errors == {"op_status": ("too_many_media", "企业经营状况：图片最多 9 个")}


def test_an_item_that_takes_no_media_of_a_kind_takes_not_even_one() -> None:
    form = form_of({"key": "x", "type": "text", "media_limits": {"photo": 0}}, {"key": "y", "type": "text"})
    assert validate(form, {}, [Medium("x", "audio", 30), Medium("y", "photo"), Medium(None, "photo")]).is_valid
    for media in ([Medium("x", "photo")], [Medium("y", "photo"), Medium("x", "photo")]):
        assert validate(form, {}, media).errors == {"x": ("too_many_media", "项：图片最多 0 个")}


def test_wire_entries_become_the_stored_mapping() -> None:
    assert validate(
        DEFAULT, answers_from_wire([{"item": "op_status", "value": "semi", "note": " 停一条线 "}])
    ).values == {"op_status": {"value": "semi", "note": "停一条线"}}


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        ({"type": "yes_no"}, False, False),
        ({"type": "yes_no"}, 1, "wrong_type"),
        ({"type": "yes_no"}, "not_applicable", "wrong_type"),
        ({"type": "yes_no", "not_applicable": True}, "not_applicable", "not_applicable"),
        ({"type": "single", "options": [{"code": "a", "label": "甲"}]}, "a", "a"),
        ({"type": "single", "options": [{"code": "a", "label": "甲"}]}, "甲", "unknown_option"),
        ({"type": "single", "options": [{"code": "a", "label": "甲"}]}, ["a"], "unknown_option"),
        ({"type": "multiple", "options": [{"code": c, "label": c} for c in "abc"]}, ["c", "a", "a"], ["a", "c"]),
        ({"type": "multiple", "options": [{"code": "a", "label": "甲"}]}, ["b"], "unknown_option"),
        ({"type": "multiple", "options": [{"code": "a", "label": "甲"}]}, "a", "wrong_type"),
        ({"type": "multiple", "options": [{"code": "a", "label": "甲"}]}, [{}], "wrong_type"),
        ({"type": "number"}, 12.3, "12.3"),
        ({"type": "number"}, "-0.00", "0"),
        ({"type": "number"}, "007.10", "7.1"),
        ({"type": "number"}, 10**16, "wrong_type"),
        ({"type": "number"}, True, "wrong_type"),
        ({"type": "number"}, None, "required"),
        ({"type": "number"}, "1e3", "wrong_type"),
        ({"type": "number"}, "NaN", "wrong_type"),
        ({"type": "number"}, "١٢", "wrong_type"),
        ({"type": "number"}, "1." + "0" * 100_000, "wrong_type"),
        ({"type": "number"}, "1.005", "too_many_decimals"),
        ({"type": "number", "decimals": 0}, "1.5", "too_many_decimals"),
        ({"type": "number", "minimum": "0"}, "-0.01", "out_of_range"),
        ({"type": "money", "minimum": "0", "maximum": "100"}, "100", "100"),
        ({"type": "money", "maximum": "100"}, "100.01", "out_of_range"),
        ({"type": "date"}, "2024-02-29", "2024-02-29"),
        ({"type": "date"}, "2023-02-29", "wrong_type"),
        ({"type": "date"}, "20240229", "wrong_type"),
        ({"type": "text"}, " 好\n", "好"),
        ({"type": "text"}, "e\u0301", "\u00e9"),
        ({"type": "text"}, "\u0000", "unsafe_text"),
        ({"type": "text"}, "\ud800", "unsafe_text"),
        ({"type": "text", "max_length": 3}, "四个字了", "too_long"),
        ({"type": "text"}, 3, "wrong_type"),
        ({"type": "signature"}, "018F0000-0000-7000-8000-000000000001", "018f0000-0000-7000-8000-000000000001"),
        ({"type": "signature"}, "x", "wrong_type"),
        ({"type": "signature"}, 3, "wrong_type"),
    ],
)
def test_one_answer_becomes_canonical_or_names_its_fault(item: dict[str, Any], value: object, expected: object) -> None:
    assert judged({"required": True} | item, value) == expected


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**15), max_value=10**15))
def test_a_decimal_keeps_its_value_and_one_spelling(number: Decimal) -> None:
    canonical = judged({"type": "number"}, str(number))
    assert Decimal(str(canonical)) == number
    assert canonical == judged({"type": "number"}, f"{canonical}{'' if '.' in str(canonical) else '.'}0")


@given(
    st.dictionaries(
        st.sampled_from([*DEFAULT.by_key, "alien"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["value", "note"]), inner),
            max_leaves=5,
        ),
    )
)
def test_no_answer_however_odd_breaks_the_verdict(answers: dict[str, Any]) -> None:
    verdict = validate(DEFAULT, answers, PHOTOS)
    assert verdict.values.keys() <= DEFAULT.by_key.keys()
    assert validate(DEFAULT, verdict.values, PHOTOS).values == verdict.values


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(JSON_VALUES, st.sampled_from(["remark", "power_kwh", "alien"]))
def test_a_draft_keeps_what_every_program_can_pass_on(value: Any, item: str) -> None:
    kept = tidied(DEFAULT, {item: {"value": value}})
    assert orjson.loads(orjson.dumps(kept)) == kept
    assert tidied(DEFAULT, kept) == kept


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (10**16 - 1, 10**16 - 1),
        (1e308, "1e+308"),
        (-(10**40), str(-(10**40))),
        (["a", "b"], ["a", "b"]),
        ([1], "[1]"),
        ({"a": ["客户"]}, '{"a": ["客户"]}'),
    ],
)
def test_what_no_form_takes_is_kept_as_it_is_or_as_its_text(value: Any, kept: Any) -> None:
    assert tidied(DEFAULT, {"alien": {"value": value}}) == {"alien": {"value": kept}}


def test_an_answer_that_is_no_object_is_named() -> None:
    assert validate(DEFAULT, {"op_status": "normal"}).errors["op_status"][0] == "wrong_type"  # type: ignore[dict-item] # bad input on purpose


def test_a_hidden_item_is_neither_required_nor_kept() -> None:
    shown = {"item": "kind", "one_of": ["b"]}
    form = form_of(
        {"key": "kind", "type": "multiple", "options": [{"code": c, "label": c} for c in "ab"]},
        {"key": "more", "type": "text", "required": True, "visible_if": shown, "evidence": [{"kind": "photo"}]},
    )
    hidden = validate(form, {"kind": {"value": ["a"]}, "more": {"value": "x"}})
    assert hidden.is_valid
    assert set(hidden.values) == {"kind"}
    assert hidden.evidence_missing == ()
    assert validate(form, {}).is_valid
    asked = validate(form, {"kind": {"value": ["a", "b"]}})
    assert asked.errors["more"][0] == "required"
    assert asked.evidence_missing[0].item == "more"


def test_an_item_is_required_only_if_its_condition_holds() -> None:
    needed = {"item": "ill", "one_of": [True]}
    form = form_of({"key": "ill", "type": "yes_no"}, {"key": "why", "type": "text", "required_if": needed})
    assert validate(form, {"ill": {"value": False}}).is_valid
    assert validate(form, {"ill": {"value": True}}).errors["why"][0] == "required"


def test_an_optional_item_asks_for_proof_once_it_is_answered() -> None:
    form = form_of({"key": "x", "type": "text", "evidence": [{"kind": "audio", "min_seconds": 10}]})
    assert validate(form, {}).evidence_missing == ()
    answers = {"x": {"value": "好"}}
    assert validate(form, answers, [Medium("x", "audio", 9.9)]).evidence_missing[0].min_seconds == 10
    assert validate(form, answers, [Medium("x", "audio", 10)]).evidence_missing == ()


def test_a_required_media_item_asks_for_a_photo_and_for_no_answer() -> None:
    form = form_of({"key": "gate", "type": "media", "required": True})
    verdict = validate(form, {})
    assert verdict.is_valid
    assert verdict.evidence_missing[0].item == "gate"


@pytest.mark.parametrize("needed", [{"item": "ill", "one_of": [True]}, {"any_indicator": True}], ids=str)
def test_a_media_item_asks_for_its_photo_once_its_condition_holds(needed: dict[str, Any]) -> None:
    ill = {"key": "ill", "type": "yes_no", "indicator": {"code": "W1", "adverse": [True]}}
    form = form_of(ill, {"key": "gate", "type": "media", "required_if": needed})
    assert validate(form, {}).evidence_missing == ()
    assert validate(form, {"ill": {"value": False}}).evidence_missing == ()
    sick = {"ill": {"value": True}}
    assert validate(form, sick).evidence_missing == (EvidenceMissing("gate", "photo", 1, 0, 0),)
    assert validate(form, sick, [Medium("gate", "photo")]).evidence_missing == ()


def test_a_rule_over_hidden_items_asks_for_nothing_and_else_names_one_that_is_shown() -> None:
    shown = {"item": "kind", "one_of": ["b"]}
    form = form_of(
        {"key": "kind", "type": "single", "options": [{"code": c, "label": c} for c in "ab"]},
        {"key": "hidden", "type": "number", "visible_if": {"item": "kind", "one_of": ["a"]}},
        {"key": "meter", "type": "number", "visible_if": shown},
        rules=[{"kind": "at_least_one", "items": ["meter"], "evidence": [{"kind": "photo"}]}],
    )
    hidden = validate(form, {"kind": {"value": "a"}})
    assert (hidden.errors, hidden.evidence_missing) == ({}, ())
    asked = validate(form, {"kind": {"value": "b"}})
    assert asked.errors["meter"][0] == "at_least_one"
    assert [lack.item for lack in asked.evidence_missing] == ["meter"]


@pytest.mark.parametrize(
    ("number", "found"), [("冀（2019）第001号", True), ("已核对", False), ("１２３", True), (None, False)], ids=str
)
def test_a_document_number_is_an_answer_with_a_digit(number: str | None, found: bool) -> None:  # noqa: FBT001 - a table's column
    proof = {"kind": "document_number", "item": "paper"}
    form = form_of({"key": "deed", "type": "yes_no", "evidence": [proof]}, {"key": "paper", "type": "text"})
    assert validate(form, {"paper": {"value": number}}).evidence_missing == ()
    missing = validate(form, {"deed": {"value": True}, "paper": {"value": number}}).evidence_missing
    assert missing == (() if found else (EvidenceMissing("deed", "document_number", 1, 0, 0),))


ORDERED = {"kind": "ordered", "items": ["a", "b", "c"]}
SIGNED, SIGNED_TOO = (f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2))


@pytest.mark.parametrize(
    ("own", "second", "found"),
    [(SIGNED, SIGNED_TOO, True), (SIGNED, SIGNED, False), (None, SIGNED, True), (SIGNED, None, False)],
    ids=str,
)
def test_a_second_person_is_another_one(own: str | None, second: str | None, found: bool) -> None:  # noqa: FBT001 - a table's column
    proof = {"kind": "second_person", "item": "second"}
    form = form_of(
        {"key": "own", "type": "signature"},
        {"key": "stock", "type": "yes_no", "required": True, "evidence": [proof]},
        {"key": "second", "type": "signature"},
    )
    answers = {"own": {"value": own}, "stock": {"value": True}, "second": {"value": second}}
    missing = validate(form, answers).evidence_missing
    assert missing == (() if found else (EvidenceMissing("stock", "second_person", 1, 0, 0),))


@pytest.mark.parametrize(
    ("type_", "values", "wrong"),
    [
        ("number", ("9", "10", "10"), set()),
        ("money", ("9", "-10", "11"), {"b"}),
        ("number", ("9", None, "8.5"), {"c"}),
        ("date", ("2026-01-31", "2026-02-01", None), set()),
        ("date", ("2026-01-31", "2025-12-31", "2025-12-30"), {"b", "c"}),
    ],
)
def test_ordered_items_never_go_back(type_: str, values: tuple[str | None, ...], wrong: set[str]) -> None:
    form = form_of(
        *({"key": key, "type": type_} for key in "abc"), rules=[{"kind": "ordered", "items": ["a", "b", "c"]}]
    )
    errors = validate(form, {key: {"value": value} for key, value in zip("abc", values, strict=True)}).errors
    assert {key: code for key, (code, _) in errors.items()} == dict.fromkeys(wrong, "not_in_order")


BY_ROLE = form_of(
    {"key": "own", "type": "yes_no"},
    {"key": "chief", "type": "yes_no", "required": True, "roles": ["sub_branch_manager", "branch_manager"]},
    {"key": "seal", "type": "media", "required": True, "roles": ["sub_branch_manager"]},
    {"key": "why", "type": "text", "required": True, "visible_if": {"item": "chief", "one_of": [True]}},
    rules=[{"kind": "at_least_one", "items": ["chief"], "evidence": [{"kind": "audio"}]}],
)


@pytest.mark.parametrize(
    ("roles", "wrong", "lacking"),
    [
        (["loan_officer"], [], []),
        ([], [], []),
        (["loan_officer", "branch_manager"], ["chief"], ["chief"]),
        (["sub_branch_manager"], ["chief"], ["seal", "chief"]),
        (None, ["chief"], ["seal", "chief"]),
    ],
    ids=str,
)
def test_only_the_roles_that_an_item_names_are_asked_it(
    roles: list[str] | None, wrong: list[str], lacking: list[str]
) -> None:
    form = BY_ROLE.asked_of(roles)
    verdict = validate(form, {})
    assert list(verdict.errors) == wrong
    assert [lack.item for lack in verdict.evidence_missing] == lacking
    assert [lack.item for lack in evidence_missing(form, {}, ())] == lacking
    answered = validate(form, {"own": {"value": True}, "chief": {"value": False}})
    assert answered.is_valid
    assert ("chief" in answered.values) is bool(wrong)


def test_a_form_that_asks_everybody_the_same_is_the_same_for_every_role() -> None:
    assert DEFAULT.asked_of(["auditor"]) is DEFAULT


def test_an_indicator_of_a_multiple_choice_is_raised_by_any_adverse_choice() -> None:
    options = [{"code": c, "label": c} for c in "ab"]
    form = form_of({"key": "x", "type": "multiple", "options": options, "indicator": {"code": "W1", "adverse": ["b"]}})
    assert validate(form, {"x": {"value": ["a", "b"]}}).indicators == ("W1",)
    assert validate(form, {"x": {"value": ["a"]}}).indicators == ()


LAST = len(default_template.DEFINITION["items"])
BROKEN: list[tuple[str, dict[str, Any], str]] = [
    ("a key twice", {"key": "op_status", "group": "header", "label": "x", "type": "text"}, f"items.{LAST}.key"),
    ("an unknown group", {"key": "x", "group": "nowhere", "label": "x", "type": "text"}, f"items.{LAST}.group"),
    ("an unknown type", {"key": "x", "group": "header", "label": "x", "type": "colour"}, f"items.{LAST}.type"),
    (
        "an unknown field",
        {"key": "x", "group": "header", "label": "x", "type": "text", "sql": "1"},
        f"items.{LAST}.sql",
    ),
    ("no options", {"key": "x", "group": "header", "label": "x", "type": "single"}, f"items.{LAST}.options"),
    (
        "limits that are no numbers",
        {"key": "x", "group": "header", "label": "x", "type": "number", "minimum": "zero"},
        f"items.{LAST}.minimum",
    ),
    (
        "a condition on a later item",
        {"key": "x", "group": "header", "label": "x", "type": "text", "visible_if": {"item": "y", "one_of": [True]}},
        f"items.{LAST}.visible_if",
    ),
    (
        "a need for a later item",
        {"key": "x", "group": "header", "label": "x", "type": "text", "required_if": {"item": "y", "one_of": [True]}},
        f"items.{LAST}.required_if",
    ),
]


@pytest.mark.parametrize(("what", "item", "path"), BROKEN, ids=[row[0] for row in BROKEN])
def test_a_contradictory_definition_does_not_compile(what: str, item: dict[str, Any], path: str) -> None:
    definition = deepcopy(default_template.DEFINITION)
    definition["items"].append(item)
    with pytest.raises(DefinitionInvalid) as refused:
        compile_form(definition)
    assert refused.value.fields.keys() == {path}, what


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "at_least_one", "items": ["nothing"]},
        {"kind": "at_least_one", "items": []},
        {"kind": "at_most_one_non_zero", "items": ["remark"]},
    ],
)
def test_a_rule_about_the_wrong_items_does_not_compile(rule: dict[str, Any]) -> None:
    with pytest.raises(DefinitionInvalid):
        compile_form(default_template.DEFINITION | {"rules": [rule]})


def test_what_is_no_definition_at_all_does_not_compile() -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        compile_form(["items"])
    assert refused.value.fields == {"definition": "类型有误"}


@pytest.mark.parametrize("unseen", ["\u0000", "\x85", "\u202e", "\u2066", "\u200b", "\ufeff"])
def test_an_unseen_character_in_a_definition_does_not_compile(unseen: str) -> None:
    with pytest.raises(DefinitionInvalid) as refused:
        compile_form(default_template.DEFINITION | {"title": f"a{unseen}b"})
    assert refused.value.fields.keys() == {"title"}
