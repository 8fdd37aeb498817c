"""`make screenshots`: every page as a phone and a PC show it, from a running `make run`, into ``var/screenshots``."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Error

from inspection_api.core.periods import local_day
from inspection_api.demo.seed import PASSWORD
from tests.browser import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
SIZES = {"phone": (360, 740), "pc": (1440, 900)}
WAIT_MS = 20_000
LAST_MONTHS = f"from={local_day(datetime.now(UTC) - timedelta(days=60))}&to={local_day(datetime.now(UTC))}"


@dataclass(frozen=True)
class Shot:
    """One picture: whose login (None: nobody's), which address, and what is filled in and clicked before."""

    name: str
    user: str | None
    path: str
    clicks: tuple[str, ...] = ()
    fills: tuple[tuple[str, str], ...] = ()


SHOTS = (
    Shot("login", None, "/login"),
    Shot(
        "login-wrong",
        None,
        "/login",
        ("button.primary",),
        fills=(("[name=bank]", "demo"), ("[name=username]", "hq"), ("[name=password]", "wrong-password")),
    ),
    Shot("account", "hq", "/account"),
    Shot("account-officer", "o0101", "/account"),
    Shot("account-logout", "hq", "/account", ("text=退出所有设备",)),
    Shot("desk", "m0101", "/desk"),
    Shot("desk-unlock", "m0101", "/desk", ("[data-kind=unlock] button:text-is('详情')",)),
    Shot("desk-unlock-decide", "m0101", "/desk", ("[data-kind=unlock] button:text-is('批准')",)),
    Shot("desk-void", "m0101", "/desk", ("[data-kind=void] button:text-is('详情')",)),
    Shot("desk-quarantine", "m0101", "/desk", ("[data-kind=quarantine] button:text-is('详情')",)),
    Shot("desk-proposal", "m0101", "/desk", ("[data-kind=proposal] button:text-is('详情')",)),
    Shot("desk-exit", "a01", "/desk", ("[data-kind=exit] button:text-is('详情')",)),
    Shot("desk-alert", "risk", "/desk", ("[data-kind^=alert] button:text-is('详情')",)),
    Shot("desk-team", "m0101", "/desk#team"),
    Shot("desk-team-branch", "b01", "/desk#team"),
    Shot("desk-inbox", "m0101", "/desk#inbox"),
    Shot("desk-empty", "admin", "/desk"),
    Shot("board", "hq", "/board"),
    Shot("board-branch", "b01", "/board"),
    Shot("board-sub-branch", "m0101", "/board"),
    Shot("board-officer", "o0101", "/board"),
    Shot("board-completion", "hq", "/board?view=report&report=completion"),
    Shot("board-list", "b01", "/board?view=report&report=details", (".report tbody a[aria-label]",)),
    Shot(
        "board-task",
        "b01",
        "/board?view=report&report=details",
        (".report tbody a[aria-label]", ".list a:has-text('任务经过')"),
    ),
    Shot(
        "board-record",
        "b01",
        f"/board?view=report&report=records&{LAST_MONTHS}",
        (".report tbody a[aria-label]", ".list a:has-text('检查记录')"),
    ),
    *(
        Shot(f"board-{report}", "hq", f"/board?view=report&report={report}")
        for report in ("coverage", "series", "comparison", "indicators", "conclusions", "branch_checks", "alerts")
    ),
    Shot("board-error", "hq", "/board?view=report&report=completion&from=2026-03-01&to=2026-02-01"),
    Shot("board-forbidden", "admin", "/board"),
)

APPROVE_ALL = """async () => {
  const headers = { "X-Xunji-Page": "1" };
  const { items } = await (await fetch("/api/v1/devices", { headers })).json();
  for (const each of items.filter((device) => device.status === "pending")) {
    await fetch(`/api/v1/devices/${each.id}/approve`, { method: "POST", headers });
  }
}"""
TAKE_BACK = """async () => {
  const headers = { "X-Xunji-Page": "1" };
  const { items } = await (await fetch("/api/v1/devices", { headers })).json();
  const newest = items.sort((one, other) => (one.created_at < other.created_at ? 1 : -1))[0];
  await fetch(`/api/v1/devices/${newest.id}/revoke`, { method: "POST", headers });
}"""
WAITING_PHONE = Shot("desk-device", "m0101", "/desk", ("[data-kind=device] button:text-is('详情')",))
PHONE_WALK: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("m-waiting", ()),
    ("m-day", ()),
    ("m-scan", (".tabs [data-tab=scan]",)),
    ("m-manual", (".tabs [data-tab=scan]", "summary")),
    ("m-point", (".task a",)),
    ("m-unmet", (".task a", "text=上门未遇或被拒")),
    ("m-papers", (".tabs [data-tab=papers]",)),
    ("m-paper", (".tabs [data-tab=papers]", "main ul a")),
    ("m-alerts", (".tabs [data-tab=alerts]",)),
    ("m-outbox", (".tabs [data-tab=outbox]",)),
)
PLACE = """async () => {
  const ask = async (path) => (await fetch(`/api/v1${path}`, { headers: { "X-Xunji-Page": "1" } })).json();
  const { items } = await ask("/tasks?open=true&limit=1");
  const { checkpoint } = await ask(`/checkpoints/${items[0].checkpoint_id}`);
  const [longitude, latitude] = [checkpoint.location_lon, checkpoint.location_lat].map(Number);
  return { code: checkpoint.code, at: { longitude, latitude } };
}"""
VISIT_WALK: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("m-form", ("button:text-is('开始检查')",)),
    ("m-capture", ("button:has-text('图片(0)')",)),
    ("m-taken", ("dialog button:text-is('拍照')",)),
    ("m-record", ("button:has-text('语音(0)')",)),
    ("m-lacking", ("dialog button:text-is('取消')", "text=提交检查")),
    ("m-submitted", ("dialog button:text-is('仍要提交')",)),
)
"""What is tapped at a checkpoint, without a network: nothing of the visit leaves the phone, which is thrown away."""
"""What is tapped on an officer's phone before each picture; his manager approves it behind the first."""


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


