"""The table of the imports slice: visits from before the bank had this system."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified


class ImportedVisit(Identified, Base):
    """A visit that the system did not see: it may spare a checkpoint its first task, and counts for nothing else.

    ``import_id`` is common to all of one file (domain.md §1.7: allowed if flagged imported).
    """

    __tablename__ = "imported_visit"
    __table_args__ = (
        UniqueConstraint("checkpoint_id", "performed_on", "template_family"),
        CheckConstraint("channel IN ('onsite', 'remote')", name="channel_known"),
        Index("ix_imported_visit_import_id", "import_id"),
    )

    checkpoint_id: Mapped[UUID] = mapped_column(ForeignKey("checkpoint.id"))
    performed_on: Mapped[date]
    template_family: Mapped[str]
    channel: Mapped[str]
    import_id: Mapped[UUID]
    imported_by: Mapped[UUID] = mapped_column(ForeignKey("user_account.id"))
    imported_at: Mapped[datetime]
