"""Everything that a push needs to know, in a constant number of queries (sync.md §3.2, §3.3)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from checkpoints import queries as checkpoint_queries
from checkpoints.rules.plate import KEY_PURPOSE
from inspection_api.alerts import queries as alert_queries
from inspection_api.core.periods import Period, local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among_given
from inspection_api.inspections import queries as inspection_queries
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import Blocker, FieldChange, State
from inspection_api.tasks import queries as task_queries
from inspection_api.templates import queries as template_queries
from sync.errors import DeviceUnknown, DeviceWiped
from sync.protocol.facts import DeclaredMedia, Facts, PublishedTemplate, Record, Sender
from sync.protocol.fixes import all_or_none
from sync.protocol.ledger import Position
from sync.protocol.parting import ending_of
from sync.protocol.times import Sample

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from checkpoints.rules.values import Neighbour
    from inspection_api.core.context import Context
    from sync.protocol.naming import Names
    from sync.protocol.parting import Ending

PERFORM = Permission(Action.ONSITE, "perform")
MAX_SAMPLES = 200
LONGEST_OFFLINE = timedelta(days=45)
"""How far before the device's last sample its visits may lie and still find the task of their day."""

_DEVICE = text(
    """
    SELECT d.id, d.user_id, d.public_key, d.status, d.created_at, d.decided_at, u.disabled_at, e.epoch, e.horizon,
           s.bad_signature, f.value AS head
    FROM device d JOIN user_account u ON u.id = d.user_id
    CROSS JOIN sync_epoch e CROSS JOIN sync_setting s CROSS JOIN feed_counter f
    WHERE d.id = :device_id AND d.public_key IS NOT NULL
    """
)
_DEVICE_LOCKED = text(f"{_DEVICE.text} FOR KEY SHARE OF d")
_LOCK_POSITION = text(
    "SELECT next_seq, gaps, gaps_since FROM sync_device WHERE device_id = :device_id FOR NO KEY UPDATE"
)
_HEAR_DEVICE = text(
    """
    INSERT INTO sync_device AS s (device_id, last_seen_at, app, clock_skew_s)
    VALUES (:device_id, :now, :app, CAST(:clock_skew_s AS float))
    ON CONFLICT (device_id) DO UPDATE
    SET last_seen_at = excluded.last_seen_at, app = excluded.app,
        clock_skew_s = coalesce(excluded.clock_skew_s, s.clock_skew_s)
    RETURNING s.next_seq, s.gaps, s.gaps_since
    """
)
_SAMPLES = text(
    "SELECT server_time, boot_id, mono_ms, seq FROM sync_sample WHERE device_id = :device_id"
    " ORDER BY server_time DESC LIMIT :most"
)

# The look-up by hash goes through its index whatever the planner believes; `OR` would read the whole table for a batch.
_MEDIA = text(
    """
    SELECT id, owner_user_id, inspection_id, sha256, bytes, mime, true AS is_named
    FROM media WHERE id = ANY (CAST(:ids AS uuid[]))
    UNION ALL
    SELECT first.*, false
    FROM unnest(CAST(:hashes AS text[])) AS h (sha256)
    CROSS JOIN LATERAL (SELECT id, owner_user_id, inspection_id, sha256, bytes, mime FROM media m
                        WHERE m.sha256 = h.sha256 AND m.inspection_id IS NOT NULL
                        ORDER BY m.declared_at LIMIT 1) first
    """
)

