"""Two people at the same moment, on two real connections: nobody waits for the other in a circle, nothing is missed."""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint, CheckpointLocation
from inspection_api.accounts import service as accounts
from inspection_api.core.periods import Period
from inspection_api.inspections import queries as inspection_queries
from inspection_api.inspections.models import Inspection
from inspection_api.media.models import Media
from inspection_api.tasks import queries as task_queries
from inspection_api.worker import Outbox
from sync import queries as sync_queries
from sync import service as sync
from sync.models import SyncQuarantine
from tests.sync.operations import unmet
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from sqlalchemy import Engine

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def street(committed_world: World) -> Street:
    return Street(committed_world)


@pytest.fixture
def phone(committed_app: Flask, committed_world: World, street: Street) -> Phone:
    phone = Phone(committed_app.test_client(), committed_world, street)
    phone.shake_hands()
    return phone


@pytest.fixture
def unapproved(committed_app: Flask, committed_world: World, street: Street) -> Phone:
    phone = Phone(committed_app.test_client(), committed_world, street, approved=False)
    phone.shake_hands()
    return phone


@pytest.fixture
def elsewhere() -> Iterator[ThreadPoolExecutor]:
    """Whoever acts at the same time, on a connection of his own."""
    with ThreadPoolExecutor(1) as pool:
        yield pool


def wait_until_blocked(engine: Engine, future: Future[Any]) -> bool:
    """Wait until the other connection waits for a lock (True), or has ended (False)."""
    waits = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for _ in range(200):
            if connection.execute(waits).scalar_one():
                return True
            if future.done():
                return False
            time.sleep(0.02)
    raise AssertionError("neither blocked nor ended")


def record(world: World, operation: dict[str, Any]) -> Inspection:
    with world.transaction() as ctx:
        return ctx.session.get_one(Inspection, operation["entity_id"])


def push(phone: Phone, ctx: Any, *operations: dict[str, Any]) -> list[dict[str, Any]]:
    """Push inside an open transaction, which the caller may keep open."""
    body = phone.batch(*operations)
    results: list[dict[str, Any]] = sync.push(ctx, body, phone.signature(body))["results"]
    return results


def test_an_approval_never_waits_in_a_circle_with_who_settles_the_same_visit(
    unapproved: Phone,
    street: Street,
    committed_world: World,
    engine: Engine,
    elsewhere: ThreadPoolExecutor,
    clock: Clock,
) -> None:
    point = street.add()
    visit = unapproved.submit(point, street.make_tasks()[point])
    unapproved.push(visit)
    days = Period(start=clock.now.date(), end=clock.now.date())
    with committed_world.transaction() as ctx:
        task_queries.lock_tasks(ctx.session, days=days, checkpoint_ids=[point])
        approval = elsewhere.submit(unapproved.approve)
        assert wait_until_blocked(engine, approval)
        inspection_queries.submitted(ctx.session, [visit["entity_id"]], lock=True)
    approval.result(timeout=20)
    assert record(committed_world, visit).blockers == ["media"]


def test_an_approval_waits_for_a_running_push_and_releases_its_visits(
    unapproved: Phone, street: Street, committed_world: World, engine: Engine, elsewhere: ThreadPoolExecutor
) -> None:
    visit = unapproved.submit(street.add())
    with committed_world.transaction("officer") as ctx:
        sync_queries.find_judged_device(ctx.session, unapproved.id, lock=True)
        approval = elsewhere.submit(unapproved.approve)
        assert wait_until_blocked(engine, approval)
        assert push(unapproved, ctx, visit)[0]["code"] == "device_unapproved"
    approval.result(timeout=20)
    assert record(committed_world, visit).blockers == ["media"]


def test_a_push_waits_for_a_running_approval_and_is_judged_by_it(
    unapproved: Phone, street: Street, committed_world: World, engine: Engine, elsewhere: ThreadPoolExecutor
) -> None:
    visit = unapproved.submit(street.add())
    with committed_world.transaction("second_manager") as ctx:
        accounts.approve(ctx, unapproved.id)
        pushed = elsewhere.submit(unapproved.push, visit)
        assert wait_until_blocked(engine, pushed)
    assert pushed.result(timeout=20)[0]["status"] == "extra"


def doubtful(world: World, street: Street) -> tuple[UUID, UUID]:
    """Return a checkpoint whose place waits for a manager, and that place."""
    point = street.add()
    with world.transaction() as ctx:
        ctx.session.get_one(Checkpoint, point).state = "pending_confirm"
        place = ctx.session.scalars(select(CheckpointLocation).where(CheckpointLocation.checkpoint_id == point)).one()
        place.status = "provisional"
        return point, place.id


