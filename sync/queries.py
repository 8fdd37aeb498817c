"""Reads of the sync slice: which device speaks, how far its sequence goes, and what rows tell besides their columns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import JSON, Uuid, column, text

from checkpoints.rules.plate import OLD_PLATE_LIVES
from sync.errors import DeviceUnknown, DeviceWiped
from sync.protocol.ledger import Position
from sync.protocol.parting import ending_of
from sync.protocol.times import Sample

if TYPE_CHECKING:
    from sqlalchemy import Row, Subquery
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Context
    from sync.protocol.parting import Ending


def _grouped(sql: str) -> Subquery:
    """Return lists that belong to rows: the row's ``id``, and ``told``, the list as JSON, for the parameter ``ids``."""
    return text(sql).columns(column("id", Uuid), column("told", JSON)).subquery()


PLATES = _grouped(
    f"""
    SELECT checkpoint_id AS id, json_agg(told ORDER BY told.generation) AS told
    FROM (SELECT checkpoint_id, generation, issued_at,
                 lead(issued_at) OVER (PARTITION BY checkpoint_id ORDER BY generation)
                 + interval '{OLD_PLATE_LIVES.days} days' AS valid_until
          FROM checkpoint_plate WHERE checkpoint_id = ANY (CAST(:ids AS uuid[]))) p,
         LATERAL (SELECT p.generation, p.issued_at, p.valid_until) told
    GROUP BY checkpoint_id
    """  # noqa: S608 - a constant
)
"""The plates of checkpoints by generation: when each was issued, and when it ends at the latest (null: not foreseen).

The first scan of a newer plate ends an older one sooner; the device hears of that by the receipt. Whatever else
changes a plate changes the checkpoint too, by trigger, so these are as fresh as the row's version.
"""

LOCATIONS = _grouped(
    """
    SELECT checkpoint_id AS id, json_agg(told ORDER BY told.generation, told.valid_from) AS told
    FROM checkpoint_location l,
         LATERAL (SELECT l.generation, l.lon, l.lat, l.status, l.valid_from, l.valid_to) told
    WHERE checkpoint_id = ANY (CAST(:ids AS uuid[])) AND l.status <> 'rejected'
      AND (l.valid_to IS NULL OR l.valid_from < l.valid_to)
    GROUP BY checkpoint_id
    """
)
"""The places that checkpoints have and had, by generation (WGS-84), each with the time in which it judges visits.

Whatever changes a place changes the checkpoint too, by trigger, so these are as fresh as the row's version.
"""

