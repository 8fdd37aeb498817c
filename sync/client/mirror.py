"""What the device holds of the server: rows by (entity, id) with their version (sync.md §2, Pull)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from sync.client.outbox import note_receipt
from sync.client.store import find, forget, keep

if TYPE_CHECKING:
    import sqlite3

    from sync.client.store import Store


class Mirror:
    """The pulled rows, and the cursor up to which they hold."""

    def __init__(self, store: Store) -> None:
        """Open the mirror of a store."""
        self._store = store

    @property
    def cursor(self) -> str | None:
        """Return where the next page begins, None for the beginning."""
        return self._store.find("cursor")

    @property
    def snapshot(self) -> str | None:
        """Return where a snapshot goes on: None where none is under way, empty where it begins."""
        return self._store.find("snapshot")

    def apply(self, page: dict[str, Any]) -> bool:
        """Apply a page and move the cursor, together; tell whether the device is up to date now."""
        with self._store.transaction() as db:
            for change in page["changes"]:
                _APPLY[change["k"]](db, change)
            keep(db, cursor=page["cursor"])
            if page["consistent"]:
                db.execute("DELETE FROM entity WHERE round < ?", (_round(db),))
        return bool(page["consistent"])

    def apply_snapshot(self, page: dict[str, Any]) -> None:
        """Apply a page of a snapshot; behind the last one its cursor is the place from which to pull."""
        with self._store.transaction() as db:
            for change in page["changes"]:
                _APPLY[change["k"]](db, change)
            if page["has_more"]:
                keep(db, snapshot=page["cursor"])
            else:
                forget(db, "snapshot")
                keep(db, cursor=page["cursor"])

    def digests(self) -> dict[str, dict[str, str]]:
        """Return the digest of every bucket that has rows: by entity, then by the first byte of the id."""
        buckets: dict[tuple[str, str], list[str]] = {}
        for entity, id_, version in self._store.rows("SELECT entity, id, version FROM entity ORDER BY entity, id"):
            buckets.setdefault((str(entity), str(id_)[:2]), []).append(f"{id_}:{version}\n")
        told: dict[str, dict[str, str]] = {}
        for (entity, bucket), lines in buckets.items():
            told.setdefault(entity, {})[bucket] = hashlib.sha256("".join(lines).encode()).hexdigest()
        return told

    def begin_again(self) -> None:
        """Take a snapshot; what does not come with it is removed once everything has come."""
        with self._store.transaction() as db:
            begin_again(db)

    def wipe(self) -> None:
        """Remove every row; the outbox is not touched."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM entity")
            forget(db, "cursor", "snapshot")

    def all(self, entity: str) -> dict[str, dict[str, Any]]:
        """Return the rows of an entity by id, each with its ``version``."""
        rows = self._store.rows("SELECT id, version, data FROM entity WHERE entity = ? ORDER BY id", (entity,))
        return {str(id_): {**json.loads(str(data)), "version": version} for id_, version, data in rows}

    def find(self, entity: str, entity_id: str) -> tuple[int, dict[str, Any]] | None:
        """Return version and members of one row, None if the device does not hold it."""
        statement = "SELECT version, data FROM entity WHERE entity = ? AND id = ?"
        rows = self._store.rows(statement, (entity, entity_id))
        return (int(str(rows[0][0])), json.loads(str(rows[0][1]))) if rows else None


def begin_again(db: sqlite3.Connection) -> None:
    """Forget the cursor and begin a snapshot, inside a transaction, keeping the rows for the time being."""
    keep(db, round=str(_round(db) + 1), snapshot="")
    forget(db, "cursor")


def _round(db: sqlite3.Connection) -> int:
    return int(find(db, "round") or 0)


def _put(db: sqlite3.Connection, change: dict[str, Any]) -> None:
    """Write a row unless a newer version is here already."""
    values = (change["e"], change["id"], change["v"], json.dumps(change["d"]), _round(db))
    db.execute(
        "INSERT INTO entity VALUES (?, ?, ?, ?, ?) ON CONFLICT (entity, id) DO UPDATE"
        " SET version = excluded.version, data = excluded.data, round = excluded.round"
        " WHERE excluded.version >= version",
        values,
    )


def _remove(db: sqlite3.Connection, change: dict[str, Any]) -> None:
    db.execute("DELETE FROM entity WHERE entity = ? AND id = ?", (change["e"], change["id"]))


_APPLY = {"put": _put, "del": _remove, "drop": _remove, "receipt": note_receipt}