def test_a_confirmation_waits_for_a_running_push_and_releases_its_visits(
    phone: Phone,
    street: Street,
    committed_world: World,
    engine: Engine,
    elsewhere: ThreadPoolExecutor,
    catalogue: BankCatalogue,
) -> None:
    point, place_id = doubtful(committed_world, street)
    visit = phone.submit(point)

    def confirm() -> None:
        with committed_world.transaction("manager") as ctx:
            checkpoints.confirm(ctx, point, place_id)

    with committed_world.transaction("officer") as ctx:
        assert push(phone, ctx, visit)[0]["code"] == "binding_pending"
        confirmation = elsewhere.submit(confirm)
        assert wait_until_blocked(engine, confirmation)
    confirmation.result(timeout=20)
    Outbox(database=committed_world.database, banks=catalogue).drain(committed_world.bank)
    assert record(committed_world, visit).blockers == ["media"]


def test_a_push_waits_for_a_running_confirmation_and_is_judged_by_it(
    phone: Phone, street: Street, committed_world: World, engine: Engine, elsewhere: ThreadPoolExecutor
) -> None:
    point, place_id = doubtful(committed_world, street)
    visit = phone.submit(point)
    with committed_world.transaction("manager") as ctx:
        checkpoints.confirm(ctx, point, place_id)
        pushed = elsewhere.submit(phone.push, visit)
        assert wait_until_blocked(engine, pushed)
    assert pushed.result(timeout=20)[0]["status"] == "extra"


def test_a_place_that_is_judged_again_never_waits_in_a_circle_with_the_desk(
    phone: Phone,
    street: Street,
    committed_world: World,
    engine: Engine,
    elsewhere: ThreadPoolExecutor,
    catalogue: BankCatalogue,
) -> None:
    point, place_id = doubtful(committed_world, street)
    visit = phone.submit(point)
    assert phone.push(visit)[0]["code"] == "binding_pending"
    with committed_world.transaction("manager") as ctx:
        checkpoints.confirm(ctx, point, place_id)
    outbox = Outbox(database=committed_world.database, banks=catalogue)
    with committed_world.transaction("second_manager") as ctx:
        sync_queries.lock_position(ctx.session, phone.id)
        drained = elsewhere.submit(outbox.drain, committed_world.bank)
        assert wait_until_blocked(engine, drained)
        sync.accept(ctx, UUID(visit["op_id"]), reason="电话核实无误")
    drained.result(timeout=20)
    assert record(committed_world, visit).blockers == ["media"]
    with committed_world.transaction() as ctx:
        assert list(ctx.session.scalars(select(SyncQuarantine.state))) == ["accepted"]


@pytest.fixture
def colleague(committed_app: Flask, committed_world: World, street: Street) -> Phone:
    phone = Phone(committed_app.test_client(), committed_world, street, username="colleague")
    phone.shake_hands()
    return phone


def test_of_two_attempts_under_one_id_the_second_to_come_asks_again_and_is_refused(
    phone: Phone,
    colleague: Phone,
    street: Street,
    committed_world: World,
    engine: Engine,
    elsewhere: ThreadPoolExecutor,
) -> None:
    first = unmet(phone, street.add())
    foreign = {**unmet(colleague, street.add("colleague")), "entity_id": first["entity_id"]}
    body = colleague.batch(foreign)
    with committed_world.transaction("officer") as ctx:
        assert push(phone, ctx, first)[0]["status"] == "applied"
        pushed = elsewhere.submit(colleague.send, body)
        assert wait_until_blocked(engine, pushed)
    raced = pushed.result(timeout=20)
    assert (raced.status_code, raced.json["code"], raced.headers["Retry-After"]) == (503, "attempt_raced", "1")
    assert colleague.send(body).json["results"][0]["code"] == "forbidden_or_unknown"


@pytest.mark.parametrize("attempt_is_first", [True, False])
def test_of_a_record_and_an_attempt_under_one_id_the_second_to_come_is_refused(
    phone: Phone,
    colleague: Phone,
    street: Street,
    committed_world: World,
    engine: Engine,
    elsewhere: ThreadPoolExecutor,
    *,
    attempt_is_first: bool,
) -> None:
    def made(device: Phone, *, is_attempt: bool) -> dict[str, Any]:
        point = street.add(device.username)
        return unmet(device, point) if is_attempt else device.submit(point)

    first = made(phone, is_attempt=attempt_is_first)
    foreign = {**made(colleague, is_attempt=not attempt_is_first), "entity_id": first["entity_id"]}
    with committed_world.transaction("officer") as ctx:
        assert push(phone, ctx, first)[0]["status"] in {"applied", "extra"}
        pushed = elsewhere.submit(colleague.push, foreign)
        assert wait_until_blocked(engine, pushed)
    assert pushed.result(timeout=20)[0]["code"] == "forbidden_or_unknown"
    with committed_world.transaction() as ctx:
        attached = select(Media.owner_user_id).where(Media.inspection_id.is_not(None))
        assert set(ctx.session.scalars(attached)) == {committed_world.people["officer"]}