_STANDING = """
    SELECT d.id, d.user_id, d.public_key, d.status, d.created_at, d.decided_at, u.disabled_at, e.epoch, e.horizon,
           s.bad_signature, f.value AS head, {samples} AS samples
    FROM device d JOIN user_account u ON u.id = d.user_id
    CROSS JOIN sync_epoch e CROSS JOIN sync_setting s CROSS JOIN feed_counter f
    WHERE d.id = :device_id AND d.public_key IS NOT NULL
"""
_LATEST_SAMPLES = """
    (SELECT json_agg(latest) FROM (SELECT server_time, boot_id, mono_ms, seq FROM sync_sample
                                   WHERE device_id = d.id ORDER BY server_time DESC LIMIT :most) latest)::text
"""
_DEVICE = text(_STANDING.format(samples="NULL"))
_JUDGED_DEVICE = text(_STANDING.format(samples=_LATEST_SAMPLES))
_JUDGED_DEVICE_LOCKED = text(f"{_JUDGED_DEVICE.text} FOR KEY SHARE OF d")
MAX_SAMPLES = 200
_SAMPLES = msgspec.json.Decoder(tuple[Sample, ...])
_LOCK_POSITION = text(
    "SELECT next_seq, gaps, gaps_since FROM sync_device WHERE device_id = :device_id FOR NO KEY UPDATE"
)
HEAR = """
    INSERT INTO sync_device AS s (device_id, last_seen_at, app, clock_skew_s)
    VALUES (:device_id, :now, :app, CAST(:clock_skew_s AS float))
    ON CONFLICT (device_id) DO UPDATE
    SET last_seen_at = excluded.last_seen_at, app = excluded.app,
        clock_skew_s = coalesce(excluded.clock_skew_s, s.clock_skew_s)
    RETURNING s.next_seq, s.gaps, s.gaps_since
"""
_HEAR_DEVICE = text(HEAR)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A phone, the bank's epoch that it must be told, from where to where the feed reaches, what a bad signature means.

    ``ending`` says when and why the device has ended, if it has; ``received_at`` when what is judged came (None: now).
    ``samples`` of its clock are there if something of it is to be judged, the latest first.
    """

    id: UUID
    user_id: UUID
    public_key: bytes
    is_approved: bool
    created_at: Any
    epoch: str
    horizon: int
    head: int
    ending: Ending | None = None
    flags_bad_signature: bool = False
    received_at: datetime | None = None
    samples: tuple[Sample, ...] = ()


def find_device(session: Session, device_id: UUID) -> DeviceRow | None:
    """Return a phone, whoever owns it."""
    row = session.execute(_DEVICE, {"device_id": device_id}).one_or_none()
    return _device(row) if row else None


def find_judged_device(session: Session, device_id: UUID, *, lock: bool = False) -> DeviceRow | None:
    """Return a phone of which something is to be judged, with its time samples, whoever owns it.

    ``lock`` keeps an approval or a revocation waiting until what was judged by this state is written, and releases it.
    """
    statement = _JUDGED_DEVICE_LOCKED if lock else _JUDGED_DEVICE
    row = session.execute(statement, {"device_id": device_id, "most": MAX_SAMPLES}).one_or_none()
    return _device(row) if row else None


def _device(row: Row[Any]) -> DeviceRow:
    revoked_at = row.decided_at if row.status == "revoked" else None
    ending = ending_of(revoked_at=revoked_at, disabled_at=row.disabled_at)
    return DeviceRow(
        id=row.id,
        user_id=row.user_id,
        public_key=row.public_key,
        is_approved=row.status == "approved" and ending is None,
        created_at=row.created_at,
        epoch=str(row.epoch),
        horizon=row.horizon,
        head=row.head,
        ending=ending,
        flags_bad_signature=row.bad_signature == "flag",
        samples=_SAMPLES.decode(row.samples or "[]"),
    )


def get_device(session: Session, device_id: UUID, user_id: UUID | None) -> DeviceRow:
    """Return the caller's device, which belongs to one user for ever.

    Raises:
        DeviceUnknown: there is none, or it is somebody else's.
        DeviceWiped: it was revoked.
    """
    device = find_device(session, device_id)
    if device is None or device.user_id != user_id:
        raise DeviceUnknown
    if device.ending is not None:
        raise DeviceWiped(wipe=True)
    return device


def get_kept_device(session: Session, device_id: UUID, received_at: datetime) -> DeviceRow:
    """Return a device for a decision on what came at ``received_at``; that it is unapproved or revoked says nothing."""
    device = find_judged_device(session, device_id)
    if device is None:
        raise DeviceUnknown
    return replace(device, is_approved=True, received_at=received_at)


def lock_position(session: Session, device_id: UUID) -> Position:
    """Return where a device's sequence stands, locked for the rest of the transaction."""
    row = session.execute(_LOCK_POSITION, {"device_id": device_id}).one_or_none()
    return position_of(row) if row else Position()


def hear_device(ctx: Context, device_id: UUID, *, app: str, clock_skew_s: float | None = None) -> Position:
    """Note that the device was heard, and lock its row: one push of a device at a time."""
    values = {"device_id": device_id, "now": ctx.now, "app": app, "clock_skew_s": clock_skew_s}
    return position_of(ctx.session.execute(_HEAR_DEVICE, values).one())


def position_of(row: Row[Any]) -> Position:
    """Return the position that a row of ``sync_device`` tells."""
    return Position(next_seq=row.next_seq, gaps=dict(zip(row.gaps, row.gaps_since, strict=True)))
