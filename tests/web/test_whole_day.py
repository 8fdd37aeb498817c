"""One visit through all three pages, as three people see it: the officer's phone, the desk, the board."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.browser import chromium
from tests.sync.phone import LON
from tests.web.conftest import Site
from tests.web.handset import DEGREES_OUTSIDE
from tests.web.test_desk import decide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

    from tests.fixtures import Clock
    from tests.sync.phone import Street
    from tests.web.handset import Handset

NOTHING_WAITS = "text=没有等待您处理的事项"


@pytest.fixture
def bank(address: str, street: Street) -> Iterator[Site]:
    with chromium() as browser:
        site = Site(address, browser, street.portfolio)
        yield site
        assert site.faults == []


def test_one_visit_is_told_by_three_pages(phone: Handset, bank: Site, clock: Clock) -> None:
    phone.log_in()
    phone.see("等待管理员批准")
    desk = bank.visitor("manager", path="/desk")
    decide(desk, "device", "批准")
    desk.wait_for_selector(NOTHING_WAITS)
    phone.synchronise()
    visit_from_outside(phone)
    accept_beside_the_drawing(bank, desk)
    phone.synchronise()
    phone.see("上级已采纳")
    phone.tab("papers")
    phone.see("还可打印 7天")
    clock.advance(days=8)
    phone.now += timedelta(days=8)
    phone.restart()
    ask_to_unlock(phone)
    desk = bank.visitor("manager", path="/desk")
    decide(desk, "unlock", "批准", days=2)
    desk.wait_for_selector(NOTHING_WAITS)
    phone.page.reload()
    phone.see("申请解锁：已批准，重新开放 2 天")
    see_it_counted(bank, bank.visitor("province_manager"))


def visit_from_outside(phone: Handset) -> None:
    """Scan at the plate, leave, and submit from elsewhere: what he saw is complete, where he was is not."""
    phone.begin()
    phone.answer()
    phone.see("已填写完整，可以提交")
    phone.walk(LON + DEGREES_OUTSIDE)
    phone.page.click("text=提交检查")
    phone.arrive("outbox")
    phone.find("li[data-status=quarantined]")
    phone.page.wait_for_selector("progress", state="detached")


def accept_beside_the_drawing(bank: Site, desk: Page) -> None:
    desk.reload()
    bank.settle(desk)
    desk.click("[data-kind=quarantine] button:text-is('判定有效')")
    desk.wait_for_selector("dialog svg.fence .mark.submit")
    assert "位置在围栏之外，已隔离待核实（outside）" in desk.inner_text("dialog")
    desk.fill("dialog [name=reason]", "已电话核实，确在现场")
    desk.click("dialog button:text-is('判定有效')")
    desk.wait_for_selector(NOTHING_WAITS)


def ask_to_unlock(phone: Handset) -> None:
    phone.log_in()
    phone.synchronise()
    phone.tab("papers")
    phone.page.click("main ul a")
    phone.page.click("text=申请解锁")
    phone.page.fill("[name=text]", "企业盖章时原件被茶水浸湿，需要补打")
    phone.page.click("dialog button.primary")
    phone.see("申请解锁：待审批")


def see_it_counted(bank: Site, board: Page) -> None:
    """Go from the bank's own number down to the record behind it."""
    bank.settle(board)
    assert board.inner_text(".headlines .first").split()[:2] == ["本期进度", "100.0%"]
    board.click(".headlines .first a")
    board.wait_for_selector("table.list")
    board.click(".list >> text=检查记录")
    board.wait_for_selector("article.record")
    assert board.locator("article.record .spread .badge").all_inner_texts() == ["已生效", "隔离后采纳"]
    assert "姓名officer" in board.inner_text("article.record")
