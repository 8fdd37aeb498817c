"""The database: one engine, and `Database.transaction()`, the only place that commits.

Inside a transaction ``search_path`` is the bank's schema alone; outside it is empty, so a statement that forgot its
bank fails instead of finding another one's table (architecture.md §3, Banks).
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Column, MetaData, Table, TextClause, create_engine, event, select, text
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.orm import Session

from inspection_api.core import ahead, arrays, plain
from inspection_api.core.context import SYSTEM, Actor, Context
from inspection_api.core.events import Subscription, settle

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from psycopg import Connection as DriverConnection
    from sqlalchemy import Connection, Dialect, Engine, Executable, Result
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry

    from inspection_api.core.banks import Bank
    from inspection_api.core.storage import Storage

LOCK_TIMEOUT = "5s"
TRUSTED_S = 1.0
"""How long a connection may rest and still be taken for alive."""
_LOST_RACES = {"40001", "40P01"}  # serialization failure, deadlock
_ENTER = text(
    "SELECT set_config('search_path', quote_ident(:schema), true), set_config('lock_timeout', :lock_timeout, true),"
    " set_config('transaction_read_only', :read_only, true)"
)


def open_engine(url: str, *, pool_size: int = 8) -> Engine:
    """Return an engine whose connections start with an empty ``search_path`` and UTC; its errors quote no values.

    A connection that has rested is asked whether it still lives, and replaced if not; one in steady use is not asked,
    which would cost every request a round trip for each of its transactions: that it died shows when one begins.
    """
    engine = create_engine(url, pool_size=pool_size, max_overflow=pool_size, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def _prepare(connection: DriverConnection, _record: object) -> None:
        connection.autocommit = True
        connection.execute("SELECT set_config('search_path', '', false), set_config('TimeZone', 'UTC', false)")
        connection.autocommit = False
        arrays.register(connection)

    ahead.watch(engine)

    @event.listens_for(engine, "checkin")
    def _note(_connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = monotonic()

    @event.listens_for(engine, "checkout")
    def _ensure_alive(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
        if monotonic() - record.info.get("rests_since", monotonic()) > TRUSTED_S and not _is_alive(engine, connection):
            raise InvalidatePoolError

    return engine


def _is_alive(engine: Engine, connection: DBAPIConnection) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False


def _begin(session: Session, statement: Executable, **options: Any) -> Result[Any]:
    """Execute a session's first statement, on another connection if this one died unnoticed: nothing is lost yet."""
    try:
        return session.execute(statement, **options)
    except OperationalError as error:
        if not error.connection_invalidated:
            raise
        session.rollback()
        return session.execute(statement, **options)


@lru_cache(maxsize=1_000)
def _feed_head(schema: str, dialect: Dialect) -> TextClause:
    """Return the statement for a bank's feed head, which names its schema."""
    counter = Table("feed_counter", MetaData(schema=schema), Column("value", BigInteger))
    return text(str(select(counter.c.value).compile(dialect=dialect)))


def lost_a_race(error: OperationalError) -> bool:
    """Tell whether PostgreSQL gave the transaction up for the sake of another: the same again may well succeed."""
    return getattr(error.orig, "sqlstate", None) in _LOST_RACES


class BankSession(Session):
    """A session that hands plain SQL straight to the driver (``plain.py``): the ORM has nothing to add to it.

    It keeps its connection while the transaction or savepoint lasts: looking for it costs a third of a small statement.
    """

    _line: Connection | None = None
    _within: tuple[object, object] = (None, None)

    def connection(self, bind_arguments: Any = None, execution_options: Any = None) -> Connection:
        """Return the connection of the running transaction, which begins if none runs."""
        within = (self.get_transaction(), self.get_nested_transaction())
        if self._line is not None and within == self._within and within[0] is not None and execution_options is None:
            return self._line
        self._line = super().connection(bind_arguments, execution_options)
        self._within = (self.get_transaction(), self.get_nested_transaction())
        return self._line

    def execute(self, statement: Any, params: Any = None, **options: Any) -> Any:
        """Execute a statement; the ORM takes part if it was built of mapped things, or asked for something special."""
        values = {} if params is None else params
        if isinstance(statement, TextClause) and isinstance(values, dict) and not options:
            return plain.execute(self.connection(), statement, values)
        return super().execute(statement, params, **options)


class Database:
    """Transactions in one bank at a time; `subscriptions` is the table of reactions, `wake` stirs the worker."""

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], datetime],
        subscriptions: Sequence[Subscription] = (),
        wake: Callable[[Bank], None] | None = None,
        storage: Storage | None = None,
    ) -> None:
        """Keep the parts; nothing connects before the first transaction."""
        self.engine = engine
        self.clock = clock
        self.subscriptions = tuple(subscriptions)
        self.storage = storage
        self._engines: dict[str | None, Engine] = {None: engine}
        self._wake = wake

    @contextmanager
    def transaction(
        self, bank: Bank, *, actor: Actor = SYSTEM, read_only: bool = False, isolation: str | None = None
    ) -> Iterator[Context]:
        """Yield a context in ``bank``; commit at the end, roll back on any exception.

        Inline handlers run just before the commit; a read-only transaction has nothing for them. It is committed too,
        because a rollback makes the driver forget its prepared statements.
        ``isolation`` is a PostgreSQL isolation level (``REPEATABLE READ``) where the default does not do.
        """
        with self._session(isolation) as session:
            values = {"schema": bank.schema, "lock_timeout": LOCK_TIMEOUT, "read_only": "on" if read_only else "off"}
            _begin(session, _ENTER, params=values)
            ctx = Context(session=session, bank=bank, now=self.clock(), actor=actor, blobs=self.storage)
            yield ctx
            waiting = 0 if read_only else settle(ctx, self.subscriptions)
            session.commit()
        if waiting and self._wake is not None:
            self._wake(bank)

    def feed_head(self, bank: Bank) -> int:
        """Return the number of the bank's last change, as it stands now: at or beyond all rows of a commit before it.

        One statement in no transaction of its own.
        """
        with self._session("AUTOCOMMIT") as session:
            return int(_begin(session, _feed_head(bank.schema, self.engine.dialect)).scalar_one())

    @contextmanager
    def _session(self, isolation: str | None) -> Iterator[Session]:
        with BankSession(self._engine(isolation), expire_on_commit=False) as session:
            yield session

    def _engine(self, isolation: str | None) -> Engine:
        """Return the engine with an isolation level, made once: making one costs as much as a query."""
        if isolation not in self._engines:
            self._engines[isolation] = self.engine.execution_options(isolation_level=isolation)
        return self._engines[isolation]
