"""Tables of the media slice; the bytes themselves are in the blob store."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base


class Media(Base):
    """One photo, sound or video. Its id is the device's; ``inspection_id`` is known once the visit's operation came.

    Owner, organisation and device are checked per statement (core/references.py).
    """

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("kind IN ('photo', 'audio', 'video')", name="kind_known"),
        CheckConstraint("status IN ('declared', 'stored', 'refused')", name="status_known"),
        CheckConstraint(
            "octet_length(decode(sha256, 'hex')) = 32 AND encode(decode(sha256, 'hex'), 'hex') = sha256",
            name="sha256_form",
        ),
        CheckConstraint("bytes > 0", name="bytes_positive"),
        CheckConstraint("(status = 'stored') = (stored_at IS NOT NULL)", name="stored_at_set"),
        CheckConstraint("status <> 'refused' OR refused_reason IS NOT NULL", name="refused_with_reason"),
        Index("ix_media_inspection_id", "inspection_id"),
        Index("ix_media_sha256", "sha256", postgresql_using="hash"),
        Index("ix_media_open", "device_id", postgresql_where=text("status = 'declared'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    owner_user_id: Mapped[UUID]
    organisation_id: Mapped[UUID]
    device_id: Mapped[UUID | None]
    inspection_id: Mapped[UUID | None]
    item_key: Mapped[str | None]
    kind: Mapped[str]
    mime: Mapped[str]
    bytes: Mapped[int]
    sha256: Mapped[str]
    status: Mapped[str] = mapped_column(server_default=text("'declared'"))
    refused_reason: Mapped[str | None]
    captured: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    declared_at: Mapped[datetime]
    stored_at: Mapped[datetime | None]


class MediaUpload(Base):
    """A running upload: who writes it now, and how far it was when he stopped; the file's length is the truth."""

    __tablename__ = "media_upload"
    __table_args__ = (CheckConstraint("(lease_token IS NULL) = (lease_until IS NULL)", name="lease_whole"),)

    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"), primary_key=True)
    received_bytes: Mapped[int] = mapped_column(server_default=text("0"))
    lease_token: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class MediaDerivative(Base):
    """Something made from an original, by kind (``thumbnail``)."""

    __tablename__ = "media_derivative"

    media_id: Mapped[UUID] = mapped_column(ForeignKey("media.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str]
