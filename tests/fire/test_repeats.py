"""A push that loses to somebody else: a deadlock begins anew at once, a long lock is 503 (sync.md §3.3)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from inspection_api.core import db

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from tests.factories import World
    from tests.sync.phone import Phone, Street

FAIL = """
CREATE SEQUENCE tries;
CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF nextval('tries') <= {times} THEN
        RAISE EXCEPTION 'lost' USING ERRCODE = '{code}';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER lose AFTER INSERT ON {table} FOR EACH STATEMENT EXECUTE FUNCTION lose()
"""
HEAL = "DROP TRIGGER lose ON {table}; DROP FUNCTION lose(); DROP SEQUENCE tries"
EFFECT = text(
    "SELECT (SELECT count(*) FROM inspection WHERE device_id = :id),"
    " (SELECT count(*) FROM sync_receipt WHERE device_id = :id)"
)


@contextmanager
def losing(world: World, code: str, times: int, table: str) -> Iterator[None]:
    """Let the next inserts into a table fail with a code; the sequence counts beyond every rollback."""
    with world.transaction() as ctx:
        ctx.session.execute(text(FAIL.format(code=code, times=times, table=table)))
    yield
    with world.transaction() as ctx:
        ctx.session.execute(text(HEAL.format(table=table)))


def tries(world: World) -> int:
    with world.transaction() as ctx:
        return int(ctx.session.scalar(text("SELECT last_value FROM tries")))


def effect(phone: Phone) -> tuple[int, int]:
    """Return how many visits and receipts the phone has brought."""
    with phone.world.transaction() as ctx:
        row = ctx.session.execute(EFFECT, {"id": phone.id}).one()
        return row[0], row[1]


def wait_for_a_waiter(engine: Engine) -> None:
    """Wait until a connection to this database waits for a lock."""
    waits = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        deadline = time.monotonic() + 20
        while not connection.scalar(waits):
            assert time.monotonic() < deadline
            time.sleep(0.01)


@pytest.mark.parametrize(("code", "table"), [("40001", "inspection"), ("40P01", "event")])
def test_a_push_that_loses_three_times_succeeds_at_the_fourth(
    phone: Phone, street: Street, committed_world: World, code: str, table: str
) -> None:
    body = phone.batch(phone.submit(street.add()))
    with losing(committed_world, code, 3, table):
        answer = phone.send(body)
        assert tries(committed_world) == 4
    assert (answer.status_code, answer.json["replayed"]) == (200, False)
    assert effect(phone) == (1, 1)


def test_a_push_that_always_loses_is_503_and_leaves_nothing(
    phone: Phone, street: Street, committed_world: World
) -> None:
    body = phone.batch(phone.submit(street.add()))
    with losing(committed_world, "40001", 4, "inspection"):
        answer = phone.send(body)
        assert tries(committed_world) == 4
        assert (answer.status_code, answer.json["reason"]) == (503, "serialization_failure")
        assert effect(phone) == (0, 0)
        assert phone.send(body).status_code == 200
    assert effect(phone) == (1, 1)


def test_a_real_deadlock_costs_the_device_nothing(
    phone: Phone, street: Street, committed_world: World, engine: Engine
) -> None:
    """The push holds its device and wants the task; the other holds the task and wants the device, and is no victim."""
    point = street.add()
    task = street.make_tasks()[point]
    with ThreadPoolExecutor(1) as pool:
        with committed_world.transaction() as ctx:
            ctx.session.execute(text("SET LOCAL deadlock_timeout = '60s'"))
            ctx.session.execute(text("SELECT 1 FROM task WHERE id = :id FOR UPDATE"), {"id": task})
            sent = pool.submit(phone.send, phone.batch(phone.submit(point, task)))
            wait_for_a_waiter(engine)
            ctx.session.execute(text("SELECT 1 FROM sync_device WHERE device_id = :id FOR UPDATE"), {"id": phone.id})
        answer = sent.result(timeout=20)
    assert answer.status_code == 200, answer.json
    assert answer.json["results"][0]["status"] == "applied"
    assert effect(phone) == (1, 1)


def test_a_lock_that_lasts_is_503_and_the_same_bytes_succeed_later(
    phone: Phone, street: Street, committed_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert db.LOCK_TIMEOUT == "5s"
    body = phone.batch(phone.submit(street.add()))
    monkeypatch.setattr(db, "LOCK_TIMEOUT", "200ms")
    with committed_world.transaction() as ctx:
        ctx.session.execute(text("SELECT 1 FROM sync_device WHERE device_id = :id FOR UPDATE"), {"id": phone.id})
        answer = phone.send(body)
    assert (answer.status_code, answer.json["reason"]) == (503, "lock_timeout")
    assert effect(phone) == (0, 0)
    assert phone.send(body).json["replayed"] is False
    assert effect(phone) == (1, 1)
