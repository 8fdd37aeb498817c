"""Statements ahead: sent one behind the other without waiting, so that the database works while this process goes on.

PostgreSQL's pipeline mode. What is asked next, by whatever way, the commit and a savepoint wait first until everything
that was sent has arrived: nobody can see a state that has not been written, and a failure shows no later than there.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from psycopg import Error, generators
from sqlalchemy import event

from inspection_api.core import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from psycopg import Connection as DriverConnection
    from psycopg import Cursor, Pipeline
    from sqlalchemy import Connection, Engine, TextClause
    from sqlalchemy.orm import Session

    from inspection_api.core.plain import Rows

    Heard = Callable[[Rows], object]

_AHEAD = "xunji.ahead"


@dataclass(slots=True)
class _Ahead:
    """What a connection has sent and not heard of yet."""

    driver: DriverConnection[Any]
    pipeline: Pipeline
    end: Callable[[], object]
    sent: list[tuple[str, Cursor[Any], Heard]] = field(default_factory=list)


def send(session: Session, statement: TextClause, values: Mapping[str, Any], heard: Heard = bool) -> None:
    """Send plain SQL in the session's transaction; ``heard`` is told its rows when they have arrived.

    Whoever cannot go on without them calls :func:`wait`.

    Raises:
        DBAPIError: what the database says against it, or against what was sent before; here or where it arrives.
    """
    connection = session.connection()
    sql = plain.written(statement, connection.dialect)
    if sql is None:
        heard(cast("Rows", session.execute(statement, values)))
        return
    ahead = connection.info.pop(_AHEAD, None) or _begun(connection)
    cursor: Any = connection.connection.cursor()
    plain.announce(connection, cursor, sql, values)
    connection.info[_AHEAD] = ahead
    ahead.sent.append((sql, cursor, heard))
    try:
        cursor.execute(sql, values)
    except Error as error:
        plain.ensure_alive(connection, error)
        raise plain.told(connection, sql, error) from error


def wait(session: Session) -> None:
    """Wait until everything that the session sent has arrived.

    Raises:
        DBAPIError: what the database says against the first that it refuses; the others behind it have no effect.
    """
    _arrive(session.connection())


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Do the block's work or none of it: also what it sent ahead has arrived at its end.

    A savepoint that is released cannot be rolled back any more, so SQLAlchemy's own waits too late.
    """
    with session.begin_nested():
        yield
        wait(session)


def _begun(connection: Connection) -> _Ahead:
    driver = cast("DriverConnection[Any]", connection.connection.driver_connection)
    stack = ExitStack()
    return _Ahead(driver, stack.enter_context(driver.pipeline()), stack.close)


def _arrive(connection: Connection) -> None:
    """Let everything arrive that was sent, and those hear who wait for it."""
    ahead: _Ahead | None = connection.info.pop(_AHEAD, None)
    if ahead is None:
        return
    try:
        ahead.driver.wait(generators.send(ahead.driver.pgconn))  # more than the socket holds never leaves by itself
        ahead.pipeline.sync()
    except Error as error:
        _end(ahead)
        plain.ensure_alive(connection, error)
        raise plain.told(connection, _refused(ahead), error) from error
    _end(ahead)
    for _, cursor, heard in ahead.sent:
        heard(plain.rows_of(cursor))


def _refused(ahead: _Ahead) -> str:
    return next((sql for sql, cursor, _ in ahead.sent if cursor.pgresult is None), "")


def _end(ahead: _Ahead) -> None:
    """Leave the pipeline; what it says now is about what came behind a failure that has been told."""
    with suppress(Error):
        ahead.end()


def _abandon(connection: Connection, *_: object) -> None:
    """Hear no more of what was sent: it is rolled back."""
    if not connection.invalidated and (ahead := connection.info.pop(_AHEAD, None)) is not None:
        _end(ahead)


def watch(engine: Engine) -> None:
    """Let nothing pass what was sent ahead on the engine's connections."""
    event.listen(engine, "before_cursor_execute", lambda connection, *_: _arrive(connection))
    event.listen(engine, "commit", _arrive)
    event.listen(engine, "rollback", _abandon)
    event.listen(engine, "rollback_savepoint", _abandon)
