"""Two people at the same moment, each on a connection of his own; who waits for whom is forced, never slept for."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event, get_ident
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint, CheckpointLocation
from inspection_api.inspections.models import Inspection
from inspection_api.tasks.models import Task
from sync import service as sync
from tests.sync.phone import LAT, LON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from sqlalchemy import Engine

    from tests.factories import World
    from tests.sync.phone import Phone, Street

WAITERS = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()")


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """Whoever acts at the same time."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def wait_until_blocked(engine: Engine, future: Future[Any]) -> None:
    """Wait until the other connection waits for a lock."""
    deadline = time.monotonic() + 20
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not connection.execute(WAITERS).scalar_one():
            assert not future.done(), future.result()
            assert time.monotonic() < deadline
            time.sleep(0.01)


@contextmanager
def halting(engine: Engine, words: str) -> Iterator[tuple[Event, Event]]:
    """Halt the first other thread that is about to run a statement with these words; yield (reached, go on)."""
    reached, going_on, me = Event(), Event(), get_ident()

    def halt(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if words in statement and get_ident() != me and not reached.is_set():
            reached.set()
            assert going_on.wait(30)

    event.listen(engine, "before_cursor_execute", halt)
    try:
        yield reached, going_on
    finally:
        going_on.set()
        event.remove(engine, "before_cursor_execute", halt)


def push_in(ctx: Any, phone: Phone, operation: dict[str, Any]) -> dict[str, Any]:
    """Push inside an open transaction, which the caller keeps open."""
    body = phone.batch(operation)
    result: dict[str, Any] = sync.push(ctx, body, phone.signature(body))["results"][0]
    return result


def found(world: World, kind: type[Any], id_: Any) -> Any:
    with world.transaction() as ctx:
        return ctx.session.get_one(kind, UUID(str(id_)))


def reassign(app: Flask, world: World, point: UUID, officer: str) -> Any:
    body = {"officer_id": str(world.people[officer])}
    return app.test_client().post(f"/api/v1/checkpoints/{point}/assign", json=body, headers=world.headers("manager"))


def test_a_reassignment_waits_for_a_running_push_and_both_stand(
    phone: Phone,
    street: Street,
    committed_world: World,
    committed_app: Flask,
    engine: Engine,
    elsewhere: ThreadPoolExecutor,
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    visit = phone.submit(point, task)
    with committed_world.transaction("officer") as ctx:
        assert push_in(ctx, phone, visit)["status"] == "applied"
        assigned = elsewhere.submit(reassign, committed_app, committed_world, point, "colleague")
        wait_until_blocked(engine, assigned)
    assert assigned.result(timeout=20).status_code == 200
    assert found(committed_world, Inspection, visit["entity_id"]).officer_id == committed_world.people["officer"]
    assert found(committed_world, Checkpoint, point).officer_id == committed_world.people["colleague"]


def test_a_push_waits_for_a_running_reassignment_and_its_earlier_visit_stays_the_performers(
    phone: Phone, street: Street, committed_world: World, engine: Engine, elsewhere: ThreadPoolExecutor
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    visit = phone.submit(point, task)
    with committed_world.transaction("manager") as ctx:
        checkpoints.assign(ctx, point, officer_id=committed_world.people["colleague"])
        ctx.session.execute(text("SELECT FROM task WHERE id = :id FOR UPDATE"), {"id": task})
        pushed = elsewhere.submit(phone.push, visit)
        wait_until_blocked(engine, pushed)
    (result,) = pushed.result(timeout=20)
    assert (result["status"], result["flags"]) == ("applied", ["late"])
    assert found(committed_world, Inspection, visit["entity_id"]).officer_id == committed_world.people["officer"]
    assert found(committed_world, Task, task).officer_id == committed_world.people["colleague"]


def test_two_devices_make_the_same_record_at_once_and_the_second_conflicts_on_its_repetition(
    phone: Phone,
    enrol: Callable[..., Phone],
    street: Street,
    committed_world: World,
    engine: Engine,
    elsewhere: ThreadPoolExecutor,
) -> None:
    point, entity, second = street.add(), uuid4(), enrol()

    def draft(device: Phone, note: str) -> dict[str, Any]:
        payload = {"checkpoint_id": str(point), "template_version_id": str(street.portfolio.version_id), "note": note}
        return device.operation("inspection.save", entity, payload)

    body = second.batch(draft(second, "乙"))
    with halting(engine, "INSERT INTO inspection ") as (reached, going_on):
        sent = elsewhere.submit(second.send, body)
        assert reached.wait(20)
        assert phone.push(draft(phone, "甲"))[0]["status"] == "applied"
        going_on.set()
        answer = sent.result(timeout=20)
    assert (answer.status_code, answer.json["code"]) == (503, "record_changed")
    again = second.send(body)
    assert again.json["results"][0]["status"] == "conflict"
    assert found(committed_world, Inspection, entity).note == "甲"


def at_once(
    engine: Engine, app: Flask, world: World, words: str, requests: dict[str, tuple[str, Any]]
) -> list[tuple[int, str]]:
    """Send the second person's request while the first one's is held just before it writes; return both answers."""

    def send(user: str) -> tuple[int, str]:
        path, body = requests[user]
        answer = app.test_client().post(path, json=body, headers=headers[user])
        return answer.status_code, answer.json.get("code", "")

    headers = {user: world.headers(user) for user in requests}
    first, second = requests
    with ThreadPoolExecutor(2) as pool, halting(engine, words) as (reached, going_on):
        leading = pool.submit(send, first)
        assert reached.wait(20)
        following = pool.submit(send, second)
        wait_until_blocked(engine, following)
        going_on.set()
        return [leading.result(timeout=20), following.result(timeout=20)]


def test_of_two_managers_who_approve_a_device_at_once_the_second_learns_that_it_is_decided(
    enrol: Callable[..., Phone], committed_world: World, committed_app: Flask, engine: Engine
) -> None:
    phone = enrol(approved=False)
    path = f"/api/v1/devices/{phone.id}/approve"
    requests = {"manager": (path, None), "second_manager": (path, None)}
    answers = at_once(engine, committed_app, committed_world, "UPDATE device SET", requests)
    assert answers == [(200, ""), (409, "device_decided")]


def test_of_two_managers_who_confirm_and_reject_a_place_at_once_the_second_learns_that_it_is_decided(
    street: Street, committed_world: World, committed_app: Flask, engine: Engine
) -> None:
    point = street.add(bound=False)
    with committed_world.transaction() as ctx:
        place = CheckpointLocation(
            checkpoint_id=point,
            generation=1,
            lon=LON,
            lat=LAT,
            status="provisional",
            reasons=["neighbour"],
            bound_by=committed_world.people["officer"],
            bound_at=ctx.now,
            fixes=[],
            valid_from=ctx.now,
        )
        ctx.session.add(place)
        ctx.session.get_one(Checkpoint, point).state = "pending_confirm"
        ctx.session.flush()
    path = f"/api/v1/checkpoints/{point}/locations/{place.id}"
    requests = {"manager": (f"{path}/confirm", None), "second_manager": (f"{path}/reject", None)}
    answers = at_once(engine, committed_app, committed_world, "UPDATE checkpoint_location SET", requests)
    assert answers == [(200, ""), (409, "location_decided")]
    assert found(committed_world, CheckpointLocation, place.id).status == "confirmed"
