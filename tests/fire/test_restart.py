"""PostgreSQL itself is killed while phones push, and starts again: acknowledged is stored (security.md §0, RPO 0)."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import make_url, text

from inspection_api.accounts import service as accounts
from inspection_api.app import create_app
from inspection_api.core import migrations
from inspection_api.core.banks import BankCatalogue
from inspection_api.core.db import Database, open_engine
from inspection_api.core.embedded import postgres_server
from inspection_api.http.runtime import Runtime
from inspection_api.subscriptions import SUBSCRIPTIONS
from tests.factories import World
from tests.fixtures import SECRET
from tests.sync.phone import Phone, Street
from tests.test_supervisor import children_of, wait_until_gone

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from inspection_api.core.settings import Settings
    from inspection_api.core.storage import Storage
    from tests.fixtures import Clock

STORED = text("SELECT op_id::text AS op_id, status FROM sync_receipt")
VISITS = text("SELECT count(*) FROM inspection")


class Server:
    """A durable PostgreSQL of the test's own, which dies and lives again at one address."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: Any = None
        self.url = self.start()

    def start(self) -> str:
        self._running = postgres_server(self.folder, durable=True, say=_silent)
        return str(self._running.__enter__())

    def stop(self) -> None:
        self._running.__exit__(None, None, None)

    @property
    def pid(self) -> int:
        return int((self.folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])

    def die(self, word: signal.Signals) -> None:
        """End at once, with all its processes: SIGQUIT is its immediate shutdown, SIGKILL is nobody's."""
        pids = [self.pid, *children_of(self.pid)]
        os.kill(self.pid, word)
        self._running.__exit__(None, None, None)
        assert wait_until_gone(pids) == []


def _silent(_line: str) -> None:
    """Servers have nothing to tell."""


@dataclass
class PlatedStreet(Street):
    """A street whose plates hang outside: reading one asks no database."""

    plates: dict[UUID, str] = field(default_factory=dict)

    def plate(self, checkpoint_id: UUID, generation: int = 1) -> str:
        if checkpoint_id not in self.plates:
            self.plates[checkpoint_id] = super().plate(checkpoint_id, generation)
        return self.plates[checkpoint_id]


@pytest.fixture
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="xunji-test-"))
    folder.chmod(0o711)
    server = Server(folder)
    yield server
    server.stop()
    shutil.rmtree(Path(str(make_url(server.url).query["host"])), ignore_errors=True)
    shutil.rmtree(folder)


@pytest.fixture
def phones(server: Server, settings: Settings, storage: Storage, clock: Clock) -> Iterator[list[Phone]]:
    """Two phones of a bank on that server."""
    engine = open_engine(server.url)
    banks = BankCatalogue(engine=engine, secret_key=SECRET, head=migrations.head())
    banks.ensure_table()
    migrations.upgrade(banks, banks.create("demo", "测试银行"))
    bank = next(iter(banks.everyone()))
    database = Database(engine, clock=clock, subscriptions=SUBSCRIPTIONS, storage=storage)
    world = World(database=database, bank=bank).populate()
    own = replace(settings, database_url=server.url)
    parts = Runtime(settings=own, database=database, banks=banks, storage=storage, authenticate=accounts.authenticate)
    app = create_app(own, parts=parts)
    street = PlatedStreet(world)
    phones = [Phone(app.test_client(), world, street, username=name) for name in ("officer", "colleague")]
    for phone in phones:
        phone.shake_hands()
    yield phones
    engine.dispose()


@dataclass
class Round:
    """What one phone pushed and what it was told."""

    phone: Phone
    told: dict[str, str] = field(default_factory=dict)
    refused: int = 0

    def __post_init__(self) -> None:
        self.point = self.phone.street.add(self.phone.username)
        self.phone.street.plate(self.point)

    def push(self) -> None:
        """Push one batch, the same bytes until they are taken."""
        body = self.phone.batch(*(self.phone.submit(self.point) for _ in range(3)))
        deadline = time.monotonic() + 60
        while (answer := self.phone.send(body)).status_code != 200:
            assert answer.status_code == 503, answer.json
            assert time.monotonic() < deadline
            self.refused += 1
            time.sleep(0.05)
        self.told |= {each["op_id"]: each["status"] for each in answer.json["results"]}


def test_what_was_acknowledged_survives_the_death_of_postgresql(server: Server, phones: list[Phone]) -> None:
    rounds, done = [Round(phone) for phone in phones], Event()

    def push(each: Round) -> None:
        while not done.is_set():
            each.push()

    with ThreadPoolExecutor(len(rounds)) as pool:
        pushing = [pool.submit(push, each) for each in rounds]
        try:
            for word in (signal.SIGQUIT, signal.SIGKILL):
                time.sleep(0.7)
                server.die(word)
                time.sleep(0.2)
                assert server.start() == server.url
            time.sleep(0.7)
        finally:
            done.set()
        for each in pushing:
            each.result()
    assert all(each.refused for each in rounds)
    told = {op_id: status for each in rounds for op_id, status in each.told.items()}
    with phones[0].world.transaction() as ctx:
        assert {row.op_id: row.status for row in ctx.session.execute(STORED)} == told
        assert ctx.session.scalar(VISITS) == len(told)
