"""The quarantine's book: one row for every quarantined operation until somebody, or something, releases it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.core.jsonb import as_jsonb
from sync.protocol.bind import BindWrite
from sync.protocol.submit import VisitWrite
from sync.protocol.verdicts import Status
from sync.service import receipts

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from sync.service.judging import Judged

_OF_THE_DEVICE = {"device_unapproved"}

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

# What a visit's receipt was does not matter here: its record says that it waits, or no longer.
_REOPEN = text(
    """
    INSERT INTO sync_quarantine (op_id, device_id, officer_id, organisation_id, entity_id, type, codes, received_at)
    SELECT r.op_id, r.device_id, i.officer_id, i.organisation_id, i.id, 'inspection.submit', i.quarantine_codes,
           r.received_at
    FROM inspection i JOIN sync_receipt r ON (r.device_id, r.seq) = (i.device_id, i.submitted_seq)
    WHERE i.id = ANY (CAST(:ids AS uuid[])) AND i.quarantine_codes <> '{}'
    ORDER BY r.op_id
    ON CONFLICT (op_id) DO UPDATE
    SET codes = excluded.codes, state = 'open', decided_by = NULL, decided_at = NULL, reason = NULL
    """
)
_RELEASE = text(
    """
    UPDATE sync_quarantine q SET state = 'released', decided_at = :now
    FROM inspection i
    WHERE i.id = ANY (CAST(:ids AS uuid[])) AND i.quarantine_codes = '{}'
      AND q.entity_id = i.id AND q.raw IS NULL AND q.state = 'open'
    RETURNING q.op_id, q.officer_id, q.state, q.decided_at, q.reason
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
        for row in rows:
            _tell(ctx, row)


def _tell(ctx: Context, row: dict[str, Any]) -> None:
    """Record that somebody must decide; not of what only waits for its device, which is decided for itself."""
    if set(row["codes"]) - _OF_THE_DEVICE:
        ctx.record(
            "quarantine.opened",
            op_id=str(row["op_id"]),
            entity_id=str(row["entity_id"]),
            organisation_id=str(row["organisation_id"]),
            officer_id=str(ctx.user_id),
            type=row["type"],
            codes=list(row["codes"]),
        )


def follow(ctx: Context, record_ids: Sequence[UUID]) -> None:
    """Let the book say of visits that were judged again what their records say; the caller holds their devices.

    A visit that has reasons now waits for a decision, even if one was taken before; one without any is released.
    """
    if record_ids:
        ctx.session.execute(_REOPEN, {"ids": list(record_ids)})
        released = ctx.session.execute(_RELEASE, {"ids": list(record_ids), "now": ctx.now}).all()
        receipts.tell_decisions(ctx, released)


def _row(judged: Judged) -> dict[str, Any]:
    """Return the row of one operation, with its bytes unless it is a visit, whose record says it all."""
    operation = judged.received.operation
    return {
        "op_id": judged.received.head.op_id,
        "organisation_id": judged.organisation_id,
        "entity_id": operation.entity_id if operation else None,
        "type": operation.type if operation else None,
        "codes": judged.verdict.codes,
        "raw": None if isinstance(judged.write, VisitWrite) else judged.received.raw.hex(),
    }
