"""Every number on the board, of every report, leads to a list that is as long or comes to it, in the browser."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select, update

from inspection_api.customers.models import Customer
from inspection_api.loans.models import Loan
from inspection_api.reports import catalogue
from inspection_api.tasks.models import Task
from tests.reports.test_alerting import raise_alert

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.web.conftest import Site

LEADS_NOWHERE = {
    "h1, h2, thead, tbody th": "a title and a row's label name reports, periods and organisations",
    ".row.spread p.faint": "the days that were asked for, and the instant of the answer",
    ".card > p.faint": "a note, such as how many organisations have not closed the month: those whose row is empty",
    "td:first-child": "a rank counts the rows above it",
    "td[class='']": "a text, such as the row's period",
    "strong:has(+ .parts)": "a rate is made of the two numbers beside it, and is compared with them",
    ".u-legend .u-value": "a chosen point of a curve is a number of the table that is drawn",
    "summary": "how many organisations can be chosen below",
}
"""Where on the board numbers stand that no list lies behind, and why."""
_LINKED = "all => all.map((each) => [each.getAttribute('href'), each.textContent])"
_RATES = "all => all.map((each) => [each.previousElementSibling.textContent, each.textContent])"
_LOST = """passed => {
  const texts = document.createTreeWalker(document.querySelector("main .body"), NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const place = texts.currentNode.parentElement;
    if (/\\d/.test(texts.currentNode.data) && place.closest(passed) === null) found.push(place.outerHTML.slice(0, 120));
  }
  return found;
}"""
GROUPS = (
    ("", "indicators", "conclusions"),
    ("completion", "coverage", "series", "comparison"),
    ("branch_checks", "details", "records"),
    ("migrations", "anomalies", "alerts", "month_end"),
)
ROUNDED = 0.06
"""How far a rate of one decimal may lie from its two numbers: they are written in 万元 where they are money."""
STILL_EMPTY = {"month_end"}
"""What has no numbers yet: the month is not over."""


def number(text: str) -> float:
    return float(text.replace(",", "").replace("万", "e4"))


def address(site: Site, code: str) -> str:
    if not code:
        return "/board"
    compared = "&".join(f"organisation_ids={site.world.organisations[name]}" for name in ("sub_branch", "sibling"))
    return f"/board?view=report&report={code}" + (f"&{compared}" if code == "comparison" else "")


def linked(site: Site, page: Page, code: str) -> dict[str, set[str]]:
    """Return the numbers of a view, as they are written, by the address of the list behind them."""
    site.open(page, address(site, code))
    links = page.eval_on_selector_all("a[href*='view=list']", _LINKED)
    assert len(links) > 10, code
    assert page.evaluate(_LOST, ", ".join(["a[href*='view=list']", *LEADS_NOWHERE])) == [], code
    for rate, parts in page.eval_on_selector_all(".parts", _RATES):
        assert is_made_of(rate, *map(number, parts.split("/"))), (code, rate, parts)
    told: dict[str, set[str]] = {}
    for href, text in links:
        told.setdefault(href, set()).add(text)
    return told


def is_made_of(rate: str, part: float, whole: float) -> bool:
    return abs(float(rate.removesuffix("%")) - 100 * part / whole) <= ROUNDED if whole else rate == "—"


def shown_in_list(site: Site, page: Page, href: str) -> set[str]:
    """Return how long a list is and what it comes to, in 万元, as the board writes both."""
    site.open(page, href)
    found = re.search(r"共 ([\d,]+) 条(?:，余额（元）合计 ([\d,.]+))?$", page.inner_text(".total"))
    assert found, page.inner_text("main")
    rows = page.locator("table.list tbody tr").count()
    assert rows == number(found[1])
    if found[2] is None:
        return {found[1]}
    balances = page.locator("table.list tbody td.number").all_inner_texts()
    assert sum(map(number, balances)) == number(found[2])
    return {found[1], f"{number(found[2]) / 10_000:,.0f}万" if number(found[2]) else "0"}


@pytest.fixture
def busy(site: Site) -> Site:
    """The office when its tasks of March are due, with an alert, every customer with a loan of another amount."""
    with site.world.transaction() as ctx:
        march = Task.period_start == date(2026, 3, 1)
        ctx.session.execute(update(Task).where(march).values(due_on=date(2026, 3, 9)))
        lent = {"disbursed_on": date(2026, 1, 1), "matures_on": date(2026, 12, 31), "five_class": "normal"}
        ctx.session.add_all(
            Loan(contract_no=f"JK{at}", customer_id=customer_id, amount=at * Decimal("1230000.50"), **lent)
            for at, customer_id in enumerate(ctx.session.scalars(select(Customer.id)), start=1)
        )
    raise_alert(site.portfolio, "sub_branch", date(2026, 3, 1), 3)
    return site


def test_every_report_is_in_a_group() -> None:
    assert {code for group in GROUPS for code in group} - {""} == {report.code for report in catalogue.REPORTS}


@pytest.mark.parametrize("codes", GROUPS, ids=lambda codes: codes[-1])
def test_every_number_leads_to_a_list_that_is_as_long_or_comes_to_it(busy: Site, codes: tuple[str, ...]) -> None:
    page = busy.visitor("province_manager")
    told: dict[str, set[str]] = {}
    for code in codes:
        wanted = linked(busy, page, code)
        zeros = [href for href, texts in wanted.items() if texts == {"0"}]
        assert (len(zeros) < len(wanted)) != (code in STILL_EMPTY), code
        told |= {href: texts for href, texts in wanted.items() if href not in zeros[3:]}
    shown = {href: shown_in_list(busy, page, href) for href in told}
    assert {href: texts for href, texts in told.items() if not texts <= shown[href]} == {}
    assert ("coverage" in codes) == any("万" in text for texts in told.values() for text in texts)


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
