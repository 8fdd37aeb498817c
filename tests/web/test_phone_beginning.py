"""Nothing is made or sent on a device before its officer says so; no third device takes a place."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from playwright.sync_api import expect

from tests.browser import chromium
from tests.web.conftest import Site
from tests.web.handset import BEGIN, Handset, approve_all, counted, enrolled
from tests.web.inside import within

if TYPE_CHECKING:
    from flask import Flask

    from tests.factories import World
    from tests.sync.phone import Street
    from tests.web.line import BadLine

DEVICES = "SELECT name, status FROM device WHERE kind = 'officer'"
HAS_KEY = """async (store) => (await store.find("identity")) !== null"""
WORKERS = "navigator.serviceWorker.getRegistrations().then((all) => all.length)"


def has_key(phone: Handset) -> bool:
    return bool(within(phone, HAS_KEY))


def asked_first(phone: Handset) -> None:
    """Log in on a device that was never used, and stop where it asks."""
    phone.open("/login?next=/m")
    phone.find("[name=bank]")
    phone.give_password()
    phone.find(BEGIN)


def test_a_device_is_asked_before_anything_is_made_or_sent(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    asked_first(phone)
    phone.see("占用您两个设备名额中的一个")
    assert not has_key(phone)
    assert phone.page.evaluate(WORKERS) == 0
    assert counted(committed_world, DEVICES) == []
    phone.page.click("text=不使用，去进度看板")
    phone.page.wait_for_url("**/board")
    assert counted(committed_world, DEVICES) == []
    enrolled(phone, committed_app, committed_world)
    assert counted(committed_world, DEVICES) == [("电脑浏览器", "approved")]
    phone.open("/m")
    phone.find(".tabs")


def give_one_up(address: str, street: Street) -> None:
    """Let the officer's manager end one of his two phones at the desk."""
    with chromium() as browser:
        site = Site(address, browser, street.portfolio)
        desk = site.visitor("manager", width=360, height=740, path="/desk#phones")
        desk.select_option("[aria-label=持有人]", label="姓名officer（officer）")
        desk.click("[data-phone]:has-text('姓名officer · 旧手机') button:text-is('停用') >> nth=0")
        desk.wait_for_selector("dialog li:has-text('30 天内联网仍可上传，但一律隔离')")
        assert site.serious(desk) == []
        desk.click("dialog button:text-is('停用')")
        desk.wait_for_selector("text=已停用，姓名officer可以登记另一台手机")
        expect(desk.locator("[data-phone]")).to_have_count(1)
        assert desk.evaluate("document.documentElement.scrollWidth <= innerWidth")
        desk.select_option("[aria-label=持有人]", label="姓名colleague（colleague）")
        desk.wait_for_selector("text=没有使用中的手机")
        assert site.faults == []


def test_a_third_device_is_told_whose_places_are_taken_and_takes_one_that_is_given_up(
    phone: Handset, street: Street, committed_app: Flask, committed_world: World
) -> None:
    client, headers = committed_app.test_client(), committed_world.headers("officer")
    for _ in range(2):
        body = {"id": str(uuid4()), "name": "旧手机", "public_key": "A" * 43}
        assert client.post("/api/v1/devices", json=body, headers=headers).status_code == 201
    asked_first(phone)
    phone.page.click(BEGIN)
    phone.see("每位人员最多登记两台设备（device_limit）")
    phone.see("请先联系支行停用一台旧设备")
    assert not has_key(phone)
    assert len(counted(committed_world, DEVICES)) == 2
    approve_all(committed_app, committed_world)
    give_one_up(phone.url, street)
    assert sorted(counted(committed_world, DEVICES)) == [("旧手机", "approved"), ("旧手机", "revoked")]
    phone.page.click(BEGIN)
    phone.see("等待管理员批准")
    assert len(counted(committed_world, DEVICES)) == 3


def test_a_lost_answer_takes_no_second_place(
    far: Handset, line: BadLine, committed_app: Flask, committed_world: World
) -> None:
    asked_first(far)
    line.lose("POST /api/v1/devices")
    far.page.click(BEGIN)
    far.see("网络不通，请联网后重试（network_unreachable）")
    assert counted(committed_world, DEVICES) == [("电脑浏览器", "pending")]
    line.mend()
    far.page.click(BEGIN)
    far.see("等待管理员批准")
    assert has_key(far)
    assert len(counted(committed_world, DEVICES)) == 1
    enrolled(far, committed_app, committed_world)
