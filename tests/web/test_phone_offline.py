"""Days without a network, kills, lost answers, cut lines, an ended login or phone: nothing lost, nothing twice."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from inspection_api.accounts import service as accounts
from inspection_api.web.pages import ASSETS
from sync.service import begin_epoch
from tests.kiosk_print.conftest import Desk
from tests.sync.phone import LAT, LON
from tests.web.handset import (
    BEGIN,
    Handset,
    approve_all,
    counted,
    enrolled,
    film_of_label,
    handset,
)
from tests.web.inside import carry_in, carry_out, within
from tests.web.test_phone import alert

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from uuid import UUID

    from flask import Flask

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Street
    from tests.web.line import BadLine

PUSH = "POST /api/v1/sync/push"
VISITS = "SELECT state, blockers, quarantine_codes, count(*) FROM inspection GROUP BY 1, 2, 3"
MEDIA = "SELECT status, count(*) FROM media GROUP BY 1"
STORED_VISITS = "SELECT checkpoint_id, state, flags FROM inspection ORDER BY performed_at"
ONCE = """SELECT (SELECT count(*) FROM device WHERE kind = 'officer'), (SELECT count(*) FROM alert_feedback),
  (SELECT count(*) FROM unlock_request), (SELECT count(*) FROM checkpoint_location WHERE status = 'confirmed')"""
REMARK = "[data-item=ent_dispute] [placeholder='说明（可不填）']"
NOTED = """async (_, visits) => {
  while ((await visits.all())[0].answers.ent_dispute === undefined) await new Promise((go) => { setTimeout(go, 100); });
}"""
FILM_BYTES = 45 << 20
CUTS = 10


def enrol_and_die(phone: Handset, line: BadLine) -> None:
    """Lose the power before the bank's answer to the first request is here."""
    phone.open("/login?next=/m")
    phone.find("[name=bank]")
    phone.give_password()
    phone.find(BEGIN)
    line.lose("POST /api/v1/devices")
    phone.page.click(BEGIN)
    die(phone, line)


def die(phone: Handset, line: BadLine) -> None:
    assert line.struck.wait(60)
    phone.kill()
    line.mend()


def bind(phone: Handset, unbound: str) -> None:
    phone.film(unbound)
    phone.bind()
    phone.stand(LON, LAT)


def tell_of_an_alert(phone: Handset) -> None:
    phone.tab("alerts")
    phone.page.click("text=反馈情况")
    phone.page.fill("[name=text]", "设备检修，预计下周恢复生产")
    phone.page.click("dialog button.primary")
    phone.see("反馈已保存，待上传")


def ask_to_unlock(phone: Handset, visit: UUID) -> None:
    phone.open(f"/m#/paper/{visit}")
    phone.page.click("text=申请解锁")
    phone.page.fill("[name=text]", "企业盖章时原件被茶水浸湿，需要补打")
    phone.page.click("dialog button.primary")
    phone.see("申请解锁：待上传")


def restore_and_die(phone: Handset, line: BadLine, world: World) -> None:
    """Let the bank come back from a backup, and lose the power in the middle of the snapshot that follows."""
    with world.transaction() as ctx:
        begin_epoch(ctx)
    line.lose("POST /api/v1/sync/snapshot")
    phone.page.click(".status .sync")
    die(phone, line)
    phone.start()
    phone.log_in()
    phone.synchronise()


def go_on(phone: Handset) -> None:
    """Die, come back, and go on with the visit that was begun."""
    phone.restart(offline=True)
    phone.page.click("text=继续填写")
    phone.page.wait_for_selector("[data-item=power_kwh]")


