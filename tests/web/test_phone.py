"""An officer's day in a real browser: his plate before a fake camera, his walk, what he binds, answers and is told."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from checkpoints.models import Checkpoint
from inspection_api.accounts import service as accounts
from inspection_api.alerts.models import Alert
from tests.kiosk_print.conftest import Desk
from tests.kiosk_print.hall import Hall
from tests.sync.phone import LAT, LON, fix
from tests.web.handset import DEGREES_OUTSIDE, counted, enrolled

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Street
    from tests.web.handset import Handset


def test_a_day_at_the_point_and_without_a_network(phone: Handset, committed_app: Flask, committed_world: World) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.stand(LON + DEGREES_OUTSIDE, LAT)
    phone.scan()
    phone.see("位置不对，无法检查")
    assert phone.page.is_disabled("text=请到检查点再开始")
    phone.walk()
    phone.see("检查点正确")
    phone.page.click("button:has-text('开始检查')")
    phone.arrive("visit/")
    phone.see("需补充或更正")
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


def test_each_plate_has_its_sentence(
    phone: Handset, street: Street, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    """The server's where it can be asked, the phone's own where not; neither leads to a visit."""
    enrolled(phone, committed_app, committed_world)
    tag = committed_world.bank.tag.upper()
    colleagues = street.plate(street.add("colleague"))
    forged = street.plate(point)[:-26] + "A" * 26
    words = {
        f"XJ1.00000000.{'0' * 16}.1.{'A' * 26}": ("other_bank", "other_bank"),
        forged: ("qr_invalid", None),
        colleagues: ("not_mine", "not_mine"),
        f"XJ1.{tag}.{'0' * 16}.1.{'A' * 26}": ("qr_invalid", "not_mine"),
    }
    for is_offline in (False, True):
        phone.context.set_offline(is_offline)
        for text, codes in words.items():
            if code := codes[is_offline]:
                phone.film(text)
                phone.tab("scan")
                phone.see(code)
                phone.tab("outbox")
    assert phone.page.url.endswith("#/outbox")


def test_a_revoked_plate_is_told_by_the_server_before_the_phone_knows(
    phone: Handset, street: Street, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    old, client = street.plate(point), committed_app.test_client()
    enrolled(phone, committed_app, committed_world)
    headers = committed_world.headers("manager")
    assert client.post(f"/api/v1/checkpoints/{point}/plates", headers=headers).status_code == 201
    body = {"qr": street.plate(point, 2), "fixes": [fix(), fix(), fix()]}
    scanned = client.post("/api/v1/checkpoints/scan", json=body, headers=committed_world.headers("officer"))
    assert scanned.status_code == 200
    phone.film(old)
    phone.tab("scan")
    phone.see("qr_revoked")
    phone.synchronise()
    phone.now += timedelta(days=31)
    phone.restart(offline=True)
    phone.tab("scan")
    phone.see("qr_revoked")


def test_the_wrong_point_and_one_with_nothing_due(
    phone: Handset, street: Street, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    idle = street.add()
    enrolled(phone, committed_app, committed_world)
    phone.film(street.plate(idle))
    phone.open(f"/m#/scan/{point}")
    phone.see("wrong_point")
    phone.scan()
    phone.see("nothing_due")
    phone.see("检查点正确")


def test_the_servers_sentence_wins_while_it_can_be_asked(
    phone: Handset, street: Street, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    with committed_world.transaction() as ctx:
        place = ctx.session.get_one(Checkpoint, point)
        place.location_lon = LON + DEGREES_OUTSIDE
    phone.scan()
    phone.see("位置不对，无法检查")
    phone.page.wait_for_selector("[data-source=server]:has-text('请到达现场后再扫码')")
    assert phone.page.is_disabled("text=请到检查点再开始")
    phone.context.set_offline(True)
    phone.walk()
    phone.page.wait_for_selector("[data-source=phone]")
    phone.page.click("button:has-text('开始检查')")
    phone.arrive("visit/")


def test_a_first_binding_with_its_photo(
    phone: Handset, street: Street, committed_app: Flask, committed_world: World
) -> None:
    unbound = street.add(bound=False)
    enrolled(phone, committed_app, committed_world)
    phone.film(street.plate(unbound))
    phone.bind()
    phone.tab("outbox")
    phone.see_all_sent()
    stored = counted(committed_world, "SELECT checkpoint_id, status, bound_by FROM checkpoint_location")
    ((status, binder),) = [row for checkpoint_id, *row in stored if checkpoint_id == unbound]
    assert (status, binder) == ("confirmed", committed_world.people["officer"])
    assert counted(committed_world, "SELECT status FROM media") == [("stored",)]


def test_the_way_there_in_two_map_apps(
    phone: Handset, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.click(".task a")
    phone.see("百度导航")
    links = {
        each.inner_text(): each.get_attribute("href") for each in phone.page.query_selector_all(".buttons a.button")
    }
    assert re.fullmatch(r"baidumap://map/direction\?destination=latlng:38\.\d+,114\.\d+%7Cname:.+", links["百度导航"])
    assert re.fullmatch(r"https://uri\.amap\.com/navigation\?to=114\.\d+,38\.\d+,.+&callnative=1.*", links["高德导航"])
    assert phone.page.get_attribute("a:text-is('高德导航')", "target") == "_blank"
    assert links["地图导航"].startswith(f"geo:{LAT},{LON}?q={LAT},{LON}(")
    phone.context.set_offline(True)
    phone.tab("")
    phone.page.click(".task a")
    phone.see("地图导航")
    phone.see("百度、高德导航需要网络（network_needed）")
    phone.walk(LON - DEGREES_OUTSIDE)
    phone.see("直线距离 878 米，在东边")
    phone.see("距检查点约 878 米")
    phone.context.grant_permissions(["clipboard-read", "clipboard-write", "geolocation", "camera", "microphone"])
    phone.page.click("button:text-is('复制地址和坐标')")
    phone.see("已复制")
    assert str(phone.page.evaluate("navigator.clipboard.readText()")).endswith(f"{LAT:.6f},{LON:.6f}")
    phone.page.click(".bar a")
    phone.see("打开此页需要网络，请联网后再试；数据都在手机上，检查可以继续（network_needed）")
    phone.context.set_offline(False)
    phone.page.clock.fast_forward(31_000)
    phone.see("百度导航")
    phone.page.wait_for_selector(".written", state="detached")
    phone.page.click(".bar a")
    phone.page.wait_for_url("**/account")


def test_my_alerts_and_what_i_found_behind_one(
    phone: Handset, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    alert(committed_world, point)
    enrolled(phone, committed_app, committed_world)
    phone.tab("alerts")
    phone.see("停工预警")
    phone.context.set_offline(True)
    phone.page.click("text=反馈情况")
    phone.page.select_option("[name=verdict]", "watch")
    phone.page.fill("[name=text]", "设备检修，预计下周恢复生产")
    phone.page.click("dialog button.primary")
    phone.see("反馈已保存，待上传")
    assert phone.page.locator("text=反馈情况").count() == 0
    phone.context.set_offline(False)
    phone.synchronise()
    phone.see("您已反馈：关注")
    phone.see("补充反馈")
    assert counted(committed_world, "SELECT verdict FROM alert_feedback") == [("watch",)]


def alert(world: World, point: UUID) -> None:
    """An alert about the checkpoint's enterprise, which waits for its officer."""
    with world.transaction() as ctx:
        place = ctx.session.get_one(Checkpoint, point)
        row = Alert(
            rule="work_stopped", customer_id=place.customer_id, organisation_id=place.organisation_id, level=2,
            subject_date=date(2026, 3, 9), episode=1, condition="active", handling="confirmed", numbers={"peak": "1"},
            handled_by=world.people["manager"], handled_at=ctx.now,
            first_seen_on=date(2026, 3, 9), last_seen_on=date(2026, 3, 9), count=1, created_at=ctx.now,
        )  # fmt: skip
        ctx.session.add(row)
        ctx.session.flush()
        accounts.grant(ctx, [(world.people["officer"], "alert", row.id)])


