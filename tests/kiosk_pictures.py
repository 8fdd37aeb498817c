"""Pictures of a print station's screen, from its first start to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.pictures import SIZES, WAIT_MS, log_in, pictures, settle

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

ASK = """async ([method, path, json]) => {
  const headers = { "X-Xunji-Page": "1", ...(json && { "Content-Type": "application/json" }) };
  const answer = await fetch(`/api/v1${path}`, { method, headers, body: json && JSON.stringify(json) });
  return answer.status === 204 ? null : answer.json();
}"""


def station(browser: Browser, address: str, folder: Path) -> list[str]:
    """Enrol a station as the administrator does, take pictures of its screen in each state, and end it."""
    office = browser.new_page()
    log_in(office, address, "admin")
    settle(office)
    (place,) = office.evaluate(ASK, ["GET", "/organisations?kind=sub_branch&limit=1", None])["items"]
    named = {"name": "营业厅打印站", "organisation_id": place["id"]}
    made = office.evaluate(ASK, ["POST", "/print-stations", named])
    width, height = SIZES["phone"]
    page = browser.new_page(viewport={"width": width, "height": height}, locale="zh-CN")
    page.goto(f"{address}/kiosk")
    wide = [line for name in ("kiosk-begin", "kiosk-wrong") for line in _enrolled(page, folder, name, "xj.wrong")]
    wide += _enrolled(page, folder, "kiosk", made["token"])
    page.context.set_offline(True)
    page.wait_for_selector("#notice:not([hidden])", timeout=WAIT_MS)
    wide += _seen(page, folder, "kiosk-offline")
    page.context.set_offline(False)
    office.evaluate(ASK, ["POST", f"/devices/{made['station']['id']}/revoke", None])
    page.wait_for_selector("[data-screen=revoked]", timeout=WAIT_MS)
    return wide + _seen(page, folder, "kiosk-revoked")


def _enrolled(page: Page, folder: Path, name: str, token: str) -> list[str]:
    """Take a picture behind the given token; the very first is taken before anything is typed."""
    if name != "kiosk-begin":
        page.fill("#token", token)
        page.click("#enrolment button")
        page.wait_for_selector("[data-screen=ready], #notice:not([hidden])", timeout=WAIT_MS)
    return _seen(page, folder, name)


def _seen(page: Page, folder: Path, name: str) -> list[str]:
    pictures(page, folder, name)
    return [f"{name} is wider than the screen"] if page.evaluate("document.body.scrollWidth > innerWidth") else []
