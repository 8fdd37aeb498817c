"""Refusals of the calendars slice."""

from __future__ import annotations

from inspection_api.core.errors import Invalid


class CalendarInvalid(Invalid):
    """A year's days contradict each other; ``fields`` says where."""

    code = "calendar_invalid"
    title = "工作日历有误"