_RECORDS = (
    select(
        Inspection.id,
        Inspection.officer_id,
        Inspection.checkpoint_id,
        Inspection.organisation_id,
        Inspection.device_id,
        Inspection.submitted_seq,
        Inspection.state,
        Inspection.version,
        Inspection.answers,
        Inspection.note,
        Inspection.field_versions,
        Inspection.blockers,
        Inspection.print_closes_at,
    )
    .where(among_given(Inspection.id, "ids"))
    .order_by(Inspection.id)
    .with_for_update(key_share=True)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceRow:
    """A phone, the bank's epoch that it must be told, from where to where the feed reaches, what a bad signature means.

    ``ending`` says when and why the device has ended, if it has; ``received_at`` when what is judged came (None: now).
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


def find_device(session: Session, device_id: UUID, *, lock: bool = False) -> DeviceRow | None:
    """Return a phone, whoever owns it.

    ``lock`` keeps an approval or a revocation waiting until what was judged by this state is written, and releases it.
    """
    row = session.execute(_DEVICE_LOCKED if lock else _DEVICE, {"device_id": device_id}).one_or_none()
    if row is None:
        return None
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
    device = find_device(session, device_id)
    if device is None:
        raise DeviceUnknown
    return replace(device, is_approved=True, received_at=received_at)


def lock_position(session: Session, device_id: UUID) -> Position:
    """Return where a device's sequence stands, locked for the rest of the transaction."""
    row = session.execute(_LOCK_POSITION, {"device_id": device_id}).one_or_none()
    return _position(row) if row else Position()


def hear_device(ctx: Context, device_id: UUID, *, app: str, clock_skew_s: float | None = None) -> Position:
    """Note that the device was heard, and lock its row: one push of a device at a time."""
    values = {"device_id": device_id, "now": ctx.now, "app": app, "clock_skew_s": clock_skew_s}
    return _position(ctx.session.execute(_HEAR_DEVICE, values).one())


def _position(row: Row[Any]) -> Position:
    return Position(next_seq=row.next_seq, gaps=dict(zip(row.gaps, row.gaps_since, strict=True)))


def samples(session: Session, device_id: UUID) -> tuple[Sample, ...]:
    """Return the device's latest time samples."""
    rows = session.execute(_SAMPLES, {"device_id": device_id, "most": MAX_SAMPLES})
    return tuple(Sample(server_time=r.server_time, boot_id=r.boot_id, mono_ms=r.mono_ms, seq=r.seq) for r in rows)


def sender(ctx: Context, device: DeviceRow) -> Sender:
    """Return who pushes, with the device's time samples."""
    return Sender(
        user_id=ctx.user_id,
        device_id=device.id,
        is_approved=device.is_approved,
        since=device.created_at,
        samples=samples(ctx.session, device.id),
        bank_tag=ctx.bank.tag,
        plate_key=ctx.bank.derived_key(KEY_PURPOSE),
        received_at=device.received_at or ctx.now,
    )


def load_facts(ctx: Context, device: DeviceRow, names: Names) -> Facts:
    """Load all that the batch names, taking the locks in the order of every writer: task, checkpoint, inspection."""
    who = sender(ctx, device)
    locked = _tasks(ctx, who, names)
    places = checkpoint_queries.facts_of(ctx, names.checkpoints, PERFORM, bound=names.bound)
    records = _records(ctx.session, names.records)
    known_media = _media(ctx.session, names)
    return Facts(
        sender=who,
        tasks={task.terms.id: task.terms for task in locked},
        responsible={task.terms.id: task.organisation_id for task in locked},
        checkpoints=places.checkpoints,
        plates=places.plates,
        locations=places.locations,
        assignments=places.assignments,
        reachable=places.reachable,
        supervised=places.supervised,
        bindable=places.bindable,
        reset_by_himself=places.reset_by_himself,
        neighbours=_neighbours(ctx.session, names),
        records=records,
        attempts=task_queries.attempt_officers(ctx.session, names.attempts),
        stored_versions={record.id: record.version for record in records.values()},
        reachable_records=inspection_queries.reachable_ids(ctx, names.commented, PERFORM),
        alerts=alert_queries.answerable(ctx, names.alerts),
        templates=_templates(ctx, names.templates),
        media={row.id: _declared(row) for row in known_media if row.is_named},
        media_elsewhere={row.sha256: row.inspection_id for row in known_media if not row.is_named},
    )


def _tasks(ctx: Context, who: Sender, names: Names) -> Sequence[task_queries.LockedTask]:
    """Lock the tasks that a visit since the device was last heard may concern."""
    first = max((sample.server_time for sample in who.samples), default=who.since) - LONGEST_OFFLINE
    days = Period(start=local_day(first), end=local_day(ctx.now))
    return task_queries.lock_tasks(ctx.session, days=days, checkpoint_ids=names.checkpoints, task_ids=names.tasks)


def _neighbours(session: Session, names: Names) -> tuple[Neighbour, ...]:
    """Return the bound places near the batch's bindings; a batch without bindings asks nothing."""
    points = [fix.point for fixes in names.bound.values() for fix in all_or_none(fixes)]
    return checkpoint_queries.neighbours_of(session, points) if points else ()


def _records(session: Session, ids: Iterable[UUID]) -> dict[UUID, Record]:
    return {row.id: _record(row) for row in session.execute(_RECORDS, {"ids": list(ids)})}


def _record(row: Row[Any]) -> Record:
    return Record(
        id=row.id,
        officer_id=row.officer_id,
        checkpoint_id=row.checkpoint_id,
        organisation_id=row.organisation_id,
        device_id=row.device_id,
        submitted_seq=row.submitted_seq,
        state=State(row.state),
        version=row.version,
        answers=row.answers,
        note=row.note,
        changes={name: FieldChange(**change) for name, change in row.field_versions.items()},
        in_conflict=Blocker.CONFLICT in row.blockers,
        prints_until=row.print_closes_at,
    )


def _templates(ctx: Context, ids: Iterable[UUID]) -> dict[UUID, PublishedTemplate]:
    versions = template_queries.versions_by_id(ctx, ids)
    return {id_: PublishedTemplate(form=each.form, family=each.family) for id_, each in versions.items()}


def _media(session: Session, names: Names) -> Sequence[Row[Any]]:
    """Return the media with one of the declared ids, and for each sha256 the record that brought these bytes first."""
    ids = [medium.id for medium in names.media]
    hashes = {medium.sha256 for medium in names.media}
    return session.execute(_MEDIA, {"ids": ids, "hashes": list(hashes)}).all() if ids else ()


def _declared(row: Any) -> DeclaredMedia:
    names = ("owner_user_id", "inspection_id", "sha256", "bytes", "mime")
    return DeclaredMedia(**{name: getattr(row, name) for name in names})
