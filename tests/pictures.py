"""Pictures of pages, as a phone and a PC show them: what all that are taken have in common."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error

from inspection_api.demo.seed import PASSWORD
from inspection_api.http.problems import PROBLEM_JSON, status_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, BrowserContext, Page, Route, ViewportSize

    from inspection_api.core.errors import Problem

SIZES = {"phone": (360, 740), "pc": (1440, 900)}
WAIT_MS = 20_000
TAP_MS = 8000


class Script(str):
    """A step that the page runs instead of being tapped: what only time or other people bring about."""

    __slots__ = ()


@dataclass(frozen=True)
class Shot:
    """One picture: whose login (None: nobody's), which address, and what is filled in and clicked before.

    ``answers`` are given in the server's place, by the glob of their address: None where no answer comes, a function
    where the server's own is told otherwise. ``script`` makes the browser one that cannot do everything, before the
    page begins; ``shows`` is what must be there before the picture is taken.
    """

    name: str
    user: str | None
    path: str
    clicks: tuple[str, ...] = ()
    fills: tuple[tuple[str, str], ...] = ()
    answers: tuple[tuple[str, Any], ...] = ()
    script: str = ""
    shows: str = ""


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


def tap(page: Page, step: str) -> None:
    """Tap the first of what a selector finds; without it a picture would show something else than its name says."""
    if isinstance(step, Script):
        page.evaluate(step)
        return
    try:
        page.locator(step).first.click(timeout=TAP_MS)
    except Error:
        raise Error(f"nothing to tap at {step}") from None


@contextmanager
def named(name: str, faults: list[str]) -> Iterator[None]:
    """Note what goes wrong before a picture under its name, and go on with the next one."""
    try:
        yield
    except Error as error:
        faults.append(f"{name}: {error.message.splitlines()[0]}")


def answer(page: Page, glob: str, given: Any) -> None:
    """Answer what is asked of such addresses in the server's place, as ``Shot.answers`` says."""

    def give(route: Route) -> None:
        if given is None:
            route.abort()
        elif callable(given):
            route.fulfill(json=given(route.fetch().json()))
        else:
            route.fulfill(**given)

    page.route(glob, give)


def refusal(problem: Problem) -> dict[str, Any]:
    """Return the answer that says this problem, as the server says it."""
    status = status_of(problem)
    told = {"code": problem.code, "title": problem.title, "detail": problem.detail, "status": status, **problem.members}
    return {"status": status, "content_type": PROBLEM_JSON, "body": json.dumps(told, default=str)}


def too_wide(page: Page, name: str) -> list[str]:
    """Return the complaint about a page that is wider than its screen, if it is."""
    is_wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
    return [f"{name} is wider than the screen"] if is_wide else []


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
    """Take a picture in every size; return what is wrong: a step that is missing, a page wider than its screen."""
    faults: list[str] = []
    for size, (width, height) in SIZES.items():
        viewport: ViewportSize = {"width": width, "height": height}
        opened = browser.new_context(viewport=viewport, has_touch=size == "phone", locale="zh-CN")
        with opened as context, named(f"{shot.name} {size}", faults):
            page = context.new_page()
            _reach(page, address, shot)
            faults += too_wide(page, f"{shot.name} {size}")
            picture(page, folder / f"{shot.name}-{size}.png")
    return faults


def _reach(page: Page, address: str, shot: Shot) -> None:
    if shot.user:
        log_in(page, address, shot.user)
    for glob, given in shot.answers:
        answer(page, glob, given)
    page.add_init_script(shot.script)
    page.goto(address + shot.path)
    settle(page)
    for field, value in shot.fills:
        page.fill(field, value)
    for click in shot.clicks:
        tap(page, click)
        settle(page)
    if shot.fills:
        page.wait_for_selector("[role=alert]", timeout=WAIT_MS)
    if shot.shows:
        page.locator(shot.shows).first.wait_for(timeout=WAIT_MS)


def take_beside(context: BrowserContext, address: str, shot: Shot, folder: Path) -> list[str]:
    """Take a picture in every size by another page of a browser that is logged in and holds what it holds."""
    faults: list[str] = []
    page = context.new_page()
    with named(shot.name, faults):
        _reach(page, address, shot)
        faults += too_wide(page, shot.name)
        pictures(page, folder, shot.name)
    page.close()
    return faults


def decide(browser: Browser, address: str, manager: str, script: str) -> None:
    """Approve every phone that waits for this manager, or take the one back that these pictures enrolled."""
    page = browser.new_page()
    log_in(page, address, manager)
    page.evaluate(script)
    page.close()
