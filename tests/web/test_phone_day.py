"""What an officer sees first: his key that never leaves, his tasks in the order of his day, and what is not there."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from inspection_api.accounts import service as accounts
from tests.kiosk_print.conftest import Desk
from tests.sync.phone import LAT, LON
from tests.web.handset import enrolled
from tests.web.inside import within

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask

    from tests.factories import World
    from tests.sync.phone import Street
    from tests.web.handset import Handset

KEY = """async (store) => {
  const { key } = await store.find("identity");
  const told = await Promise.allSettled(["pkcs8", "jwk", "raw"].map((format) => crypto.subtle.exportKey(format, key)));
  return [key.algorithm.name, key.type, key.extractable, ...told.map((each) => each.status)];
}"""
METRES_PER_DEGREE = 110_997
"""Of a meridian, at the latitude of the plate."""


def test_the_devices_key_never_leaves_it(phone: Handset, committed_app: Flask, committed_world: World) -> None:
    enrolled(phone, committed_app, committed_world)
    found = within(phone, KEY)
    assert found == ["Ed25519", "private", False, "rejected", "rejected", "rejected"]


PLACED = "UPDATE checkpoint SET name = :name, location_lat = :lat WHERE id = :id"
DUE = "UPDATE task SET due_on = :due WHERE checkpoint_id = :id AND period_start = '2026-03-01'"


def arrange(world: World, checkpoint: UUID, name: str, metres: int, due: date) -> None:
    """Put a checkpoint so far north of the officer, and let its task be due then."""
    with world.transaction() as ctx:
        placed = {"id": checkpoint, "name": name, "lat": LAT + metres / METRES_PER_DEGREE}
        ctx.session.execute(text(PLACED), placed)
        ctx.session.execute(text(DUE), {"id": checkpoint, "due": due})


def test_the_day_is_sorted_by_due_date_and_then_by_distance_without_a_network_too(
    phone: Handset, street: Street, point: UUID, committed_app: Flask, committed_world: World
) -> None:
    others = [street.add() for _ in range(3)]
    street.portfolio.generate()
    soon, later, past = date(2026, 3, 20), date(2026, 3, 31), date(2026, 3, 9)
    places = (("从容", 900, later), ("近处", 400, soon), ("远处", 2300, soon), ("过期", 5000, past))
    for checkpoint, place in zip([point, *others], places, strict=True):
        arrange(committed_world, checkpoint, *place)
    enrolled(phone, committed_app, committed_world)
    told = [("过期", "5.0 公里"), ("近处", "400 米"), ("远处", "2.3 公里"), ("从容", "900 米")]
    assert shown(phone) == told
    assert "逾期 · 3月9日" in phone.page.inner_text(".task >> nth=0")
    phone.restart(offline=True)
    assert shown(phone) == told
    phone.stand(LON, LAT + 2300 / METRES_PER_DEGREE)
    phone.page.clock.fast_forward(16_000)
    press(phone, ".task:nth-child(2) strong")
    phone.page.clock.fast_forward(16_000)
    phone.page.wait_for_timeout(500)
    phone.page.mouse.up()
    phone.arrive("point/")
    phone.tab("")
    phone.find(".task:nth-child(2) >> text=远处")
    assert [name for name, _ in shown(phone)] == ["过期", "远处", "近处", "从容"]


def press(phone: Handset, selector: str) -> None:
    """Lay a finger on it."""
    box = phone.page.locator(selector).bounding_box()
    assert box is not None
    phone.page.mouse.move(box["x"] + 5, box["y"] + 5)
    phone.page.mouse.down()


def shown(phone: Handset) -> list[tuple[str, str]]:
    phone.find(".task:nth-child(4) .far")
    rows = phone.page.locator(".task").all()
    return [(row.locator(".faint").inner_text().split(" · ")[0], row.locator(".far").inner_text()) for row in rows]


@pytest.mark.parametrize(
    ("view", "sentence"),
    [("point", "手机上没有这个检查点，请联网同步后再试"), ("visit", "这次检查已提交或不在本手机上")],
)
def test_what_is_not_on_the_phone_is_said_with_a_way_back(
    phone: Handset, committed_app: Flask, committed_world: World, view: str, sentence: str
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.open(f"/m#/{view}/{'0' * 8}-0000-7000-8000-{'0' * 12}")
    phone.see(sentence)
    phone.page.click("main >> text=返回")
    phone.see("今日任务")
    phone.tab("scan")
    phone.arrive("point/")


def test_how_far_and_how_precisely_is_told_as_he_walks(
    phone: Handset, committed_app: Flask, committed_world: World
) -> None:
    enrolled(phone, committed_app, committed_world)
    phone.page.click(".task a")
    for metres, headline in ((500, "位置不对，无法检查"), (30, "检查点正确")):
        for step in range(3):  # the phone takes the median of its last positions
            phone.stand(LON + step * 1e-7, LAT + metres / METRES_PER_DEGREE)
            phone.page.clock.fast_forward(12_000)
        phone.find(f".presence:has-text('{headline}'):has-text('距检查点约 {metres} 米')")
        phone.find(".presence:has-text('定位精度约 12 米')")


def test_a_papers_preview_is_a_document(
    phone: Handset, street: Street, committed_app: Flask, committed_world: World
) -> None:
    visit = Desk(committed_world, street.portfolio).accept()
    with committed_world.transaction() as ctx:
        accounts.grant(ctx, [(committed_world.people["officer"], "inspection", visit)])
    enrolled(phone, committed_app, committed_world)
    phone.open(f"/m#/paper/{visit}")
    with phone.context.expect_event("response", lambda answer: answer.url.endswith("/paper/preview")) as told:
        phone.page.click("text=预览")
    assert (told.value.status, told.value.headers["content-type"]) == (200, "application/pdf")
