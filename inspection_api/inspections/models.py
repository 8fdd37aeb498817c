"""Tables of the inspections slice."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified, Versioned


class Inspection(Identified, Versioned, Base):
    """One visit. Its id is the device's; ``blockers`` say what keeps a submitted visit from being accepted.

    ``submitted_seq`` is the number of the submission on the device that made it: an own operation with a smaller one
    that comes later says nothing new. ``media_waived``: whoever accepted the quarantined visit does without the
    required media that were never declared; ``excepted``: somebody accepted it out of quarantine. Organisation,
    officer and device are checked per statement (core/references.py).
    """

    __tablename__ = "inspection"
    __table_args__ = (
        CheckConstraint(
            "state IN ('draft', 'submitted', 'accepted', 'extra', 'refused', 'voided')", name="state_known"
        ),
        CheckConstraint("channel IN ('onsite', 'remote', 'self')", name="channel_known"),
        CheckConstraint("blockers <@ ARRAY['quarantine', 'conflict', 'media']", name="blockers_known"),
        CheckConstraint(
            "state IN ('draft', 'submitted', 'refused') OR blockers = '{}'", name="blocked_is_not_accepted"
        ),
        CheckConstraint(
            "(state IN ('accepted', 'extra', 'voided')) = (accepted_at IS NOT NULL)", name="accepted_at_set"
        ),
        CheckConstraint(
            "num_nulls(voided_by, voided_at, void_reason) = CASE state WHEN 'voided' THEN 0 ELSE 3 END",
            name="voided_whole",
        ),
        CheckConstraint("voided_by <> officer_id", name="officer_never_voids"),
        CheckConstraint("(print_opens_at IS NULL) = (print_closes_at IS NULL)", name="print_window_whole"),
        Index(
            "uq_inspection_accepted_task",
            "task_id",
            unique=True,
            postgresql_where=text("state = 'accepted'"),
        ),
        Index("ix_inspection_checkpoint_id_performed_on", "checkpoint_id", "performed_on"),
        Index("ix_inspection_organisation_id_performed_on", "organisation_id", "performed_on"),
        Index("ix_inspection_officer_id", "officer_id"),
        Index(
            "ix_inspection_grave",
            "print_closes_at",
            postgresql_where=text("conclusion IN ('strong_watch', 'exit')"),
        ),
        Index("ix_inspection_device_id_blocked", "device_id", postgresql_where=text("blockers <> '{}'")),
    )

    task_id: Mapped[UUID | None] = mapped_column(ForeignKey("task.id"))
    checkpoint_id: Mapped[UUID]
    customer_id: Mapped[UUID] = mapped_column(index=True)
    organisation_id: Mapped[UUID]
    officer_id: Mapped[UUID]
    device_id: Mapped[UUID | None]
    template_version_id: Mapped[UUID] = mapped_column(ForeignKey("template_version.id"))
    channel: Mapped[str] = mapped_column(server_default=text("'onsite'"))
    state: Mapped[str]
    blockers: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    quarantine_codes: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    media_waived: Mapped[bool] = mapped_column(server_default=text("false"))
    excepted: Mapped[bool] = mapped_column(server_default=text("false"))
    flags: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    answers: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    field_versions: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    note: Mapped[str | None]
    conclusion: Mapped[str | None]
    indicators: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    judgement: Mapped[dict[str, Any] | None]
    evidence: Mapped[dict[str, Any] | None]
    performed_at: Mapped[datetime | None]
    performed_on: Mapped[date | None]
    submitted_at: Mapped[datetime | None]
    submitted_seq: Mapped[int | None] = mapped_column(BigInteger)
    accepted_at: Mapped[datetime | None]
    voided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str | None]
    snapshot: Mapped[dict[str, Any] | None]
    print_opens_at: Mapped[datetime | None]
    print_closes_at: Mapped[datetime | None]
    amendments: Mapped[int] = mapped_column(server_default=text("0"))


class InspectionRevision(Identified, Base):
    """What a record said before its ``number``-th amendment: who proposed that, who approved it, and when."""

    __tablename__ = "inspection_revision"
    __table_args__ = (UniqueConstraint("inspection_id", "number"),)

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"))
    number: Mapped[int]
    answers: Mapped[dict[str, Any]]
    note: Mapped[str | None]
    conclusion: Mapped[str | None]
    indicators: Mapped[list[str]]
    op_id: Mapped[UUID]
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    approved_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    amended_at: Mapped[datetime]


class InspectionComment(Identified, Versioned, Base):
    """A word on a record, by whoever reaches it; nobody changes it afterwards."""

    __tablename__ = "inspection_comment"
    __table_args__ = (Index("ix_inspection_comment_inspection_id", "inspection_id"),)

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    text: Mapped[str]
    at: Mapped[datetime]
