"""Releasing what was kept: operations whose only fault was their device are judged again once it is approved."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.tables import among
from sync import queries
from sync.models import SyncQuarantine
from sync.protocol.desk import EFFECTIVE
from sync.protocol.envelope import decode_operation
from sync.service import receipts
from sync.service.behalf import as_officer
from sync.service.judging import judge_again

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from sync.service.judging import Judged

_SETTLE = text(
    """
    UPDATE sync_quarantine q
    SET codes = r.codes, state = r.state,
        decided_at = CASE WHEN r.state = 'open' THEN NULL ELSE CAST(:now AS timestamptz) END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (op_id uuid, codes text[], state text)
    WHERE q.op_id = r.op_id AND q.state = 'open'
    RETURNING q.op_id, q.officer_id, q.state, q.decided_at, q.reason
    """
)


def on_devices_approved(ctx: Context, events: Sequence[Recorded]) -> None:
    """Judge again what approved devices had pushed before, and what left no row that could be released by itself."""
    device_ids = sorted(UUID(str(event.data["device_id"])) for event in events)
    for device_id in device_ids:
        queries.lock_position(ctx.session, device_id)
    waiting: dict[UUID, list[Row[Any]]] = defaultdict(list)
    for row in _unapproved(ctx, device_ids):
        waiting[row.device_id].append(row)
    for device_id, rows in waiting.items():
        _release(ctx, device_id, rows)


def _unapproved(ctx: Context, device_ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    columns = (SyncQuarantine.op_id, SyncQuarantine.device_id, SyncQuarantine.officer_id, SyncQuarantine.raw)
    statement = select(*columns).where(
        among(SyncQuarantine.device_id, device_ids),
        SyncQuarantine.state == "open",
        SyncQuarantine.codes == ["device_unapproved"],
    )
    found: Sequence[Any] = ctx.session.execute(statement.order_by(SyncQuarantine.op_id)).all()
    return found


def _release(ctx: Context, device_id: UUID, rows: Sequence[Row[Any]]) -> None:
    """Release what a device pushed; of a user who was disabled meanwhile it goes on waiting for a supervisor."""
    device = queries.find_judged_device(ctx.session, device_id)
    if device is None or device.ending is not None:
        return
    received = [decode_operation(row.raw) for row in rows if row.raw is not None]
    judged = judge_again(as_officer(ctx, rows[0].officer_id), device, received)
    settled = [{"op_id": row.op_id, "codes": ["device_unapproved"], "state": "released"} for row in rows if not row.raw]
    values = {"rows": as_jsonb([*settled, *map(_settled, judged)]), "now": ctx.now}
    decided = ctx.session.execute(_SETTLE, values).all()
    receipts.tell_decisions(ctx, [row for row in decided if row.state == "released"])


def _settled(judged: Judged) -> dict[str, Any]:
    """Return what became of a released operation; with a new reason it goes on waiting for a supervisor."""
    verdict = judged.verdict
    is_effective = verdict.status in EFFECTIVE
    return {
        "op_id": judged.received.head.op_id,
        "codes": ["device_unapproved"] if is_effective else [verdict.code],
        "state": "released" if is_effective else "open",
    }
