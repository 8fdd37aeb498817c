"""Tables of the protocol: batches as received, one receipt per operation, and each device's position."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger, DateTime

from inspection_api.core.tables import Base, Identified


class SyncDevice(Base):
    """A device's position: its next number, the missing ones, each with when it was first missed, and its last word.

    ``reviewed_at`` is when the timetable last looked at what waits; ``clock_skew_s`` is by how many seconds the
    device's wall clock was ahead when it last pushed.
    """

    __tablename__ = "sync_device"
    __table_args__ = (CheckConstraint("cardinality(gaps) = cardinality(gaps_since)", name="gaps_since_each"),)

    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), primary_key=True)
    next_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    gaps: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    gaps_since: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)), server_default=text("'{}'"))
    reviewed_at: Mapped[datetime | None]
    clock_skew_s: Mapped[float | None]
    app: Mapped[str] = mapped_column(server_default=text("''"))
    last_seen_at: Mapped[datetime]


class SyncNumber(Base):
    """A device's number without a receipt of its own: given up (no operation), or of an operation known by another."""

    __tablename__ = "sync_number"

    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    op_id: Mapped[UUID | None] = mapped_column(ForeignKey("sync_receipt.op_id"))
    noted_at: Mapped[datetime]


class SyncSample(Base):
    """One handshake: the server's time when a boot of the device stood at ``mono_ms`` (sync.md §6)."""

    __tablename__ = "sync_sample"
    __table_args__ = (Index("ix_sync_sample_device_id_server_time", "device_id", "server_time"),)

    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), primary_key=True)
    server_time: Mapped[datetime] = mapped_column(primary_key=True)
    boot_id: Mapped[str | None]
    mono_ms: Mapped[int | None] = mapped_column(BigInteger)
    seq: Mapped[int] = mapped_column(BigInteger)


class SyncBatch(Base):
    """The received bytes of a batch with their signature: evidence, and the source for reprocessing.

    ``body`` is compressed: zstd (RFC 8878), in rows of the first installations zlib (RFC 1950), which begins unlike it.
    """

    __tablename__ = "sync_batch"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), index=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]


class SyncReceipt(Base):
    """The durable verdict on one operation. Only a held or parked one ever changes; a decision is added beside it."""

    __tablename__ = "sync_receipt"
    __table_args__ = (
        UniqueConstraint("device_id", "seq"),
        CheckConstraint(
            "status IN ('applied', 'merged', 'conflict', 'extra', 'superseded', 'quarantined', 'rejected', 'held',"
            " 'parked')",
            name="status_known",
        ),
        CheckConstraint("(status IN ('held', 'parked')) = (raw IS NOT NULL)", name="unsettled_keeps_bytes"),
        Index("ix_sync_receipt_unsettled", "device_id", postgresql_where=text("raw IS NOT NULL")),
    )

    op_id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID]
    seq: Mapped[int] = mapped_column(BigInteger)
    batch_id: Mapped[UUID]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str]
    result: Mapped[dict[str, Any]]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]


class SyncConflict(Identified, Base):
    """Two values of one field: the first accepted stays current until somebody decides.

    At most one is open for a field and a device: the device's later value takes the place of its earlier one.
    ``server_device_id`` and ``server_seq`` name the operation that had set the server's value; no device did where a
    decision had.
    """

    __tablename__ = "sync_conflict"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'resolved')", name="state_known"),
        CheckConstraint("kept IN ('server', 'device')", name="kept_known"),
        CheckConstraint(
            "(state = 'resolved') = (kept IS NOT NULL) AND (kept IS NULL) = (decided_by IS NULL)"
            " AND (kept IS NULL) = (decided_at IS NULL)",
            name="resolved_whole",
        ),
        Index(
            "uq_sync_conflict_open",
            "inspection_id",
            "field",
            "device_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
    )

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"), index=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    op_id: Mapped[UUID]
    field: Mapped[str]
    server: Mapped[dict[str, Any] | None]
    device: Mapped[dict[str, Any] | None]
    server_device_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))
    server_seq: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    created_at: Mapped[datetime]
    kept: Mapped[str | None]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class SyncQuarantine(Base):
    """An operation that is kept and counts only after a decision (sync.md §4).

    ``raw`` is its bytes where it left no row of its own, to be judged again when it is released; a quarantined visit
    has its inspection row instead. ``released`` means that its reasons went away (its device
    was approved, its place was decided).
    """

    __tablename__ = "sync_quarantine"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'accepted', 'refused', 'released')", name="state_known"),
        CheckConstraint("(state = 'open') = (decided_at IS NULL)", name="decided_at_set"),
        Index("ix_sync_quarantine_open", "organisation_id", "op_id", postgresql_where=text("state = 'open'")),
        Index("ix_sync_quarantine_device_open", "device_id", postgresql_where=text("state = 'open'")),
        Index("ix_sync_quarantine_entity_id", "entity_id"),
    )

    op_id: Mapped[UUID] = mapped_column(ForeignKey("sync_receipt.op_id"), primary_key=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    officer_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    entity_id: Mapped[UUID]
    type: Mapped[str]
    codes: Mapped[list[str]]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    received_at: Mapped[datetime]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str | None]


class SyncEpoch(Base):
    """The one row that names this history of the bank; a restore from backup begins a new one.

    Up to ``horizon`` the feed has forgotten removals, so an older cursor cannot go on.
    """

    __tablename__ = "sync_epoch"
    __table_args__ = (CheckConstraint("one", name="only_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
    horizon: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class SyncSetting(Base):
    """The bank's one row of settings: whether a batch with a bad signature is refused, or taken with a flag."""

    __tablename__ = "sync_setting"
    __table_args__ = (
        CheckConstraint("one", name="only_row"),
        CheckConstraint("bad_signature IN ('refuse', 'flag')", name="bad_signature_known"),
    )

    one: Mapped[bool] = mapped_column(primary_key=True)
    bad_signature: Mapped[str] = mapped_column(server_default=text("'refuse'"))
