"""The worker on real PostgreSQL and Redis: deliveries, failures, crashes, and life without Redis."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis
from sqlalchemy import select, text, update

from inspection_api import schedule
from inspection_api.core.db import Database
from inspection_api.core.events import Claim, Event, EventDelivery, Subscription, When, claim_next, deliver
from inspection_api.core.queue import Waker, job_id
from inspection_api.schedule import Scheduled
from inspection_api.worker import Outbox, Timetable, run_jobs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine

    from inspection_api.core.banks import Bank, BankCatalogue
    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from tests.fixtures import Clock
    from tests.servers import RestartableRedis

ROOT = Path(__file__).parents[1]
PROCESS = """
import os
from inspection_api import worker
from inspection_api.core.events import Subscription, When
from inspection_api.core.settings import Settings
def on_asked(ctx, events):
    for event in events:
        ctx.record("test.answered", asked=str(event.id))
asked = Subscription("test.asked", When.LATER, on_asked)
worker.work(Settings.from_env(os.environ), subscriptions=(asked,), rows=())
"""


def on_asked(ctx: Context, events: Sequence[Recorded]) -> None:
    for event in events:
        ctx.record("test.answered", asked=str(event.id))


def on_broken(ctx: Context, events: Sequence[Recorded]) -> None:
    ctx.record("test.half_done", asked=str(events[0].id))
    ctx.session.execute(text("SELECT 1 / 0"))


ASKED = Subscription("test.asked", When.LATER, on_asked)
BROKEN = Subscription("test.broken", When.LATER, on_broken)


@pytest.fixture
def outbox(engine: Engine, catalogue: BankCatalogue, clock: Clock) -> Outbox:
    return Outbox(database=Database(engine, clock=clock, subscriptions=(ASKED, BROKEN)), banks=catalogue)


def record(outbox: Outbox, bank: Bank, kind: str = "test.asked") -> None:
    with outbox.database.transaction(bank) as ctx:
        ctx.record(kind)


def kinds(outbox: Outbox, bank: Bank) -> list[str]:
    with outbox.database.transaction(bank, read_only=True) as ctx:
        return list(ctx.session.scalars(select(Event.kind).order_by(Event.number)))


def delivery(outbox: Outbox, bank: Bank) -> Any:
    """Return attempts, next_attempt_at and done_at of the only delivery."""
    columns = select(EventDelivery.attempts, EventDelivery.next_attempt_at, EventDelivery.done_at)
    with outbox.database.transaction(bank, read_only=True) as ctx:
        return ctx.session.execute(columns).one()


def wait_for(outbox: Outbox, bank: Bank, wanted: list[str], seconds: float) -> list[str]:
    deadline = time.monotonic() + seconds
    while (found := kinds(outbox, bank)) != wanted and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_a_later_handler_runs_once(outbox: Outbox, committed_bank: Bank) -> None:
    record(outbox, committed_bank)
    assert outbox.drain(committed_bank) == 1
    assert outbox.drain(committed_bank) == 0
    assert kinds(outbox, committed_bank) == ["test.asked", "test.answered"]


def test_a_failing_handler_leaves_nothing_but_its_attempt(outbox: Outbox, committed_bank: Bank) -> None:
    record(outbox, committed_bank, "test.broken")
    outbox.drain(committed_bank)
    found = delivery(outbox, committed_bank)
    assert (found.attempts, found.done_at) == (1, None)
    assert kinds(outbox, committed_bank) == ["test.broken"]


def test_a_failing_handler_is_tried_again_with_doubling_pauses(
    outbox: Outbox, committed_bank: Bank, clock: Clock
) -> None:
    record(outbox, committed_bank, "test.broken")
    for seconds in (5, 10, 20):
        assert outbox.drain(committed_bank) == 1
        assert delivery(outbox, committed_bank).next_attempt_at - clock.now == timedelta(seconds=seconds)
        clock.advance(seconds=seconds - 1)
        assert outbox.drain(committed_bank) == 0
        clock.advance(seconds=1)


def test_pauses_never_exceed_an_hour(outbox: Outbox, committed_bank: Bank, clock: Clock) -> None:
    record(outbox, committed_bank, "test.broken")
    with outbox.database.transaction(committed_bank) as ctx:
        ctx.session.execute(update(EventDelivery).values(attempts=500))
    outbox.drain(committed_bank)
    assert delivery(outbox, committed_bank).next_attempt_at - clock.now == timedelta(hours=1)


def test_a_broken_delivery_does_not_hold_up_the_next(outbox: Outbox, committed_bank: Bank, clock: Clock) -> None:
    record(outbox, committed_bank, "test.broken")
    clock.advance(seconds=1)
    record(outbox, committed_bank)
    assert outbox.drain(committed_bank) == 2
    assert kinds(outbox, committed_bank)[-1] == "test.answered"


def test_a_crash_after_the_claim_counts_as_an_attempt(outbox: Outbox, committed_bank: Bank, clock: Clock) -> None:
    record(outbox, committed_bank)
    with outbox.database.transaction(committed_bank) as ctx:
        assert claim_next(ctx) is not None
    assert outbox.drain(committed_bank) == 0
    clock.advance(seconds=5)
    assert outbox.drain(committed_bank) == 1
    assert delivery(outbox, committed_bank).attempts == 2


def test_two_workers_never_run_one_delivery_at_once(outbox: Outbox, committed_bank: Bank) -> None:
    record(outbox, committed_bank)
    subscriptions = outbox.database.subscriptions
    with outbox.database.transaction(committed_bank) as ctx:
        claim = claim_next(ctx)
    assert isinstance(claim, Claim)
    with outbox.database.transaction(committed_bank) as first:
        deliver(first, claim, subscriptions)
        with outbox.database.transaction(committed_bank) as second:
            assert claim_next(second) is None
            deliver(second, claim, subscriptions)
            assert second.pending == []
    assert kinds(outbox, committed_bank) == ["test.asked", "test.answered"]


def test_a_bank_whose_work_never_ends_has_its_turn_and_no_more(
    engine: Engine, catalogue: BankCatalogue, clock: Clock, committed_bank: Bank
) -> None:
    def on_endless(ctx: Context, events: Sequence[Recorded]) -> None:
        ctx.record(events[0].kind)

    endless = Subscription("test.endless", When.LATER, on_endless)
    outbox = Outbox(database=Database(engine, clock=clock, subscriptions=(endless,)), banks=catalogue)
    record(outbox, committed_bank, "test.endless")
    assert outbox.drain(committed_bank, turn_s=0.3) >= 1
    assert outbox.drain(committed_bank, turn_s=0.3) >= 1, "what is left goes on in the next turn"


def test_a_bank_behind_the_migrations_waits(outbox: Outbox, committed_bank: Bank, engine: Engine) -> None:
    with engine.begin() as connection:
        statement = text("UPDATE public.bank SET revision = '0000' WHERE tag = :tag")
        connection.execute(statement, {"tag": committed_bank.tag})
    outbox.banks.everyone()
    assert committed_bank.tag not in [bank.tag for bank in outbox.ready()]


def test_a_wake_up_job_drains_its_bank(outbox: Outbox, committed_bank: Bank, redis_socket: RestartableRedis) -> None:
    redis_socket.start()
    record(outbox, committed_bank)
    Waker(redis_socket.url)(committed_bank)
    handlers = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    run_jobs(redis_socket.url, outbox, burst=True)
    for number, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
        signal.signal(number, handler)
    assert kinds(outbox, committed_bank) == ["test.asked", "test.answered"]
    with Redis.from_url(redis_socket.url) as client:
        assert not client.exists(f"rq:job:{job_id(committed_bank)}")


def noting(name: str, ran: list[str]) -> Callable[[Context], bool]:
    """Return a scheduled function that writes down its name and the bank, and is done."""

    def note(ctx: Context) -> bool:
        ran.append(f"{name} {ctx.bank.tag}")
        return False

    return note


def test_the_schedule_runs_each_row_once_until_it_is_due_again(outbox: Outbox, committed_bank: Bank) -> None:
    ran: list[str] = []
    rows = (
        Scheduled(name="often", every=timedelta(0), function=noting("often", ran)),
        Scheduled(name="daily", every=timedelta(days=1), function=noting("daily", ran)),
    )
    timetable = Timetable(outbox=outbox, rows=rows)
    timetable.run_due()
    timetable.run_due()
    assert ran.count(f"often {committed_bank.tag}") == 2
    assert ran.count(f"daily {committed_bank.tag}") == 1


def test_a_failing_row_of_the_schedule_does_not_stop_the_next(outbox: Outbox, committed_bank: Bank) -> None:
    ran: list[str] = []

    def fail(_ctx: Context) -> bool:
        raise ValueError

    rows = (
        Scheduled(name="fails", every=timedelta(days=1), function=fail),
        Scheduled(name="works", every=timedelta(days=1), function=noting("works", ran)),
    )
    Timetable(outbox=outbox, rows=rows).run_due()
    assert f"works {committed_bank.tag}" in ran


def test_a_row_goes_on_in_new_transactions_until_nothing_is_left(outbox: Outbox, committed_bank: Bank) -> None:
    left = [3, 2, 1, 0]
    row = Scheduled(name="chunks", every=timedelta(days=1), function=lambda _ctx: left.pop(0) > 0)
    assert schedule.run(outbox.database, committed_bank, row) == 4


def test_a_row_that_runs_elsewhere_is_left_to_it(outbox: Outbox, committed_bank: Bank) -> None:
    ran: list[str] = []
    row = Scheduled(name="alone", every=timedelta(days=1), function=noting("alone", ran))

    def run_again(_ctx: Context) -> bool:
        schedule.run(outbox.database, committed_bank, row)
        return False

    outer = Scheduled(name="alone", every=timedelta(days=1), function=run_again)
    schedule.run(outbox.database, committed_bank, outer)
    assert ran == []


@pytest.mark.parametrize("row", schedule.SCHEDULE, ids=lambda row: row.name)
def test_every_row_of_the_schedule_runs_in_an_empty_bank(outbox: Outbox, committed_bank: Bank, row: Scheduled) -> None:
    assert schedule.run(outbox.database, committed_bank, row) == 1


@contextmanager
def worker_process(engine: Engine, redis: RestartableRedis) -> Iterator[subprocess.Popen[bytes]]:
    env = {
        **os.environ,
        "XUNJI_MODE": "test",
        "XUNJI_SECRET_KEY": "test-secret-of-thirty-two-letters",
        "XUNJI_VAR": str(redis.folder),
        "DATABASE_URL": engine.url.render_as_string(hide_password=False),
        "REDIS_URL": redis.url,
    }
    command = [sys.executable, "-c", PROCESS]
    with subprocess.Popen(command, cwd=ROOT, env=env, stderr=subprocess.DEVNULL) as process:  # noqa: S603 - our script
        yield process
        process.kill()


def test_without_redis_the_worker_drains_from_the_database_and_ends_on_request(
    outbox: Outbox, committed_bank: Bank, engine: Engine, redis_socket: RestartableRedis, clock: Clock
) -> None:
    clock.now -= timedelta(days=1)
    with worker_process(engine, redis_socket) as process:
        record(outbox, committed_bank)
        assert wait_for(outbox, committed_bank, ["test.asked", "test.answered"], 30) == ["test.asked", "test.answered"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_the_worker_survives_redis_leaving_and_coming_back(
    outbox: Outbox, committed_bank: Bank, engine: Engine, redis_socket: RestartableRedis, clock: Clock
) -> None:
    clock.now -= timedelta(days=1)
    answer = ["test.asked", "test.answered"]
    redis_socket.start()
    with worker_process(engine, redis_socket) as process:
        record(outbox, committed_bank)
        assert wait_for(outbox, committed_bank, answer, 30) == answer
        redis_socket.stop()
        record(outbox, committed_bank)
        assert wait_for(outbox, committed_bank, answer * 2, 15) == answer * 2
        redis_socket.start()
        with Redis.from_url(redis_socket.url) as client:
            deadline = time.monotonic() + 30
            while not client.smembers("rq:workers") and time.monotonic() < deadline:
                time.sleep(0.1)
            assert client.smembers("rq:workers")
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
