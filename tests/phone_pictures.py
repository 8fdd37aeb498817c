"""Pictures of every view of an officer's phone, from its beginning to what became of a visit."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.browser import chromium
from tests.phone_states import CUT_OFF, FORMS, states
from tests.pictures import SIZES, WAIT_MS, Shot, decide, log_in, named, pictures, take, take_beside, tap, too_wide
from tests.trouble_pictures import set_aside, troubles, type_code
from tests.web.handset import PERMISSIONS, film_of_text

if TYPE_CHECKING:
    from playwright.sync_api import Page

FILM = "camera.mjpeg"
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
"""What is tapped on an officer's phone before each picture; his manager approves it behind the first."""
PLACE = """async () => {
  const ask = async (path) => (await fetch(`/api/v1${path}`, { headers: { "X-Xunji-Page": "1" } })).json();
  const { items } = await ask("/tasks?open=true&limit=1");
  const { checkpoint } = await ask(`/checkpoints/${items[0].checkpoint_id}`);
  const [longitude, latitude] = [checkpoint.location_lon, checkpoint.location_lat].map(Number);
  return { code: checkpoint.code, at: { longitude, latitude } };
}"""
VISIT_WALK: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("m-form", ("button:text-is('开始检查')",)),
    ("m-interrupted", (CUT_OFF,)),
    (
        "m-capture",
        (
            "button:text-is('删除')",
            "button:has-text('图片(0)')",
        ),
    ),
    ("m-taken", ("dialog button:text-is('拍照')",)),
    ("m-record", ("button:has-text('语音(0)')",)),
    ("m-lacking", ("dialog button:text-is('取消')", "text=提交检查")),
    ("m-submitted", ("dialog button:text-is('仍要提交')",)),
)
"""What is tapped at a checkpoint, without a network: nothing of the visit leaves the phone, which is thrown away."""


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
    with (
        tempfile.TemporaryDirectory() as room,
        chromium("--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={room}/{FILM}") as browser,
    ):
        film = film_of_text(Path(room) / FILM, "")
        width, height = SIZES["phone"]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            has_touch=True,
            locale="zh-CN",
            permissions=list(PERMISSIONS),
            geolocation={"longitude": 114.502461, "latitude": 38.045474, "accuracy": 12},
        )
        page = context.new_page()
        log_in(page, address, officer)
        faults: list[str] = []
        for name, steps in PHONE_WALK:
            if name == "m-waiting":
                begin(page, address, folder)
            if name == "m-day":
                faults += take(browser, address, WAITING_PHONE, folder)
                decide(browser, address, manager, APPROVE_ALL)
            page.goto(f"{address}/m")
            page.reload()
            page.wait_for_selector(".tabs")
            page.wait_for_selector(".dot:not(.busy)")
            with named(name, faults):
                for step in steps:
                    tap(page, step)
                page.wait_for_selector(".spinner, [aria-busy]", state="detached")
                faults += too_wide(page, name)
                pictures(page, folder, name)
        place = page.evaluate(PLACE)
        faults += troubles(page, address, folder, film, place)
        faults += states(page, address, folder)
        faults += visit(page, address, folder, place)
        faults += set_aside(page, address, folder)
        faults += take_beside(context, address, FORMS, folder)
        decide(browser, address, manager, TAKE_BACK)
        return faults


def visit(page: Page, address: str, folder: Path, place: dict[str, Any]) -> list[str]:
    """Take pictures of a visit at the first task's checkpoint, its code typed; a missing step ends it."""
    faults: list[str] = []
    page.context.set_geolocation({**place["at"], "accuracy": 12})
    with named("visit", faults):
        type_code(page, address, place["code"])
        page.wait_for_selector("text=检查点正确", timeout=WAIT_MS)
        pictures(page, folder, "m-right")
        page.context.set_offline(True)
        for name, steps in VISIT_WALK:
            for step in steps:
                tap(page, step)
            page.wait_for_timeout(1000)  # a picture of the camera's picture
            faults += too_wide(page, name)
            pictures(page, folder, name)
    return faults
