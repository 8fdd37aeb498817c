"""First-scan binding, set-based: what a push or an online scan decided is written in three statements (§3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from checkpoints.rules.binding import Location, LocationStatus, PendingReason, Rivalry
from inspection_api.core.jsonb import as_jsonb

if TYPE_CHECKING:
    from inspection_api.core.context import Context

_INSERT = text(
    """
    INSERT INTO checkpoint_location (id, checkpoint_id, generation, lon, lat, status, reasons, bound_by, device_id,
                                     bound_at, photo_media_id, fixes, valid_from, valid_to)
    SELECT id, checkpoint_id, generation, lon, lat, status, reasons, bound_by, device_id,
           bound_at, photo_media_id, fixes, valid_from, valid_to
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, checkpoint_id uuid, generation int, lon float8, lat float8, status text, reasons text[],
        bound_by uuid, device_id uuid, bound_at timestamptz, photo_media_id uuid, fixes jsonb,
        valid_from timestamptz, valid_to timestamptz)
    ON CONFLICT DO NOTHING
    """
)
_DISPUTE = text(
    """
    UPDATE checkpoint_location SET status = 'provisional', reasons = array_append(reasons, :reason)
    WHERE checkpoint_id = ANY (CAST(:contested AS uuid[])) AND status = 'confirmed' AND valid_to IS NULL
    """
)
_STAND = text(
    """
    UPDATE checkpoint c
    SET location_lon = s.lon, location_lat = s.lat,
        state = CASE WHEN c.state NOT IN ('unbound', 'pending_confirm', 'active') THEN c.state
                     WHEN s.status = 'confirmed' THEN 'active' ELSE 'pending_confirm' END
    FROM (SELECT DISTINCT ON (checkpoint_id) checkpoint_id, lon, lat, status
          FROM checkpoint_location
          WHERE checkpoint_id = ANY (CAST(:ids AS uuid[])) AND status IN ('confirmed', 'provisional')
            AND valid_to IS NULL
          ORDER BY checkpoint_id, generation DESC, bound_at) s
    WHERE c.id = s.checkpoint_id
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBinding:
    """A decided binding: its place, the device and fixes it came from, and what became of it beside a rival."""

    location: Location
    device_id: UUID | None
    reasons: Sequence[str]
    fixes: list[dict[str, Any]]
    photo_media_id: UUID | None
    rivalry: Rivalry | None = None


def apply_bindings(ctx: Context, bindings: Sequence[NewBinding]) -> None:
    """Write the locations, and let each checkpoint stand at the earliest capture of its generation.

    A rival makes the other provisional too: both wait for a manager. One that came too late is kept, valid for no
    instant. The caller holds the checkpoints' locks.
    """
    if not bindings:
        return
    ctx.session.flush()
    ctx.session.execute(_INSERT, {"rows": as_jsonb([_row(each) for each in bindings])})
    contested = [each.location.checkpoint_id for each in bindings if each.rivalry in _CONTESTING]
    if contested:
        ctx.session.execute(_DISPUTE, {"contested": contested, "reason": PendingReason.RIVAL.value})
    stand(ctx, [each.location.checkpoint_id for each in bindings])
    for each in bindings:
        ctx.record(
            "checkpoint.bound",
            checkpoint_id=str(each.location.checkpoint_id),
            location_id=str(each.location.id),
            status=each.location.status.value,
            generation=each.location.generation,
        )


_CONTESTING = {Rivalry.TAKES_OVER, Rivalry.STANDS_BESIDE}


def _row(binding: NewBinding) -> dict[str, Any]:
    location = binding.location
    is_late = location.status is LocationStatus.SUPERSEDED
    rival = [PendingReason.RIVAL.value] if binding.rivalry in _CONTESTING else []
    return {
        "id": location.id,
        "checkpoint_id": location.checkpoint_id,
        "generation": location.generation,
        "lon": location.point.lon,
        "lat": location.point.lat,
        "status": location.status.value,
        "reasons": [*binding.reasons, *rival],
        "bound_by": location.bound_by,
        "device_id": binding.device_id,
        "bound_at": location.bound_at,
        "photo_media_id": binding.photo_media_id,
        "fixes": binding.fixes,
        "valid_from": location.valid_from,
        "valid_to": location.valid_from if is_late else location.valid_to,
    }


def stand(ctx: Context, checkpoint_ids: Sequence[UUID]) -> None:
    """Let each checkpoint stand where its locations say: active, or waiting for a manager. One statement."""
    ctx.session.execute(_STAND, {"ids": list(checkpoint_ids)})