def visit_and_die(phone: Handset) -> None:
    """Make a whole visit without a network, and lose the power after each of its steps."""
    phone.restart(offline=True)
    phone.begin()
    phone.page.fill(REMARK, "正在查询")
    within(phone, NOTED)
    go_on(phone)
    assert phone.page.input_value(REMARK) == "正在查询"
    phone.answer(photos=False)
    phone.see("还有 2 项需补充或更正")  # it is told once the last answer is kept
    go_on(phone)
    assert phone.page.input_value("[aria-labelledby=label-power_kwh]") == "120"
    phone.take_photo("power_kwh")
    go_on(phone)
    phone.page.wait_for_selector("[data-item=power_kwh] button:has-text('图片(1)')")
    phone.take_photo("tax_ytd")
    go_on(phone)
    phone.submit()
    phone.restart(offline=True)
    assert phone.page.locator("text=继续填写").count() == 0


def test_three_days_offline_with_a_browser_that_dies_at_every_step(
    line: BadLine, tmp_path: Path, street: Street, committed_app: Flask, clock: Clock
) -> None:
    world = street.world
    locked = Desk(world, street.portfolio).accept()
    clock.advance(days=8)
    points = [street.add() for _ in range(3)]
    street.make_tasks()
    unbound = street.plate(street.add(bound=False))
    alert(world, points[0])
    with world.transaction() as ctx:
        accounts.grant(ctx, [(world.people["officer"], "inspection", locked)])
    labels = [film_of_label(tmp_path / f"{each}.mjpeg", street, each) for each in points]
    with handset(line.url, tmp_path / "phone", street, labels[0].with_name("plate.mjpeg")) as phone:
        enrol_and_die(phone, line)
        phone.now += timedelta(days=8)
        phone.start()
        enrolled(phone, committed_app, world)
        phone.context.set_offline(True)
        acts = (lambda: bind(phone, unbound), lambda: tell_of_an_alert(phone), lambda: ask_to_unlock(phone, locked))
        for label, act in zip(labels, acts, strict=True):
            act()
            phone.label = label
            visit_and_die(phone)
            phone.now += timedelta(days=1)
        clock.advance(days=3)
        phone.restart()
        phone.see("登录已过期")
        line.lose(PUSH)
        phone.log_in()
        die(phone, line)
        line.lose("PATCH /api/v1/media")
        phone.start()
        phone.log_in()
        die(phone, line)
        phone.start()
        phone.log_in()
        phone.synchronise()
        restore_and_die(phone, line, world)
        phone.tab("outbox")
        phone.see_all_sent()
        entries = phone.page.locator("li[data-status]")
        fates = [(each.get_attribute("data-status"), each.inner_text()) for each in entries.all()]
        assert [text for status, text in fates if status != "applied"] == []
        assert len(fates) == len(points) + len(acts)
        phone.tab("papers")
        phone.see("打印期限已过，需申请解锁")
    stored = [(row[0], row[1]) for row in counted(world, STORED_VISITS)]
    assert stored[1:] == [(each, "accepted") for each in points]
    assert counted(world, MEDIA) == [("stored", 2 * len(points) + 1)]
    assert counted(world, "SELECT state, count(*) FROM task WHERE state <> 'pending' GROUP BY 1") == [("done", 3)]
    assert counted(world, ONCE) == [(1, 1, 1, len(points) + 1)]


def test_a_page_that_is_not_kept_yet_says_so_until_it_is(far: Handset, line: BadLine) -> None:
    line.lose("GET /m/worker.js")
    far.log_in()
    far.see("存好之前没有网络无法打开")
    assert line.struck.wait(60)
    line.mend()
    far.context.set_offline(True)
    far.context.set_offline(False)
    far.page.wait_for_selector(".keeping p", state="detached")
    assert any(url.endswith("/zxing_reader.wasm") for url in far.asked_by_worker)
    far.restart(offline=True)


def test_a_lost_answer_has_no_second_effect(far: Handset, line: BadLine, committed_app: Flask, street: Street) -> None:
    enrolled(far, committed_app, street.world)
    far.begin()
    far.answer()
    line.lose(PUSH)
    far.submit()
    assert line.struck.wait(60)
    line.mend()
    far.see_all_sent()
    assert counted(street.world, VISITS) == [("accepted", [], [], 1)]
    assert counted(street.world, "SELECT count(*) FROM sync_batch") == [(1,)]


