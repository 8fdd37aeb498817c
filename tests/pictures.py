"""Pictures of pages, as a phone and a PC show them: what all that are taken have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection_api.demo.seed import PASSWORD

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page

SIZES = {"phone": (360, 740), "pc": (1440, 900)}
WAIT_MS = 20_000


@dataclass(frozen=True)
class Shot:
    """One picture: whose login (None: nobody's), which address, and what is filled in and clicked before."""

    name: str
    user: str | None
    path: str
    clicks: tuple[str, ...] = ()
    fills: tuple[tuple[str, str], ...] = ()


def log_in(page: Page, address: str, user: str) -> None:
    """Log in as a user of the demo bank."""
    page.goto(f"{address}/login")
    for name, value in (("bank", "demo"), ("username", user), ("password", PASSWORD)):
        page.fill(f"input[name={name}]", value)
    page.click("button.primary")
    page.wait_for_url(lambda url: "/login" not in url, timeout=WAIT_MS)


def settle(page: Page) -> None:
    """Wait until nothing is being loaded any more."""
    page.wait_for_load_state("networkidle", timeout=WAIT_MS)
    page.wait_for_selector(".spinner, [aria-busy]", state="detached", timeout=WAIT_MS)


def picture(page: Page, path: Path) -> None:
    """Take a picture of the whole page; of a dialog what stands on the screen."""
    page.screenshot(path=path, full_page=page.locator("dialog[open]").count() == 0)


def pictures(page: Page, folder: Path, name: str) -> None:
    """Take the same view's picture in every size; it is left as on a phone."""
    for size in reversed(SIZES):
        width, height = SIZES[size]
        page.set_viewport_size({"width": width, "height": height})
        picture(page, folder / f"{name}-{size}.png")


def take(browser: Browser, address: str, shot: Shot, folder: Path) -> list[str]:
    """Take a picture in every size; return what is wider than its screen."""
    wide = []
    for size, (width, height) in SIZES.items():
        context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=size == "phone", locale="zh-CN"
        )
        page = context.new_page()
        if shot.user:
            log_in(page, address, shot.user)
        page.goto(address + shot.path)
        settle(page)
        for field, value in shot.fills:
            page.fill(field, value)
        for click in shot.clicks:
            if page.locator(click).count():
                page.locator(click).first.click()
                settle(page)
        if shot.fills:
            page.wait_for_selector("[role=alert]", timeout=WAIT_MS)
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(f"{shot.name} {size} is wider than the screen")
        picture(page, folder / f"{shot.name}-{size}.png")
        context.close()
    return wide


def decide(browser: Browser, address: str, manager: str, script: str) -> None:
    """Approve every phone that waits for this manager, or take the one back that these pictures enrolled."""
    page = browser.new_page()
    log_in(page, address, manager)
    page.evaluate(script)
    page.close()
