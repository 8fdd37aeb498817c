"""Every number on the board, of every report, leads to a list that is as long, in the browser."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import update

from inspection_api.reports import catalogue
from inspection_api.tasks.models import Task
from tests.reports.test_alerting import raise_alert

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.conftest import Site

MONEY = "余额覆盖率"
GROUPS = (
    ("", "indicators", "conclusions"),
    ("completion", "coverage", "series", "comparison"),
    ("branch_checks", "details", "records"),
    ("migrations", "anomalies", "alerts", "month_end"),
)
STILL_EMPTY = {"month_end"}
"""What has no numbers yet: the month is not over."""


def number(text: str) -> int:
    return int(text.replace(",", ""))


def address(site: Site, code: str) -> str:
    if not code:
        return "/board"
    compared = "&".join(f"organisation_ids={site.world.organisations[name]}" for name in ("sub_branch", "sibling"))
    return f"/board?view=report&report={code}" + (f"&{compared}" if code == "comparison" else "")


def linked(site: Site, page: Page, code: str) -> dict[str, int]:
    """Return the numbers of a view by the address of the list behind each; money is a sum, not a length."""
    site.open(page, address(site, code))
    links = page.eval_on_selector_all(
        "a[href*='view=list']",
        "all => all.map((each) => [each.getAttribute('href'), each.textContent, each.ariaLabel])",
    )
    assert len(links) > 10, code
    return {href: number(text) for href, text, label in links if MONEY not in label}


def shown_in_list(site: Site, page: Page, href: str) -> int:
    site.open(page, href)
    found = re.search(r"共 ([\d,]+) 条", page.inner_text(".total"))
    assert found, page.inner_text("main")
    rows = page.locator("table.list tbody tr").count()
    assert rows == number(found[1])
    return rows


@pytest.fixture
def busy(site: Site) -> Site:
    """The office when its tasks of March are due, with an alert."""
    with site.world.transaction() as ctx:
        march = Task.period_start == date(2026, 3, 1)
        ctx.session.execute(update(Task).where(march).values(due_on=date(2026, 3, 9)))
    raise_alert(site.portfolio, "sub_branch", date(2026, 3, 1), 3)
    return site


def test_every_report_is_in_a_group() -> None:
    assert {code for group in GROUPS for code in group} - {""} == {report.code for report in catalogue.REPORTS}


@pytest.mark.parametrize("codes", GROUPS, ids=lambda codes: codes[-1])
def test_every_number_leads_to_a_list_that_is_as_long(busy: Site, codes: tuple[str, ...]) -> None:
    page = busy.visitor("province_manager")
    told: dict[str, int] = {}
    for code in codes:
        wanted = linked(busy, page, code)
        assert any(wanted.values()) != (code in STILL_EMPTY), code
        zeros = [href for href, count in wanted.items() if not count]
        told |= {href: count for href, count in wanted.items() if count} | dict.fromkeys(zeros[:3], 0)
    assert {href: shown_in_list(busy, page, href) for href in told} == told


def test_a_row_of_an_alert_leads_nowhere_and_promises_nothing(busy: Site) -> None:
    page = busy.visitor("province_manager")
    busy.open(page, address(busy, "alerts"))
    page.click(".report tfoot a >> nth=0")
    page.wait_for_selector("table.list tbody tr")
    assert "查看" not in page.locator("table.list th").all_inner_texts()
    assert page.locator("table.list th").count() == page.locator("table.list tbody td").count()


def test_what_tells_the_rows_apart_stands_first_and_a_sub_branch_leads_to_its_tasks(site: Site) -> None:
    page = site.visitor("province_manager")
    site.open(page, address(site, "indicators"))
    assert page.locator(".report thead th").all_inner_texts()[:3] == ["机构", "期间", "有预警指示的检查数"]
    site.open(page, address(site, "branch_checks"))
    page.click(".report tbody a:text-is('sub_branch')")
    page.wait_for_selector("h1:has-text('支行检查明细')")
    page.wait_for_selector(".trail strong:has-text('sub_branch')")
