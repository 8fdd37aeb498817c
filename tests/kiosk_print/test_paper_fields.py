"""The printed page read back and compared, field by field, with the record that it is about (domain.md §2.1)."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pypdfium2
from hypothesis import given, settings
from hypothesis import strategies as st

from inspection_api.media.models import Media
from kiosk_print.paper import render_paper
from tests.kiosk_print.test_paper import texts
from tests.kiosk_print.test_sheet import LOAN, answered, sheet

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.kiosk_print.conftest import Desk

EM = 9.9
VALUES_FROM = 306  # points: where the column of values begins
QUESTIONS = [
    ("8", "他行授信是否逾期", "other_bank_overdue", "W02"),
    ("9", "企业是否涉及法律纠纷、负面信息", "ent_dispute", "W03"),
    ("10", "企业实际控制人已失联或不配合我行工作", "ctrl_lost", "W04"),
    ("11", "企业实际控制人个人征信是否出现异常", "ctrl_credit", "W05"),
    ("12", "企业实际控制人是否有重大不利事件发生（如重大疾病、涉赌、涉诉等）", "ctrl_event", "W06"),
    ("13", "抵（质）押物的品质状态是否发生重大不利变化", "coll_adverse", "W07"),
    ("14", "保证人如有授信，是否出现逾期", "guar_overdue", "W08"),
    ("15", "保证人是否涉及法律纠纷", "guar_dispute", "W09"),
    ("16", "带贷许可证是否已失效", "licence_expired", "W10"),
]
STATUSES = {"normal": "正常", "abnormal": "异常", "semi": "半正常"}


class Page:
    """A printed page as a reader sees it: its words, and which boxes are ticked."""

    def __init__(self, pdf: bytes) -> None:
        self.page = pypdfium2.PdfDocument(pdf)[0]
        self.words = self.page.get_textpage()
        self.height = self.page.get_height()
        self.picture = self.page.render(scale=4).to_pil().convert("L")

    def is_ticked(self, place: int) -> bool:
        """Tell whether there is ink inside the box before the character at ``place``."""
        left, bottom, _, top = self.words.get_charbox(place, loose=True)
        middle = self.height - (bottom + top) / 2
        inside = (left - 0.3 * EM - 0.7 * EM, middle - 0.25 * EM, left - 0.3 * EM - 0.16 * EM, middle + 0.3 * EM)
        box = self.picture.crop(tuple(round(4 * side) for side in inside))
        return min(box.get_flattened_data()) < 100

    def places(self, word: str) -> list[int]:
        """Return where ``word`` stands in the column of values, from top to bottom."""
        search, found = self.words.search(word), []
        while place := search.get_next():
            if self.words.get_charbox(place[0])[0] > VALUES_FROM:
                found.append(place[0])
        return found

    def ticks(self, word: str) -> list[bool]:
        return [self.is_ticked(place) for place in self.places(word)]


def two(amount: str | None) -> str:
    return "" if amount is None else f"{Decimal(amount).quantize(Decimal('0.01'), ROUND_HALF_UP)}"


AMOUNTS = st.none() | st.decimals("0", "999999", places=2).map(str)
SIGNED = st.none() | st.decimals("-99999", "99999", places=2).map(str)


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    keys = ("water_t", "power_kwh", "gas_m3", "tax_ytd", "payroll_amt", "inflow_ytd", "dep_balance")
    values: dict[str, Any] = {key: draw(AMOUNTS) for key in keys}
    values |= {draw(st.sampled_from(["credit_delta_up", "credit_delta_down"])): draw(AMOUNTS)}
    values |= {"dep_delta": draw(SIGNED), "payroll_n": draw(st.none() | st.integers(0, 9999).map(str))}
    values |= {key: draw(st.booleans()) for _, _, key, _ in QUESTIONS}
    values |= {
        "op_status": draw(st.sampled_from(list(STATUSES))),
        "conclusion": draw(st.sampled_from(["normal", "watch", "strong_watch", "exit"])),
    }
    values["remark"] = draw(st.text("企业停产涉诉逾期整改，。0123456789", max_size=150))
    return {key: value for key, value in values.items() if value is not None}


@given(record=records())
@settings(max_examples=15, deadline=None)
def test_every_field_of_any_record_stands_on_its_line(record: dict[str, Any]) -> None:
    pdf = render_paper(sheet(answers=answered(**record)))
    (words,) = texts(pdf)
    got = record.get
    lines = [
        "客户名称陕西秦岭机械有限公司金额123.456789万元放款日期2025-08-15到期日2026-08-14五级分类正常",
        "一项填写）水{}吨电{}度气{}立方米".format(*(got(key, "") for key in ("water_t", "power_kwh", "gas_m3"))),
        f"3截至上月末企业本年度纳税金额{two(got('tax_ytd'))}万元",
        f"4企业代发工资人数及代发工资金额人数{got('payroll_n', '')}人金额{two(got('payroll_amt'))}万元",
        f"5我行授信占比较年初变化情况增加金额{two(got('credit_delta_up'))}万元减少金额{two(got('credit_delta_down'))}万元",
        f"6截至上月末借款人我行公司结算帐户累计入帐金额{two(got('inflow_ytd'))}万元",
        f"存款余额及较年初增减额余额{two(got('dep_balance'))}万元较年初增减额{two(got('dep_delta'))}万元",
        f"17其他需特殊说明情况{''.join(record['remark'].split())}",
        "19上级管理条线参与，请简要说明意见检查人签字",
        *(f"{number}{label}{f'▲{code}' if record[key] else ''}是否" for number, label, key, code in QUESTIONS),
    ]
    assert [line for line in lines if line not in words] == []
    page = Page(pdf)
    raised = [record[key] for _, _, key, _ in QUESTIONS]
    assert (page.ticks("是"), page.ticks("否")) == (raised, [not each for each in raised])
    assert ("▲W01" in words) == (record["op_status"] != "normal")


@given(status=st.sampled_from(list(STATUSES)))
@settings(max_examples=6, deadline=None)
def test_exactly_the_chosen_box_of_several_is_ticked(status: str) -> None:
    page = Page(render_paper(sheet(answers=answered(op_status=status))))
    ticked = {word: page.ticks(word)[0] for word in ("异常", "半正常")}
    assert ticked == {word: STATUSES[status] == word for word in ticked}
    assert page.is_ticked(page.places("正常")[1]) == (status == "normal"), "the first one is the loan's class"


def test_a_print_from_the_bank_shows_names_evidence_versions_and_where_it_comes_from(
    client: FlaskClient, desk: Desk
) -> None:
    loans = [LOAN | {"amount": f"{n}00000", "disbursed_on": f"2025-0{n}-11"} for n in range(1, 5)]
    snapshot = {"customer_name": "𠮷祥商贸有限公司", "as_of": "2026-03-10T10:00:00+08:00", "loans": loans}
    snapshot["fed"] = {"payroll_n": "80", "inflow_ytd": "7"}
    answers = answered(op_status="normal", power_kwh="5", tax_ytd="3", payroll_n="86", conclusion="strong_watch")
    answers |= answered(**{key: key == "ent_dispute" for _, _, key, _ in QUESTIONS}, remark="涉诉，已查封")
    visit_id = desk.accept(conclusion="strong_watch", snapshot=snapshot, answers=answers, amendments=1)
    store(desk, visit_id)
    path = f"/api/v1/inspections/{visit_id}/paper/opinion"
    assert client.post(path, json={"text": "同意压降"}, headers=desk.world.headers("approver")).status_code == 201
    assert [desk.print(client, visit_id, "manager").json["copy"] for _ in range(2)] == [1, 2]
    printed = desk.paper(client, visit_id)["prints"][-1]
    pdf = client.get(f"/api/v1/prints/{printed['id']}/pdf", headers=desk.world.headers("officer")).data
    (words,) = texts(pdf)
    expected = [
        "客户名称𠮷祥商贸有限公司金额10万元、20万元、30万元等4笔，合计100万元",
        "放款日期2025-01-11、2025-02-11、2025-03-11等4笔到期日2026-08-14五级分类正常",
        "人数86*人",
        "累计入帐金额7.00万元",
        "19上级管理条线参与，请简要说明意见同意压降姓名approver2026-03-1010:00",
        "检查人：姓名officer同行人：—检查时间：2026-03-1010:00地点结果：在围栏内（距检查点12米）",
        "影像：图片(2)视频(0)语音(0)",
        "模板版本：第1版记录版本：第2版表头数据截至：2026-03-1010:00",
        f"sub_branch编号：{printed['number']}",
        "补打第2次",
        "第1页/共1页姓名manager2026-03-1010:00打印",
    ]
    assert [each for each in expected if each not in words] == []


def store(desk: Desk, visit_id: Any) -> None:
    """Store two photos of a visit."""
    with desk.world.transaction() as ctx:
        for number in range(2):
            ctx.session.add(
                Media(
                    id=uuid4(),
                    owner_user_id=desk.world.people["officer"],
                    organisation_id=desk.world.organisations["sub_branch"],
                    inspection_id=visit_id,
                    kind="photo",
                    mime="image/jpeg",
                    bytes=1,
                    sha256=f"{number:064x}",
                    status="stored",
                    declared_at=ctx.now,
                    stored_at=ctx.now,
                )
            )
        ctx.session.flush()
