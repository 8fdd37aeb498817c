"""Plain SQL goes straight to the driver, and nobody can tell: same rows, same errors, same listeners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Integer, bindparam, event, text
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from inspection_api.core import plain
from inspection_api.core.db import BankSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

PAIRS = text("SELECT n AS number, 'x%' || n AS word FROM generate_series(1, CAST(:most AS int)) n")


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        connection.exec_driver_sql("CREATE TEMPORARY TABLE thing (id uuid PRIMARY KEY)")
        yield connection
        connection.rollback()


@pytest.mark.parametrize("most", [0, 1, 3])
def test_rows_are_those_that_sqlalchemy_returns(connection: Connection, most: int) -> None:
    rows = plain.execute(connection, PAIRS, {"most": most}).all()
    assert rows == connection.execute(PAIRS, {"most": most}).all()
    assert [(row.number, row._mapping["word"]) for row in rows] == [(n + 1, f"x%{n + 1}") for n in range(most)]


def test_what_returns_no_rows_counts_those_that_it_wrote(connection: Connection) -> None:
    written: Any = plain.execute(connection, text("INSERT INTO thing VALUES (:id)"), {"id": uuid4()})
    assert (written.rowcount, written.all()) == (1, [])


def test_a_value_with_a_type_is_written_by_sqlalchemy(connection: Connection) -> None:
    among = text("SELECT 1 WHERE 2 IN :some").bindparams(bindparam("some", type_=Integer(), expanding=True))
    assert plain.execute(connection, among, {"some": [1, 2]}).all() == [(1,)]


def test_errors_are_those_of_sqlalchemy_and_quote_no_values(connection: Connection) -> None:
    twice = {"id": uuid4()}
    plain.execute(connection, text("INSERT INTO thing VALUES (:id)"), twice)
    with pytest.raises(IntegrityError, match="thing_pkey") as failed, connection.begin_nested():
        plain.execute(connection, text("INSERT INTO thing VALUES (:id)"), twice)
    assert failed.value.params is None
    assert not failed.value.connection_invalidated
    with pytest.raises(ProgrammingError, match="nowhere"), connection.begin_nested():
        plain.execute(connection, text("SELECT * FROM nowhere"), {})
    assert plain.execute(connection, PAIRS, {"most": 1}).one().word == "x%1"


def test_a_lost_connection_is_given_up(engine: Engine) -> None:
    with engine.connect() as victim:
        pid = plain.execute(victim, text("SELECT pg_backend_pid()"), {}).scalar_one()
        with engine.connect() as killer:
            plain.execute(killer, text("SELECT pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(OperationalError) as failed:
            plain.execute(victim, text("SELECT 1"), {})
        assert failed.value.connection_invalidated
        victim.rollback()
        assert plain.execute(victim, text("SELECT 1"), {}).scalar_one() == 1


def test_whoever_listens_hears_of_every_statement(engine: Engine, connection: Connection) -> None:
    heard: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        heard.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    plain.execute(connection, PAIRS, {"most": 1})
    event.remove(engine, "before_cursor_execute", note)
    assert len(heard) == 1


def test_a_savepoint_that_ends_takes_with_it_what_was_written_since_also_where_the_connection_is_kept(
    engine: Engine,
) -> None:
    with BankSession(engine) as session:
        session.execute(text("CREATE TEMPORARY TABLE thing (id int) ON COMMIT DROP"))
        before = session.connection()
        with session.begin_nested() as savepoint:
            session.execute(text("INSERT INTO thing VALUES (1)"))
            assert session.connection() is before
            savepoint.rollback()
        assert session.execute(text("SELECT count(*) FROM thing")).scalar_one() == 0
        session.rollback()
        with pytest.raises(ProgrammingError):
            session.execute(text("SELECT count(*) FROM thing"))
        session.rollback()
        assert session.connection().in_transaction()
