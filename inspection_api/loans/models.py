"""Tables of the loans slice."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Numeric
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified, Versioned


class Loan(Identified, Versioned, Base):
    """A drawdown (借据) of a customer; ``amount`` in 元, ``rate`` in percent a year."""

    __tablename__ = "loan"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount_positive"),
        CheckConstraint("matures_on >= disbursed_on", name="days_in_order"),
        CheckConstraint(
            "five_class IN ('normal', 'watch', 'substandard', 'doubtful', 'loss')", name="five_class_known"
        ),
    )

    contract_no: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"), index=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(18, 2))
    disbursed_on: Mapped[date]
    matures_on: Mapped[date]
    five_class: Mapped[str]
    rate: Mapped[Decimal | None] = mapped_column(Numeric(9, 6))
    repayment_method: Mapped[str | None]
