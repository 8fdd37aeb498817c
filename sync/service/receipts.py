"""Receipts: stored in the same transaction as the effect, and replayed on every retry (sync.md §1.1)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from inspection_api.accounts.models import Device
from inspection_api.core import ahead
from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.tables import among
from sync.errors import OperationRaced
from sync.models import SyncQuarantine, SyncReceipt
from sync.protocol.verdicts import MESSAGES, UNSETTLED, rejected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.plain import Rows
    from sync.protocol.envelope import Received
    from sync.protocol.ledger import Known
    from sync.protocol.verdicts import Verdict
    from sync.service.judging import Judged

_STORE = text(
    """
    INSERT INTO sync_receipt (op_id, device_id, seq, batch_id, digest, status, result, raw, received_at)
    SELECT r.op_id, :device_id, r.seq, :batch_id, decode(r.digest, 'hex'), r.status, r.result,
           decode(r.raw, 'hex'), :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS r (op_id uuid, seq bigint, digest text, status text, result jsonb, raw text)
    ORDER BY r.op_id
    ON CONFLICT (op_id) DO NOTHING
    """
)
_SETTLE = text(
    """
    UPDATE sync_receipt s
    SET status = r.status, result = r.result, raw = decode(r.raw, 'hex'),
        device_id = :device_id, seq = r.seq
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (op_id uuid, seq bigint, status text, result jsonb, raw text)
    WHERE s.op_id = r.op_id AND s.raw IS NOT NULL
    """
)
_DECIDE = text(
    """
    UPDATE sync_receipt s SET result = s.result || jsonb_build_object('decision', r.decision)
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (op_id uuid, decision jsonb)
    WHERE s.op_id = r.op_id
    """
)
_TELL = text("SELECT feed_append('receipt', 'put', CAST(:holders AS uuid[]), CAST(:ids AS uuid[]))")


def store(
    ctx: Context,
    device_id: UUID,
    judged: Sequence[Judged],
    *,
    known: Mapping[UUID, Known],
    batch_id: UUID | None = None,
) -> dict[UUID, dict[str, Any]]:
    """Store new receipts, and replace those of ``known`` operations that waited; their device learns of it by pull too.

    Returns what is to be answered, by operation: what is told is what is stored.

    ``op_id_reused`` has no receipt of its own: the first operation of that id stands. ``batch_id`` brought what is new.

    Raises:
        OperationRaced: another device brought one of the operations at this very moment; where the answer arrives.
    """
    draw_up(judged, known)
    rows = [each.receipt for each in judged if each.verdict.code != "op_id_reused"]
    fresh = [row for row in rows if row["op_id"] not in known]
    late = [row for row in rows if row["op_id"] in known]
    values = {"device_id": device_id, "batch_id": batch_id, "now": ctx.now}
    if fresh:
        ahead.send(ctx.session, _STORE, {"rows": as_jsonb(fresh), **values}, partial(_ensure_all, len(fresh)))
    if late:
        ctx.session.execute(_SETTLE, {"rows": as_jsonb(late), "device_id": device_id})
        ids, holders = [row["op_id"] for row in late], [ctx.user_id] * len(late)
        ctx.session.execute(_TELL, {"holders": holders, "ids": ids})
    return {each.received.head.op_id: each.receipt["result"] for each in judged}


def _ensure_all(amount: int, stored: Rows) -> None:
    if stored.rowcount < amount:
        raise OperationRaced(retry_after_s=1)


def draw_up(judged: Sequence[Judged], known: Mapping[UUID, Known]) -> None:
    """Draw up the receipts that are not yet: whoever waits for the database may do it early."""
    for each in judged:
        each.receipt = each.receipt or _row(each, _told(each, known))


def _told(judged: Judged, known: Mapping[UUID, Known]) -> dict[str, Any]:
    """Return what is told of a judged operation: ``from`` is what was told before, if it waited."""
    before = known.get(judged.received.head.op_id)
    result = result_of(judged.received, judged.verdict)
    return result if before is None or judged.verdict.code == "op_id_reused" else {**result, "from": before.status}


def tell_decisions(ctx: Context, rows: Sequence[SyncQuarantine | Row[Any]]) -> None:
    """Add what was decided about quarantined operations to their receipts, and send those to their officers' devices.

    The verdict itself stands (an acknowledgement is final); ``decision`` is a later fact beside it.
    """
    if not rows:
        return
    decided = [{"op_id": row.op_id, "decision": _decision(row)} for row in rows]
    holders, ids = [row.officer_id for row in rows], [row.op_id for row in rows]
    ctx.session.execute(_DECIDE, {"rows": as_jsonb(decided)})
    ctx.session.execute(_TELL, {"holders": holders, "ids": ids})


def _decision(row: SyncQuarantine | Row[Any]) -> dict[str, Any]:
    return {"state": row.state, "message": MESSAGES[row.state], "at": row.decided_at, "reason": row.reason}


def _row(judged: Judged, result: dict[str, Any]) -> dict[str, Any]:
    received, verdict = judged.received, judged.verdict
    return {
        "op_id": received.head.op_id,
        "seq": received.head.seq,
        "digest": received.digest().hex(),
        "status": verdict.status,
        "result": result,
        "raw": received.raw.hex() if verdict.status in UNSETTLED else None,
    }


def result_of(received: Received, verdict: Verdict) -> dict[str, Any]:
    """Return one member of the answer's ``results``."""
    head = received.head
    result: dict[str, Any] = {
        "op_id": str(head.op_id),
        "seq": head.seq,
        "status": verdict.status.value,
        "code": verdict.code,
        "message": verdict.message,
    }
    optional = {
        "codes": list(verdict.codes),
        "flags": list(verdict.flags),
        "fields": verdict.fields,
        "version": verdict.version,
        "conflict_id": verdict.conflict_id,
    }
    return result | {name: value for name, value in optional.items() if value}


def results(ctx: Context, batch: Sequence[Received], fresh: Mapping[UUID, dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the results of a batch's operations and of what was released: ``fresh``, or as their receipts stand.

    An operation whose id stands for other content is told so every time, never the first one's result.
    """
    missing = [each for each in batch if each.head.op_id not in fresh]
    told = {**fresh, **(_stored(ctx, missing) if missing else {})}
    wanted = dict.fromkeys([*(each.head.op_id for each in batch), *fresh])
    return [told[op_id] for op_id in wanted if op_id in told]


def _stored(ctx: Context, batch: Sequence[Received]) -> dict[UUID, dict[str, Any]]:
    op_ids = [each.head.op_id for each in batch]
    columns = (SyncReceipt.op_id, SyncReceipt.result, SyncReceipt.digest, Device.user_id)
    statement = select(*columns).join(Device, Device.id == SyncReceipt.device_id)
    rows = {row.op_id: row for row in ctx.session.execute(statement.where(among(SyncReceipt.op_id, op_ids)))}
    known = [each for each in batch if each.head.op_id in rows]
    return {each.head.op_id: _standing(each, rows[each.head.op_id], ctx.user_id) for each in known}


def _standing(received: Received, row: Row[Any], user_id: UUID) -> dict[str, Any]:
    is_same = (row.user_id, row.digest) == (user_id, received.digest())
    result: dict[str, Any] = row.result
    return result if is_same else result_of(received, rejected("op_id_reused"))
