"""Reads of the calendars slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.calendars.models import CalendarYear
from inspection_api.calendars.rules import Calendar

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def load_calendar(session: Session) -> Calendar:
    """Return all that is known of workdays, in one statement."""
    rows = session.execute(select(CalendarYear.year, CalendarYear.holidays, CalendarYear.workdays)).all()
    return Calendar(
        years=frozenset(row.year for row in rows),
        holidays=frozenset(day for row in rows for day in row.holidays),
        workdays=frozenset(day for row in rows for day in row.workdays),
    )