def begin(page: Page, address: str, folder: Path) -> None:
    """Take a picture of what a new device asks, and say yes."""
    page.goto(f"{address}/m")
    button = page.locator("button:text-is('在此设备上开始使用')")
    button.wait_for(timeout=WAIT_MS)
    pictures(page, folder, "m-begin")
    button.click()
    page.wait_for_selector(".tabs")


def walk(address: str, folder: Path, officer: str = "o0101", manager: str = "m0101") -> list[str]:
    """Take pictures of every view of an officer's phone, from the waiting page to a record's paper."""
    with chromium("--use-fake-device-for-media-stream") as browser:
        width, height = SIZES["phone"]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=True,
            locale="zh-CN",
            permissions=["geolocation", "camera", "microphone"],
            geolocation={"longitude": 114.502461, "latitude": 38.045474, "accuracy": 12},
        )
        page = context.new_page()
        log_in(page, address, officer)
        wide: list[str] = []
        for name, steps in PHONE_WALK:
            if name == "m-waiting":
                begin(page, address, folder)
            if name == "m-day":
                wide += take(browser, address, WAITING_PHONE, folder)
                decide(browser, address, manager, APPROVE_ALL)
            page.goto(f"{address}/m")
            page.reload()
            page.wait_for_selector(".tabs")
            page.wait_for_selector(".dot:not(.busy)")
            for step in steps:
                with suppress(Error):  # there may be no record yet whose paper could be shown
                    page.locator(step).first.click(timeout=5000)
            page.wait_for_selector(".spinner, [aria-busy]", state="detached")
            if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                wide.append(f"{name} is wider than the screen")
            pictures(page, folder, name)
        wide += visit(page, address, folder)
        decide(browser, address, manager, TAKE_BACK)
        return wide


def visit(page: Page, address: str, folder: Path) -> list[str]:
    """Take pictures of a visit at the first task's checkpoint, its code typed."""
    place = page.evaluate(PLACE)
    page.context.set_geolocation({**place["at"], "accuracy": 12})
    page.goto(f"{address}/m#/scan")
    page.reload()  # the positions of elsewhere are forgotten
    page.click("summary")
    page.fill("[name=code]", place["code"])
    page.select_option("[name=reason]", index=1)
    page.press("[name=code]", "Enter")
    page.wait_for_selector("text=检查点正确", timeout=WAIT_MS)
    pictures(page, folder, "m-right")
    page.context.set_offline(True)
    wide = []
    for name, steps in VISIT_WALK:
        for step in steps:
            page.locator(step).first.click(timeout=WAIT_MS)
        page.wait_for_timeout(1000)  # a picture of the camera's picture
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(f"{name} is wider than the screen")
        pictures(page, folder, name)
    return wide


def main(address: str, names: list[str]) -> int:
    """Take all pictures, or those of these names; return the exit status."""
    folder = ROOT / "var/screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        wide = [
            line for shot in SHOTS if not names or shot.name in names for line in take(browser, address, shot, folder)
        ]
    wide += walk(address, folder) if not names or "m" in names else []
    sys.stdout.write("".join(f"{line}\n" for line in wide or [f"screenshots are in {folder}"]))
    return 1 if wide else 0


if __name__ == "__main__":
    sys.exit(main(f"http://127.0.0.1:{os.environ.get('PORT', '8000')}", sys.argv[1:]))
