"""Every end of an operation, brought about by the real server: its words, and what the officer is to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from checkpoints.models import Checkpoint
from inspection_api.accounts import service as accounts
from inspection_api.loans import service as loans
from inspection_api.loans.service import NewLoan
from sync import entities, routes
from sync.service import reprocess
from tests.kiosk_print.conftest import Desk
from tests.sync.drafting import answer
from tests.sync.phone import LON, Phone
from tests.sync.test_forms import Desk as Editors
from tests.web.handset import BURNT_IN, DEGREES_OUTSIDE, counted, enrolled, look

if TYPE_CHECKING:
    from flask import Flask

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Street
    from tests.web.handset import Handset


LOANS = (
    ("DK-1", "1230000.50", date(2025, 6, 1), date(2026, 6, 1)),
    ("DK-2", "500000", date(2026, 1, 15), date(2027, 1, 15)),
)
FACTS = [
    *("客户名称", "企业0"),
    *("金额", "1,230,000.50 元、500,000.00 元"),
    *("放款日期", "2025年6月1日、2026年1月15日"),
    *("到期日", "2026年6月1日、2027年1月15日"),
    *("五级分类", "正常"),
]


def entry(phone: Handset, status: str) -> str:
    """Return what the outbox says of the operation that came to this end; everything of it fits, and can be read."""
    phone.find(f"li[data-status={status}]")
    look(phone)
    return phone.page.inner_text(f"li[data-status={status}]")


def decide(app: Flask, world: World, path: str, **body: Any) -> None:
    answered = app.test_client().post(f"/api/v1{path}", json=body, headers=world.headers("manager"))
    assert answered.status_code == 200, answered.json


def lend(world: World, customer: UUID) -> None:
    """Let the officer's customer have two loans that have only their class in common."""
    with world.transaction() as ctx:
        rows = [
            NewLoan(
                customer_id=customer, contract_no=number, amount=Decimal(amount), disbursed_on=since, matures_on=until
            )
            for number, amount, since, until in LOANS
        ]
        loans.create_many(ctx, rows)


def fill_in_elsewhere(app: Flask, street: Street, visit: str, point: UUID) -> None:
    """Let the officer's other phone have answered in the same visit."""
    other = Phone(app.test_client(), street.world, street)
    other.shake_hands()
    told = {"checkpoint_id": str(point), "template_version_id": str(street.portfolio.version_id)}
    (saved,) = other.push(other.operation("inspection.save", UUID(visit), told | answer("tax_ytd", "5")))
    assert saved["status"] == "applied", saved


