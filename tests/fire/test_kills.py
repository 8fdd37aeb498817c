"""The connection dies between any two statements of a push: all or nothing, and the same bytes finish it (§9.4)."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import event, text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from sqlalchemy import Engine

    from tests.factories import World
    from tests.sync.phone import Phone, Street

TABLES = (
    "inspection",
    "visit",
    "media",
    "sync_batch",
    "sync_receipt",
    "sync_change",
    "access_grant",
    "event",
    "event_delivery",
)
ROWS = text(" UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in TABLES))  # noqa: S608 - our own
LOOSE = text(
    "SELECT (SELECT value FROM feed_counter) - (SELECT count(*) FROM sync_change) - (SELECT count(*) FROM event),"
    " (SELECT count(*) FROM event WHERE number IS NULL)"
)


@dataclass
class Reaper:
    """Ends a connection of this database, from outside, after the n-th statement of a request."""

    engine: Engine
    admin: psycopg.Connection[Any]
    fatal: int = 0
    statements: list[str] = field(default_factory=list)

    def strike(self, connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        self.statements.append(statement)
        if len(self.statements) == self.fatal:
            pid = connection.connection.driver_connection.info.backend_pid
            self.admin.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])

    @contextmanager
    def striking(self, fatal: int) -> Iterator[None]:
        self.fatal, self.statements = fatal, []
        event.listen(self.engine, "after_cursor_execute", self.strike)
        try:
            yield
        finally:
            event.remove(self.engine, "after_cursor_execute", self.strike)


@pytest.fixture
def reaper(engine: Engine) -> Iterator[Reaper]:
    url = engine.url.set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as admin:
        yield Reaper(engine, admin)


def rows(world: World) -> dict[str, int]:
    with world.transaction(read_only=True) as ctx:
        return {row[0]: row[1] for row in ctx.session.execute(ROWS)}


def gained(world: World, before: dict[str, int]) -> dict[str, int]:
    return {name: amount - before[name] for name, amount in rows(world).items()}


def has_no_loose_ends(world: World) -> bool:
    """Tell whether everything that happened has its number, and every number stands for something."""
    with world.transaction(read_only=True) as ctx:
        return not any(ctx.session.execute(LOOSE).one())


def operations(phone: Phone, point: UUID, task: UUID) -> list[dict[str, Any]]:
    """A visit that closes its task, and a draft."""
    draft = {
        "checkpoint_id": str(point),
        "template_version_id": str(phone.street.portfolio.version_id),
        "note": "在厂",
    }
    return [phone.submit(point, task), phone.operation("inspection.save", uuid4(), draft)]


def told(answer: Any) -> list[tuple[str, str]]:
    return [(each["status"], each["code"]) for each in answer.json["results"]]


def test_a_push_that_is_cut_after_any_statement_is_whole_or_nothing_and_its_repetition_finishes_it(
    phone: Phone, street: Street, committed_world: World, reaper: Reaper
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    before = rows(committed_world)
    with reaper.striking(0):
        expected = told(phone.send(phone.batch(*operations(phone, point, task))))
    whole, nothing = gained(committed_world, before), dict.fromkeys(TABLES, 0)
    assert expected == [("applied", "applied")] * 2
    assert (whole["sync_receipt"], whole["inspection"]) == (2, 2)
    last = len(reaper.statements)
    points = [street.add() for _ in range(last)]
    tasks = street.make_tasks()
    survived: list[bool] = []
    for fatal, place in enumerate(points, start=1):
        body = phone.batch(*operations(phone, place, tasks[place]))
        before = rows(committed_world)
        with reaper.striking(fatal):
            cut = phone.send(body)
        after = gained(committed_world, before)
        assert after in (nothing, whole), reaper.statements[fatal - 1]
        assert has_no_loose_ends(committed_world)
        survived.append(after == whole)
        assert (cut.status_code == 200) <= survived[-1], "acknowledged, but not stored"
        again = phone.send(body)
        assert (again.status_code, told(again), again.json["replayed"]) == (200, expected, survived[-1])
        assert gained(committed_world, before) == whole
    assert survived == sorted(survived)
    assert survived[0] is False
    assert survived[-1] is True
