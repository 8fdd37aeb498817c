"""Receipts: stored in the same transaction as the effect, and replayed on every retry (sync.md §1.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.tables import among
from sync.models import SyncReceipt
from sync.protocol.verdicts import UNSETTLED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from sync.protocol.envelope import Batch
    from sync.service.push import Judged

_STORE = text(
    """
    INSERT INTO sync_receipt AS s (op_id, device_id, seq, batch_id, digest, status, result, raw, received_at)
    SELECT r.op_id, :device_id, r.seq, :batch_id, decode(r.digest, 'hex'), r.status, r.result,
           decode(r.raw, 'hex'), :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS r (op_id uuid, seq bigint, digest text, status text, result jsonb, raw text)
    ORDER BY r.op_id
    ON CONFLICT (op_id) DO UPDATE SET status = excluded.status, result = excluded.result, raw = excluded.raw
    WHERE s.raw IS NOT NULL
    RETURNING op_id, (xmax <> 0) AS settled_late
    """
)
_TELL = text("SELECT feed_append(:schema, 'receipt', 'put', CAST(:holders AS uuid[]), CAST(:ids AS uuid[]))")


def store(ctx: Context, batch: Batch, judged: Sequence[Judged]) -> None:
    """Store the receipts of a batch; a held operation's receipt is replaced, and its device learns of it by pull.

    ``op_id_reused`` has no receipt of its own: the first operation of that id stands.
    """
    rows = [_row(each) for each in judged if each.verdict.code != "op_id_reused"]
    if not rows:
        return
    values = {"rows": as_jsonb(rows), "device_id": batch.device_id, "batch_id": batch.batch_id, "now": ctx.now}
    late = [row.op_id for row in ctx.session.execute(_STORE, values) if row.settled_late]
    if late:
        holders = [ctx.user_id] * len(late)
        ctx.session.execute(_TELL, {"schema": ctx.bank.schema, "holders": holders, "ids": late})


def _row(judged: Judged) -> dict[str, Any]:
    received, verdict = judged.received, judged.verdict
    return {
        "op_id": received.head.op_id,
        "seq": received.head.seq,
        "digest": received.digest().hex(),
        "status": verdict.status,
        "result": result_of(judged),
        "raw": received.raw.hex() if verdict.status in UNSETTLED else None,
    }


def result_of(judged: Judged) -> dict[str, Any]:
    """Return one member of the answer's ``results``."""
    head, verdict = judged.received.head, judged.verdict
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
    }
    return result | {name: value for name, value in optional.items() if value}


def results(ctx: Context, op_ids: Iterable[UUID], judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """Return the results of the named operations in their order: judged now, or as their receipts stand."""
    fresh = {each.received.head.op_id: result_of(each) for each in judged}
    wanted = list(op_ids)
    missing = [op_id for op_id in wanted if op_id not in fresh]
    stored = _stored(ctx, missing) if missing else {}
    return [fresh.get(op_id) or stored[op_id] for op_id in wanted if op_id in fresh or op_id in stored]


def _stored(ctx: Context, op_ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
    statement = select(SyncReceipt.op_id, SyncReceipt.result).where(among(SyncReceipt.op_id, op_ids))
    return {row.op_id: row.result for row in ctx.session.execute(statement)}
