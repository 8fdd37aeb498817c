"""The screen of a print station, in a real browser: enrolment, code and QR, printing, a crash, no line, revocation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import select

import kiosk_print
from kiosk_print.models import PaperPrint
from tests.browser import chromium, served
from tests.kiosk_print.hall import API

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.fixtures import Clock
    from tests.kiosk_print.hall import Hall, Station

FILES = Path(kiosk_print.__file__).with_name("page")
COUNT_PRINTS = """
    window.print = () => {
        window.top.prints = (window.top.prints || 0) + 1;
        window.dispatchEvent(new Event("afterprint"));
    };
"""


def test_the_page_runs_only_what_comes_with_it(client: FlaskClient) -> None:
    with client.get("/kiosk") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "text/html")
        linked = re.findall(r'(?:src|href)="(/[^"]+)"', answer.text)
    policy = dict(part.split(maxsplit=1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert (policy["default-src"], policy["script-src"], policy["style-src"]) == ("'none'", "'self'", "'self'")
    linked.append("/kiosk/font.ttf")
    assert {path: type_of(client, path) for path in linked} == {
        "/kiosk/kiosk.css": "text/css",
        "/kiosk/kiosk.js": "text/javascript",
        "/kiosk/font.ttf": "font/ttf",
    }
    for path in ("/kiosk/none.js", "/kiosk/../routes.py", "/kiosk/..%2froutes.py"):
        assert client.get(path).status_code == 404


def type_of(client: FlaskClient, path: str) -> str:
    with client.get(path) as answer:
        assert answer.status_code == 200
        return str(answer.mimetype)


def test_the_page_has_nothing_inline_and_names_no_other_host() -> None:
    html = (FILES / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)", html)
    everything = "".join(path.read_text() for path in FILES.iterdir())
    assert not re.search(r"https?:|//[a-z0-9-]+\.[a-z]|@import|innerHTML|eval\(", everything)


@dataclass
class Screen:
    """A station's browser, and the station whose token it was given."""

    page: Any
    station: Station
    hall: Hall

    def type_token(self, token: str) -> None:
        self.page.fill("#token", token)
        self.page.click("text=启用 >> nth=-1")

    def enrol(self) -> None:
        self.type_token(self.station.headers["Authorization"].removeprefix("Bearer "))
        self.wait("ready")

    def wait(self, screen: str) -> None:
        self.page.wait_for_selector(f"body[data-screen={screen}]", timeout=20_000)

    def wait_for_state(self, job_id: str, state: str) -> None:
        for _ in range(60):
            if self.hall.job(job_id)["state"] == state:
                return
            self.page.wait_for_timeout(250)
        raise AssertionError(f"{state} was never reached: {self.hall.job(job_id)}")

    @property
    def text(self) -> str:
        return str(self.page.inner_text("body"))


@pytest.fixture
def screen(committed_app: Flask, committed_hall: Hall) -> Iterator[Screen]:
    with served(committed_app) as url, chromium("--kiosk-printing") as browser:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.add_init_script(COUNT_PRINTS)
        faults: list[str] = []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        page.goto(f"{url}/kiosk")
        yield Screen(page, committed_hall.station(), committed_hall)
        assert faults == []


def test_a_token_is_typed_in_once_and_a_wrong_one_is_refused_in_words(screen: Screen) -> None:
    screen.wait("enrolling")
    screen.type_token("xj.00000000.wrong")
    screen.page.wait_for_selector("text=令牌不正确")
    screen.enrol()
    screen.page.reload()
    screen.wait("ready")
    assert "令牌" not in screen.text


def test_the_screen_shows_the_code_and_a_symbol_that_a_camera_reads(screen: Screen) -> None:
    screen.enrol()
    face = screen.station.face()
    assert f"{face['code'][:3]} {face['code'][3:]}" in screen.text
    assert 110 <= int(screen.page.inner_text("#seconds")) <= 120
    picture = Image.open(BytesIO(screen.page.screenshot()))
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [face["symbol"]]
    buttons = screen.page.eval_on_selector_all("button", "all => all.map((each) => getComputedStyle(each).minHeight)")
    assert all(float(height.removesuffix("px")) >= 60 for height in buttons)
    screen.page.set_viewport_size({"width": 360, "height": 740})
    assert screen.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_released_job_is_printed_once_and_reported(screen: Screen) -> None:
    screen.enrol()
    sheets: list[bytes] = []

    def look(route: Any) -> None:
        answer = route.fetch()
        sheets.append(answer.body())
        route.fulfill(response=answer)

    screen.page.route("**/pdf", look)
    job_id = screen.hall.released(screen.station)
    screen.wait("printed")
    assert screen.hall.job(job_id)["title"] in screen.text
    screen.wait_for_state(job_id, "printed")
    print_id = screen.hall.job(job_id)["print_id"]
    headers = screen.hall.world.headers("officer")
    assert sheets == [screen.hall.client.get(f"{API}/prints/{print_id}/pdf", headers=headers).data]
    screen.wait("ready")
    assert screen.page.evaluate("[window.prints, localStorage.length]") == [1, 1]
    screen.wait_for_state(screen.hall.released(screen.station), "printed")
    assert len(set(sheets)) == screen.page.evaluate("window.prints") == 2


