"""The quarantine's book: one row for every quarantined operation until somebody, or something, releases it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.core.jsonb import as_jsonb
from sync.protocol.bind import BindWrite
from sync.protocol.verdicts import Status

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from sync.service.judging import Judged

_STORE = text(
    """
    INSERT INTO sync_quarantine (op_id, device_id, officer_id, organisation_id, entity_id, type, codes, raw,
                                 received_at)
    SELECT r.op_id, :device_id, :officer_id, r.organisation_id, r.entity_id, r.type, r.codes, decode(r.raw, 'hex'), :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS r (op_id uuid, organisation_id uuid, entity_id uuid, type text, codes text[], raw text)
    ORDER BY r.op_id
    """
)


def store(ctx: Context, device_id: UUID, judged: Sequence[Judged]) -> None:
    """Write down the batch's quarantined operations; a provisional binding is decided at its checkpoint instead."""
    rows = [
        _row(each)
        for each in judged
        if each.verdict.status is Status.QUARANTINED and not isinstance(each.write, BindWrite)
    ]
    if rows:
        values = {"rows": as_jsonb(rows), "device_id": device_id, "officer_id": ctx.user_id, "now": ctx.now}
        ctx.session.execute(_STORE, values)


def _row(judged: Judged) -> dict[str, Any]:
    """Return the row of one operation, with its bytes if it has left nothing else."""
    operation = judged.received.operation
    return {
        "op_id": judged.received.head.op_id,
        "organisation_id": judged.organisation_id,
        "entity_id": operation.entity_id if operation else None,
        "type": operation.type if operation else None,
        "codes": judged.verdict.codes,
        "raw": judged.received.raw.hex() if judged.write is None else None,
    }
