"""Fixtures on real PostgreSQL: rolled-back transactions for most tests, a bank of its own for the rest."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from psycopg import ClientCursor
from sqlalchemy import Connection, Engine, event, text

from inspection_api.accounts import service as accounts
from inspection_api.app import create_app
from inspection_api.core import migrations
from inspection_api.core.banks import Bank, BankCatalogue
from inspection_api.core.db import BankSession, Database, open_engine
from inspection_api.core.settings import Mode, Settings
from inspection_api.core.storage import Storage
from inspection_api.http.admission import Gate
from inspection_api.http.runtime import Runtime, install
from inspection_api.subscriptions import SUBSCRIPTIONS
from tests.factories import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask
    from flask.testing import FlaskClient
    from sqlalchemy.orm import Session

SECRET = b"test-secret-of-thirty-two-letters"
_numbers = count(1)


class Clock:
    """A clock that a test moves: 10 March 2026, 10:00 in Shanghai, until told otherwise."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **parts: float) -> None:
        self.now += timedelta(**parts)


class RolledBackDatabase(Database):
    """A database whose transactions are savepoints of one connection, so that the test leaves nothing behind.

    On release the deferred triggers run, and the search path is empty again: a forgotten bank must fail.
    """

    def __init__(self, connection: Connection, **options: Any) -> None:
        super().__init__(connection.engine, **options)
        self.connection = connection

    @contextmanager
    def _session(self, isolation: str | None) -> Iterator[Session]:
        with BankSession(self.connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield session
        self.connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
        self.connection.execute(text("SET CONSTRAINTS ALL DEFERRED"))
        self.connection.execute(text("SELECT set_config('search_path', '', true)"))


@pytest.fixture(scope="session")
def engine(database_url: str) -> Iterator[Engine]:
    """This worker's own database, made from the migrated template."""
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def catalogue(engine: Engine) -> BankCatalogue:
    return BankCatalogue(engine=engine, secret_key=SECRET, head=migrations.head())


@pytest.fixture(scope="session")
def bank(catalogue: BankCatalogue) -> Bank:
    found = catalogue.find_by_code("demo")
    assert found is not None
    return found


@pytest.fixture(scope="session")
def other_bank(catalogue: BankCatalogue) -> Bank:
    found = catalogue.find_by_code("other")
    assert found is not None
    return found


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    """Return this test's own store of bytes."""
    return Storage(tmp_path / "blobs")


@pytest.fixture
def database(engine: Engine, clock: Clock, storage: Storage) -> Iterator[Database]:
    with engine.connect() as connection, connection.begin() as outer:
        yield RolledBackDatabase(connection, clock=clock, subscriptions=SUBSCRIPTIONS, storage=storage)
        outer.rollback()


@pytest.fixture
def settings(tmp_path: Path, clock: Clock, database_url: str, redis_url: str) -> Settings:
    return Settings(
        mode=Mode.TEST, secret_key=SECRET, database_url=database_url, redis_url=redis_url, var=tmp_path, clock=clock
    )


@pytest.fixture
def runtime(settings: Settings, database: Database, catalogue: BankCatalogue, storage: Storage) -> Runtime:
    return Runtime(
        settings=settings,
        database=database,
        banks=catalogue,
        storage=storage,
        authenticate=accounts.authenticate,
        gate=Gate(at_once=16),  # one process here stands for many
    )


@pytest.fixture(scope="session")
def built_apps(database_url: str, redis_url: str) -> Callable[[str], Flask]:
    """Return the application under a name: building one costs more than most tests, giving it other parts nothing."""
    nowhere = Settings(
        mode=Mode.TEST, secret_key=SECRET, database_url=database_url, redis_url=redis_url, var=Path(os.devnull)
    )
    return cache(lambda _name: create_app(nowhere))


@pytest.fixture
def app(built_apps: Callable[[str], Flask], runtime: Runtime) -> Flask:
    """The application; whoever adds to it takes `own_app`."""
    app = built_apps("rolled back")
    install(app, runtime)
    return app


@pytest.fixture
def own_app(settings: Settings, runtime: Runtime) -> Flask:
    """The application, built for this test alone."""
    return create_app(settings, parts=runtime)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def world(database: Database, bank: Bank) -> World:
    """The standard people of the bank "demo", rolled back after the test."""
    return World(database=database, bank=bank).populate()


@pytest.fixture
def other_world(database: Database, other_bank: Bank, world: World) -> World:
    """The same people with the same ids in a second bank: nothing but the schema tells them apart."""
    twin = World(database=database, bank=other_bank)
    twin.organisations, twin.people = dict(world.organisations), dict(world.people)
    twin.settle_in()
    return twin


@pytest.fixture
def queries(engine: Engine) -> Iterator[Callable[[], list[str]]]:
    """Collect SQL statements: ``start()`` empties the list and returns it, transaction control left out."""
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        of_the_bank = "public.bank" not in statement  # the catalogue is read again every five seconds
        if of_the_bank and not statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "SET CONSTRAINTS")):
            statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)

    def start() -> list[str]:
        statements.clear()
        return statements

    yield start
    event.remove(engine, "before_cursor_execute", note)


