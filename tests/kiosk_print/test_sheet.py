"""What a sheet says about a visit."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from inspection_api.templates import default_template
from inspection_api.templates.forms import Definition, compile_form
from kiosk_print.errors import AnswersIncomplete
from kiosk_print.rules.sheet import Opinion, Printing, Visit, compose, ensure_answered, in_ten_thousands

if TYPE_CHECKING:
    from kiosk_print.paper import Blank, Line, PaperSheet

DEFINITION = compile_form(default_template.DEFINITION).definition
AT = datetime(2026, 3, 10, 2, 5, tzinfo=UTC)
LOAN = {"amount": "1234567.89", "disbursed_on": "2025-08-15", "matures_on": "2026-08-14", "five_class": "normal"}


def visit(**changes: Any) -> Visit:
    values: dict[str, Any] = {
        "answers": {},
        "snapshot": {"customer_name": "陕西秦岭机械有限公司", "loans": [LOAN]},
        "inspector": "李小明",
        "performed_at": AT,
        "verdict": "inside",
        "distance_m": 22.6,
        "media": {"photo": 6, "audio": 1},
        "template_number": 1,
        "amendments": 0,
    }
    return Visit(**(values | changes))


def sheet(opinion: Opinion | None = None, definition: Definition = DEFINITION, **changes: Any) -> PaperSheet:
    printing = Printing(organisation="高新支行", printed_by="王建国", printed_at=AT, number="MBZ-1", qr_text="XP1")
    return compose(definition, visit(**changes), opinion, printing)


def answered(**values: Any) -> dict[str, Any]:
    return {key: {"value": value} for key, value in values.items()}


def line(made: PaperSheet, number: str) -> Line:
    return next(each for section in made.sections for each in section.lines if each.number == number)


def ticked(blank: Blank) -> list[str]:
    return [choice.label for choice in blank.choices if choice.ticked]


def test_the_form_has_its_sixteen_lines_in_four_sections() -> None:
    made = sheet()
    assert [section.label for section in made.sections] == [
        "企业运营状况", "企业财务信息", "企业实际控制人信息", "其他信息",
    ]  # fmt: skip
    assert [each.number for section in made.sections for each in section.lines] == [str(n) for n in range(1, 17)]
    assert [each.number for each in made.paragraphs] == ["17", "19"]
    assert made.conclusion is not None


@pytest.mark.parametrize(("fed", "printed"), [("0.125", "0.13"), ("2.675", "2.68"), ("-0.125", "-0.13"), ("7", "7.00")])
def test_an_amount_with_more_decimals_is_rounded_half_up(fed: str, printed: str) -> None:
    snapshot = {"customer_name": "甲", "loans": [LOAN], "fed": {"inflow_ytd": fed}}
    (blank,) = line(sheet(snapshot=snapshot), "6").blanks
    assert blank.text == printed


def test_the_head_shows_the_loan_as_it_was_at_acceptance() -> None:
    assert [fact.text for fact in sheet().head] == [
        "陕西秦岭机械有限公司", "123.456789 万元", "2025-08-15", "2026-08-14", "正常",
    ]  # fmt: skip


def test_several_loans_are_listed_up_to_three_with_their_sum() -> None:
    loans = [LOAN | {"amount": f"{n}0000", "matures_on": f"2026-0{n}-01"} for n in range(1, 5)]
    head = [fact.text for fact in sheet(snapshot={"customer_name": "甲", "loans": loans}).head]
    assert head[1] == "1 万元、2 万元、3 万元 等4笔，合计 10 万元"
    assert head[2:] == ["2025-08-15", "2026-01-01、2026-02-01、2026-03-01 等4笔", "正常"]


def test_a_customer_without_a_loan_has_empty_fields() -> None:
    assert [fact.text for fact in sheet(snapshot={"customer_name": "甲"}).head] == ["甲", "", "", "", ""]


@pytest.mark.parametrize(
    ("amount", "text"), [("10000", "1 万元"), ("1000000", "100 万元"), ("0.01", "0.000001 万元"), ("0", "0 万元")]
)
def test_the_loans_amount_is_exact_in_ten_thousands(amount: str, text: str) -> None:
    assert in_ten_thousands(amount) == text


def test_an_empty_answer_is_an_empty_line_and_a_zero_is_a_zero() -> None:
    made = sheet(answers=answered(power_kwh="0", tax_ytd="12.3"))
    assert [blank.text for blank in line(made, "2").blanks] == ["", "0", ""]
    assert [blank.caption for blank in line(made, "2").blanks] == ["水", "电", "气"]
    assert line(made, "3").blanks[0].text == "12.30"
    assert line(made, "3").blanks[0].unit == "万元"


def test_boxes_are_ticked_and_an_adverse_answer_carries_its_indicator() -> None:
    made = sheet(answers=answered(op_status="semi", ctrl_lost=True, ent_dispute=False, conclusion="watch"))
    assert (ticked(line(made, "1").blanks[0]), line(made, "1").flagged) == (["半正常"], "W01")
    assert (ticked(line(made, "10").blanks[0]), line(made, "10").flagged) == (["是"], "W04")
    assert (ticked(line(made, "9").blanks[0]), line(made, "9").flagged) == (["否"], "")
    assert (ticked(line(made, "11").blanks[0]), line(made, "11").flagged) == ([], "")
    assert made.conclusion is not None
    assert ticked(made.conclusion.blanks[0]) == ["关注"]


def test_a_corrected_fed_value_is_starred_and_an_uncorrected_one_is_not() -> None:
    snapshot = {"customer_name": "甲", "fed": {"payroll_n": "36", "payroll_amt": "45", "inflow_ytd": "7"}}
    made = sheet(snapshot=snapshot, answers=answered(payroll_n="40", payroll_amt="45.00"))
    assert [(blank.text, blank.starred) for blank in line(made, "4").blanks] == [("40", True), ("45.00", False)]
    assert (line(made, "6").blanks[0].text, line(made, "6").blanks[0].starred) == ("7.00", False)


def test_not_applicable_and_several_choices_are_shown_where_the_bank_has_them() -> None:
    stored = deepcopy(default_template.DEFINITION)
    stored["items"].append({
        "key": "seen", "group": "other", "label": "所见", "type": "multiple", "number": "17a",
        "options": [{"code": code, "label": code} for code in "abc"], "indicator": {"code": "X1", "adverse": ["c"]},
    })  # fmt: skip
    next(item for item in stored["items"] if item["key"] == "coll_adverse")["not_applicable"] = True
    answers = answered(coll_adverse="not_applicable", seen=["a", "c"])
    made = sheet(definition=compile_form(stored).definition, answers=answers)
    assert ticked(line(made, "13").blanks[0]) == ["不适用"]
    assert (ticked(line(made, "17a").blanks[0]), line(made, "17a").flagged) == (["a", "c"], "X1")


def test_the_opinion_is_signed_with_name_and_time() -> None:
    assert (sheet().paragraphs[1].text, sheet().paragraphs[1].signature) == ("", "")
    paragraph = sheet(Opinion(text="同意，尽快压降", author="赵行长", given_at=AT)).paragraphs[1]
    assert (paragraph.text, paragraph.signature) == ("同意，尽快压降", "赵行长　2026-03-10 10:05")


SIGNATURE = "0192f0c1-2b3c-7d4e-8f50-61728394a5b6"


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({}, "—"),
        ({"companions": "王五、赵六"}, "王五、赵六"),
        ({"witness": "孙七"}, "孙七"),
        ({"companions": "孙七", "witness": "孙七"}, "孙七"),
        ({"companions": "王五", "witness": "孙七", "signed": SIGNATURE}, "王五、孙七、已签名"),
    ],
)
def test_whoever_went_along_or_proved_an_answer_is_named(answers: dict[str, Any], told: str) -> None:
    stored = deepcopy(default_template.DEFINITION)
    words: list[dict[str, Any]] = [
        {"key": "witness", "group": "other", "label": "核实人", "type": "text", "number": "16a"},
        {"key": "signed", "group": "other", "label": "第二人签名", "type": "signature", "number": "16b"},
    ]
    stored["items"] += words
    stored["items"][5]["evidence"] = [{"kind": "second_person", "item": "witness"}]
    stored["rules"][0]["evidence"] = [{"kind": "second_person", "item": "signed"}]
    made = sheet(definition=compile_form(stored).definition, answers=answered(**answers))
    assert {fact.label: fact.text for fact in made.facts}["同行人"] == told
    assert [each.number for each in made.paragraphs] == ["17", "19"]
    assert line(made, "16b").blanks[0].text == ("已签名" if "signed" in answers else "")


def test_the_foot_says_who_when_where_and_with_what() -> None:
    texts = {fact.label: fact.text for fact in sheet(amendments=1, answers=answered(companions="王五")).facts}
    assert texts == {
        "检查人": "李小明",
        "同行人": "王五",
        "检查时间": "2026-03-10 10:05",
        "地点结果": "在围栏内（距检查点 23 米）",
        "影像": "图片(6) 视频(0) 语音(1)",
        "模板版本": "第 1 版",
        "记录版本": "第 2 版",
        "表头数据截至": "—",
    }
    unknown = {fact.label: fact.text for fact in sheet(verdict=None, distance_m=None, performed_at=None).facts}
    assert (unknown["地点结果"], unknown["检查时间"], unknown["同行人"]) == ("—", "—", "—")


def test_the_foot_says_as_of_when_the_head_holds() -> None:
    snapshot = {"customer_name": "甲", "as_of": "2026-03-10T02:05:00+00:00"}
    assert sheet(snapshot=snapshot).facts[-1].text == "2026-03-10 10:05"


def test_what_all_loans_share_stands_once_and_else_in_the_order_of_the_amounts() -> None:
    loans = [
        LOAN | {"amount": f"{n}0000", "five_class": each} for n, each in enumerate(("watch", "normal", "watch"), 1)
    ]
    loans[1]["matures_on"] = None
    head = [fact.text for fact in sheet(snapshot={"customer_name": "甲", "loans": loans}).head]
    assert head[2:] == ["2025-08-15", "2026-08-14、—、2026-08-14", "关注、正常、关注"]


def test_required_answers_that_are_empty_are_named() -> None:
    form = compile_form(default_template.DEFINITION)
    risks = [item["key"] for item in default_template.DEFINITION["items"] if item["type"] == "yes_no"]
    whole = answered(op_status="normal", gas_m3="1", tax_ytd="3", conclusion="normal", **dict.fromkeys(risks, False))
    ensure_answered(form, whole)
    ensure_answered(form, whole | answered(credit_delta_up="1", credit_delta_down="1"))  # wrong, but not empty
    with pytest.raises(AnswersIncomplete) as refused:
        ensure_answered(form, whole | answered(tax_ytd=None, gas_m3="", ctrl_lost=None))
    assert sorted(refused.value.fields or {}) == ["answers.ctrl_lost", "answers.power_kwh", "answers.tax_ytd"]
    with pytest.raises(AnswersIncomplete) as refused:
        ensure_answered(form, whole | answered(ctrl_lost=True))
    assert sorted(refused.value.fields or {}) == ["answers.conclusion", "answers.remark"]


def test_a_calm_conclusion_over_an_indicator_says_why() -> None:
    answers = answered(ent_dispute=True) | {"conclusion": {"value": "normal", "note": "企业为原告"}}
    conclusion = sheet(answers=answers).conclusion
    assert conclusion is not None
    assert conclusion.note == "企业为原告"


def test_a_sheet_without_a_code_is_a_draft() -> None:
    printing = Printing(organisation="高新支行", printed_by="王建国", printed_at=AT)
    assert compose(DEFINITION, visit(), None, printing).is_draft
    assert not sheet().is_draft
