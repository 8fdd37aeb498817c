"""Tables of the exports slice."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base


class PersonalExport(Base):
    """Rows with people's names in them that a job gives to whoever asked for it; ``day`` is Asia/Shanghai's.

    ``organisation_id`` is whose they are, ``content`` what they are: a report's list, or the portfolio.
    """

    __tablename__ = "personal_export"
    __table_args__ = (
        CheckConstraint("rows >= 0", name="rows_count"),
        Index("ix_personal_export_user_id_day", "user_id", "day"),
    )

    job_id: Mapped[UUID] = mapped_column(ForeignKey("job.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"))
    content: Mapped[str]
    rows: Mapped[int]
    reason: Mapped[str]
    day: Mapped[date]
    at: Mapped[datetime]


class ExportTerms(Base):
    """How many such rows one person of an organisation takes a day, and from how many on superiors are told.

    They hold below it, too, for whoever says nothing else.
    """

    __tablename__ = "export_terms"
    __table_args__ = (
        CheckConstraint("alert_rows BETWEEN 1 AND daily_rows", name="alert_before_limit"),
        CheckConstraint("daily_rows <= 10000000", name="daily_rows_range"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    alert_rows: Mapped[int]
    daily_rows: Mapped[int]