_migrations: list[str] = []
"""What the migrations of the run's first own bank sent, with a mark where its schema stood."""
_SCHEMA = "{the schema}"


def _migrate(catalogue: BankCatalogue, bank: Bank) -> None:
    """Bring a bank to the head: the first by its migrations, the others by the same statements at once (2x cheaper)."""
    if not _migrations:
        with _sent(catalogue.engine) as statements:
            migrations.upgrade(catalogue, bank)
        _migrations.append(";\n".join(statements).replace(bank.schema, _SCHEMA))
        return
    script = _migrations[0].replace(_SCHEMA, bank.schema)
    with catalogue.engine.begin() as connection:
        connection.connection.driver_connection.execute(script)
    catalogue.note_revision(bank, catalogue.head)


@contextmanager
def _sent(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements of the block, with their values in them."""
    statements: list[str] = []

    def note(connection: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        cursor = ClientCursor(connection.connection.driver_connection)
        rows = values if isinstance(values, list) else [values]
        statements.extend(cursor.mogrify(statement, each) for each in rows)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


@contextmanager
def bank_of_its_own(catalogue: BankCatalogue) -> Iterator[Bank]:
    """A bank with a schema of its own, dropped afterwards."""
    code = f"t{os.getpid()}x{next(_numbers)}"
    bank = catalogue.create(code, "测试银行")
    _migrate(catalogue, bank)
    yield next(known for known in catalogue.everyone() if known.code == code)
    with catalogue.engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {bank.schema} CASCADE"))
        connection.execute(text("DELETE FROM public.bank WHERE code = :code"), {"code": code})
    catalogue.everyone()


@pytest.fixture
def committed_bank(catalogue: BankCatalogue) -> Iterator[Bank]:
    """A bank of the test's own, for tests with two connections."""
    with bank_of_its_own(catalogue) as bank:
        yield bank


@pytest.fixture
def committed_database(engine: Engine, clock: Clock, storage: Storage) -> Database:
    """A database that really commits; use it with ``committed_bank`` only."""
    return Database(engine, clock=clock, subscriptions=SUBSCRIPTIONS, storage=storage)


@pytest.fixture
def committed_world(committed_database: Database, committed_bank: Bank) -> World:
    """The standard people in a bank of their own."""
    return World(database=committed_database, bank=committed_bank).populate()


@pytest.fixture
def committed_app(built_apps: Callable[[str], Flask], runtime: Runtime, committed_database: Database) -> Flask:
    """The application on a database that really commits."""
    app = built_apps("committed")
    install(app, replace(runtime, database=committed_database))
    return app
