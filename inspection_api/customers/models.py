"""Tables of the customers slice."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified, Versioned


class Customer(Identified, Versioned, Base):
    """A borrower enterprise; ``organisation_id`` serves it and answers for its checks."""

    __tablename__ = "customer"
    __table_args__ = (
        CheckConstraint("uscc ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'", name="uscc_form"),
        Index("ix_customer_name", "name"),
    )

    uscc: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    officer_id: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    contact: Mapped[str | None]
    phone: Mapped[str | None]
    address: Mapped[str | None]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]
