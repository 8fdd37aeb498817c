"""A province with visits, its pages served, and a browser in front of them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from inspection_api.tasks import service as tasks
from inspection_api.tasks.rules import Visit
from inspection_api.templates import default_template
from tests.browser import chromium, served
from tests.factories import PASSWORD
from tests.portfolio import Portfolio
from tests.reports.reading import add_visit
from tests.sync.phone import Street
from tests.web.handset import Handset, film_of_label, handset
from tests.web.line import BadLine

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from flask import Flask
    from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize

    from tests.factories import World

NOW = "2026-03-10T10:00:00+08:00"
"""What the tests' clock says, told to the browser."""
AXE = Path(__file__).parent / "vendor/axe-core/axe.min.js"
SERIOUS = "axe.run().then((found) => found.violations.filter((each) => ['serious', 'critical'].includes(each.impact)))"


@dataclass
class Site:
    """The pages at an address, a browser, and the bank behind them; `faults` is what must not happen on any page."""

    address: str
    browser: Browser
    portfolio: Portfolio
    faults: list[str] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.portfolio.world

    def visitor(
        self,
        user: str | None = None,
        width: int = 1440,
        height: int = 900,
        *,
        path: str = "/login",
        touch: bool = False,
    ) -> Page:
        """Return a page of a browser of its own, where a login of that user leads or at ``path``."""
        viewport: ViewportSize = {"width": width, "height": height}
        context = self.browser.new_context(viewport=viewport, has_touch=touch, locale="zh-CN")
        context.clock.set_fixed_time(NOW)
        page = context.new_page()
        self._listen(context, page)
        if user is not None:
            self._enter(context, user)
        self.open(page, path)
        if user is not None:
            page.wait_for_url(lambda url: urlsplit(url).path != "/login")
        return page

    def log_in(self, page: Page, user: str, password: str = PASSWORD) -> None:
        """Log in as people do."""
        for name, value in self._words(user, password).items():
            page.fill(f"input[name={name}]", value)
        page.click("text=登录 >> nth=-1")

    def _words(self, user: str, password: str = PASSWORD) -> dict[str, str]:
        return {"bank": self.world.bank.code, "username": user, "password": password}

    def _enter(self, context: BrowserContext, user: str) -> None:
        """Give a browser the cookie of a login, as our page's own request does: forms are for the tests of the form."""
        headers = {"X-Xunji-Page": "1", "Origin": self.address}
        answer = context.request.post(f"{self.address}/api/v1/sessions/page", data=self._words(user), headers=headers)
        assert answer.ok, answer.text()

    def open(self, page: Page, path: str) -> None:
        page.goto(self.address + path)
        self.settle(page)

    def settle(self, page: Page) -> None:
        page.wait_for_selector("main")
        page.wait_for_selector(".spinner, [aria-busy]", state="detached")

    def serious(self, page: Page) -> list[str]:
        """Return what axe-core finds serious, with where."""
        page.evaluate(AXE.read_text())
        return [f"{row['id']}: {[node['target'] for node in row['nodes']]}" for row in page.evaluate(SERIOUS)]

    def _listen(self, context: BrowserContext, page: Page) -> None:
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda line: self.faults.append(line.text) if "Content Security" in line.text else None)
        context.on("request", lambda each: None if each.url.startswith(self._ours) else self.faults.append(each.url))

    @property
    def _ours(self) -> tuple[str, ...]:
        return (self.address, "data:", "blob:")


@pytest.fixture
def office(committed_world: World) -> Portfolio:
    """Three points in the sub-branch of which two were visited, one in its sibling that was not, one far away."""
    portfolio = Portfolio(committed_world)
    points = [portfolio.add_checkpoint() for _ in range(3)]
    portfolio.add_checkpoint("sibling", "colleague")
    points.append(portfolio.add_checkpoint("foreign", "foreign_officer"))
    portfolio.create_rule()
    portfolio.generate()
    for point, indicators in ((points[0], ["W01", "W07"]), (points[1], []), (points[3], [])):
        visit_and_close(portfolio, point, indicators)
    return portfolio


def visit_and_close(portfolio: Portfolio, checkpoint_id: UUID, indicators: list[str]) -> None:
    day, visit_id = date(2026, 3, 9), uuid4()
    answers: dict[str, Any] = {item["key"]: {"value": False} for item in risks()}
    answers |= {
        "op_status": {"value": "normal"},
        "power_kwh": {"value": "1200"},
        "inflow_ytd": {"value": "5"},
        "conclusion": {"value": "normal"},
    }
    add_visit(portfolio, checkpoint_id, day, id=visit_id, state="accepted", indicators=indicators, answers=answers)
    with portfolio.world.transaction() as ctx:
        visit = Visit(
            inspection_id=visit_id,
            checkpoint_id=checkpoint_id,
            performed_on=day,
            template_family="plain_paper",
            channel="onsite",
        )
        tasks.close(ctx, [visit])


def risks() -> list[dict[str, Any]]:
    return [item for item in default_template.DEFINITION["items"] if item["type"] == "yes_no"]


@pytest.fixture
def site(committed_app: Flask, office: Portfolio) -> Iterator[Site]:
    with opened(committed_app, office) as found:
        yield found
        assert found.faults == []


@contextmanager
def opened(app: Flask, office: Portfolio) -> Iterator[Site]:
    with served(app) as address, chromium() as browser:
        yield Site(address, browser, office)


@pytest.fixture
def street(committed_world: World) -> Street:
    return Street(committed_world)


@pytest.fixture
def point(street: Street) -> UUID:
    """A checkpoint of the officer's, with its task of this month."""
    checkpoint_id = street.add()
    street.make_tasks()
    return checkpoint_id


@pytest.fixture
def address(committed_app: Flask) -> Iterator[str]:
    with served(committed_app) as url:
        yield url


@pytest.fixture
def phone(address: str, tmp_path: Path, street: Street, point: UUID) -> Iterator[Handset]:
    """The officer's phone, the checkpoint's printed plate before its camera."""
    label = film_of_label(tmp_path / "label.mjpeg", street, point)
    with handset(address, tmp_path / "phone", street, label) as found:
        yield found


@pytest.fixture
def line(address: str) -> Iterator[BadLine]:
    bad = BadLine(address)
    yield bad
    bad.close()


@pytest.fixture
def far(line: BadLine, tmp_path: Path, street: Street, point: UUID) -> Iterator[Handset]:
    """The officer's phone at the end of a bad line."""
    label = film_of_label(tmp_path / "label.mjpeg", street, point)
    with handset(line.url, tmp_path / "phone", street, label) as found:
        yield found
