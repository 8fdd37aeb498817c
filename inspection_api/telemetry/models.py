"""Tables of the telemetry slice."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base, Identified


class Meter(Identified, Base):
    """A meter of an enterprise behind a gateway; ``rollover_kwh`` is the 10^n at which its counter begins again."""

    __tablename__ = "meter"
    __table_args__ = (
        CheckConstraint("kind IN ('electricity')", name="kind_known"),
        CheckConstraint("unit IN ('kWh')", name="unit_known"),
        CheckConstraint("interval_min > 0 AND 1440 % interval_min = 0", name="interval_divides_day"),
        CheckConstraint("rollover_kwh > 0", name="rollover_positive"),
    )

    code: Mapped[str] = mapped_column(unique=True)
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"), index=True)
    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisation.id"), index=True)
    device_id: Mapped[UUID] = mapped_column(ForeignKey("device.id"), index=True)
    kind: Mapped[str] = mapped_column(server_default=text("'electricity'"))
    unit: Mapped[str] = mapped_column(server_default=text("'kWh'"))
    interval_min: Mapped[int] = mapped_column(server_default=text("15"))
    rollover_kwh: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    installed_on: Mapped[date]
    created_at: Mapped[datetime]


class Reading(Base):
    """A cumulative counter at an instant; no foreign key, since meters are never deleted and readings are many."""

    __tablename__ = "reading"

    meter_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    counter_kwh: Mapped[Decimal] = mapped_column(Numeric(18, 4))


class DailyFact(Base):
    """What an enterprise's meters say about a day of Asia/Shanghai; an unknown day has no energy."""

    __tablename__ = "daily_fact"
    __table_args__ = (
        CheckConstraint("known = (energy_kwh IS NOT NULL)", name="known_with_energy"),
        CheckConstraint("energy_kwh >= 0", name="energy_not_negative"),
        CheckConstraint("completeness BETWEEN 0 AND 1", name="completeness_share"),
    )

    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True, index=True)
    energy_kwh: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    completeness: Mapped[Decimal] = mapped_column(Numeric(5, 4))
    known: Mapped[bool]
    computed_at: Mapped[datetime]
