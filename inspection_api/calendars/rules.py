"""Which days are workdays (domain.md §5.1): Monday to Friday, but for the State Council's holidays and make-up days.

The arrangement of a year is published around November of the year before. A date of a year that is not covered is
judged by its weekday alone, and `Calendar.is_known` tells so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from inspection_api.calendars.errors import CalendarInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The covered ``years`` with their ``holidays`` and the weekend days that are ``workdays`` instead (调休)."""

    years: frozenset[int] = frozenset()
    holidays: frozenset[date] = frozenset()
    workdays: frozenset[date] = frozenset()

    def is_known(self, day: date) -> bool:
        """Tell whether the State Council's word about ``day`` is here."""
        return day.year in self.years

    def is_workday(self, day: date) -> bool:
        """Tell whether people work on ``day``."""
        return day in self.workdays or (day.weekday() < _SATURDAY and day not in self.holidays)

    def workday_at_or_after(self, day: date) -> date:
        """Return ``day`` or the first workday after it."""
        while not self.is_workday(day):
            day += _ONE_DAY
        return day

    def workday_at_or_before(self, day: date) -> date:
        """Return ``day`` or the last workday before it."""
        while not self.is_workday(day):
            day -= _ONE_DAY
        return day

    def add_workdays(self, day: date, count: int) -> date:
        """Return the ``count``-th workday after ``day``."""
        for _ in range(count):
            day = self.workday_at_or_after(day + _ONE_DAY)
        return day

    def count_workdays(self, after: date, until: date) -> int:
        """Return how many workdays come after ``after``, up to and with ``until``; 0 if that lies before."""
        return sum(self.is_workday(after + timedelta(days=ahead)) for ahead in range(1, (until - after).days + 1))


def ensure_year(year: int, holidays: Sequence[date], workdays: Sequence[date]) -> None:
    """Refuse a year whose days contradict each other.

    Raises:
        CalendarInvalid: a day of another year, a day twice, a holiday that is a make-up day, or a make-up day that is
            no weekend.
    """
    faults = {"holidays": _fault(year, holidays), "workdays": _fault(year, workdays) or _fault_of_make_up(workdays)}
    if set(holidays) & set(workdays):
        faults["workdays"] = "同一天不能既是放假日又是调休上班日"
    found = {field: fault for field, fault in faults.items() if fault}
    if found:
        raise CalendarInvalid(fields=found)


def _fault(year: int, days: Sequence[date]) -> str:
    if any(day.year != year for day in days):
        return f"只能包含 {year} 年的日期"
    return "日期重复" if len(set(days)) < len(days) else ""


def _fault_of_make_up(days: Sequence[date]) -> str:
    return "调休上班日必须是周六或周日" if any(day.weekday() < _SATURDAY for day in days) else ""
