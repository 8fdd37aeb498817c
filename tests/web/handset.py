"""An officer's phone: a browser that can be killed over its data, a printed plate before its camera, a bad line."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdfium2
from PIL import Image
from playwright.sync_api import Error
from sqlalchemy import text

from checkpoints import qr
from checkpoints.models import Checkpoint
from kiosk_print.labels import Label, Layout, render_labels
from tests.browser import FLAGS, driver, installed
from tests.factories import PASSWORD
from tests.fixtures import Clock
from tests.sync.phone import LAT, LON

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from flask import Flask
    from playwright.sync_api import BrowserContext, CDPSession, Page

    from tests.factories import World
    from tests.sync.phone import Street

DEGREES_OUTSIDE = 0.01
PATIENCE_MS = 60_000
PAUSE_MS = 100
PERMISSIONS = ("geolocation", "camera", "microphone")
BEGIN = "button:text-is('在此设备上开始使用')"
BURNT_IN = "dialog.capture button.primary"
AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
LEAST_PX = 43.5
SERIOUS = """() => axe.run().then(({ violations }) => violations
  .filter(({ impact }) => ["serious", "critical"].includes(impact))
  .map(({ id, nodes }) => [id, nodes[0].html]))"""
SMALL = """(least) => [...document.querySelectorAll(
    "button, a, summary, select, textarea, input:not([type=radio]):not([type=checkbox]), .choices label")]
  .filter((each) => each.checkVisibility() && !each.closest("[inert]"))
  .filter((each) => Math.min(each.getBoundingClientRect().height, each.getBoundingClientRect().width) < least)
  .map((each) => each.outerHTML.slice(0, 100))"""
_FRAMES = 10
_MODULE_PX = 5


def film(path: Path, picture: Image.Image) -> Path:
    """Write a film of a picture, as a camera sees it, in the place of the last one at once."""
    taken = BytesIO()
    picture.save(taken, "JPEG", quality=92)
    whole = path.with_suffix(".new")
    whole.write_bytes(taken.getvalue() * _FRAMES)
    return whole.rename(path)


def film_of_label(path: Path, street: Street, point: UUID) -> Path:
    """Write a film of a checkpoint's plate as it is printed, at the resolution of a label printer."""
    with street.world.transaction() as ctx:
        row = ctx.session.get_one(Checkpoint, point)
        code, name = row.code, row.name
    pdf = render_labels([Label(code=code, name=name, qr_text=street.plate(point))], Layout.SINGLE)
    with pypdfium2.PdfDocument(pdf) as document:
        label = document[0].render(scale=203 / 72).to_pil()
    label.thumbnail((620, 460))
    frame = Image.new("RGB", (640, 480), "white")
    frame.paste(label, ((640 - label.width) // 2, (480 - label.height) // 2))
    return film(path, frame)


def film_of_text(path: Path, words: str) -> Path:
    """Write a film of a symbol that holds any text at all."""
    rows = qr.matrix(words, mask=0)
    symbol = Image.new("1", (len(rows), len(rows)), 1)
    symbol.putdata([0 if dark else 1 for row in rows for dark in row])
    large = symbol.resize((len(rows) * _MODULE_PX, len(rows) * _MODULE_PX)).convert("RGB")
    frame = Image.new("RGB", (1280, 960), "white")
    frame.paste(large, ((frame.width - large.width) // 2, (frame.height - large.height) // 2))
    return film(path, frame)


class Handset:
    """A phone whose browser can be killed and started again over the same data, on any day, at any place."""

    context: BrowserContext
    page: Page
    devtools: CDPSession

    def __init__(self, playwright: Any, folder: Path, url: str, bank: str, label: Path | None) -> None:
        self.playwright, self.folder, self.url, self.bank, self.label = playwright, folder, url, bank, label
        self.asked: set[str] = set()
        self.asked_by_worker: set[str] = set()
        self.faults: list[str] = []
        self.at = (LON, LAT)
        self.now = Clock().now
        self.username = "officer"

    def start(self, *permissions: str) -> None:
        camera = [f"--use-file-for-fake-video-capture={self.label}"] if self.label else []
        self.context = self.playwright.chromium.launch_persistent_context(
            self.folder,
            executable_path=installed(),
            args=[*FLAGS, "--use-fake-device-for-media-stream", *camera],
            viewport={"width": 360, "height": 740},
            permissions=list(permissions or PERMISSIONS),
            geolocation={"longitude": self.at[0], "latitude": self.at[1], "accuracy": 12},
            accept_downloads=True,
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.clock.install(time=self.now)
        self.page = self.context.pages[0]
        self._listen()

    def _listen(self) -> None:
        """Hear every page and every worker."""
        self.context.on(
            "request", lambda each: (self.asked_by_worker if each.service_worker else self.asked).add(each.url)
        )
        self.context.on("weberror", lambda found: self.faults.append(str(found.error)))
        self.context.on(
            "console", lambda line: self.faults.append(line.text) if "Security Policy" in line.text else None
        )

    def kill(self) -> None:
        """End the browser as a phone does that runs out of power."""
        for each in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                if f"--user-data-dir={self.folder}".encode() in each.read_bytes():
                    os.kill(int(each.parent.name), signal.SIGKILL)
            except (FileNotFoundError, ProcessLookupError):
                continue
        with suppress(Error):
            self.context.close()
        (self.folder / "SingletonLock").unlink(missing_ok=True)

    def restart(self, *, offline: bool = False) -> None:
        """Kill the browser, start it again, and open the page."""
        self.kill()
        self.start()
        self.context.set_offline(offline)
        self.open()
        self.page.wait_for_selector(".tabs")

    def film(self, words: str) -> None:
        """Hold a symbol with this text before the camera, from the next time that it is opened."""
        assert self.label
        film_of_text(self.label, words)

    def leave_room(self, quota: int | None) -> None:
        """Let the browser give the page so many bytes in all (None: as many as ever).

        It asks again how much is left only after a while, so tell it to a browser that has just been started.
        """
        self.devtools = self.context.new_cdp_session(self.page)
        bound = {} if quota is None else {"quotaSize": quota}
        self.devtools.send("Storage.overrideQuotaForOrigin", {"origin": f"{self.url}/", **bound})

    def stand(self, lon: float, lat: float) -> None:
        self.at = (lon, lat)
        self.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 12})

    def open(self, path: str = "/m") -> None:
        self.page.goto(self.url + path)

    def log_in(self) -> None:
        self.open("/login?next=/m")
        self.page.wait_for_selector(f"[name=bank], .tabs, {BEGIN}")
        if self.page.query_selector("[name=bank]"):
            self.give_password()
            self.page.wait_for_selector(f".tabs, {BEGIN}")
        if self.page.query_selector(BEGIN):
            self.page.click(BEGIN)
        self.page.wait_for_selector(".tabs")

    def give_password(self) -> None:
        for name, value in {"bank": self.bank, "username": self.username, "password": PASSWORD}.items():
            self.page.fill(f"[name={name}]", value)
        self.page.click("button.primary")

    def synchronise(self, state: str = "idle") -> None:
        rounds = self.page.get_attribute(".status .sync", "data-rounds")
        self.page.click(".status .sync")
        self.find(f".status .sync:not([data-rounds='{rounds}']) .dot.{state}")

    def tab(self, name: str) -> None:
        self.page.click(f'.tabs a[data-tab="{name}"]')

    def see(self, words: str) -> None:
        self.find(f"text={words}")

    def find(self, selector: str) -> None:
        """Wait for it; where it never comes, say what stood there instead."""
        try:
            self.page.wait_for_selector(selector)
        except Error:
            raise AssertionError(f"no {selector} at {self.page.url}: {self._told()}") from None

    def _told(self) -> str:
        return "\n".join([*self.faults, self.page.inner_text("body")])

    def arrive(self, view: str) -> None:
        """Wait for a view of the page."""
        try:
            self.page.wait_for_function("(view) => location.hash.startsWith(`#/${view}`)", arg=view)
        except Error:
            raise AssertionError(f"not at {view}, {self.page.url}: {self._told()}") from None

    def wait_until(self, script: str, arg: Any) -> None:
        """Ask an async script until it says yes; playwright's own waiting takes its promise for a yes."""
        for _ in range(PATIENCE_MS // PAUSE_MS):
            if self.page.evaluate(script, arg):
                return
            self.page.wait_for_timeout(PAUSE_MS)
        raise AssertionError(f"never: {script}: {self._told()}")

    def see_all_sent(self) -> None:
        """Wait at the outbox until what was captured is done, with its media."""
        self.see("已完成")
        self.page.wait_for_selector("progress", state="detached")

    def scan(self) -> None:
        self.tab("scan")
        self.arrive("point/")

    def walk(self, lon: float = LON) -> None:
        """Take a few steps around the plate, there or elsewhere: the page wants fresh positions."""
        for step in range(3):
            self.stand(lon + step * 1e-7, LAT)
            self.page.clock.fast_forward(12_000)

    def bind(self) -> None:
        """Scan an unbound plate about a kilometre away, and bind it there."""
        self.stand(LON + DEGREES_OUTSIDE, LAT)
        self.page.clock.fast_forward(12_000)
        self.scan()
        self.see("检查点尚未绑定位置")
        self.walk(LON + DEGREES_OUTSIDE)
        self.page.click("button:has-text('绑定位置')")
        self.page.click(BURNT_IN)
        self.page.wait_for_function("() => location.hash === '#/'")

    def begin(self) -> None:
        self.scan()
        self.see("检查点正确")
        self.page.click("button:has-text('开始检查')")
        self.arrive("visit/")
        self.find("[data-item=power_kwh]")

    def answer(self, *, photos: bool = True) -> None:
        """Answer everything calmly, with the photos that are asked for."""
        for item in self.page.query_selector_all("[data-item]"):
            choices = item.query_selector_all(".choices label")
            if choices:
                choices[1 if len(choices) == 2 else 0].click()
        self.page.fill("[aria-labelledby=label-power_kwh]", "120")
        self.page.fill("[aria-labelledby=label-tax_ytd]", "3.50")
        for key in ("power_kwh", "tax_ytd") if photos else ():
            self.take_photo(key)

    def take_photo(self, key: str) -> None:
        self.page.click(f"[data-item={key}] button:has-text('图片(0)')")
        self.page.click(BURNT_IN)
        self.page.wait_for_selector(f"[data-item={key}] button:has-text('图片(1)')")

    def submit(self) -> None:
        self.see("已填写完整，可以提交")
        self.page.click("text=提交检查")
        self.arrive("outbox")


@contextmanager
def handset(url: str, folder: Path, street: Street, label: Path | None) -> Iterator[Handset]:
    """Open a phone at an address; nothing may go wrong on its pages, and nothing elsewhere be asked."""
    installed()
    phone = Handset(driver(), folder, url, street.world.bank.code, label)
    phone.start()
    try:
        yield phone
    finally:
        phone.context.close()
    assert phone.faults == []
    asked = phone.asked | phone.asked_by_worker
    assert {found for found in asked if not found.startswith((url, "blob:", "data:"))} == set()


def approve_all(app: Flask, world: World) -> None:
    client, headers = app.test_client(), world.headers("manager")
    for device in client.get("/api/v1/devices", headers=headers).json["items"]:
        if device["status"] == "pending":
            assert client.post(f"/api/v1/devices/{device['id']}/approve", headers=headers).status_code == 200


def enrolled(phone: Handset, app: Flask, world: World) -> None:
    phone.log_in()
    phone.see("等待管理员批准")
    approve_all(app, world)
    phone.synchronise()
    phone.page.wait_for_selector("text=/定期检查|目前没有到期的任务/")
    phone.page.wait_for_selector(".keeping p", state="detached")


def counted(world: World, statement: str) -> list[Any]:
    with world.transaction() as ctx:
        return [tuple(row) for row in ctx.session.execute(text(statement))]


def look(phone: Handset) -> None:
    """Hold what is on the screen to what gloves and screen readers need: all fits, all can be tapped."""
    phone.page.evaluate(AXE.read_text())
    assert phone.page.evaluate(SERIOUS) == []
    assert phone.page.evaluate(SMALL, LEAST_PX) == []
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