def test_a_login_that_ends_keeps_the_outbox(phone: Handset, committed_app: Flask, committed_world: World) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.answer()
    phone.see("已填写完整，可以提交")
    phone.context.clear_cookies()
    phone.submit()
    phone.see("登录已过期")
    phone.open()
    phone.see("今日任务")
    phone.username = "manager"
    phone.log_in()
    phone.see("的未上传的记录 1 条、未上传的资料 2 个：请")
    phone.context.clear_cookies()
    phone.username = "officer"
    phone.log_in()
    phone.tab("outbox")
    phone.see_all_sent()
    assert counted(committed_world, "SELECT state FROM inspection") == [("accepted",)]


A_DRAFT = """(store) => store.write(["draft"], (tx) => tx.put("draft",
  { id: "draft", checkpoint_id: "", template_version_id: "", scan: { at: Date.now() }, answers: {} }))"""


def revoke(app: Flask, world: World) -> None:
    client, headers = app.test_client(), world.headers("manager")
    (device,) = client.get("/api/v1/devices", headers=headers).json["items"]
    assert client.post(f"/api/v1/devices/{device['id']}/revoke", headers=headers).status_code == 200


def disable(_: Flask, world: World) -> None:
    with world.transaction() as ctx:
        disabled = "UPDATE user_account SET disabled_at = :now WHERE username = 'officer'"
        ctx.session.execute(text(disabled), {"now": ctx.now})


