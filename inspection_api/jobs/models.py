"""Tables of the jobs slice."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified


class Job(Identified, Base):
    """Something long that a user asked for; ``state`` is where its next step begins, ``parts`` how many it stashed.

    ``done`` of ``total`` is its progress in units of its kind (labels, rows). The file of a finished one can be fetched
    until ``expires_at``; ``problem`` is the code of what a failed one met. ``result`` is what a finished one has to say
    beside its file.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("requested_by", "idempotency_key"),
        CheckConstraint("status IN ('queued', 'running', 'done', 'failed', 'expired')", name="status_known"),
        CheckConstraint("done >= 0 AND done <= total", name="progress_in_range"),
        CheckConstraint("(status = 'failed') = (problem IS NOT NULL)", name="failed_with_problem"),
        CheckConstraint(
            "(status IN ('done', 'expired')) = (file_name IS NOT NULL)"
            " AND (file_name IS NULL) = (mime IS NULL) AND (file_name IS NULL) = (expires_at IS NULL)",
            name="done_with_file",
        ),
        Index("ix_job_requested_by_id", "requested_by", "id"),
        Index("ix_job_expires_at", "expires_at", postgresql_where=text("status = 'done'")),
    )

    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    requested_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    requested_at: Mapped[datetime]
    status: Mapped[str] = mapped_column(server_default=text("'queued'"))
    done: Mapped[int] = mapped_column(server_default=text("0"))
    total: Mapped[int] = mapped_column(server_default=text("0"))
    state: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    parts: Mapped[int] = mapped_column(server_default=text("0"))
    result: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    idempotency_key: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    problem: Mapped[str | None]
    file_name: Mapped[str | None]
    mime: Mapped[str | None]
    expires_at: Mapped[datetime | None]