@pytest.mark.parametrize(("button", "state"), [("已经打出", "printed"), ("没有打出", "failed")])
def test_after_a_crash_a_person_says_what_came_out_and_nothing_is_printed_unasked(
    screen: Screen, button: str, state: str
) -> None:
    screen.enrol()
    screen.page.route("**/report", lambda route: route.abort())
    job_id = screen.hall.released(screen.station)
    screen.wait("printed")
    screen.page.reload()
    screen.wait("asking")
    assert screen.hall.job(job_id)["title"] in screen.text
    screen.page.unroute("**/report")
    screen.page.click(f"text={button}")
    screen.wait_for_state(job_id, state)
    screen.page.wait_for_function("() => localStorage.length === 1")
    assert screen.page.evaluate("window.prints || 0") == 0


@pytest.mark.parametrize("lost", ["**/jobs/next", "**/pdf"])
def test_a_crash_before_the_printer_prints_the_same_sheet_later_and_no_second_original(
    screen: Screen, clock: Clock, lost: str
) -> None:
    """The station has taken the job, or fetched its sheet, and dies before anything went to the printer."""
    screen.enrol()
    cut: list[str] = []

    def cut_off(route: Any) -> None:
        cut.append(route.fetch().text())
        route.abort()

    screen.page.route(lost, cut_off)
    job_id = screen.hall.released(screen.station)
    screen.wait_for_state(job_id, "printing")
    screen.page.wait_for_selector("text=网络不通", timeout=20_000)
    screen.page.reload()
    screen.page.unroute(lost)
    screen.wait("ready")
    assert any(cut)
    assert screen.page.evaluate("[window.prints || 0, localStorage.length]") == [0, 1]
    clock.advance(minutes=2)
    screen.wait_for_state(job_id, "printed")
    assert (screen.page.evaluate("window.prints"), screen.hall.job(job_id)["attempts"]) == (1, 2)
    with screen.hall.world.transaction() as ctx:
        assert ctx.session.scalars(select(PaperPrint.copy)).all() == [1]


def test_a_crash_while_the_printer_has_the_sheet_asks_a_person(screen: Screen) -> None:
    screen.enrol()
    screen.page.add_init_script("window.print = () => { window.top.handed = true; };")
    job_id = screen.hall.released(screen.station)
    screen.wait("printing")
    while not screen.page.evaluate("window.handed"):
        screen.page.wait_for_timeout(100)
    screen.page.reload()
    screen.wait("asking")
    assert screen.hall.job(job_id)["title"] in screen.text
    screen.page.click("text=没有打出")
    screen.wait_for_state(job_id, "failed")
    assert screen.page.evaluate("window.handed || false") is False


def test_a_report_that_was_lost_on_the_line_is_told_again(screen: Screen) -> None:
    screen.enrol()
    screen.page.route("**/report", lambda route: route.abort())
    job_id = screen.hall.released(screen.station)
    screen.wait("printed")
    assert screen.hall.job(job_id)["state"] == "printing"
    screen.page.unroute("**/report")
    screen.wait_for_state(job_id, "printed")
    assert screen.page.evaluate("window.prints") == 1


def test_what_ended_meanwhile_is_not_printed_and_the_screen_says_so(screen: Screen) -> None:
    screen.enrol()
    screen.page.route("**/pdf", lambda route: route.fulfill(status=410, json={"code": "print_ended"}))
    job_id = screen.hall.released(screen.station)
    screen.wait("failed")
    assert "没有打印" in screen.text
    screen.wait_for_state(job_id, "failed")
    assert screen.page.evaluate("window.prints || 0") == 0


def test_without_a_line_and_after_revocation_the_screen_says_so_in_words(screen: Screen) -> None:
    screen.enrol()
    screen.page.context.set_offline(True)
    screen.page.wait_for_selector("text=网络不通", timeout=20_000)
    screen.hall.released(screen.station)
    screen.page.context.set_offline(False)
    screen.wait("printed")
    assert "网络不通" not in screen.text
    assert screen.hall.post(f"/devices/{screen.station.id}/revoke", "manager").status_code == 200
    screen.wait("revoked")
    assert "本打印站已停用" in screen.text
    assert screen.page.evaluate("localStorage.length") == 0
