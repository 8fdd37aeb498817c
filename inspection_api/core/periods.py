"""Days and periods of Asia/Shanghai: the one place that turns instants into days, days into blocks (domain.md §1.2).

China has kept UTC+8 without summer time since 1991, so the zone is a fixed offset and needs no zone database.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
_ONE_DAY = timedelta(days=1)
_MONTHS_PER_YEAR = 12


class Unit(StrEnum):
    """In what periods are counted (计划频次)."""

    YEAR = "year"
    MONTH = "month"
    WEEK = "week"
    DAY = "day"


class WindowMode(StrEnum):
    """Natural months and years, or periods counted from the very day of the start (domain.md §1.2)."""

    CALENDAR = "calendar"
    ANCHORED = "anchored"


_DAYS = {Unit.WEEK: 7, Unit.DAY: 1}
_MONTHS = {Unit.YEAR: _MONTHS_PER_YEAR, Unit.MONTH: 1}


def local_day(instant: datetime) -> date:
    """Return the day in Asia/Shanghai on which the aware ``instant`` falls."""
    return instant.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """Return the instant (UTC) at which ``day`` begins in Asia/Shanghai."""
    return datetime.combine(day, time.min, SHANGHAI).astimezone(UTC)


def first_of_month(day: date) -> date:
    """Return the first day of the month of ``day``."""
    return day.replace(day=1)


def month_of(day: date) -> Period:
    """Return the natural month of ``day``."""
    first = first_of_month(day)
    return Period(start=first, end=add_months(first, 1) - timedelta(days=1))


def add_months(day: date, months: int) -> date:
    """Return ``day`` moved by ``months``, clamped to the end of a shorter month (31 January + 1 = 28 February)."""
    years, month = divmod(day.year * _MONTHS_PER_YEAR + day.month - 1 + months, _MONTHS_PER_YEAR)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def add_units(day: date, unit: Unit, count: int) -> date:
    """Return ``day`` moved by ``count`` years, months, weeks or days; months and years are clamped."""
    if unit in _DAYS:
        return day + timedelta(days=count * _DAYS[unit])
    return add_months(day, count * _MONTHS[unit])


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Days from ``start`` to ``end``, both inclusive."""

    start: date
    end: date

    def __contains__(self, day: date) -> bool:
        """Tell whether ``day`` is one of the period's days."""
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """All periods of ``interval`` units counted from ``start``, cut to [``opens``, ``end``]; no ``end`` is open.

    Calendar blocks are counted from the natural month, year or ISO week of ``start``; anchored periods and day blocks
    from ``start`` itself, each computed from that original anchor so that clamping never drifts (domain.md §1.2).
    ``opens`` is where the first period begins when that is later than ``start``.
    """

    start: date
    end: date | None = None
    unit: Unit = Unit.MONTH
    interval: int = 1
    mode: WindowMode = WindowMode.CALENDAR
    opens: date | None = None

    @property
    def first_day(self) -> date:
        """Return the first day of the first period."""
        return max(self.start, self.opens or self.start)

    def boundary(self, index: int) -> date:
        """Return the uncut first day of period ``index``."""
        return add_units(self._origin(), self.unit, index * self.interval)

    def index_of(self, day: date) -> int:
        """Return the index of the uncut period that holds ``day`` (negative before the first)."""
        origin = self._origin()
        if self.unit in _DAYS:
            return (day - origin).days // (_DAYS[self.unit] * self.interval)
        months = (day.year - origin.year) * _MONTHS_PER_YEAR + day.month - origin.month
        index = months // (_MONTHS[self.unit] * self.interval)
        return index if self.boundary(index) <= day else index - 1

    def period(self, index: int) -> Period | None:
        """Return period ``index``, cut to the grid's days; None if no day of it is left."""
        start = max(self.boundary(index), self.first_day)
        last = self.boundary(index + 1) - _ONE_DAY
        end = last if self.end is None else min(last, self.end)
        return Period(start=start, end=end) if start <= end else None

    def periods(self, first: int, last: int) -> Iterator[Period]:
        """Yield the periods with index ``first`` to ``last``, both inclusive, that have days."""
        for index in range(first, last + 1):
            period = self.period(index)
            if period is not None:
                yield period

    def _origin(self) -> date:
        if self.mode is WindowMode.ANCHORED or self.unit is Unit.DAY:
            return self.start
        if self.unit is Unit.WEEK:
            return self.start - timedelta(days=self.start.weekday())
        return first_of_month(self.start) if self.unit is Unit.MONTH else self.start.replace(month=1, day=1)
