"""What the device keeps: one SQLite file, every change of it a transaction that survives the loss of power."""

from __future__ import annotations

import secrets
import sqlite3
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS op (
    op_id TEXT PRIMARY KEY, seq INTEGER UNIQUE, content TEXT NOT NULL, acked_at TEXT, fault TEXT,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'acked', 'aside'))
);
CREATE TABLE IF NOT EXISTS batch (
    batch_id TEXT PRIMARY KEY, body BLOB NOT NULL, signature TEXT NOT NULL, op_ids TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS abandoned (seq INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS receipt (op_id TEXT PRIMARY KEY, status TEXT NOT NULL, result TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS medium (
    id TEXT PRIMARY KEY, path TEXT NOT NULL, mime TEXT NOT NULL, bytes INTEGER NOT NULL, sha256 TEXT NOT NULL,
    location TEXT, fault TEXT,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'stored', 'aside'))
);
CREATE TABLE IF NOT EXISTS entity (
    entity TEXT, id TEXT, version INTEGER NOT NULL, data TEXT NOT NULL, round INTEGER NOT NULL,
    PRIMARY KEY (entity, id)
) WITHOUT ROWID;
"""


def new_id(at: datetime) -> str:
    """Return a time-ordered id (RFC 9562, version 7) for something captured at ``at``."""
    millis = int(at.timestamp() * 1000) & (1 << 48) - 1
    value = millis << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    return str(uuid.UUID(int=value))


class Store:
    """The device's file; `transaction` is the only way to write."""

    def __init__(self, path: Path) -> None:
        """Open or create the file."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do everything inside or nothing of it."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def rows(self, statement: str, values: tuple[object, ...] = ()) -> list[tuple[object, ...]]:
        """Return what a query finds now."""
        return self._db.execute(statement, values).fetchall()

    def find(self, name: str) -> str | None:
        """Return a setting, None where it was never made."""
        return find(self._db, name)

    def keep(self, **settings: str) -> None:
        """Write settings in a transaction of their own."""
        with self.transaction() as db:
            keep(db, **settings)


def find(db: sqlite3.Connection, name: str) -> str | None:
    """Return a setting inside a transaction."""
    row = db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def keep(db: sqlite3.Connection, **settings: str) -> None:
    """Write settings inside a transaction."""
    db.executemany("INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)", settings.items())


def forget(db: sqlite3.Connection, *names: str) -> None:
    """Remove settings inside a transaction."""
    db.executemany("DELETE FROM setting WHERE name = ?", [(name,) for name in names])
