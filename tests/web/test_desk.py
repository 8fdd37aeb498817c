"""The supervisor's desk in a real browser: two taps to a decision, a lost race with the winner's name, the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import chromium, served
from tests.portfolio import Portfolio
from tests.waiting import Matters, deliver_all
from tests.web.conftest import Site

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from playwright.sync_api import Page

    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def matters(committed_app: Flask, committed_world: World, clock: Clock) -> Matters:
    return Matters(committed_app.test_client(), committed_world, clock)


@pytest.fixture
def desk(committed_app: Flask, matters: Matters) -> Iterator[Site]:
    with served(committed_app) as address, chromium() as browser:
        site = Site(address, browser, Portfolio(matters.world))
        yield site
        assert site.faults == []


def opened(desk: Site, user: str, path: str = "/desk", **size: int) -> Page:
    page = desk.visitor(user, **size)
    desk.open(page, path)
    return page


def decide(page: Page, kind: str, label: str, **filled: Any) -> None:
    """Tap the decision of the first such item, fill in what it asks for, and confirm."""
    page.click(f"[data-kind={kind}] button:text-is('{label}')")
    for name, value in filled.items():
        page.fill(f"dialog [name={name}]", str(value))
    page.click(f"dialog button:text-is('{label}')")


def test_a_device_is_approved_in_two_taps(desk: Site, matters: Matters) -> None:
    matters.device()
    page = opened(desk, "manager")
    decide(page, "device", "批准")
    page.wait_for_selector("text=没有等待您处理的事项")
    found = matters.client.get("/api/v1/devices", headers=matters.world.headers("manager")).json["items"]
    assert [each["status"] for each in found] == ["approved"]


def test_an_unlock_request_says_why_and_what_happens_otherwise(desk: Site, matters: Matters) -> None:
    matters.unlock()
    page = opened(desk, "manager")
    words = page.inner_text("[data-kind=unlock]")
    assert "个工作日" in words
    assert "两个工作日内不处理，上报上一级" in words
    decide(page, "unlock", "批准", days=2)
    page.wait_for_selector("text=没有等待您处理的事项")
    requests = matters.client.get("/api/v1/unlock-requests", headers=matters.world.headers("manager")).json["items"]
    assert [(each["status"], each["days"]) for each in requests] == [("approved", 2)]


def test_the_loser_of_a_race_reads_the_winners_name(desk: Site, matters: Matters) -> None:
    matters.unlock()
    winner, loser = opened(desk, "manager"), opened(desk, "second_manager")
    loser.wait_for_selector("[data-kind=unlock]")
    decide(winner, "unlock", "批准")
    winner.wait_for_selector("text=没有等待您处理的事项")
    decide(loser, "unlock", "驳回", reason="原因不充分，请补充说明")
    loser.wait_for_selector("dialog [role=alert]:has-text('姓名manager')")


def test_nobody_is_offered_his_own_request(desk: Site, matters: Matters) -> None:
    matters.unlock(user="manager")
    page = opened(desk, "manager")
    page.check("text=包括下级可先处理的事项")
    desk.settle(page)
    assert page.query_selector("[data-kind=unlock]") is None


def test_the_record_behind_an_item_is_looked_at(desk: Site, matters: Matters) -> None:
    matters.quarantine()
    page = opened(desk, "manager")
    page.click("[data-kind=quarantine] button:text-is('查看记录')")
    page.wait_for_selector("dialog dd:has-text('outside')")
    page.click("dialog button:text-is('知道了')")
    decide(page, "quarantine", "判定有效", reason="已电话核实，确在现场")
    page.wait_for_selector("text=没有等待您处理的事项")


def test_what_was_told_is_read(desk: Site, matters: Matters) -> None:
    matters.device()
    deliver_all(matters.world)
    page = opened(desk, "manager", "/desk#inbox")
    page.wait_for_selector(".unread")
    page.click("text=全部标为已读")
    page.wait_for_selector(".unread", state="detached")


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
def test_the_desk_fits_its_screen_and_keeps_nobody_out(desk: Site, matters: Matters, width: int, height: int) -> None:
    for make in (matters.device, matters.unlock, matters.quarantine, matters.exit, matters.opinion, matters.alert):
        make()
    deliver_all(matters.world)
    page = opened(desk, "branch_manager", width=width, height=height)
    for path in ("/desk", "/desk#inbox"):
        desk.open(page, path)
        assert desk.serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
