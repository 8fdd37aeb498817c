"""Transactions: the bank's schema alone, commit or nothing, and GET that cannot write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import InternalError, OperationalError, ProgrammingError

from inspection_api.accounts.models import Organisation
from inspection_api.core import db
from inspection_api.core.db import Database, open_engine
from inspection_api.core.events import Event

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context
    from tests.factories import World
    from tests.fixtures import Clock


def path_of(ctx: Context) -> str:
    return str(ctx.session.scalar(text("SELECT current_setting('search_path')")))


def test_a_transaction_sees_its_banks_schema_alone(committed_database: Database, bank: Bank) -> None:
    with committed_database.transaction(bank, read_only=True) as ctx:
        assert path_of(ctx) == bank.schema
        with pytest.raises(ProgrammingError, match="does not exist"):
            ctx.session.execute(text("SELECT * FROM bank"))


def test_outside_of_a_transaction_there_is_no_schema(engine: Engine, committed_database: Database, bank: Bank) -> None:
    with committed_database.transaction(bank, read_only=True) as ctx:
        assert path_of(ctx) == bank.schema
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT current_setting('search_path')")) == ""
        with pytest.raises(ProgrammingError, match="does not exist"):
            connection.execute(select(Organisation))


def test_a_forgotten_bank_fails_in_rolled_back_tests_too(database: Database, bank: Bank) -> None:
    with database.transaction(bank):
        pass
    with pytest.raises(ProgrammingError, match="does not exist"):
        database.connection.execute(select(Organisation))  # type: ignore[attr-defined]  # the tests' own database


def test_times_are_utc_whatever_the_server_thinks(committed_database: Database, bank: Bank) -> None:
    with committed_database.transaction(bank, read_only=True) as ctx:
        assert ctx.session.scalar(text("SHOW timezone")) == "UTC"


def test_waiting_for_a_lock_ends(committed_database: Database, committed_bank: Bank) -> None:
    with committed_database.transaction(committed_bank) as holder:
        holder.session.execute(text("LOCK TABLE organisation"))
        with committed_database.transaction(committed_bank, read_only=True) as ctx:
            ctx.session.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(OperationalError, match="lock timeout"):
                ctx.session.execute(text("LOCK TABLE organisation IN ACCESS SHARE MODE"))


def test_an_exception_leaves_nothing(committed_world: World, committed_database: Database) -> None:
    bank = committed_world.bank

    def fail() -> None:
        with committed_database.transaction(bank) as ctx:
            ctx.session.execute(text("UPDATE organisation SET name = 'x'"))
            ctx.record("thing.happened")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with committed_database.transaction(bank, read_only=True) as ctx:
        assert "x" not in ctx.session.scalars(select(Organisation.name)).all()
        assert ctx.session.scalars(select(Event.id).where(Event.kind == "thing.happened")).all() == []


def test_a_read_only_transaction_cannot_write(committed_database: Database, committed_bank: Bank) -> None:
    with (
        pytest.raises(InternalError, match="read-only"),
        committed_database.transaction(committed_bank, read_only=True) as ctx,
    ):
        ctx.session.execute(text("DELETE FROM organisation"))


def test_a_read_only_transaction_records_nothing(committed_database: Database, committed_bank: Bank) -> None:
    with committed_database.transaction(committed_bank, read_only=True) as ctx:
        ctx.record("thing.happened")
    with committed_database.transaction(committed_bank, read_only=True) as ctx:
        assert ctx.session.scalars(select(Event)).all() == []


def test_a_snapshot_does_not_move(committed_world: World, committed_database: Database) -> None:
    bank = committed_world.bank
    count = select(text("count(*)")).select_from(Organisation)
    with committed_database.transaction(bank, read_only=True, isolation="REPEATABLE READ") as ctx:
        before = ctx.session.scalar(count)
        committed_world.add_organisation("new", "sub_branch", "branch")
        assert ctx.session.scalar(count) == before
    with committed_database.transaction(bank, read_only=True) as ctx:
        assert ctx.session.scalar(count) == before + 1


def test_a_read_only_transaction_leaves_its_prepared_statements(
    database_url: str, committed_bank: Bank, clock: Clock
) -> None:
    engine = open_engine(database_url, pool_size=1)
    database = Database(engine, clock=clock)
    for _ in range(8):
        with database.transaction(committed_bank, read_only=True) as ctx:
            ctx.session.execute(text("SELECT count(*) FROM organisation"))
    with database.transaction(committed_bank, read_only=True) as ctx:
        prepared = ctx.session.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    engine.dispose()
    assert "SELECT count(*) FROM organisation" in prepared


@pytest.mark.parametrize("trusted_s", [-1.0, 3600.0])
def test_a_connection_that_died_while_it_rested_is_replaced_though_nobody_asked(
    database_url: str, committed_bank: Bank, clock: Clock, monkeypatch: pytest.MonkeyPatch, trusted_s: float
) -> None:
    monkeypatch.setattr(db, "TRUSTED_S", trusted_s)
    engine = open_engine(database_url, pool_size=1)
    database = Database(engine, clock=clock)
    mine = text("SELECT pg_backend_pid()")
    with database.transaction(committed_bank, read_only=True) as ctx:
        first = ctx.session.scalar(mine)
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (first,))
    with database.transaction(committed_bank, read_only=True) as ctx:
        assert ctx.session.scalar(mine) != first
    engine.dispose()


def test_the_feeds_head_is_read_on_another_connection_if_the_resting_one_died(
    database_url: str, committed_bank: Bank, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "TRUSTED_S", 3600.0)
    engine = open_engine(database_url, pool_size=1)
    database = Database(engine, clock=clock)
    head = database.feed_head(committed_bank)
    with database.transaction(committed_bank, read_only=True) as ctx:
        pid = ctx.session.scalar(text("SELECT pg_backend_pid()"))
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as admin:
        admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
    assert database.feed_head(committed_bank) == head
    engine.dispose()


def test_a_connection_in_steady_use_is_not_asked_whether_it_lives(
    database_url: str, committed_bank: Bank, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_engine(database_url, pool_size=1)
    database, asked = Database(engine, clock=clock), []
    monkeypatch.setattr(engine.dialect, "do_ping", asked.append)
    monkeypatch.setattr(db, "TRUSTED_S", 3600.0)
    for _ in range(3):
        with database.transaction(committed_bank, read_only=True) as ctx:
            ctx.session.execute(text("SELECT 1"))
    engine.dispose()
    assert asked == []
