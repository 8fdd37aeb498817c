"""Tables of the kiosk_print slice."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified, Versioned


class PaperWindow(Identified, Base):
    """The ``number``-th time in which a visit's paper may be printed; never changed once it is open."""

    __tablename__ = "paper_window"
    __table_args__ = (
        UniqueConstraint("inspection_id", "number"),
        CheckConstraint("number >= 1", name="number_counts"),
        CheckConstraint("closes_at > opens_at", name="closes_after_opening"),
        CheckConstraint("(number = 1) = (unlock_request_id IS NULL)", name="later_ones_were_unlocked"),
        Index("ix_paper_window_unlocked", "closes_at", postgresql_where=text("locked_at IS NULL")),
    )

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"))
    number: Mapped[int]
    opens_at: Mapped[datetime]
    closes_at: Mapped[datetime]
    unlock_request_id: Mapped[UUID | None] = mapped_column(ForeignKey("unlock_request.id"))
    reminded_at: Mapped[datetime | None]
    locked_at: Mapped[datetime | None]


class UnlockRequest(Identified, Versioned, Base):
    """Somebody asks for another window; ``window_number`` is the one that has passed.

    ``climbs`` is of how many climbs to a higher level people were told, ``climbs_at`` when the next one is due: the
    timetable's bookkeeping. Who may decide never depends on it.
    """

    __tablename__ = "unlock_request"
    __table_args__ = (
        CheckConstraint("status IN ('pending', 'approved', 'rejected', 'withdrawn', 'expired')", name="status_known"),
        CheckConstraint("(status IN ('approved', 'rejected')) = (decided_by IS NOT NULL)", name="decided_by_set"),
        CheckConstraint("(status = 'pending') = (decided_at IS NULL)", name="decided_at_set"),
        CheckConstraint("climbs BETWEEN 0 AND 2", name="climbs_range"),
        Index("uq_unlock_request_pending", "inspection_id", unique=True, postgresql_where=text("status = 'pending'")),
        Index("ix_unlock_request_inspection_id", "inspection_id"),
        Index("ix_unlock_request_open", "expires_at", postgresql_where=text("status = 'pending'")),
        Index("ix_unlock_request_climbing", "climbs_at", postgresql_where=text("status = 'pending'")),
    )

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    window_number: Mapped[int]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    reason_code: Mapped[str]
    reason: Mapped[str]
    status: Mapped[str]
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]
    days: Mapped[int | None]
    climbs: Mapped[int] = mapped_column(server_default=text("0"))
    climbs_at: Mapped[datetime | None]
    installation_id: Mapped[UUID | None]


class PaperOpinion(Identified, Base):
    """The superior's opinion; a change of content after an unlock voids it."""

    __tablename__ = "paper_opinion"
    __table_args__ = (
        Index("uq_paper_opinion_valid", "inspection_id", unique=True, postgresql_where=text("voided_at IS NULL")),
    )

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    text: Mapped[str]
    given_at: Mapped[datetime]
    voided_at: Mapped[datetime | None]


class PaperPrint(Identified, Versioned, Base):
    """One print. It is ``reserved`` with its number first; rendering finishes it, and a retry by key does too.

    ``sheet`` is all that the paper says, so that a print is the same whenever it is rendered. ``voided_by`` is the
    manager who voided it; with its visit a print is voided without one.
    """

    __tablename__ = "paper_print"
    __table_args__ = (
        UniqueConstraint("printed_by", "idempotency_key"),
        UniqueConstraint("number", "copy"),
        CheckConstraint("status IN ('reserved', 'valid', 'superseded', 'voided')", name="status_known"),
        CheckConstraint("status <> 'valid' OR sha256 IS NOT NULL", name="valid_is_rendered"),
        CheckConstraint("copy >= 1", name="copy_counts"),
        CheckConstraint(
            "num_nulls(voided_by, void_reason) IN (0, 2) AND (voided_by IS NULL OR status = 'voided')",
            name="void_told_whole",
        ),
        Index(
            "uq_paper_print_original",
            "inspection_id",
            unique=True,
            postgresql_where=text("copy = 1 AND status IN ('reserved', 'valid')"),
        ),
        Index("ix_paper_print_inspection_id", "inspection_id"),
        Index("ix_paper_print_reserved", "printed_at", postgresql_where=text("status = 'reserved'")),
    )

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    window_number: Mapped[int]
    number: Mapped[str]
    copy: Mapped[int]
    status: Mapped[str]
    printed_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    printed_at: Mapped[datetime]
    idempotency_key: Mapped[str]
    sheet: Mapped[dict[str, Any]]
    sha256: Mapped[str | None]
    bytes: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    voided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    void_reason: Mapped[str | None]