def test_a_paper_from_its_countdown_to_the_station_and_the_unlock(
    phone: Handset, street: Street, clock: Clock, committed_app: Flask, committed_world: World
) -> None:
    desk, client = Desk(committed_world, street.portfolio), committed_app.test_client()
    visit = desk.accept()
    with committed_world.transaction() as ctx:
        accounts.grant(ctx, [(committed_world.people["officer"], "inspection", visit)])
    station = Hall(client, desk).station()
    enrolled(phone, committed_app, committed_world)
    phone.tab("papers")
    phone.see("/还可打印 7天1[34]小时/")  # the phone's clock runs on meanwhile, the server's stands at the full hour
    phone.context.set_offline(True)
    phone.page.clock.fast_forward(2 * 3_600_000)
    phone.see("/还可打印 7天1[12]小时/")
    phone.context.set_offline(False)
    phone.page.click("main ul a")
    phone.see("预览")
    for code in ("000000", station.face()["code"]):
        phone.page.click("text=到机具打印")
        phone.page.fill("[name=code]", code)
        phone.page.click("dialog button.primary")
        if code == "000000":
            phone.page.wait_for_selector("dialog .failed")
            phone.page.click("dialog >> text=取消")
    phone.see("已放行，机具正在打印")
    phone.see("原件 MBZ-")
    assert counted(committed_world, "SELECT copy, count(*) FROM paper_print GROUP BY 1") == [(1, 1)]
    clock.advance(days=8)
    phone.now += timedelta(days=8)
    phone.restart()
    phone.log_in()
    phone.context.set_offline(True)
    phone.open(f"/m#/paper/{visit}")
    phone.see("没有网络：以下为上次同步时的情况")
    phone.page.click("text=申请解锁")
    phone.page.fill("[name=text]", "企业盖章时原件被茶水浸湿，需要补打")
    phone.page.click("dialog button.primary")
    phone.see("申请解锁：待上传")
    assert phone.page.locator("button:text-is('申请解锁')").count() == 0
    phone.context.set_offline(False)
    phone.synchronise()
    phone.see("申请解锁：待审批")
    phone.see("等待 姓名manager、姓名second_manager 审批")
    (request,) = desk.paper(client, visit)["requests"]
    body = {"approved": True, "days": 3, "reason": "同意补打"}
    path = f"/api/v1/unlock-requests/{request['id']}/decision"
    assert client.post(path, json=body, headers=committed_world.headers("manager")).status_code == 200
    phone.synchronise()
    phone.see("申请解锁：已批准，重新开放 3 天（同意补打）")


