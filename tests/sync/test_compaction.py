"""The feed forgets what no device needs, and tells a device that comes too late."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint
from inspection_api.accounts import service as accounts
from inspection_api.tasks.models import Task
from sync import service
from tests.sync.phone import Phone, Street
from tests.sync.test_pull import gone, mirror

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


def compact(world: World, **options: Any) -> int:
    """Compact until there is nothing left; return the number of transactions."""
    count, more = 0, True
    while more:
        with world.transaction() as ctx:
            more = service.compact(ctx, **options)
        count += 1
    return count


def feed_rows(world: World) -> int:
    with world.transaction() as ctx:
        return int(ctx.session.scalar(text("SELECT count(*) FROM sync_change WHERE audience IS NOT NULL")) or 0)


def rename(world: World, point: UUID, times: int) -> None:
    for number in range(times):
        with world.transaction() as ctx:
            ctx.session.get_one(Checkpoint, point).name = f"新名{number}"


@pytest.mark.parametrize("at_most", [2, 5_000])
def test_only_the_newest_change_of_each_thing_stays(phone: Phone, street: Street, world: World, at_most: int) -> None:
    points = [street.add(), street.add()]
    cursor = phone.pull()["cursor"]
    for point in points:
        rename(world, point, 3)
    before, rows = mirror(phone), feed_rows(world)
    compact(world, at_most=at_most)
    assert feed_rows(world) < rows
    assert mirror(phone) == before
    assert sorted(each["id"] for each in phone.pull(cursor)["changes"]) == sorted(map(str, points))
    assert compact(world) == 1


def age_feed(world: World, days: int) -> None:
    with world.transaction() as ctx:
        ctx.session.execute(text("UPDATE sync_change SET at = :at"), {"at": ctx.now - timedelta(days=days)})


def test_a_removal_is_told_for_180_days_and_then_old_cursors_expire(phone: Phone, street: Street, world: World) -> None:
    point, other = street.add(), street.add()
    cursor = phone.pull()["cursor"]
    with world.transaction() as ctx:
        accounts.revoke(ctx, [(world.people["officer"], "checkpoint", point)], reason="reassigned")
    after = phone.pull(cursor)["cursor"]
    age_feed(world, 179)
    compact(world)
    drop = {"k": "drop", "e": "checkpoint", "id": str(point), "reason": "reassigned"}
    assert phone.pull(cursor)["changes"] == [drop]
    age_feed(world, 181)
    compact(world)
    assert gone(phone, cursor) == "cursor_expired"
    assert phone.pull(after)["changes"] == []
    assert ("checkpoint", str(other)) in mirror(phone)


def test_the_reason_of_one_revocation_is_not_told_of_the_next(phone: Phone, street: Street, world: World) -> None:
    points = sorted(street.add() for _ in range(2))
    cursor = phone.pull()["cursor"]
    with world.transaction() as ctx:
        accounts.revoke(ctx, [(world.people["officer"], "checkpoint", points[0])], reason="finished")
        ctx.session.execute(text("DELETE FROM access_grant WHERE entity_id = :id"), {"id": points[1]})
    reasons = {each["id"]: each.get("reason") for each in phone.pull(cursor)["changes"]}
    assert reasons == {str(points[0]): "finished", str(points[1]): None}


def test_the_former_officer_drops_what_was_reassigned_and_the_new_one_gets_it(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    second = Phone(client, world, street, username="colleague")
    cursors = [each.pull()["cursor"] for each in (phone, second)]
    with world.transaction("manager") as ctx:
        checkpoints.assign(ctx, point, officer_id=world.people["colleague"])
    lost = {(each["k"], each["e"], each["id"], each.get("reason")) for each in phone.pull(cursors[0])["changes"]}
    assert ("drop", "task", str(task), "reassigned") in lost
    assert ("drop", "checkpoint", str(point), "reassigned") in lost
    won = {(each["k"], each["e"], each["id"]) for each in second.pull(cursors[1])["changes"]}
    assert {("put", "task", str(task)), ("put", "checkpoint", str(point))} <= won


def test_what_is_finished_leaves_the_devices_after_90_days(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add()
    task_id = street.make_tasks()[point]
    operation = phone.submit(street.add())
    phone.push(operation)
    with world.transaction() as ctx:
        task = ctx.session.get_one(Task, task_id)
        task.state = "missed"
        ends = task.window_end_on
        ctx.session.execute(text("UPDATE inspection SET state = 'refused', blockers = '{}'"))
    for days, stays in ((90, True), (1, False)):
        clock.now = clock.now.replace(month=ends.month, day=ends.day) if stays else clock.now
        clock.advance(days=days)
        with world.transaction() as ctx:
            assert not service.withdraw_finished(ctx)
            held = set(ctx.session.scalars(text("SELECT entity_id FROM access_grant")))
        assert (task_id in held) is stays
    assert point in held
    with world.transaction() as ctx:
        assert ctx.session.scalar(text("SELECT count(*) FROM access_grant WHERE entity = 'inspection'")) == 0
        assert ctx.session.get_one(Task, task_id).state == "missed"


def test_an_officer_still_reads_his_own_record_after_his_devices_dropped_it(
    phone: Phone, street: Street, world: World, clock: Clock, client: FlaskClient
) -> None:
    record = phone.submit(street.add())
    phone.push(record)
    with world.transaction() as ctx:
        ctx.session.execute(text("UPDATE inspection SET state = 'refused', blockers = '{}'"))
    clock.advance(days=91)
    with world.transaction() as ctx:
        service.withdraw_finished(ctx)
        assert ctx.session.scalar(text("SELECT count(*) FROM access_grant WHERE entity = 'inspection'")) == 0
    path = f"/api/v1/inspections/{record['entity_id']}"
    assert client.get(path, headers=world.headers("officer")).status_code == 200
    assert client.get(f"{path}/paper", headers=world.headers("officer")).status_code == 200
    assert client.get(path, headers=world.headers("colleague")).status_code == 404


def test_markers_of_ended_transactions_are_removed(committed_world: World) -> None:
    ticks = text("SELECT count(*) FROM feed_tick")
    committed_world.add_organisation("new", "sub_branch", "branch")
    with committed_world.transaction() as ctx:
        assert ctx.session.scalar(ticks)
    compact(committed_world)
    with committed_world.transaction() as ctx:
        assert ctx.session.scalar(ticks) == 0
