"""Tables of the calendars slice."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Date, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core.tables import Base


class CalendarYear(Base):
    """The State Council's arrangement of one year."""

    __tablename__ = "calendar_year"
    __table_args__ = (
        CheckConstraint("year BETWEEN 2000 AND 2100", name="year_in_range"),
        CheckConstraint("NOT holidays && workdays", name="one_or_the_other"),
    )

    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    holidays: Mapped[list[date]] = mapped_column(ARRAY(Date()))
    workdays: Mapped[list[date]] = mapped_column(ARRAY(Date()))
    imported_by: Mapped[UUID | None] = mapped_column(ForeignKey("user_account.id"))
    imported_at: Mapped[datetime]
