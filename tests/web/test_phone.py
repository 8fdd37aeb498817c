"""An officer's day in a real browser: his plate before a fake camera, his walk, days without a network, and kills."""

from __future__ import annotations

import os
import re
import shutil
import signal
from contextlib import contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pypdfium2
import pytest
from PIL import Image
from playwright.sync_api import Error, sync_playwright
from sqlalchemy import text

from kiosk_print.labels import Label, Layout, render_labels
from tests.browser import FLAGS, served
from tests.factories import PASSWORD
from tests.fixtures import Clock
from tests.sync.phone import LAT, LON, Street

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from flask import Flask

    from tests.factories import World

AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"
DEGREES_OUTSIDE = 0.01
PATIENCE_MS = 60_000
REFUSE_CAMERA = """() => {
  navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", "NotAllowedError"); };
}"""
BURNT_IN = "dialog.capture button.primary"


def printed(path: Path, code: str, name: str, qr_text: str) -> None:
    """Write a film of a printed label, as a camera sees it."""
    pdf = render_labels([Label(code=code, name=name, qr_text=qr_text)], Layout.SINGLE)
    with pypdfium2.PdfDocument(pdf) as document:
        label = document[0].render(scale=203 / 72).to_pil()
    label.thumbnail((620, 460))
    frame = Image.new("RGB", (640, 480), "white")
    frame.paste(label, ((640 - label.width) // 2, (480 - label.height) // 2))
    taken = BytesIO()
    frame.save(taken, "JPEG", quality=92)
    path.write_bytes(taken.getvalue() * 10)


class Handset:
    """A phone whose browser can be killed and started again over the same data."""

    def __init__(self, playwright: Any, folder: Path, url: str, bank: str, *flags: str) -> None:
        self.playwright, self.folder, self.url, self.bank = playwright, folder, url, bank
        self.flags = (*FLAGS, "--use-fake-device-for-media-stream", *flags)
        self.asked: set[str] = set()
        self.faults: list[str] = []
        self.at = (LON, LAT)

    def start(self, *permissions: str) -> None:
        self.context = self.playwright.chromium.launch_persistent_context(
            self.folder,
            executable_path=shutil.which("chromium"),
            args=list(self.flags),
            viewport={"width": 360, "height": 740},
            permissions=list(permissions or ("geolocation", "camera", "microphone")),
            geolocation={"longitude": self.at[0], "latitude": self.at[1], "accuracy": 12},
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.context.clock.install(time=Clock().now)
        self.page = self.context.pages[0]
        self.page.on("request", lambda request: self.asked.add(request.url))
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("console", lambda line: self.faults.append(line.text) if "Security Policy" in line.text else None)

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

    def stand(self, lon: float, lat: float) -> None:
        self.at = (lon, lat)
        self.context.set_geolocation({"longitude": lon, "latitude": lat, "accuracy": 12})

    def open(self, path: str = "/m") -> None:
        self.page.goto(self.url + path)

    def log_in(self) -> None:
        self.open("/login?next=/m")
        self.page.wait_for_selector("[name=bank], .tabs", timeout=PATIENCE_MS)
        if self.page.query_selector(".tabs"):
            return
        for name, value in {"bank": self.bank, "username": "officer", "password": PASSWORD}.items():
            self.page.fill(f"[name={name}]", value)
        self.page.click("button.primary")
        self.page.wait_for_selector(".tabs")

    def synchronise(self, state: str = "idle") -> None:
        self.page.click(".status .sync")
        self.page.wait_for_selector(f".dot.{state}", timeout=PATIENCE_MS)

    def see(self, words: str) -> None:
        try:
            self.page.wait_for_selector(f"text={words}", timeout=PATIENCE_MS)
        except Error:
            raise AssertionError(f"{words} is not in: {self.page.inner_text('body')}") from None

    def scan(self) -> None:
        self.page.click(".tabs a[data-tab=scan]")
        self.page.wait_for_url("**/m#/point/*", timeout=PATIENCE_MS)

    def begin(self) -> None:
        self.scan()
        self.see("检查点正确")
        self.page.click("text=开始检查")
        self.page.wait_for_url("**/m#/visit/*")

    def answer(self) -> None:
        """Answer everything calmly, with the photos that are asked for."""
        for item in self.page.query_selector_all("[data-item]"):
            choices = item.query_selector_all(".choices label")
            if choices:
                choices[1 if len(choices) == 2 else 0].click()
        self.page.fill("[aria-labelledby=label-power_kwh]", "120")
        self.page.fill("[aria-labelledby=label-tax_ytd]", "3.50")
        for key in ("power_kwh", "tax_ytd"):
            self.take_photo(key)

    def take_photo(self, key: str) -> None:
        self.page.click(f"[data-item={key}] button:has-text('图片(0)')")
        self.page.click(BURNT_IN)
        self.page.wait_for_selector(f"[data-item={key}] button:has-text('图片(1)')")


@pytest.fixture
def street(committed_world: World) -> Street:
    return Street(committed_world)


@pytest.fixture
def point(street: Street) -> UUID:
    checkpoint_id = street.add()
    street.make_tasks()
    return checkpoint_id


@contextmanager
def handset(app: Flask, folder: Path, street: Street, point: UUID) -> Iterator[Handset]:
    if shutil.which("chromium") is None:
        pytest.skip("Debian's chromium is not installed: no browser looks at the pages")
    film = folder / "label.mjpeg"
    printed(film, "CP-1", "检查点", street.plate(point))
    with served(app) as url, sync_playwright() as playwright:
        flag = f"--use-file-for-fake-video-capture={film}"
        phone = Handset(playwright, folder / "phone", url, street.world.bank.code, flag)
        phone.start()
        yield phone
        phone.context.close()
        assert phone.faults == []
        assert {found for found in phone.asked if not found.startswith((url, "blob:", "data:"))} == set()


@pytest.fixture
def phone(committed_app: Flask, tmp_path: Path, street: Street, point: UUID) -> Iterator[Handset]:
    with handset(committed_app, tmp_path, street, point) as phone:
        yield phone


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
    phone.see("定期检查")


def counted(world: World, statement: str) -> list[Any]:
    with world.transaction() as ctx:
        return [tuple(row) for row in ctx.session.execute(text(statement))]


def test_a_day_at_the_point_and_without_a_network(phone: Handset, committed_app: Flask, committed_world: World) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.stand(LON + DEGREES_OUTSIDE, LAT)
    phone.scan()
    phone.see("位置不对，无法检查")
    assert phone.page.is_disabled("text=请到检查点再开始")
    for step in range(3):
        phone.stand(LON + step * 1e-7, LAT)
        phone.page.clock.fast_forward(12_000)
    phone.see("检查点正确")
    phone.page.click("text=开始检查")
    phone.page.wait_for_url("**/m#/visit/*")
    phone.see("还缺")
    phone.answer()
    phone.see("已填写完整，可以提交")
    phone.context.set_offline(True)
    phone.page.click("text=提交检查")
    phone.see("待上传的资料 2 个")
    phone.kill()
    phone.start()
    phone.context.set_offline(True)
    phone.open()
    phone.page.click(".tabs a[data-tab=outbox]")
    phone.see("待上传的资料 2 个")
    phone.context.set_offline(False)
    phone.log_in()
    phone.page.click(".tabs a[data-tab=outbox]")
    phone.synchronise()
    phone.see("已完成")
    assert counted(committed_world, "SELECT state, blockers FROM inspection") == [("accepted", [])]
    assert counted(committed_world, "SELECT status, count(*) FROM media GROUP BY 1") == [("stored", 2)]


def test_nothing_is_lost_wherever_the_browser_is_killed(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.context.set_offline(True)
    phone.begin()
    phone.page.fill("[aria-labelledby=label-power_kwh]", "120")
    phone.take_photo("power_kwh")
    phone.kill()
    phone.start()
    phone.open()
    phone.page.click("text=继续填写")
    phone.page.wait_for_selector("[data-item=power_kwh] button:has-text('图片(1)')")
    phone.log_in()
    phone.page.click("text=继续填写")
    assert phone.page.input_value("[aria-labelledby=label-power_kwh]") == "120"
    phone.page.click("text=提交检查")
    phone.page.click("dialog button.danger")
    phone.see("已隔离，待上级决定")
    phone.kill()
    phone.start()
    phone.log_in()
    phone.synchronise()
    assert counted(committed_world, "SELECT count(*) FROM inspection") == [(1,)]
    assert counted(committed_world, "SELECT status FROM sync_receipt") == [("quarantined",)]


def test_a_login_that_ends_keeps_the_outbox(phone: Handset, committed_app: Flask, committed_world: World) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.answer()
    phone.see("已填写完整，可以提交")
    phone.context.clear_cookies()
    phone.page.click("text=提交检查")
    phone.see("登录已过期")
    phone.open()
    phone.see("今日任务")
    phone.log_in()
    phone.page.click(".tabs a[data-tab=outbox]")
    phone.see("已完成")
    assert counted(committed_world, "SELECT state FROM inspection") == [("accepted",)]


def test_what_is_refused_has_its_sentence(phone: Handset, committed_app: Flask, committed_world: World) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.evaluate(REFUSE_CAMERA)
    phone.page.click(".tabs a[data-tab=scan]")
    phone.see("没有拍摄权限")
    for typed, sentence in {
        "<script>alert(1)</script>" + "x" * 1900: "not_a_plate",
        f"XJ1.00000000.{'0' * 16}.1.{'A' * 26}": "other_bank",
        f"XJ1.{committed_world.bank.tag.upper()}.{'0' * 16}.1.{'A' * 26}": "not_mine",
    }.items():
        phone.page.eval_on_selector("details", "each => { each.open = true; }")
        phone.page.fill("[name=text]", typed)
        phone.page.press("[name=text]", "Enter")
        phone.see(sentence)


@pytest.mark.parametrize("view", ["", "scan", "outbox", "papers", "alerts"])
def test_no_view_keeps_anybody_out(phone: Handset, committed_app: Flask, committed_world: World, view: str) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.click(f'.tabs a[data-tab="{view}"]')
    phone.page.wait_for_timeout(500)
    phone.page.evaluate(AXE.read_text())
    found = phone.page.evaluate("axe.run().then((result) => result.violations)")
    serious = [
        (each["id"], each["nodes"][0]["html"][:200]) for each in found if each["impact"] in {"serious", "critical"}
    ]
    assert serious == []
    assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_worker_keeps_all_files_of_its_page(committed_app: Flask) -> None:
    client = committed_app.test_client()
    worker = client.get("/m/worker.js")
    assert (worker.mimetype, worker.headers["Service-Worker-Allowed"]) == ("text/javascript", "/m")
    files = set(re.findall(r'"(/assets/[^"]+)"', worker.text))
    linked = set(re.findall(r'(?:src|href)="(/assets/[^"]+)"', client.get("/m").text))
    assert linked <= files
    assert {client.get(file).status_code for file in files} == {200}
    manifest = client.get("/m/manifest.webmanifest")
    assert (manifest.mimetype, manifest.json["start_url"]) == ("application/manifest+json", "/m")
    assert client.get(manifest.json["icons"][0]["src"]).status_code == 200
