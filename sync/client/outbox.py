"""The durable outbox: operations wait here until their receipt is stored (sync.md §2, Client rules).

An operation gets its number when it is captured. A batch is written down, signed, before it is first sent, and exactly
these bytes are sent until they are answered.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sync.client.identity import identity_of, new_identity
from sync.client.store import find, keep, new_id

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from pathlib import Path

    from sync.client.clock import Clock, Moment
    from sync.client.store import Store

PROTOCOL = 1
OP_FORMAT = 1
MOST_OPS = 50
KEEP_ACKED = timedelta(days=7)


class ProtocolBroken(Exception):  # noqa: N818 - the server's doing
    """The server understood the batch but gave no verdict on any of its operations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaFile:
    """A file on the device that an operation declares; it stays where the camera wrote it."""

    id: str
    path: Path
    mime: str

    def manifest(self) -> dict[str, Any]:
        """Return the members that are facts about the bytes."""
        content = self.path.read_bytes()
        return {
            "id": self.id,
            "mime": self.mime,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as it was first written down."""

    batch_id: str
    body: bytes
    signature: str
    op_ids: tuple[str, ...]


class Outbox:
    """The operations of this device in their order."""

    def __init__(self, store: Store, clock: Clock, *, app: str) -> None:
        """Open the outbox of a store; ``app`` is the version that the server is told."""
        self._store, self._clock, self._app = store, clock, app

    def capture(
        self,
        kind: str,
        entity_id: str,
        payload: dict[str, Any],
        *,
        captured: Moment | None = None,
        base_version: int = 0,
        depends_on: Sequence[str] = (),
        media: Sequence[MediaFile] = (),
    ) -> str:
        """Write an operation down with the next number, and its media files with it; return its ``op_id``."""
        moment = captured or self._clock()
        op_id = new_id(moment.wall)
        content = {
            "op_id": op_id,
            "op_format": OP_FORMAT,
            "type": kind,
            "entity_id": entity_id,
            "base_version": base_version,
            "depends_on": list(depends_on),
            "captured": moment.wire(),
            "payload": payload,
        }
        with self._store.transaction() as db:
            db.execute("INSERT INTO op (op_id, seq, content) VALUES (?, ?, ?)", (op_id, _take(db), _text(content)))
            db.executemany(
                "INSERT OR IGNORE INTO medium (id, path, mime, bytes, sha256) VALUES (?, ?, ?, ?, ?)",
                [_medium_row(file) for file in media],
            )
        return op_id

    def next_batch(self) -> Batch | None:
        """Return the batch that waits for its answer, else a new one of the oldest operations, else None."""
        with self._store.transaction() as db:
            return _waiting_batch(db) or self._new_batch(db)

    def _new_batch(self, db: sqlite3.Connection) -> Batch | None:
        statement = "SELECT op_id, seq, content FROM op WHERE state = 'waiting' ORDER BY seq LIMIT ?"
        rows = db.execute(statement, (_most_ops(db),)).fetchall()
        if not rows:
            return None
        identity = identity_of(db)
        batch_id = str(uuid.uuid4())
        envelope = {
            "protocol": PROTOCOL,
            "device_id": identity.device_id,
            "batch_id": batch_id,
            "sent": self._clock().wire(),
            "app": self._app,
            "abandon_seq": [seq for (seq,) in db.execute("SELECT seq FROM abandoned ORDER BY seq")],
            "ops": [{**json.loads(content), "seq": seq} for _, seq, content in rows],
        }
        body = json.dumps(envelope, separators=(",", ":")).encode()
        op_ids = tuple(op_id for op_id, _, _ in rows)
        batch = Batch(batch_id=batch_id, body=body, signature=identity.sign(body), op_ids=op_ids)
        db.execute("INSERT INTO batch VALUES (?, ?, ?, ?)", (batch_id, body, batch.signature, json.dumps(op_ids)))
        return batch

    def store_answer(self, batch: Batch, answer: dict[str, Any]) -> list[dict[str, Any]]:
        """Store the receipts; only that takes an operation out of the outbox.

        Raises:
            ProtocolBroken: there is a verdict on none of the batch's operations.
        """
        results: list[dict[str, Any]] = answer["results"]
        if not {result["op_id"] for result in results} & set(batch.op_ids):
            raise ProtocolBroken(batch.batch_id)
        with self._store.transaction() as db:
            for result in results:
                note_receipt(db, result)
            now = self._clock().wall
            acked = [(_instant(now), result["op_id"]) for result in results]
            db.executemany("UPDATE op SET state = 'acked', acked_at = ? WHERE op_id = ? AND state = 'waiting'", acked)
            db.execute("DELETE FROM abandoned WHERE seq <= ?", (answer["acked_through"],))
            db.execute("DELETE FROM batch")
            keep(db, most_ops=str(min(MOST_OPS, 2 * _most_ops(db))))
            _prune(db, answer["acked_through"], now - KEEP_ACKED)
        return results

    def halve(self, batch: Batch, fault: str) -> None:
        """Try half of a batch that the server cannot take; set a single operation aside, where people can see it.

        Its number is abandoned, so that nothing waits behind it.
        """
        with self._store.transaction() as db:
            db.execute("DELETE FROM batch")
            keep(db, most_ops=str(max(1, len(batch.op_ids) // 2)))
            if len(batch.op_ids) == 1:
                _set_aside(db, batch.op_ids[0], fault)

    def rebuild(self) -> None:
        """Throw the waiting batch away, so that its operations go into a new one with a new id and signature."""
        with self._store.transaction() as db:
            db.execute("DELETE FROM batch")

    def renumber(self) -> None:
        """Become another device: waiting operations keep their ids and get numbers from 1 (409 ``device_forked``)."""
        with self._store.transaction() as db:
            new_identity(db)
            op_ids = db.execute("SELECT op_id FROM op WHERE state = 'waiting' ORDER BY seq").fetchall()
            db.execute("UPDATE op SET seq = NULL")
            db.execute("DELETE FROM batch")
            db.execute("DELETE FROM abandoned")
            keep(db, next_seq="1")
            for (op_id,) in op_ids:
                db.execute("UPDATE op SET seq = ? WHERE op_id = ?", (_take(db), op_id))

    def abandon(self, gaps: Sequence[int]) -> None:
        """Give up every missing number whose operation is not here any more."""
        with self._store.transaction() as db:
            here = {seq for (seq,) in db.execute("SELECT seq FROM op WHERE seq IS NOT NULL")}
            gone = [(seq,) for seq in gaps if seq not in here]
            db.executemany("INSERT OR IGNORE INTO abandoned VALUES (?)", gone)

    def last_seq(self) -> int:
        """Return the last number that was given."""
        return int(self._store.find("next_seq") or 1) - 1

    def waiting(self) -> int:
        """Return how many operations have no receipt yet."""
        return int(str(self._store.rows("SELECT count(*) FROM op WHERE state = 'waiting'")[0][0]))

    def set_aside(self) -> list[dict[str, Any]]:
        """Return the operations that the server could not even refuse, each with the ``fault``, to show and export."""
        rows = self._store.rows("SELECT content, fault FROM op WHERE state = 'aside' ORDER BY op_id")
        return [{**json.loads(str(content)), "fault": fault} for content, fault in rows]

    def again(self, op_id: str) -> None:
        """Let an operation that was set aside wait again, with a new number."""
        statement = "UPDATE op SET state = 'waiting', seq = ?, fault = NULL WHERE op_id = ? AND state = 'aside'"
        with self._store.transaction() as db:
            db.execute(statement, (_take(db), op_id))

    def receipt(self, op_id: str) -> dict[str, Any] | None:
        """Return the verdict on an operation as it last stood, None while there is none."""
        rows = self._store.rows("SELECT result FROM receipt WHERE op_id = ?", (op_id,))
        return dict(json.loads(str(rows[0][0]))) if rows else None


def note_receipt(db: sqlite3.Connection, result: dict[str, Any]) -> None:
    """Write a verdict, from a push or from a late one in a pull."""
    values = (result["op_id"], result["status"], json.dumps(result))
    db.execute("INSERT OR REPLACE INTO receipt VALUES (?, ?, ?)", values)


def wait_again(db: sqlite3.Connection) -> None:
    """Send everything of the last seven days again: the server was restored from a backup.

    The files that these operations name are offered again too; what the server still has costs one request.
    """
    db.execute("UPDATE op SET state = 'waiting' WHERE state = 'acked'")
    db.execute(
        "UPDATE medium SET state = 'waiting', location = NULL WHERE state = 'stored'"
        " AND EXISTS (SELECT 1 FROM op WHERE op.state = 'waiting' AND instr(op.content, medium.id))"
    )
    for (op_id,) in db.execute(
        "SELECT op_id FROM op WHERE state = 'waiting' AND seq IS NULL ORDER BY op_id"
    ).fetchall():
        db.execute("UPDATE op SET seq = ? WHERE op_id = ?", (_take(db), op_id))


def _take(db: sqlite3.Connection) -> int:
    """Give the next number."""
    seq = int(find(db, "next_seq") or 1)
    keep(db, next_seq=str(seq + 1))
    return seq


def _most_ops(db: sqlite3.Connection) -> int:
    """Return how many operations the next batch may have: fewer after a refusal, then growing again."""
    return int(find(db, "most_ops") or MOST_OPS)


def _set_aside(db: sqlite3.Connection, op_id: str, fault: str) -> None:
    db.execute("INSERT OR IGNORE INTO abandoned SELECT seq FROM op WHERE op_id = ?", (op_id,))
    db.execute("UPDATE op SET state = 'aside', seq = NULL, fault = ? WHERE op_id = ?", (fault, op_id))


def _prune(db: sqlite3.Connection, acked_through: int, before: datetime) -> None:
    """Delete what was acknowledged more than seven days ago; until then a restored server may want it again."""
    statement = "DELETE FROM op WHERE state = 'acked' AND (seq IS NULL OR seq <= ?) AND acked_at < ?"
    db.execute(statement, (acked_through, _instant(before)))


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def _waiting_batch(db: sqlite3.Connection) -> Batch | None:
    row = db.execute("SELECT batch_id, body, signature, op_ids FROM batch").fetchone()
    if row is None:
        return None
    return Batch(batch_id=row[0], body=row[1], signature=row[2], op_ids=tuple(json.loads(row[3])))


def _text(content: dict[str, Any]) -> str:
    """Return the operation as JSON in NFC; ASCII, so that not even a lone surrogate can spoil a batch."""
    composed = unicodedata.normalize("NFC", json.dumps(content, ensure_ascii=False, allow_nan=False))
    return json.dumps(json.loads(composed))


def _medium_row(file: MediaFile) -> tuple[str, str, str, int, str]:
    facts = file.manifest()
    return (file.id, str(file.path), file.mime, facts["bytes"], facts["sha256"])
