"""Endpoints of the workday calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from inspection_api.calendars import schemas, service
from inspection_api.calendars.models import CalendarYear
from inspection_api.core.permissions import Action, Permission
from inspection_api.http.blueprint import Blueprint

if TYPE_CHECKING:
    from inspection_api.core.context import Context

READ = Permission(Action.CONFIGURATION, "read")

blp = Blueprint("calendars", "工作日历")


@blp.get("/calendar-years", permission=READ, out=schemas.CalendarSchema)
def list_years(ctx: Context) -> dict[str, Any]:
    """List the years whose workdays are known."""
    return {"items": ctx.session.scalars(select(CalendarYear).order_by(CalendarYear.year)).all()}


@blp.put("/calendar-years", permission=service.EDIT, body=schemas.CalendarYearInput, out=schemas.CalendarYearSchema)
def set_year(ctx: Context, **values: Any) -> CalendarYear:
    """Take in the State Council's arrangement of a year; the same again changes nothing."""
    return service.set_year(ctx, **values)