def test_a_paper_is_released_by_scanning_the_stations_screen(
    phone: Handset, street: Street, committed_app: Flask, committed_world: World
) -> None:
    desk, client = Desk(committed_world, street.portfolio), committed_app.test_client()
    visit = desk.accept()
    with committed_world.transaction() as ctx:
        accounts.grant(ctx, [(committed_world.people["officer"], "inspection", visit)])
    station = Hall(client, desk).station()
    enrolled(phone, committed_app, committed_world)
    phone.open(f"/m#/paper/{visit}")
    phone.page.click("text=到机具打印")
    phone.page.click("text=扫描屏幕上的二维码")  # and hold it before a plate, first
    phone.see("这不是机具屏幕上的二维码，请对准机具的屏幕（not_a_station）")
    assert phone.page.locator("dialog .viewer video").count() == 1, "it goes on looking"
    phone.film(station.face()["symbol"])
    phone.page.click("text=扫描屏幕上的二维码")
    phone.see("已放行，机具正在打印")
    assert counted(committed_world, "SELECT state, count(*) FROM print_job GROUP BY 1") == [("released", 1)]


def test_an_officer_asks_that_a_wrong_paper_be_voided_and_reads_what_became_of_it(
    phone: Handset, street: Street, committed_app: Flask, committed_world: World
) -> None:
    desk, client = Desk(committed_world, street.portfolio), committed_app.test_client()
    visit = desk.accept()
    with committed_world.transaction() as ctx:
        accounts.grant(ctx, [(committed_world.people["officer"], "inspection", visit)])
    desk.print(client, visit)
    enrolled(phone, committed_app, committed_world)
    for reason, answer in (("先请再核对一次电表读数", None), ("电量填错了，须更正后重新打印", "内容无误，不必作废")):
        phone.open(f"/m#/paper/{visit}")
        phone.page.click("button:text-is('申请作废')")
        phone.page.select_option("dialog [name=code]", "content")
        phone.page.fill("dialog [name=text]", reason)
        phone.page.click("dialog button.primary")
        phone.see("：待审批")
        if answer is None:
            phone.page.click("text=撤回作废申请")
            phone.page.click("dialog button.primary")
            phone.see("：已撤回")
    (_, request) = desk.paper(client, visit)["void_requests"]
    desk.decide_void(client, request["id"], "manager", approved=False, reason="内容无误，不必作废")
    phone.page.reload()
    phone.see("：未批准（内容无误，不必作废）")
    phone.page.wait_for_selector("button:text-is('申请作废')")


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
