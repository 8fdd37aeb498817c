"""Use cases of the calendars slice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.dialects.postgresql import insert

from inspection_api.calendars import rules
from inspection_api.calendars.models import CalendarYear
from inspection_api.core.permissions import Action, Permission

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from inspection_api.core.context import Context

EDIT = Permission(Action.CONFIGURATION, "edit")


def set_year(ctx: Context, *, year: int, holidays: Sequence[date], workdays: Sequence[date]) -> CalendarYear:
    """Take in the State Council's arrangement of a year, in place of what was known of it.

    Raises:
        CalendarInvalid: its days contradict each other.
    """
    rules.ensure_year(year, holidays, workdays)
    values = {
        "holidays": sorted(holidays),
        "workdays": sorted(workdays),
        "imported_by": ctx.actor.user_id,
        "imported_at": ctx.now,
    }
    statement = insert(CalendarYear).values(year=year, **values)
    ctx.session.execute(statement.on_conflict_do_update(index_elements=["year"], set_=values))
    ctx.record("calendar.imported", year=year, holidays=len(holidays), workdays=len(workdays))
    return ctx.session.get_one(CalendarYear, year, populate_existing=True)
