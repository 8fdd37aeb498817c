"""Plain SQL, straight to the driver: what SQLAlchemy does around a statement costs twice what psycopg does.

It is compiled by SQLAlchemy once; its errors, events and results are SQLAlchemy's. What is left out is what only
expressions need.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

from psycopg import Error
from sqlalchemy import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.sqltypes import NullType

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg import Cursor
    from sqlalchemy import Connection, Result, TextClause
    from sqlalchemy.engine import Dialect


class Rows(IteratorResult[*tuple[Any, ...]]):
    """The rows that a statement returned, all of them here already; ``rowcount`` are those that it read or wrote."""

    rowcount: int = -1


def execute(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> Result[Any]:
    """Execute plain SQL in the connection's transaction.

    Raises:
        DBAPIError: what the database says against it, as SQLAlchemy tells it.
    """
    sql = written(statement, connection.dialect)
    if sql is None:
        return connection.execute(statement, values)
    try:
        cursor: Any = connection.connection.cursor()
        announce(connection, cursor, sql, values)
        cursor.execute(sql, values)
    except Error as error:
        ensure_alive(connection, error)
        raise told(connection, sql, error) from error
    return rows_of(cursor)


def ensure_alive(connection: Connection, error: Error) -> None:
    """Let SQLAlchemy see for itself that the line is dead, if ``error`` says so: it gives up this one and its like.

    Raises:
        DBAPIError: with ``connection_invalidated``.
    """
    if connection.dialect.is_disconnect(cast("Any", error), connection.connection.dbapi_connection, None):
        connection.exec_driver_sql("SELECT 1")


def announce(connection: Connection, cursor: Any, sql: str, values: Mapping[str, Any], *, many: bool = False) -> None:
    """Tell those who listen for statements, as SQLAlchemy does."""
    for listener in connection.dispatch.before_cursor_execute:
        listener(connection, cursor, sql, values, None, many)


@lru_cache(maxsize=2_000)
def written(statement: TextClause, dialect: Dialect) -> str | None:
    """Return the statement as the driver takes it, None if its parameters have types that SQLAlchemy must write."""
    compiled = statement.compile(dialect=dialect)
    is_plain = all(isinstance(each.type, NullType) and not each.expanding for each in compiled.binds.values())
    return str(compiled) if is_plain else None


def rows_of(cursor: Cursor[Any]) -> Rows:
    """Return what a statement's cursor has received, and close it."""
    answer = cursor.pgresult
    names = [answer.fname(column) or b"" for column in range(answer.nfields)] if answer else []
    rows = Rows(_columns(tuple(names)), iter(cursor.fetchall() if names else ()))
    rows.rowcount = cursor.rowcount
    cursor.close()
    return rows


@lru_cache(maxsize=2_000)
def _columns(names: tuple[bytes, ...]) -> SimpleResultMetaData:
    return SimpleResultMetaData([name.decode() for name in names])


def told(connection: Connection, sql: str, error: Error) -> BaseException:
    """Return the driver's error as SQLAlchemy tells it."""
    return DBAPIError.instance(sql, None, error, Error, hide_parameters=True, dialect=connection.dialect)
