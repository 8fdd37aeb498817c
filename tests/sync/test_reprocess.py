"""What is parked or waits too long is judged again by a command and by the timetable, and its device learns of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from inspection_api.inspections.models import Inspection
from sync import service as sync
from sync.errors import DeviceUnknown
from sync.models import SyncDevice
from sync.service.book import open_book
from sync.service.reprocess import REVIEW_EVERY
from tests.sync.operations import save, statuses
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


def test_a_repaired_bug_lets_parked_operations_through_and_what_waits_behind_them(
    phone: Phone, street: Street, world: World, poison: set[str]
) -> None:
    poison.add("毒")
    point, entity = street.add(), uuid4()
    parked, behind = (save(phone, street, point, entity_id=entity, note="毒") for _ in range(2))
    assert [each["status"] for each in phone.push(parked, behind)] == ["parked", "held"]
    cursor = phone.pull()["cursor"]
    with world.transaction() as ctx:
        assert sync.reprocess(ctx, phone.id) == []
    assert [each for each in phone.pull(cursor)["changes"] if each["k"] == "receipt"] == []
    poison.clear()
    with world.transaction() as ctx:
        assert sync.find_stuck(ctx) == [phone.id]
        judged = sync.reprocess(ctx, phone.id)
    assert [each.verdict.status for each in judged] == ["applied", "applied"]
    receipts = [each for each in phone.pull(cursor)["changes"] if each["k"] == "receipt"]
    assert statuses(receipts) == {parked["op_id"]: "applied", behind["op_id"]: "applied"}
    assert phone.shake_hands()["held"] == []
    with world.transaction() as ctx:
        assert ctx.session.get(Inspection, entity).note == "毒"


def test_a_late_receipt_tells_what_the_device_was_told_before(
    phone: Phone, street: Street, world: World, poison: set[str]
) -> None:
    poison.add("毒")
    parked = save(phone, street, street.add(), note="毒")
    phone.push(parked)
    cursor = phone.pull()["cursor"]
    poison.clear()
    with world.transaction() as ctx:
        sync.reprocess(ctx, phone.id)
    (receipt,) = (each for each in phone.pull(cursor)["changes"] if each["k"] == "receipt")
    assert (receipt["op_id"], receipt["status"], receipt["from"]) == (parked["op_id"], "applied", "parked")


def test_one_operation_can_be_tried_alone(phone: Phone, street: Street, world: World, poison: set[str]) -> None:
    poison.add("毒")
    first, second = (save(phone, street, street.add(), note="毒") for _ in range(2))
    phone.push(first, second)
    poison.clear()
    with world.transaction() as ctx:
        (only,) = sync.reprocess(ctx, phone.id, op_id=UUID(second["op_id"]))
    assert str(only.received.head.op_id) == second["op_id"]
    assert [each["op_id"] for each in phone.shake_hands()["held"]] == [first["op_id"]]


def test_the_device_does_not_retry_its_parked_operations_itself(phone: Phone, street: Street, poison: set[str]) -> None:
    poison.add("毒")
    parked = save(phone, street, street.add(), note="毒")
    phone.push(parked)
    poison.clear()
    assert statuses(phone.push(parked)) == {parked["op_id"]: "parked"}


def test_the_timetable_lets_go_what_waited_72_hours(phone: Phone, street: Street, world: World, clock: Clock) -> None:
    next(phone.seqs)
    held = save(phone, street, street.add())
    phone.push(held)
    with world.transaction() as ctx:
        assert sync.review(ctx)
        assert not sync.review(ctx)
    clock.advance(hours=72)
    phone.headers = world.headers("officer")
    cursor = phone.pull()["cursor"]
    with world.transaction() as ctx:
        seen_at = ctx.session.get(SyncDevice, phone.id).last_seen_at
        assert sync.review(ctx)
        assert not sync.review(ctx)
    (receipt,) = (each for each in phone.pull(cursor)["changes"] if each["k"] == "receipt")
    assert (receipt["op_id"], receipt["status"], receipt["flags"]) == (held["op_id"], "applied", ["gap"])
    assert receipt["from"] == "held"
    with world.transaction() as ctx:
        device = ctx.session.get(SyncDevice, phone.id)
        assert (device.last_seen_at, device.reviewed_at) == (seen_at, clock.now)
    clock.advance(seconds=REVIEW_EVERY.total_seconds())
    with world.transaction() as ctx:
        assert not sync.review(ctx)


def test_a_device_whose_review_fails_does_not_keep_the_others_waiting(
    phone: Phone, street: Street, world: World, clock: Clock, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = sorted([phone, Phone(client, world, street, username="colleague")], key=lambda each: each.id)
    for each in phones:
        next(each.seqs)
        each.push(save(each, street, street.add(each.username)))
    broken, sound = (each.id for each in phones)

    def opened(ctx: Any, device_id: UUID, *batch: Any) -> Any:
        if device_id == broken:
            raise ValueError
        return open_book(ctx, device_id, *batch)

    monkeypatch.setitem(sync.reprocess.__globals__, "open_book", opened)
    clock.advance(hours=72)
    with world.transaction() as ctx:
        assert [sync.review(ctx), sync.review(ctx), sync.review(ctx)] == [True, True, False]
    with world.transaction() as ctx:
        assert sync.find_stuck(ctx) == [broken]
        assert ctx.session.get(SyncDevice, sound).reviewed_at == ctx.session.get(SyncDevice, broken).reviewed_at


def test_an_unknown_device_is_told_so(world: World) -> None:
    with world.transaction() as ctx, pytest.raises(DeviceUnknown):
        sync.reprocess(ctx, uuid4())
