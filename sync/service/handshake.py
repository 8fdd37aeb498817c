"""The handshake: where the device stands, what the server takes, and one sample of time (sync.md §2, §6)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from inspection_api.media.rules.kinds import MAX_BYTES as MEDIA_BYTES
from sync import queries
from sync.models import SyncReceipt, SyncSample
from sync.protocol import envelope

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from inspection_api.core.context import Context


def shake_hands(
    ctx: Context, *, device_id: UUID, boot_id: str | None, mono_ms: int | None, last_seq: int, app: str
) -> dict[str, Any]:
    """Register the device's moment and answer where it stands.

    ``last_seq`` is the last number that the device has given, which tells whether an operation was captured before or
    after this sample.

    Raises:
        DeviceUnknown, DeviceWiped: as `queries.get_device`.
    """
    device = queries.get_device(ctx.session, device_id, ctx.user_id)
    position = queries.hear_device(ctx, device_id, app=app)
    sample = {
        "device_id": device_id,
        "server_time": ctx.now,
        "boot_id": boot_id,
        "mono_ms": mono_ms,
        "seq": last_seq,
    }
    ctx.session.execute(insert(SyncSample).values(sample).on_conflict_do_nothing())
    return {
        "device_id": device_id,
        "approved": device.is_approved,
        "epoch": device.epoch,
        "sample": _signed(ctx, device_id, boot_id, mono_ms),
        "limits": {
            "max_ops": envelope.MAX_OPS,
            "max_bytes": envelope.MAX_BYTES,
            "media_bytes": {kind.value: most for kind, most in MEDIA_BYTES.items()},
        },
        "op_formats": list(envelope.OP_FORMATS),
        "next_seq": position.next_seq,
        "gaps": sorted(position.gaps),
        "held": _waiting(ctx, device_id),
    }


def _waiting(ctx: Context, device_id: UUID) -> list[dict[str, Any]]:
    """Return what is held or parked, oldest number first."""
    columns = (SyncReceipt.op_id, SyncReceipt.seq, SyncReceipt.status)
    statement = select(*columns).where(SyncReceipt.device_id == device_id, SyncReceipt.raw.is_not(None))
    rows = ctx.session.execute(statement.order_by(SyncReceipt.seq))
    return [{"op_id": str(row.op_id), "seq": row.seq, "status": row.status} for row in rows]


def _signed(ctx: Context, device_id: UUID, boot_id: str | None, mono_ms: int | None) -> dict[str, Any]:
    """Return the sample with the server's MAC, so that the device can show it later as it was."""
    sample = _sample(ctx.now, device_id, boot_id, mono_ms)
    mac = hmac.digest(ctx.bank.derived_key("sample"), msgspec.json.encode(sample, order="sorted"), hashlib.sha256)
    return {**sample, "mac": base64.urlsafe_b64encode(mac).decode().rstrip("=")}


def _sample(now: datetime, device_id: UUID, boot_id: str | None, mono_ms: int | None) -> dict[str, Any]:
    return {"server_time": now.isoformat(), "device_id": str(device_id), "boot_id": boot_id, "mono_ms": mono_ms}
