"""Tables of the protocol: batches as received, one receipt per operation, and each device's position."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import BigInteger

from inspection_api.core.tables import Base, Identified


class SyncDevice(Base):
    """A device's position: its next number, the numbers that never came, and when it was last heard."""

    __tablename__ = "sync_device"

    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), primary_key=True)
    next_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("1"))
    gaps: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default=text("'{}'"))
    app: Mapped[str] = mapped_column(server_default=text("''"))
    last_seen_at: Mapped[datetime]


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
    """The received bytes of a batch, compressed, with their signature: evidence, and the source for reprocessing."""

    __tablename__ = "sync_batch"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), index=True)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]


class SyncReceipt(Base):
    """The durable verdict on one operation; only a held or parked one ever changes."""

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
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"))
    seq: Mapped[int] = mapped_column(BigInteger)
    batch_id: Mapped[UUID] = mapped_column(ForeignKey("sync_batch.id"))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[str]
    result: Mapped[dict[str, Any]]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    received_at: Mapped[datetime]


class SyncConflict(Identified, Base):
    """Two values of one field: the first accepted stays current until somebody decides."""

    __tablename__ = "sync_conflict"
    __table_args__ = (CheckConstraint("state IN ('open', 'resolved')", name="state_known"),)

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"), index=True)
    op_id: Mapped[UUID]
    field: Mapped[str]
    server: Mapped[dict[str, Any] | None]
    device: Mapped[dict[str, Any] | None]
    state: Mapped[str] = mapped_column(server_default=text("'open'"))
    created_at: Mapped[datetime]


class SyncEpoch(Base):
    """The one row that names this history of the bank; a restore from backup begins a new one."""

    __tablename__ = "sync_epoch"
    __table_args__ = (CheckConstraint("one", name="only_row"),)

    one: Mapped[bool] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
