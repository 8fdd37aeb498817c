"""What must hold at every exchange and after every step (sync.md, last paragraph)."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import zstandard
from sqlalchemy import select

from sync.entities import ENTITIES
from tests.sync.simulation.drafts import FIELDS, Draft
from tests.sync.simulation.towns import FOREIGN

if TYPE_CHECKING:
    from tests.sync.simulation.device import Device
    from tests.sync.simulation.drafts import Captured
    from tests.sync.simulation.towns import Town

UNSETTLED = {"held", "parked"}
NO_EFFECT = {"rejected", "held", "parked"}
_STATE = """
SELECT jsonb_build_array(
       (SELECT count(*) FROM sync_receipt), (SELECT count(*) FROM sync_batch), (SELECT count(*) FROM media),
       (SELECT coalesce(sum(version), 0) FROM inspection), (SELECT coalesce(sum(version), 0) FROM checkpoint),
       (SELECT count(*) FROM checkpoint_location), (SELECT count(*) FROM sync_conflict),
       (SELECT count(*) FROM sync_quarantine), (SELECT count(*) FROM event),
       (SELECT value FROM feed_counter)) AS standing
"""
_MINE = """
SELECT 'task' AS entity, id::text AS entity_id FROM task WHERE officer_id = '{me}'
UNION ALL SELECT 'inspection', id::text FROM inspection WHERE officer_id = '{me}'
UNION ALL SELECT 'checkpoint', id::text FROM checkpoint WHERE officer_id = '{me}'
UNION ALL SELECT 'customer', customer_id::text FROM checkpoint WHERE officer_id = '{me}'
UNION ALL SELECT 'customer', id::text FROM customer WHERE officer_id = '{me}'
UNION ALL SELECT 'paper', p.id::text FROM paper_print p JOIN inspection i ON i.id = p.inspection_id
WHERE i.officer_id = '{me}'
UNION ALL SELECT 'unlock_request', r.id::text FROM unlock_request r JOIN inspection i ON i.id = r.inspection_id
WHERE i.officer_id = '{me}'
UNION ALL SELECT 'alert', a.id::text FROM alert a JOIN checkpoint c USING (customer_id)
JOIN customer u ON u.id = customer_id WHERE '{me}' IN (c.officer_id, u.officer_id)
"""
_OWN = {"task", "inspection", "checkpoint", "customer", "paper", "unlock_request", "alert"}
_GRANTED = "SELECT entity, entity_id::text AS entity_id FROM access_grant WHERE user_id = '{me}'"
_TWICE = """
SELECT 'submitted' AS what, data ->> 'inspection_id' AS id FROM event WHERE kind = 'inspection.submitted'
GROUP BY 2 HAVING count(*) > 1
UNION ALL SELECT 'accepted', data ->> 'inspection_id' FROM event
WHERE kind IN ('inspection.accepted', 'inspection.extra') GROUP BY 2 HAVING count(*) > 1
UNION ALL SELECT 'bound', photo_media_id::text FROM checkpoint_location GROUP BY 2
HAVING count(photo_media_id) > 1
UNION ALL SELECT 'closed', task_id::text FROM visit WHERE counted AND task_id IS NOT NULL GROUP BY 2 HAVING count(*) > 1
"""


@dataclass
class Book:
    """What one bank must look like: receipts as they were first seen, drafts as they must be."""

    town: Town
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    drafts: dict[str, Draft] = field(default_factory=lambda: defaultdict(Draft))
    acked: dict[str, int] = field(default_factory=dict)
    captured: dict[str, Captured] = field(default_factory=dict)
    state: Any = None

    def check(self) -> None:
        """Look at the bank again if anything in it has changed."""
        state = self.town.rows(_STATE)
        if state != self.state:
            self.state = state
            self.check_receipts()
            self.check_effects()
            self.check_clashes()

    def check_receipts(self) -> None:
        """A verdict changes only from held or parked to final; nothing is ever parked here.

        What was decided about it later stands beside it, in ``decision``.
        """
        verdicts = "SELECT op_id::text, result - 'decision' FROM sync_receipt"
        stored = {row[0]: row[1] for row in self.town.rows(verdicts)}
        assert self.receipts.keys() <= stored.keys(), "a receipt has gone"
        for op_id, result in stored.items():
            before = self.receipts.get(op_id)
            assert result["status"] != "parked", result
            assert before is None or before["status"] in UNSETTLED or before == result, (before, result)
            self.receipts[op_id] = result

    def check_effects(self) -> None:
        """Each operation has one effect, and every followed field says what the second opinion expects."""
        assert self.town.rows(_TWICE) == []
        rows = self.town.rows("SELECT id::text, answers, note FROM inspection")
        found = {row.id: {"note": row.note, **{k: v.get("value") for k, v in row.answers.items()}} for row in rows}
        for entity_id, draft in self.drafts.items():
            if draft.fields or draft.is_submitted:
                self._check_fields(entity_id, draft, found[entity_id])

    @staticmethod
    def _check_fields(entity_id: str, draft: Draft, found: dict[str, Any]) -> None:
        expected = {name: change.value for name, change in draft.fields.items()}
        stands = {name: str(found[name]) for name in FIELDS if found.get(name) is not None}
        assert stands == expected, (entity_id, stands, expected)

    def check_clashes(self) -> None:
        """Both values of a clash are kept."""
        kept = {
            (row.inspection_id, row.field.removeprefix("answers."), row.device_id): row.device
            for row in self.town.rows(
                "SELECT inspection_id::text, field, device_id::text, device FROM sync_conflict ORDER BY created_at"
            )
        }
        for entity_id, draft in self.drafts.items():
            for (name, device_id), value in draft.clashes.items():
                stored = kept[entity_id, name, device_id]
                assert str(stored["value"] if isinstance(stored, dict) else stored) == value

    def check_bytes(self) -> None:
        """Whatever has a receipt can be read again in the bytes that came."""
        bodies = b"".join(zstandard.decompress(row[0]) for row in self.town.rows("SELECT body FROM sync_batch"))
        texts = bodies.decode()
        for op_id, op in self.captured.items():
            assert op_id not in self.receipts or op_id in texts, op.label
            for value in op.values.values():
                assert op_id not in self.receipts or json.dumps(value)[1:-1] in texts, op.label

    def settle(self, device_id: str, results: list[dict[str, Any]]) -> None:
        """Let the operations that were just decided have their effect, in the order of their numbers."""
        fresh = [r for r in results if self.receipts.get(r["op_id"], {"status": "held"})["status"] in UNSETTLED]
        for result in sorted(fresh, key=lambda each: each["seq"]):
            op = self.captured.get(result["op_id"])
            if op is not None and _has_effect(op, result):
                self.drafts[op.entity_id].take(op, version=result["version"], device_id=device_id, seq=result["seq"])

    def release(self, device_id: str) -> None:
        """Let what a device saved before its approval have its effect now."""
        statement = (
            "SELECT q.op_id::text, r.seq, i.version FROM sync_quarantine q JOIN sync_receipt r USING (op_id)"
            " JOIN inspection i ON i.id = q.entity_id WHERE q.device_id = '{device}' AND q.raw IS NOT NULL"
            " AND q.state = 'released' ORDER BY r.seq"
        )
        for row in self.town.rows(statement.format(device=device_id)):
            op = self.captured[row.op_id]
            if op.kind == "inspection.save":
                self.drafts[op.entity_id].take(op, version=row.version, device_id=device_id, seq=row.seq)

    def accept(self, op_id: str, *, device_id: str, seq: int) -> None:
        """Let a save that a supervisor has accepted have its effect now; a visit says what it said before."""
        op = self.captured[op_id]
        if op.kind == "inspection.save":
            (row,) = self.town.rows(f"SELECT version FROM inspection WHERE id = '{op.entity_id}'")  # noqa: S608 - an id
            self.drafts[op.entity_id].take(op, version=row.version, device_id=device_id, seq=seq)


def _has_effect(op: Captured, result: dict[str, Any]) -> bool:
    if op.kind not in {"inspection.save", "inspection.submit"} or result["status"] in NO_EFFECT:
        return False
    if result["status"] == "quarantined":
        return op.kind == "inspection.submit" and "already_submitted" not in result.get("codes", [])
    return True


@dataclass
class DeviceWatch:
    """Watches one device's line; every exchange is judged by its bank's book."""

    book: Book
    device: Device | None = None
    before: Any = None
    trace: list[str] = field(default_factory=list)

    @property
    def mine(self) -> Device:
        assert self.device is not None
        return self.device

    def pushing(self) -> None:
        """Note how the bank stands."""
        self.before = self.book.town.rows(_STATE)

    def pushed(self, body: bytes, status: int, answer: dict[str, Any]) -> None:
        """Receipts are stored as they are told; what is replayed or refused changes nothing."""
        device_id = json.loads(body)["device_id"]
        if status != 200 or answer["replayed"]:
            assert self.before is None or self.book.town.rows(_STATE) == self.before, (status, answer)
            self.book.check_receipts()
            return
        acked = answer["acked_through"]
        assert acked >= self.book.acked.get(device_id, 0)
        self.book.acked[device_id] = acked
        self._check_told(answer["results"])
        self.book.settle(device_id, answer["results"])
        self.book.check_receipts()
        self.trace += [f"{self._label(each)}:{each['status']}/{each['code']}" for each in answer["results"]]

    def _check_told(self, results: list[dict[str, Any]]) -> None:
        """Every operation is answered with the receipt that is stored."""
        stored = {row[0]: row[1] for row in self.book.town.rows("SELECT op_id::text, result FROM sync_receipt")}
        for result in results:
            told = {**result, "seq": stored[result["op_id"]]["seq"]}  # a reinstalled phone asks under a new number
            assert told == stored[result["op_id"]], (stored[result["op_id"]], result)

    def _label(self, result: dict[str, Any]) -> str:
        op = self.book.captured.get(result["op_id"])
        return op.label if op else "?"

    def pulled(self, answer: dict[str, Any]) -> None:
        """No row leaves its scope: it is granted now, it is the user's own, and it is of this bank."""
        assert self.book.town.rows(f"SELECT status FROM device WHERE id = '{self.mine.id}'")[0].status == "approved"  # noqa: S608 - an id
        granted = {tuple(row) for row in self.book.town.rows(_GRANTED.format(me=self.mine.user_id))}
        mine = {tuple(row) for row in self.book.town.rows(_MINE.format(me=self.mine.user_id))}
        is_twin = self.book.town.name == "other"
        for change in answer["changes"]:
            if change["k"] == "receipt":
                assert self.book.captured[change["op_id"]].username == self.mine.username, change
            elif change["k"] == "put" and not ENTITIES[change["e"]].is_shared:
                assert (change["e"], change["id"]) in granted, change
                assert change["e"] not in _OWN or (change["e"], change["id"]) in mine, change
                name = change["d"].get("name", FOREIGN if is_twin else "")
                assert name.startswith(FOREIGN) == is_twin, change
            elif change["k"] in {"del", "drop"}:
                assert (change["e"], change["id"]) not in granted or not answer["consistent"], change

    def check_mirror(self) -> None:
        """A device that was told it is consistent holds its working set, all of it and nothing else."""
        for name, expected in working_set(self.book.town, self.mine).items():
            assert self.mine.client.mirror.all(name) == expected, (self.mine.label, name)


def working_set(town: Town, device: Device) -> dict[str, dict[str, Any]]:
    """Return every row that the device's officer holds now, by entity and id, as it would be sent."""
    held: dict[str, dict[str, Any]] = {}
    granted = town.rows(_GRANTED.format(me=device.user_id))
    with town.world.transaction(read_only=True) as ctx:
        for name, entity in ENTITIES.items():
            shared = ctx.session.scalars(select(entity.table.c.id)) if entity.is_shared else ()
            mine = [UUID(row.entity_id) for row in granted if row.entity == name]
            rows = ctx.session.execute(entity.rows(), {"ids": [*shared, *mine]}).all()
            held[name] = {id_: {**json.loads(told), "version": version} for id_, version, told in rows}
    return held