@pytest.mark.parametrize(("end", "code"), [(revoke, "device_revoked"), (disable, "user_disabled")])
def test_a_phone_that_has_ended_says_what_it_saw_and_forgets_what_it_knew(
    phone: Handset, committed_app: Flask, committed_world: World, end: Callable[[Flask, World], None], code: str
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.answer()
    phone.context.set_offline(True)
    phone.submit()
    within(phone, A_DRAFT)
    end(committed_app, committed_world)
    phone.context.set_offline(False)
    phone.see("本手机已被停用")
    ((state, blockers, codes, count),) = counted(committed_world, VISITS)
    assert (state, blockers, codes[0], count) == ("submitted", ["quarantine"], code, 1)
    assert counted(committed_world, MEDIA) == [("stored", 2)]
    phone.see("已隔离，待上级决定")
    phone.tab("")
    phone.see("任务和客户资料已从手机上清除（device_revoked）")
    phone.see("未提交的检查 1 次不能再继续填写")
    phone.open("/m#/visit/draft")
    phone.see("这次检查不能再继续填写")


def test_an_outbox_goes_to_another_phone_as_a_file(
    phone: Handset, address: str, tmp_path: Path, street: Street, committed_app: Flask
) -> None:
    enrolled(phone, committed_app, street.world)
    phone.begin()
    phone.answer()
    phone.context.set_offline(True)
    phone.submit()
    carry_out(phone, tmp_path / "outbox.xunji")
    phone.kill()
    other = Handset(phone.playwright, tmp_path / "other", address, street.world.bank.code, phone.label)
    other.start()
    other.log_in()
    other.see("等待管理员批准")
    other.tab("outbox")
    carry_in(other, tmp_path / "outbox.xunji")
    other.kill()
    other.start()
    other.log_in()
    other.tab("outbox")
    carry_in(other, tmp_path / "outbox.xunji")
    other.see("条记录")
    other.see("已隔离，待上级决定")
    approve_all(committed_app, street.world)
    other.synchronise()
    other.page.wait_for_selector("progress", state="detached")
    other.context.close()
    phone.start()
    phone.log_in()
    phone.synchronise()
    assert counted(street.world, VISITS) == [("accepted", [], [], 1)]
    assert counted(street.world, MEDIA) == [("stored", 2)]


def test_a_file_that_is_no_outbox_brings_nothing_in(
    phone: Handset, committed_app: Flask, committed_world: World, tmp_path: Path
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.tab("outbox")
    file = tmp_path / "wrong.xunji"
    world = committed_world
    own = f'{{"format":"xunji-outbox/2","owner":"xunji-{world.bank.tag}-{world.people["officer"]}"'
    for content in ("", "no line", '{"format":"other"}\n', own + ',"ops":[],"drafts":[],"media":[{"bytes":9}]}\n'):
        file.write_text(content)
        carry_in(phone, file)
        phone.see("文件无法识别，没有导入任何数据（file_unreadable）")
        phone.page.click("#notices p")
        phone.page.wait_for_selector("#notices p", state="detached")
    assert phone.page.locator("li[data-status]").count() == 0


FILMED = """async (store, visits, bytes) => {
  const [draft] = await visits.all();
  const parts = [Uint8Array.of(0, 0, 0, 20, 102, 116, 121, 112, 105, 115, 111, 109, 0, 0, 2, 0, 105, 115, 111, 109)];
  for (let left = bytes - 20; left > 0; left -= 65536) {
    parts.push(crypto.getRandomValues(new Uint8Array(Math.min(left, 65536))));
  }
  const made = { blob: new Blob(parts), mime: "video/mp4", width: 1920, height: 1080, seconds: 300 };
  const [fix] = draft.scan.fixes;
  await visits.addMedium(draft.id, { item: "power_kwh", kind: "video", made, fix });
}"""


def test_a_long_film_on_a_line_that_breaks_costs_hardly_more_than_its_bytes(
    far: Handset, line: BadLine, committed_app: Flask, street: Street
) -> None:
    enrolled(far, committed_app, street.world)
    far.begin()
    within(far, FILMED, FILM_BYTES)
    far.page.reload()
    far.page.wait_for_selector("text=视频(1)")
    far.answer()
    line.cut(CUTS, after=FILM_BYTES // (CUTS + 1))
    far.submit()
    far.page.wait_for_selector("progress")
    far.page.wait_for_selector("progress", state="detached", timeout=180_000)
    assert line.cuts == 0
    assert line.sent <= 1.05 * FILM_BYTES
    stored = "SELECT status, count(*), max(bytes) FROM media GROUP BY 1"
    assert counted(street.world, stored) == [("stored", 3, FILM_BYTES)]
    assert counted(street.world, VISITS) == [("accepted", [], [], 1)]


NEW = "feedfeedfeedfeed"
UPDATED = """async ([old, name]) => {
  const worker = await navigator.serviceWorker.ready;
  if (worker.installing || worker.waiting) return false;
  const files = async (version) => (await (await caches.open(version)).keys()).length;
  const [before, after] = [await files(old), await files(name)];
  if (after < before) await worker.update();
  return after === before && worker.active.state === "activated";
}"""


def test_a_new_version_of_the_page_loses_nothing(
    phone: Handset, committed_app: Flask, committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.begin()
    phone.page.fill("[aria-labelledby=label-power_kwh]", "120")
    old = ASSETS.version
    monkeypatch.setitem(ASSETS.__dict__, "version", NEW)
    phone.wait_until(UPDATED, [f"xunji-page-{old}", f"xunji-page-{NEW}"])
    phone.take_photo("power_kwh")
    phone.tab("scan")
    phone.arrive("point/")
    assert not any(NEW in url for url in phone.asked)
    phone.restart(offline=True)
    assert phone.page.evaluate("document.scripts[0].src").split("/")[4] == NEW
    phone.page.click("text=继续填写")
    phone.page.wait_for_selector("[data-item=power_kwh] button:has-text('图片(1)')")
    assert phone.page.input_value("[aria-labelledby=label-power_kwh]") == "120"
