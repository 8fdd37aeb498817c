"""Redis is away: what a phone or a desk needs still works, and what was to happen later happens (security.md §0)."""

from __future__ import annotations

import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from redis import Redis
from sqlalchemy import text

from inspection_api.app import create_app
from inspection_api.core.db import Database
from inspection_api.core.queue import Waker, job_id
from inspection_api.subscriptions import SUBSCRIPTIONS
from inspection_api.worker import Outbox, run_jobs
from tests.factories import PASSWORD
from tests.media.conftest import Phone as Camera
from tests.media.conftest import jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask.testing import FlaskClient
    from sqlalchemy import Engine

    from inspection_api.core.banks import BankCatalogue
    from inspection_api.core.settings import Settings
    from inspection_api.core.storage import Storage
    from inspection_api.http.runtime import Runtime
    from tests.factories import World
    from tests.fixtures import Clock
    from tests.servers import RestartableRedis
    from tests.sync.phone import Phone, Street

WAITING = text("SELECT count(*) FROM event_delivery WHERE done_at IS NULL")


@pytest.fixture
def waker(redis_socket: RestartableRedis) -> Waker:
    """What wakes the worker through a Redis that does not run yet."""
    return Waker(redis_socket.url)


@pytest.fixture
def outbox(engine: Engine, clock: Clock, storage: Storage, waker: Waker, catalogue: BankCatalogue) -> Outbox:
    database = Database(engine, clock=clock, subscriptions=SUBSCRIPTIONS, storage=storage, wake=waker)
    return Outbox(database=database, banks=catalogue)


@pytest.fixture
def lonely(settings: Settings, runtime: Runtime, outbox: Outbox, redis_socket: RestartableRedis) -> FlaskClient:
    """A client of the application whose Redis is away."""
    alone = replace(settings, redis_url=redis_socket.url)
    return create_app(alone, parts=replace(runtime, settings=alone, database=outbox.database)).test_client()


@pytest.fixture
def usual_signals() -> Iterator[None]:
    """The worker takes the process's signals for itself; they are given back."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


def log_in(client: FlaskClient, world: World) -> dict[str, str]:
    body = {"bank": world.bank.code, "username": "officer", "password": PASSWORD}
    answer = client.post("/api/v1/sessions", json=body)
    assert answer.status_code == 201, answer.json
    return {"Authorization": f"Bearer {answer.json['token']}"}


def photographed(phone: Phone, item: str) -> tuple[Camera, dict[str, Any]]:
    camera = Camera(phone.client, phone.headers, data=jpeg())
    return camera, phone.photo(item, camera.data, id=str(camera.media_id))


def waiting(world: World) -> int:
    with world.transaction() as ctx:
        return int(ctx.session.scalar(WAITING))


def wake_at_last(waker: Waker, world: World, redis_url: str) -> None:
    """Wake the worker as commits do, until it hears: a silent Redis is left alone for two seconds."""
    deadline = time.monotonic() + 20
    with Redis.from_url(redis_url) as redis:
        while not redis.exists(f"rq:job:{job_id(world.bank)}"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
            waker(world.bank)


@pytest.mark.usefixtures("usual_signals")
def test_without_redis_a_day_in_the_field_ends_with_a_print_and_later_handlers_run_when_it_is_back(
    lonely: FlaskClient,
    enrol: Callable[..., Phone],
    street: Street,
    committed_world: World,
    redis_socket: RestartableRedis,
    waker: Waker,
    outbox: Outbox,
) -> None:
    outbox.drain(committed_world.bank)
    left = waiting(committed_world)  # of a test in this bank whose clock was ahead
    phone = enrol(lonely)
    phone.headers = log_in(lonely, committed_world)
    assert phone.shake_hands()["approved"] is True
    point = street.add()
    task = street.make_tasks()[point]
    taken = [photographed(phone, item) for item in ("op_status", "power_kwh", "tax_ytd")]
    visit = phone.submit(point, task, media=[manifest for _, manifest in taken])
    assert phone.push(visit)[0]["status"] == "applied"
    for camera, _ in taken:
        assert camera.create(camera.data).status_code == 201
    changes = phone.pull()["changes"]
    (mine,) = [each for each in changes if each["id"] == visit["entity_id"]]
    assert mine["d"]["state"] == "accepted"
    headers = phone.headers | {"Idempotency-Key": str(uuid4())}
    printed = lonely.post(f"/api/v1/inspections/{UUID(visit['entity_id'])}/prints", headers=headers)
    assert printed.status_code == 201, printed.json
    assert waiting(committed_world) == left + 5  # three photos are looked at later, and people are told twice
    redis_socket.start()
    wake_at_last(waker, committed_world, redis_socket.url)
    run_jobs(redis_socket.url, outbox, burst=True)
    assert waiting(committed_world) == left
