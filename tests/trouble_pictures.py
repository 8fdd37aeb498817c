"""Pictures of what goes wrong on an officer's phone: each has its sentence and a way on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.core.errors import TooLarge
from tests.pictures import WAIT_MS, answer, named, pictures, refusal, tap, too_wide
from tests.web.handset import DEGREES_OUTSIDE, PERMISSIONS, film_of_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

FOREIGN = f"XJ1.00000000.{'0' * 16}.1.{'A' * 26}"
PLATES = {"m-no-plate": "https://example.com/", "m-other-bank": FOREIGN, "m-refused-plate": None}
"""What is held before the camera; None: a plate of this bank that it never made."""
FULL = '() => { IDBObjectStore.prototype.put = () => { throw new DOMException("", "QuotaExceededError"); }; }'
NEARLY_FULL = "() => { navigator.storage.estimate = async () => ({ usage: 91 << 20, quota: 100 << 20 }); }"
TOO_LARGE = refusal(TooLarge())
ASK = """async (path) => (await fetch(`/api/v1${path}`, { headers: { "X-Xunji-Page": "1" } })).json()"""


def troubles(page: Page, address: str, folder: Path, film: Path, place: dict[str, Any]) -> list[str]:
    """Take a picture of each trouble, every one from a fresh page; ``place`` is a checkpoint's code and where it is."""
    faults: list[str] = []
    for name, words in PLATES.items():
        with named(name, faults):
            film_of_text(film, words or FOREIGN.replace("00000000", _bank_tag(page)))
            _open(page, address, "scan")
            _see(page, folder, name, ".said [role=alert]", faults)
    ways: dict[str, tuple[Callable[[Page, str, dict[str, Any]], None], str]] = {
        "m-camera-refused": (_refuse_camera, "text=camera_refused"),
        "m-outside": (_stand_outside, "text=位置不对，无法检查"),
        "m-unbound": (_type_unbound, "text=检查点尚未绑定位置"),
        "m-locked": (_open_locked, "text=已锁定"),
        "m-nearly-full": (_fill_nearly, "text=storage_nearly_full"),
        "m-full": (_fill, "dialog >> text=storage_full"),
    }
    for name, (bring_about, words) in ways.items():
        with named(name, faults):
            bring_about(page, address, place)
            _see(page, folder, name, words, faults)
    page.context.grant_permissions(list(PERMISSIONS))
    return faults


def set_aside(page: Page, address: str, folder: Path) -> list[str]:
    """Take a picture of what the server cannot take at all; the visit of the pictures before goes nowhere else."""
    faults: list[str] = []
    with named("m-aside", faults):
        answer(page, "**/api/v1/media**", TOO_LARGE)
        answer(page, "**/api/v1/sync/push", TOO_LARGE)
        page.context.set_offline(False)
        _open(page, address, "outbox")
        tap(page, "text=立即同步")
        _see(page, folder, "m-aside", "li[data-status=aside]", faults)
    return faults


def type_code(page: Page, address: str, code: str) -> None:
    """Come to a checkpoint by the code that stands on its plate."""
    _open(page, address, "scan")
    tap(page, "summary")
    page.fill("[name=code]", code)
    page.select_option("[name=reason]", index=1)
    page.press("[name=code]", "Enter")


def _open(page: Page, address: str, view: str) -> None:
    page.goto(f"{address}/m#/{view}")
    page.reload()  # the positions of elsewhere are forgotten
    page.wait_for_selector(".tabs")
    page.wait_for_selector(".dot:not(.busy)")


def _see(page: Page, folder: Path, name: str, words: str, faults: list[str]) -> None:
    page.locator(words).first.wait_for(timeout=WAIT_MS)
    faults += too_wide(page, name)
    pictures(page, folder, name)


def _bank_tag(page: Page) -> str:
    return str(page.evaluate(ASK, "/me")["bank"]["tag"]).upper()


def _refuse_camera(page: Page, address: str, _: dict[str, Any]) -> None:
    page.context.clear_permissions()
    page.context.grant_permissions(["geolocation"])
    _open(page, address, "scan")


def _stand_outside(page: Page, address: str, place: dict[str, Any]) -> None:
    far = {**place["at"], "longitude": place["at"]["longitude"] + DEGREES_OUTSIDE}
    page.context.set_geolocation({**far, "accuracy": 12})
    type_code(page, address, place["code"])


def _type_unbound(page: Page, address: str, _: dict[str, Any]) -> None:
    (unbound, *_others) = page.evaluate(ASK, "/checkpoints?state=unbound&limit=1")["items"]
    type_code(page, address, unbound["code"])


def _open_locked(page: Page, address: str, _: dict[str, Any]) -> None:
    _open(page, address, "papers")
    tap(page, "main ul a:has-text('打印期限已过') >> nth=-1")  # the oldest, which nobody asks to unlock


def _fill_nearly(page: Page, address: str, _: dict[str, Any]) -> None:
    _open(page, address, "")
    page.evaluate(NEARLY_FULL)
    tap(page, ".tabs [data-tab=outbox]")


def _fill(page: Page, address: str, _: dict[str, Any]) -> None:
    _open(page, address, "")
    tap(page, ".task a")
    tap(page, "text=上门未遇或被拒")
    page.evaluate(FULL)
    tap(page, "dialog button.primary")
