"""What a phone knows and says where nobody answers: after a restart without a network, and on lines that hang."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from inspection_api.accounts import service as accounts
from tests.kiosk_print.conftest import Desk
from tests.web.handset import counted, enrolled
from tests.web.test_phone_evidence import ITEM, WRITES

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Street
    from tests.web.handset import Handset
    from tests.web.line import BadLine

BROKEN_DETECTOR = """() => {
  globalThis.BarcodeDetector = class {
    static async getSupportedFormats() { return ["qr_code"]; }
    async detect() { throw new DOMException("", "NotSupportedError"); }
  };
}"""
LOSE_READER = """async () => {
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const each of await cache.keys()) if (each.url.includes("/zxing-wasm/")) await cache.delete(each);
  }
}"""
WELL_BEFORE_THE_LINE_IS_GIVEN_UP_MS = 20_000
REQUESTS = "SELECT status FROM unlock_request"
DUE_TODAY = "UPDATE task SET due_on = '2026-03-10' WHERE period_start = '2026-03-01'"


def test_what_is_known_of_a_wrong_clock_outlives_the_browser(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    with committed_world.transaction() as ctx:
        ctx.session.execute(text(DUE_TODAY))
    phone.context.close()
    phone.now += timedelta(days=1)
    phone.start()
    enrolled(phone, committed_app, committed_world)
    phone.restart(offline=True)
    phone.see("clock_skew")
    phone.see("3月10日前")
    phone.begin()
    phone.page.evaluate(WRITES)
    phone.take_photo(ITEM)
    assert str(phone.page.evaluate("[...written][0]")).startswith("2026-03-10 ")


def test_a_browser_whose_own_reader_fails_reads_with_ours(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.evaluate(BROKEN_DETECTOR)
    phone.scan()


def test_a_reader_that_does_not_come_is_told_until_it_does(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.evaluate(LOSE_READER)
    phone.context.new_cdp_session(phone.page).send("Network.clearBrowserCache")
    phone.context.set_offline(True)
    phone.tab("scan")
    phone.find(".said [role=alert]:has-text('reader_missing')")
    phone.page.click("summary")
    phone.find("[name=code]")
    phone.context.set_offline(False)
    phone.arrive("point/")


def accepted_visit(street: Street) -> UUID:
    """A visit of the officer's whose paper he may see."""
    world = street.world
    visit = Desk(world, street.portfolio).accept()
    with world.transaction() as ctx:
        accounts.grant(ctx, [(world.people["officer"], "inspection", visit)])
    return visit


def test_a_line_that_hangs_keeps_nobody_waiting(
    far: Handset, line: BadLine, street: Street, committed_app: Flask
) -> None:
    visit = accepted_visit(street)
    enrolled(far, committed_app, street.world)
    far.kill()
    far.start()
    line.silent = True
    far.open()
    far.page.wait_for_selector(".tabs", timeout=WELL_BEFORE_THE_LINE_IS_GIVEN_UP_MS)
    far.find(".status .dot.busy")
    far.open(f"/m#/paper/{visit}")
    far.page.wait_for_selector("text=没有网络：以下为上次同步时的情况", timeout=WELL_BEFORE_THE_LINE_IS_GIVEN_UP_MS)


def test_a_request_whose_answer_is_lost_is_heard_once(
    far: Handset, line: BadLine, street: Street, clock: Clock, committed_app: Flask
) -> None:
    visit = accepted_visit(street)
    clock.advance(days=8)
    far.now += timedelta(days=8)
    far.context.close()
    far.start()
    enrolled(far, committed_app, street.world)
    far.open(f"/m#/paper/{visit}")
    far.page.click("button:text-is('申请解锁')")
    far.page.fill("[name=text]", "企业盖章时原件被茶水浸湿，需要补打")
    line.lose("POST /api/v1/inspections", "POST /api/v1/sync/push")
    far.page.click("dialog button.primary")
    assert line.struck.wait(60)
    far.see("申请解锁：待上传")
    assert counted(street.world, REQUESTS) == [("pending",)]
    line.mend()
    far.synchronise()
    far.tab("papers")
    far.page.click("main ul a")
    far.see("申请解锁：待审批")
    far.tab("outbox")
    far.find("[data-status=applied] >> text=申请解锁")
    assert counted(street.world, REQUESTS) == [("pending",)]