class VoidRequest(Identified, Base):
    """Somebody asks that a print be voided, with all that share its ``number``.

    ``overtaken`` is a request whose paper ended otherwise. ``escalated_at`` is when the next level was told: the
    timetable's bookkeeping. Who may decide never depends on it.
    """

    __tablename__ = "void_request"
    __table_args__ = (
        UniqueConstraint("requested_by", "idempotency_key"),
        CheckConstraint("status IN ('pending', 'approved', 'rejected', 'withdrawn', 'overtaken')", name="status_known"),
        CheckConstraint("(status IN ('approved', 'rejected')) = (decided_by IS NOT NULL)", name="decided_by_set"),
        CheckConstraint("(status = 'pending') = (decided_at IS NULL)", name="decided_at_set"),
        CheckConstraint("decided_by <> requested_by", name="requester_never_decides"),
        CheckConstraint("status <> 'rejected' OR decision_reason IS NOT NULL", name="rejected_with_reason"),
        Index("uq_void_request_pending", "number", unique=True, postgresql_where=text("status = 'pending'")),
        Index("ix_void_request_inspection_id", "inspection_id"),
        Index("ix_void_request_open", "organisation_id", postgresql_where=text("status = 'pending'")),
        Index(
            "ix_void_request_escalating",
            "escalates_at",
            postgresql_where=text("status = 'pending' AND escalated_at IS NULL"),
        ),
    )

    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    print_id: Mapped[UUID] = mapped_column(ForeignKey("paper_print.id"))
    number: Mapped[str]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    requested_at: Mapped[datetime]
    idempotency_key: Mapped[str]
    installation_id: Mapped[UUID | None]
    reason_code: Mapped[str]
    reason: Mapped[str]
    escalates_at: Mapped[datetime]
    escalated_at: Mapped[datetime | None]
    status: Mapped[str] = mapped_column(server_default=text("'pending'"))
    decided_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    decided_at: Mapped[datetime | None]
    decision_reason: Mapped[str | None]


class PrintTerms(Base):
    """For how many days an organisation's papers may be printed, and how often in one window.

    They hold below it, too, for whoever says nothing else; windows that are open keep theirs.
    """

    __tablename__ = "print_terms"
    __table_args__ = (
        CheckConstraint("window_days BETWEEN 1 AND 60", name="window_days_range"),
        CheckConstraint("prints_per_window BETWEEN 1 AND 50", name="prints_per_window_range"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    window_days: Mapped[int]
    prints_per_window: Mapped[int]


class PaperSeries(Base):
    """The last number given in an organisation's month (``yyyymm``): a row, not a sequence, so that no gap can be."""

    __tablename__ = "paper_series"

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class PrintJob(Identified, Base):
    """A document that waits for a print station (a ``device`` of that kind), and what became of it (domain.md §2.3).

    A paper is a print that has its number already: however often a station fails, no second original is made. Labels
    are kept as a stashed file under the job's id until the job is over. ``attempts`` counts the leases.
    """

    __tablename__ = "print_job"
    __table_args__ = (
        UniqueConstraint("requested_by", "idempotency_key"),
        CheckConstraint("kind IN ('paper', 'labels', 'plate')", name="kind_known"),
        CheckConstraint(
            "state IN ('queued', 'released', 'printing', 'printed', 'failed', 'expired')", name="state_known"
        ),
        CheckConstraint("(kind = 'paper') = (print_id IS NOT NULL)", name="paper_is_a_print"),
        CheckConstraint(
            "state = 'expired' OR (state = 'queued') = (station_id IS NULL)", name="station_from_release_on"
        ),
        CheckConstraint("(station_id IS NULL) = (released_at IS NULL)", name="release_whole"),
        CheckConstraint("(state = 'printing') = (lease_until IS NOT NULL)", name="lease_while_printing"),
        CheckConstraint(
            "(state IN ('printed', 'failed', 'expired')) = (finished_at IS NOT NULL)", name="finished_at_set"
        ),
        CheckConstraint("(state = 'failed') = (problem IS NOT NULL)", name="failed_with_problem"),
        CheckConstraint("attempts >= 0", name="attempts_count"),
        Index(
            "uq_print_job_print_once",
            "print_id",
            unique=True,
            postgresql_where=text("state NOT IN ('failed', 'expired')"),
        ),
        Index("ix_print_job_requested_by_id", "requested_by", "id"),
        Index(
            "ix_print_job_station_open",
            "station_id",
            "released_at",
            postgresql_where=text("state IN ('released', 'printing')"),
        ),
        Index(
            "ix_print_job_expiring", "expires_at", postgresql_where=text("state IN ('queued', 'released', 'printing')")
        ),
    )

    kind: Mapped[str]
    title: Mapped[str]
    print_id: Mapped[UUID | None] = mapped_column(ForeignKey("paper_print.id"))
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    requested_at: Mapped[datetime]
    idempotency_key: Mapped[str]
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default=text("'queued'"))
    station_id: Mapped[UUID | None] = mapped_column(ForeignKey("device.id"))
    released_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    lease_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    problem: Mapped[str | None]
