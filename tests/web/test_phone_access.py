"""Every view of the phone, with gloves and a screen reader: axe finds nothing serious, all fits, all can be tapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from inspection_api.accounts import service as accounts
from tests.kiosk_print.conftest import Desk
from tests.sync.phone import LAT, LON
from tests.web.handset import BEGIN, BURNT_IN, DEGREES_OUTSIDE, enrolled, look
from tests.web.test_phone import alert

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.factories import World
    from tests.sync.phone import Street
    from tests.web.handset import Handset


def test_what_a_new_device_asks(phone: Handset) -> None:
    phone.open("/login?next=/m")
    phone.find("[name=bank]")
    phone.give_password()
    phone.find(BEGIN)
    look(phone)
    phone.page.click(BEGIN)
    phone.see("任务在本手机获批准后自动下载")
    look(phone)


@pytest.mark.parametrize("view", ["", "scan", "outbox", "papers", "alerts"])
def test_the_tabs(phone: Handset, committed_app: Flask, committed_world: World, view: str) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.tab(view)
    phone.find("main h1")
    look(phone)


def test_a_visit_from_the_wrong_place_to_the_outbox(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.click(".task a")
    phone.see("扫描二维码牌")
    look(phone)
    phone.page.click("text=上门未遇或被拒")
    phone.find("dialog [name=reason]")
    look(phone)
    phone.page.click("dialog >> text=取消")
    phone.stand(LON + DEGREES_OUTSIDE, LAT)
    phone.scan()
    phone.see("位置不对，无法检查")
    look(phone)
    phone.walk()
    phone.see("检查点正确")
    look(phone)
    phone.page.click("button:has-text('开始检查')")
    phone.find("[data-item=power_kwh]")
    phone.page.click("summary")
    look(phone)
    phone.page.click("[data-item=power_kwh] button:has-text('图片(0)')")
    phone.find(BURNT_IN)
    look(phone)
    phone.page.click(BURNT_IN)
    phone.find("[data-item=power_kwh] button:has-text('图片(1)')")
    phone.context.set_offline(True)
    phone.page.click("text=提交检查")
    phone.find("dialog >> text=仍要提交")
    look(phone)
    phone.page.click("dialog button:text-is('仍要提交')")
    phone.see("待上传的资料 1 个")
    look(phone)
    dot = phone.page.locator(".dot.offline").bounding_box()
    assert dot is not None
    assert dot["width"] == dot["height"]
    phone.context.set_offline(False)
    phone.synchronise()
    phone.find("[data-status=quarantined]")
    look(phone)


def test_typing_a_code_and_binding_a_place(
    phone: Handset, street: Street, committed_app: Flask, committed_world: World
) -> None:
    unbound = street.add(bound=False)
    enrolled(phone, committed_app, committed_world)
    phone.tab("scan")
    phone.page.click("summary")
    phone.find("[name=code]")
    look(phone)
    phone.film(street.plate(unbound))
    phone.tab("")
    phone.scan()
    phone.see("检查点尚未绑定位置")
    look(phone)


def test_alerts_and_a_paper(
    phone: Handset, street: Street, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    visit = Desk(committed_world, street.portfolio).accept()
    with committed_world.transaction() as ctx:
        accounts.grant(ctx, [(committed_world.people["officer"], "inspection", visit)])
    alert(committed_world, point)
    enrolled(phone, committed_app, committed_world)
    phone.tab("alerts")
    phone.page.click("text=反馈情况")
    phone.find("dialog [name=verdict]")
    look(phone)
    phone.page.click("dialog >> text=取消")
    look(phone)
    phone.tab("papers")
    phone.find("main ul a")
    look(phone)
    phone.page.click("main ul a")
    phone.see("预览")
    look(phone)