def test_what_two_phones_say_otherwise_stands_side_by_side_until_a_superior_decides(
    phone: Handset, street: Street, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    with committed_world.transaction() as ctx:
        customer = ctx.session.get_one(Checkpoint, point).customer_id
        accounts.grant(ctx, [(committed_world.people["officer"], "customer", customer)])
    lend(committed_world, customer)
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    assert phone.page.inner_text("dl.facts").split("\n") == FACTS
    fill_in_elsewhere(committed_app, street, phone.page.url.rpartition("/")[2], point)
    phone.answer()
    phone.submit()
    words = entry(phone, "conflict")
    for said in (
        "填写不一致，待上级处理",
        "企业0 · 经营场所0",
        "（field_conflict）",
        "您填：3.50",
        "记录中为：5",
        "您无需重做",
    ):
        assert said in words, (said, words)
    ((conflict,),) = counted(committed_world, "SELECT id FROM sync_conflict")
    decide(committed_app, committed_world, f"/sync/conflicts/{conflict}/resolve", keep="device")
    phone.page.wait_for_selector("progress", state="detached")
    phone.synchronise()
    phone.see("填写不一致，上级已处理")
    words = entry(phone, "conflict")
    assert "记录中为：3.5\u00a0万元" in words
    assert "您无需重做" not in words
    assert counted(committed_world, "SELECT state FROM inspection") == [("accepted",)]


def test_a_request_that_the_bank_does_not_take_says_why_and_where_to_go(
    phone: Handset, street: Street, clock: Clock, committed_app: Flask, committed_world: World
) -> None:
    desk = Desk(committed_world, street.portfolio)
    visit = desk.accept()
    with committed_world.transaction() as ctx:
        accounts.grant(ctx, [(committed_world.people["officer"], "inspection", visit)])
    clock.advance(days=8)
    phone.now += timedelta(days=8)
    phone.context.close()
    phone.start()
    enrolled(phone, committed_app, committed_world)
    phone.open(f"/m#/paper/{visit}")
    phone.see("申请解锁")
    phone.context.set_offline(True)
    phone.page.click("text=申请解锁")
    phone.page.fill("[name=text]", "企业盖章时原件被茶水浸湿，需要补打")
    phone.page.click("dialog button.primary")
    phone.see("已保存，联网后自动提交")
    assert desk.ask(committed_app.test_client(), visit, "manager").status_code == 201
    phone.context.set_offline(False)
    phone.tab("outbox")
    phone.synchronise()
    words = entry(phone, "rejected")
    for said in ("申请解锁", "未被接受", "已有待审批的解锁申请（unlock_requested）", "请到“明白纸”查看当前状态"):
        assert said in words, (said, words)


@pytest.mark.parametrize(
    ("way", "fate"), [("accept", "上级已采纳"), ("refuse", "上级未采纳")], ids=["accepted", "refused"]
)
def test_a_visit_that_waits_says_all_its_reasons_and_then_what_was_decided(
    phone: Handset, committed_app: Flask, committed_world: World, way: str, fate: str
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.walk(LON + DEGREES_OUTSIDE)
    phone.page.click("text=提交检查")
    phone.page.click("dialog button:text-is('仍要提交')")
    phone.arrive("outbox")
    words = entry(phone, "quarantined")
    reasons = "位置在围栏之外；答案不完整或不正确；缺少必需的现场证据，已隔离待核实"
    for said in ("现场检查", "已隔离，待上级决定", "经营场所0", reasons, "由上级决定是否计入，您无需重做"):
        assert said in words, (said, words)
    ((op_id,),) = counted(committed_world, "SELECT op_id FROM sync_quarantine")
    decide(committed_app, committed_world, f"/sync/quarantine/{op_id}/{way}", reason="已电话核实")
    phone.synchronise()
    phone.see(fate)
    words = entry(phone, "quarantined")
    assert "：已电话核实" in words
    assert "您无需重做" not in words
    assert ("请重新检查" in words) == (way == "refuse")


def test_a_visit_that_no_task_asked_for_is_kept_and_says_so(
    phone: Handset, street: Street, committed_app: Flask, committed_world: World
) -> None:
    idle = street.add()
    editors = Editors(committed_app.test_client(), committed_world)
    editors.published(editors.template())
    enrolled(phone, committed_app, committed_world)
    phone.film(street.plate(idle))
    phone.scan()
    phone.see("检查点正确")
    phone.page.click("button:has-text('开始检查')")
    phone.see("用哪张检查表？")
    assert phone.page.locator("select[name=form] option").all_inner_texts() == ["简表", "中小企业贷后管理“明白纸”"]
    phone.page.select_option("select[name=form]", label="中小企业贷后管理“明白纸”")
    phone.page.click("dialog button.primary")
    phone.arrive("visit/")
    phone.find("[data-item=power_kwh]")
    phone.answer()
    phone.submit()
    words = entry(phone, "extra")
    assert "已收到，不计入任务" in words
    assert "您无需重做" in words


def bind(phone: Handset) -> None:
    phone.walk()
    phone.page.click("button:has-text('绑定位置')")
    phone.page.click(BURNT_IN)
    phone.page.wait_for_function("() => location.hash === '#/'")


def broken(*_: Any) -> Any:
    raise RuntimeError


def test_what_a_fault_of_ours_stopped_waits_with_what_comes_behind_it_until_it_is_mended(
    phone: Handset,
    street: Street,
    committed_app: Flask,
    committed_world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unbound = street.add(bound=False)
    enrolled(phone, committed_app, committed_world)
    kind = entities.OPERATIONS["checkpoint.bind"]
    phone.film(street.plate(unbound))
    with monkeypatch.context() as patch:
        patch.setitem(entities.OPERATIONS, "checkpoint.bind", replace(kind, judge=broken))
        for _ in range(2):
            phone.scan()
            phone.see("检查点尚未绑定位置")
            bind(phone)
            phone.synchronise()
            phone.tab("outbox")
    words = entry(phone, "parked")
    for said in ("绑定位置", "已收到，系统待处理", "系统修复后自动处理，您无需重做"):
        assert said in words, (said, words)
    words = entry(phone, "held")
    for said in ("已收到，等待前面的记录", "自动处理，无需操作"):
        assert said in words, (said, words)
    ((device,),) = counted(committed_world, "SELECT device_id FROM sync_device")
    with committed_world.transaction() as ctx:
        reprocess(ctx, device)
    phone.synchronise()
    phone.find("li[data-status=quarantined] >> text=检查点位置待确认，确认后生效")
    assert phone.page.locator("li[data-status=parked], li[data-status=held]").count() == 0


def test_what_the_server_cannot_take_at_all_is_set_aside_and_can_be_carried_out(
    phone: Handset, committed_app: Flask, committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(phone, committed_app, committed_world)
    monkeypatch.setattr(routes, "MAX_BYTES", 500)
    phone.begin()
    phone.answer()
    phone.submit()
    words = entry(phone, "aside")
    for said in ("现场检查", "无法上传", "内容超过大小限制（too_large）", "请点“导出”保存数据文件，并联系管理员"):
        assert said in words, (said, words)
    with phone.page.expect_download():
        phone.page.click("text=导出")
    monkeypatch.undo()
    phone.page.click("button:text-is('重新上传')")
    phone.see_all_sent()
    assert counted(committed_world, "SELECT state FROM inspection") == [("accepted",)]
