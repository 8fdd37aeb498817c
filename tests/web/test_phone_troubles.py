"""What goes wrong on a phone, in a real browser: each has its sentence in Chinese and a way on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from tests.browser import chromium
from tests.web.handset import BURNT_IN, Handset, counted, enrolled

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from tests.factories import World
    from tests.sync.phone import Street

REFUSE = """([name]) => {
  navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("", name); };
}"""
CAMERAS = {"NotAllowedError": "camera_refused", "NotFoundError": "camera_missing", "NotReadableError": "camera_busy"}
LONG = "河北宏远精密机械制造有限公司" * 36
LONGEST_NAME = 60


def test_a_full_phone_says_so_and_keeps_what_it_has(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.answer(photos=False)
    phone.take_photo("power_kwh")
    phone.kill()
    phone.start()
    phone.leave_room(1)
    phone.log_in()
    phone.page.click("text=继续填写")
    phone.page.click("[data-item=tax_ytd] button:has-text('图片(0)')")
    phone.page.click(BURNT_IN)
    phone.find("#notices >> text=storage_full")
    phone.find("[data-item=tax_ytd] button:has-text('图片(0)')")
    phone.find("[data-item=power_kwh] button:has-text('图片(1)')")
    phone.find(".status .dot.full")
    phone.page.eval_on_selector_all("#notices p", "all => all.forEach((each) => each.remove())")
    phone.page.click("[data-item=tax_ytd] button:has-text('语音(0)')")
    phone.page.click("dialog.capture button:text-is('开始录制')")
    phone.find("#notices >> text=storage_full")
    phone.page.wait_for_selector("dialog.capture", state="detached")
    phone.leave_room(None)
    phone.take_photo("tax_ytd")
    phone.submit()
    phone.see_all_sent()
    assert counted(committed_world, "SELECT state FROM inspection") == [("accepted",)]
    assert counted(committed_world, "SELECT status, count(*) FROM media GROUP BY 1") == [("stored", 2)]


def test_a_full_phone_says_so_in_a_dialog_too_and_what_was_typed_stays(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.kill()
    phone.start()
    phone.leave_room(1)
    phone.log_in()
    phone.page.click(".task a")
    phone.page.click("text=上门未遇或被拒")
    phone.page.fill("dialog [name=note]", "大门紧锁，邻居说去外地了")
    phone.page.click("dialog button.primary")
    phone.find("dialog [role=alert]:has-text('storage_full')")
    assert phone.page.input_value("dialog [name=note]") == "大门紧锁，邻居说去外地了"
    phone.leave_room(None)
    phone.page.click("dialog button.primary")
    phone.see("已保存，将随下次同步上传；任务仍须完成")
    phone.synchronise()
    assert counted(committed_world, "SELECT reason, note FROM visit_attempt") == [("unmet", "大门紧锁，邻居说去外地了")]


ESTIMATES = "(estimate) => { navigator.storage.estimate = async () => estimate; }"


def test_a_phone_that_is_nearly_full_is_warned_in_time(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.evaluate(ESTIMATES, {"usage": 89 << 20, "quota": 100 << 20})
    phone.tab("outbox")
    phone.see("没有待上传的数据")
    assert phone.page.locator("text=storage_nearly_full").count() == 0
    phone.tab("")
    phone.page.evaluate(ESTIMATES, {"usage": 91 << 20, "quota": 100 << 20})
    phone.tab("outbox")
    phone.see("请尽快联网上传（storage_nearly_full）")


@pytest.mark.parametrize(("days", "word"), [(1, "快"), (-1, "慢")])
def test_a_clock_that_is_a_day_wrong_is_told_and_spoils_no_visit(
    phone: Handset, committed_app: Flask, committed_world: World, days: int, word: str
) -> None:
    phone.context.close()
    phone.now += timedelta(days=days)
    phone.start()
    enrolled(phone, committed_app, committed_world)
    phone.see(f"手机时间比服务器{word}约")
    phone.see("clock_skew")
    phone.begin()
    phone.answer()
    phone.submit()
    phone.see_all_sent()
    found = counted(committed_world, "SELECT state, performed_on, flags FROM inspection")
    assert [(state, day.isoformat(), "clock_skew" in flags) for state, day, flags in found] == [
        ("accepted", "2026-03-10", True)
    ]


@pytest.mark.parametrize("name", CAMERAS)
def test_without_a_camera_the_code_is_typed_with_its_reason(
    phone: Handset, committed_app: Flask, committed_world: World, name: str
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.evaluate(REFUSE, [name])
    phone.tab("scan")
    phone.see(CAMERAS[name])
    phone.page.click("summary")
    phone.page.fill("[name=code]", "CP-NONE")
    phone.page.select_option("[name=reason]", "牌面破损或污损")
    phone.page.press("[name=code]", "Enter")
    phone.see("手机上没有这个编号的检查点")
    phone.page.fill("[name=code]", " cp000000 ")
    phone.page.press("[name=code]", "Enter")
    phone.arrive("point/")
    phone.see("手工输入编号（牌面破损或污损）")
    phone.tab("scan")
    phone.see(CAMERAS[name])
    assert not phone.page.is_visible(".viewer"), "there is nothing to see"
    phone.page.evaluate("delete navigator.mediaDevices.getUserMedia")
    phone.page.click("button:text-is('重试')")
    phone.arrive("point/")


def test_a_typed_visit_waits_for_a_superior_who_reads_why(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.evaluate(REFUSE, ["NotReadableError"])
    phone.tab("scan")
    phone.page.click("summary")
    phone.page.fill("[name=code]", "CP000000")
    phone.page.select_option("[name=reason]", "光线不足，无法对焦")
    phone.page.fill("[name=note]", "地下车间")
    phone.page.press("[name=note]", "Enter")
    phone.arrive("point/")
    phone.page.reload()
    phone.see("检查点正确")
    phone.page.click("button:has-text('开始检查')")
    phone.arrive("visit/")
    phone.find("[data-item=power_kwh]")
    phone.answer()
    phone.submit()
    phone.see("二维码牌未扫描，编号为手工输入")
    ((codes, judgement),) = counted(committed_world, "SELECT quarantine_codes, judgement FROM inspection")
    assert codes == ["qr_manual"]
    assert judgement["manual"] == {"text": "CP000000", "reason": "光线不足，无法对焦：地下车间"}


def test_a_refused_position_has_its_sentence_and_comes_back(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    phone.context.clear_permissions()
    phone.context.grant_permissions(["camera", "microphone"])
    enrolled(phone, committed_app, committed_world)
    phone.scan()
    phone.see("location_refused")
    assert phone.page.is_disabled("text=请到检查点再开始")
    phone.context.grant_permissions(["geolocation", "camera", "microphone"])
    phone.page.clock.fast_forward(12_000)
    phone.see("检查点正确")


SYMBOLS = ("https://example.invalid/" + "x" * 2000, "<script>alert(document.cookie)</script>")


def test_a_symbol_that_is_no_plate_is_told_and_goes_nowhere(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    for words in SYMBOLS:
        phone.film(words)
        phone.tab("scan")
        phone.see("这不是检查点的二维码，请扫描现场安装的二维码牌（not_a_plate）")
        phone.tab("outbox")
    assert not any("/checkpoints/scan" in url for url in phone.asked)


def test_names_of_five_hundred_letters_fit_everywhere(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    with committed_world.transaction() as ctx:
        ctx.session.execute(text("UPDATE checkpoint SET name = :name, address = :name"), {"name": LONG[::-1]})
        ctx.session.execute(text("UPDATE user_account SET name = :name"), {"name": LONG[:LONGEST_NAME]})
    enrolled(phone, committed_app, committed_world)
    steps = (lambda: phone.see(LONG[:-31:-1]), phone.scan, phone.begin, phone.answer, phone.submit)
    assert phone.page.evaluate("document.querySelector('.bar').offsetHeight") < 60, "one line"
    for step in steps:
        step()
        assert phone.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), step
    phone.see("已完成")


def test_a_private_window_is_told_that_it_keeps_nothing(
    address: str, tmp_path: Path, street: Street, committed_app: Flask
) -> None:
    with chromium("--use-fake-device-for-media-stream") as browser:
        context = browser.new_context(viewport={"width": 360, "height": 740})
        phone = Handset(browser, tmp_path, address, street.world.bank.code, None)
        phone.context, phone.page = context, context.new_page()
        enrolled(phone, committed_app, street.world)
        phone.tab("outbox")
        phone.see("storage_not_persistent")


NO_DATABASE = "indexedDB.open = () => { throw new DOMException('', 'SecurityError'); };"


def test_a_browser_that_keeps_no_data_is_told_to_use_another_window(phone: Handset) -> None:
    phone.log_in()
    phone.context.add_init_script(NO_DATABASE)
    phone.open()
    phone.see("storage_unavailable")


NO_KEYS = "crypto.subtle.generateKey = async () => { throw new DOMException('', 'NotSupportedError'); };"


def test_a_browser_without_such_keys_is_told_which_has_them(phone: Handset) -> None:
    phone.log_in()
    phone.context.add_init_script(NO_KEYS)
    phone.open()
    phone.see("key_unsupported")
