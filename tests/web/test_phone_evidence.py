"""What a phone's camera and microphone make: films and sound too, all stamped, and no camera that nobody looks at."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from inspection_api.web.pages import ASSETS
from tests.sync.phone import LAT, LON
from tests.web.handset import BURNT_IN, counted, enrolled, look
from tests.web.inside import within
from tests.web.test_phone_troubles import REFUSE

if TYPE_CHECKING:
    from flask import Flask

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.web.handset import Handset

WRITES = """() => {
  window.written = new Set();
  for (const { prototype } of [CanvasRenderingContext2D, OffscreenCanvasRenderingContext2D]) {
    const { fillText } = prototype;
    prototype.fillText = function (words, ...rest) { written.add(words); return fillText.call(this, words, ...rest); };
  }
}"""
SHADES = """async (store, visits, kind) => {
  const media = await store.read(["medium"], (tx) => tx.all("medium"));
  const { blob, width, height } = media.find((each) => each.kind === kind);
  const shown = document.createElement("video");
  [shown.src, shown.muted] = [URL.createObjectURL(blob), true];
  document.body.append(shown);
  await shown.play();
  await new Promise((resolve) => { shown.requestVideoFrameCallback(resolve); });
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(shown, 0, 0, width, height);
  return [2, height - 3].map((y) => context.getImageData(width - 3, y, 1, 1).data[1]);
}"""
LATE = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.opened = [];
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    await new Promise((allow) => { window.allow = allow; });
    const stream = await open(wanted);
    opened.push(...stream.getTracks());
    return stream;
  };
}"""
SHUT = "() => opened.length > 0 && opened.every((track) => track.readyState === 'ended')"
LAMP = """() => {
  window.lamp = [];
  MediaStreamTrack.prototype.getCapabilities = () => ({ torch: true });
  MediaStreamTrack.prototype.applyConstraints = async ({ advanced: [{ torch }] }) => { lamp.push(torch); };
}"""
WAKES = """() => {
  window.awake = [];
  const request = async (kind) => { awake.push(kind); return { release: () => awake.push("over") }; };
  Object.defineProperty(navigator, "wakeLock", { value: { request } });
}"""
TAKEN_AWAY = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const stream = await open(wanted);
    window.takeAway = () => stream.getTracks()[0].dispatchEvent(new Event("mute"));
    return stream;
  };
}"""
ITEM = "power_kwh"
RECORDED = {"video": "视频", "audio": "语音"}


def start_recording(phone: Handset, words: str) -> None:
    phone.page.click(f"[data-item={ITEM}] button:has-text('{words}(0)')")
    phone.page.click("dialog.capture button:text-is('开始录制')")
    phone.see("正在录制 1 秒")


def record(phone: Handset, words: str) -> None:
    start_recording(phone, words)
    phone.page.click("dialog.capture button:text-is('停止')")
    phone.find(f"[data-item={ITEM}] button:has-text('{words}(1)')")


def test_films_and_sound_are_recorded_here_and_stored_with_the_visit(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    question = phone.page.inner_text(f"[data-item={ITEM}]")
    for said in ("规定动作：", "＞ 验证方式：", "图片(0)", "视频(0)", "语音(0)"):
        assert said in question, said
    assert phone.page.locator("input[type=file]").count() == 0
    phone.answer()
    for words in RECORDED.values():
        record(phone, words)
    phone.submit()
    phone.see_all_sent()
    stored = counted(committed_world, "SELECT kind, status, count(*) FROM media GROUP BY 1, 2 ORDER BY 1")
    assert stored == [("audio", "stored", 1), ("photo", "stored", 2), ("video", "stored", 1)]
    assert counted(committed_world, "SELECT state FROM inspection") == [("accepted",)]


@pytest.mark.parametrize("kind", ["photo", "video"])
def test_time_place_and_officer_are_burnt_into_pictures_and_films(
    phone: Handset, committed_app: Flask, committed_world: World, kind: str
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.page.evaluate(WRITES)
    if kind == "photo":
        phone.take_photo(ITEM)
    else:
        record(phone, RECORDED[kind])
        plain, burnt = within(phone, SHADES, kind)
        assert plain - burnt > 80
    place, officer, about = phone.page.evaluate("[...written]")[:3]
    assert re.match(r"2026-03-10 10:0\d:\d\d  ", place), place
    assert place.endswith("38.04547, 114.50246 ±12米"), place
    assert officer.endswith(" 姓名officer"), officer
    assert about.startswith("经营场所0 · "), about


def test_a_wrong_clock_is_set_right_in_what_is_burnt_in(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    phone.context.close()
    phone.now += timedelta(days=1)
    phone.start()
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.page.evaluate(WRITES)
    phone.take_photo(ITEM)
    assert str(phone.page.evaluate("[...written][0]")).startswith("2026-03-10 ")


def test_a_long_film_ends_by_itself_and_a_stray_gesture_costs_none(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.page.evaluate(WAKES)
    phone.page.evaluate(LAMP)
    start_recording(phone, "视频")
    phone.page.keyboard.press("Escape")
    phone.find("dialog.capture[open]")
    assert phone.page.locator("dialog button").all_inner_texts() == ["手电筒", "停止"]
    phone.page.click("dialog button:text-is('手电筒')")
    assert phone.page.evaluate("lamp") == [False, True]
    phone.page.clock.fast_forward(300_000)
    phone.find(f"[data-item={ITEM}] button:has-text('视频(1)')")
    assert phone.page.locator("dialog").count() == 0
    assert phone.page.evaluate("awake") == ["screen", "over"]
    phone.page.evaluate(TAKEN_AWAY)
    start_recording(phone, "语音")
    phone.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    phone.page.evaluate("takeAway()")
    phone.see("录制已中断：相机或麦克风被占用（例如来电），已录下的部分会保留（recording_interrupted）")
    phone.find(f"[data-item={ITEM}] button:has-text('语音(1)')")
    assert phone.page.evaluate("awake.slice(2)") == ["screen", "screen", "over"]


RECORDED_AT = """async (store) => {
  const [{ captured, seconds, fix }] = await store.read(["medium"], (tx) => tx.all("medium"));
  return [captured / 1000, seconds, fix.acc, await store.read(["slice"], (tx) => tx.count("slice"))];
}"""
TWO_SLICES = """async (store) => {
  const count = () => store.read(["slice"], (tx) => tx.count("slice"));
  while ((await count()) < 2) await new Promise((go) => { setTimeout(go, 100); });
}"""
ONLY_A_HEAD = """async (store) => {
  const [head] = await store.read(["slice"], (tx) => tx.all("slice"));
  await store.write(["slice"], (tx) => tx.put("slice", { ...head, recording_id: "a head", seconds: 700 }));
}"""


def test_what_was_recorded_when_the_phone_died_is_kept_if_it_plays(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    start_recording(phone, "视频")
    within(phone, TWO_SLICES)
    within(phone, ONLY_A_HEAD)
    phone.now += timedelta(hours=1)
    phone.restart(offline=True)
    phone.see("有中断的录制待处理")
    phone.tab("outbox")
    phone.page.click("button:text-is('导出')")
    phone.see("中断的录制不在导出的文件中：请先在该检查中选择保留，再重新导出（recording_undecided）")
    phone.tab("")
    phone.page.click("text=继续填写")
    phone.find(f"[data-item={ITEM}] [role=group] >> nth=1")
    phone.page.click("text=提交检查")
    phone.see("有一段中断的录制尚未处理，请先选择保留或删除（recording_undecided）")
    broken = f"[data-item={ITEM}] [role=group]:has-text('录像中断，已录下约 700 秒')"
    phone.page.click(f"{broken} >> text=保留")
    phone.see("这段录制无法播放，不能作为资料：请删除后重新录制（recording_broken）")
    phone.page.click(f"{broken} >> text=删除")
    phone.page.wait_for_selector(broken, state="detached")
    phone.page.click("[role=group] >> text=保留")
    phone.find(f"[data-item={ITEM}] button:has-text('视频(1)')")
    assert phone.page.locator(f"[data-item={ITEM}] [role=group]").count() == 0
    at, seconds, accuracy, slices = within(phone, RECORDED_AT)
    ended = (phone.now - timedelta(hours=1)).timestamp()
    assert ended < at < ended + 600
    assert 0.5 <= seconds < 300
    assert (accuracy, slices) == (12, 0)


def test_a_camera_that_opens_after_he_moved_on_is_shut_at_once(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.page.evaluate(LATE)
    phone.page.click(f"[data-item={ITEM}] button:has-text('图片(0)')")
    phone.page.click("dialog.capture button:text-is('取消')")
    phone.page.evaluate("allow()")
    phone.page.wait_for_function(SHUT)
    phone.tab("scan")
    phone.see("将二维码牌放在画面中央")
    phone.tab("")
    phone.see("今日任务")
    phone.page.evaluate("() => { opened.length = 0; allow(); }")
    phone.page.wait_for_function(SHUT)
    phone.tab("outbox")
    phone.see("没有待上传的数据")


def test_the_lamp_is_offered_where_there_is_one(phone: Handset, committed_app: Flask, committed_world: World) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.film("no plate")
    phone.tab("scan")
    phone.see("not_a_plate")
    assert phone.page.locator("button:has-text('手电筒')").is_hidden()
    phone.tab("")
    phone.page.evaluate(LAMP)
    phone.tab("scan")
    for is_on in ("true", "false"):
        phone.page.click("button:has-text('手电筒')")
        phone.find(f"button:has-text('手电筒')[aria-pressed={is_on}]")
    assert phone.page.evaluate("lamp") == [False, True, False]


def test_without_a_camera_a_photo_says_why_and_the_form_goes_on(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.page.evaluate(REFUSE, ["NotAllowedError"])
    phone.page.click(f"[data-item={ITEM}] button:has-text('图片(0)')")
    phone.see("没有拍摄权限：请在浏览器设置中允许本网站使用相机和麦克风，然后重试（camera_refused）")
    assert phone.page.locator(BURNT_IN).count() == 0
    phone.page.click("dialog.capture button:text-is('取消')")
    phone.page.fill(f"[aria-labelledby=label-{ITEM}]", "120")
    phone.page.click("text=提交检查")
    phone.page.click("dialog button:text-is('取消')")
    phone.find("details[open] >> text=必填")
    phone.page.click("text=提交检查")
    phone.page.click("dialog button:text-is('仍要提交')")
    phone.find("[data-status=quarantined]")


def test_a_place_that_cannot_be_made_sure_of_asks_for_a_photo_of_the_plate(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    phone.context.set_geolocation({"longitude": LON, "latitude": LAT + 230 / 111_000, "accuracy": 60})
    enrolled(phone, committed_app, committed_world)
    phone.scan()
    phone.find(".presence[data-verdict=indeterminate] .unsure:text-is('位置待核实，可以检查')")
    assert "检查点正确" not in phone.page.inner_text("main")
    phone.page.click("button:has-text('开始检查')")
    phone.arrive("visit/")
    phone.find("[data-item=power_kwh]")
    phone.answer()
    phone.see("还有 1 项需补充或更正")
    assert "二维码牌：还缺图片 1 个" in phone.page.text_content("main details")
    look(phone)
    phone.page.click("[data-proof] button:has-text('图片(0)')")
    phone.page.click(BURNT_IN)
    phone.page.wait_for_selector("[data-proof] button:has-text('图片(1)')")
    phone.submit()
    phone.see_all_sent()
    assert counted(committed_world, "SELECT state, flags FROM inspection") == [("accepted", ["weak"])]


KEPT = """(store) => store.read(["medium"], (tx) => tx.count("medium"))"""


def test_what_the_bank_has_kept_for_a_week_makes_room_on_the_phone(
    phone: Handset, clock: Clock, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.answer()
    phone.submit()
    phone.see_all_sent()
    for days, kept in ((6, 2), (2, 0)):
        clock.advance(days=days)
        phone.now += timedelta(days=days)
        phone.restart()
        phone.log_in()
        phone.synchronise()
        assert within(phone, KEPT) == kept


SIGNS = """async (module) => {
  const { sign } = await import(module);
  sign().then(async (made) => {
    if (made === null) return window.signed = [];
    const drawn = new OffscreenCanvas(made.width, made.height).getContext("2d");
    drawn.drawImage(await createImageBitmap(made.blob), 0, 0);
    const { data } = drawn.getImageData(0, 0, made.width, made.height);
    window.signed = [made.mime, data.filter((value, place) => place % 4 === 0 && value < 128).length];
  });
}"""


def test_a_signature_is_drawn_with_the_finger_and_may_be_drawn_anew(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    ink = []
    for button in ("完成", "重写", "取消"):
        phone.page.evaluate("window.signed = null")
        phone.page.evaluate(SIGNS, ASSETS.url("static/m/parts/signature.js"))
        box = phone.page.locator("canvas.pad").bounding_box()
        assert box is not None
        phone.page.mouse.move(box["x"] + 20, box["y"] + 20)
        phone.page.mouse.down()
        phone.page.mouse.move(box["x"] + box["width"] - 20, box["y"] + box["height"] - 20, steps=5)
        phone.page.mouse.up()
        for tapped in (button, "完成") if button == "重写" else (button,):
            phone.page.click(f"dialog button:text-is('{tapped}')")
        phone.page.wait_for_function("() => signed !== null")
        ink.append(phone.page.evaluate("signed"))
    (mime, drawn), wiped, refused = ink
    assert (mime, wiped, refused) == ("image/png", ["image/png", 0], [])
    assert drawn > 500
