"""Operations: on paper for the protocol's pure parts, and drafts for a phone to push."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from sync.protocol.envelope import Received, decode_operation
from sync.protocol.ledger import Known, Ledger, Position
from sync.protocol.order import GAP_PATIENCE
from sync.protocol.verdicts import Status
from tests.sync.phone import fix

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tests.sync.phone import Phone, Street

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
STAMP = {"wall": NOW.isoformat(), "mono_ms": 1, "boot_id": "b"}


def received(seq: int, kind: str = "inspection.submit", op_id: UUID | None = None, **changes: Any) -> Received:
    operation = {
        "op_id": str(op_id or uuid4()),
        "seq": seq,
        "op_format": 1,
        "type": kind,
        "entity_id": str(uuid4()),
        "captured": STAMP,
        "payload": {},
    }
    return decode_operation(json.dumps({**operation, **changes}).encode())


def known(item: Received, status: Status = Status.APPLIED, **changes: Any) -> dict[UUID, Known]:
    values: dict[str, Any] = {"op_id": item.head.op_id, "digest": item.digest(), "seq": item.head.seq}
    return {item.head.op_id: Known(**{**values, "status": status, **changes})}


def missing(*numbers: int, since: datetime = NOW) -> dict[int, datetime]:
    return dict.fromkeys(numbers, since)


def ledger(*taken: Received, position: Position | None = None, **changes: Any) -> Ledger:
    """A ledger as it stands before the first of the operations ``taken`` from a batch without gaps."""
    numbers = {item.head.seq: item.head.op_id for item in taken}
    values: dict[str, Any] = {
        "position": position or Position(next_seq=max(numbers, default=0) + 1),
        "patient_since": NOW - GAP_PATIENCE,
        "numbers": numbers,
    }
    return Ledger(**{**values, **changes})


def seqs(items: Iterable[Received]) -> list[int]:
    return [item.head.seq for item in items]


def save(phone: Phone, street: Street, point: UUID, **changes: Any) -> dict[str, Any]:
    payload = {"checkpoint_id": str(point), "template_version_id": str(street.portfolio.version_id), "note": "草稿"}
    note = changes.pop("note", "草稿")
    return phone.operation("inspection.save", changes.pop("entity_id", uuid4()), {**payload, "note": note}, **changes)


def unmet(phone: Phone, point: UUID, task: UUID | None = None, **changes: Any) -> dict[str, Any]:
    payload = {
        "checkpoint_id": str(point),
        "task_id": str(task) if task else None,
        "reason": "unmet",
        "qr": phone.street.plate(point),
        "fixes": [fix()],
        "media": [phone.photo("door")],
        "note": "大门紧锁，电话无人接听",
    }
    return phone.operation("visit.unmet", uuid4(), {**payload, **changes})


def bind(phone: Phone, street: Street, point: UUID, **changes: Any) -> dict[str, Any]:
    """Return the operation that gives a checkpoint its place, from where the phone stands."""
    payload = {"qr": street.plate(point), "fixes": [fix(1), fix(2), fix(3)], "photo": phone.photo("plate")}
    return phone.operation("checkpoint.bind", point, {**payload, **changes})


def statuses(results: Sequence[dict[str, Any]]) -> dict[str, str]:
    return {result["op_id"]: result["status"] for result in results}
