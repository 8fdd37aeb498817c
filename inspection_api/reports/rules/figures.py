"""Completion figures and how they add up (domain.md §1.9).

A figure is two counts. Parents add the counts of their children, never their percentages, and an empty denominator
has no value at all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, Self, TypeVar

from inspection_api.core.periods import Grid, Period, Unit
from inspection_api.reports.errors import (
    OrganisationRepeated,
    ReportTooLong,
    ReportWindowInvalid,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from uuid import UUID

S = TypeVar("S", bound="Sums")

_TEN_THOUSANDTH = Decimal("0.0001")
_REPORTED = Period(start=date(2000, 1, 1), end=date(2099, 12, 31))


class Measure(StrEnum):
    """What is counted; each is also the name of its drill-down list.

    ``due``: due in the window and by today, neither cancelled nor exempt. ``completed``, ``on_time`` and ``overdue``
    (open after the due day, or missed) are parts of it. ``running``: the period holds today, while the window does,
    whether due yet or not; ``progressed`` is the done part of it. 专项 are in none of these, but shown apart:
    ``special`` as ``due``, ``special_completed`` as the done part of it.
    """

    DUE = "due"
    COMPLETED = "completed"
    ON_TIME = "on_time"
    OVERDUE = "overdue"
    RUNNING = "running"
    PROGRESSED = "progressed"
    SPECIAL = "special"
    SPECIAL_COMPLETED = "special_completed"


DUE_MEASURES = (Measure.DUE, Measure.COMPLETED, Measure.ON_TIME, Measure.OVERDUE)
"""The measures that rest on due days alone, whatever periods run."""


class Sums:
    """Numbers that a parent adds up, field by field."""

    __slots__ = ()

    def __add__(self, other: Self) -> Self:
        """Return the numbers of both together."""
        kind: Any = type(self)
        both: Self = kind(**{name: getattr(self, name) + getattr(other, name) for name in _names(kind)})
        return both


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    """Return what is added up, looked up once: a report of a province adds thousands of times."""
    return tuple(part.name for part in fields(kind))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts(Sums):
    """How many tasks each measure holds; nothing is running when the report's window is not."""

    due: int = 0
    completed: int = 0
    on_time: int = 0
    overdue: int = 0
    running: int = 0
    progressed: int = 0
    special: int = 0
    special_completed: int = 0

    def of(self, measure: Measure) -> int:
        """Return the count of one measure."""
        return int(getattr(self, measure))


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage(Sums):
    """Who had to be seen in a window, and who was: checkpoints, customers, and the loans of these in 元 (§1.9)."""

    checkpoints: int = 0
    covered_checkpoints: int = 0
    customers: int = 0
    covered_customers: int = 0
    balance: Decimal = Decimal(0)
    covered_balance: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate and the two numbers that it is, counts or 元; ``value`` has four decimals, None stands for "—"."""

    numerator: int | Decimal
    denominator: int | Decimal

    @property
    def value(self) -> Decimal | None:
        """Return numerator / denominator, rounded half up; None on an empty denominator, never 0 or 1."""
        if self.denominator == 0:
            return None
        return (Decimal(self.numerator) / self.denominator).quantize(_TEN_THOUSANDTH, ROUND_HALF_UP)


def ensure_window(window: Period) -> None:
    """Refuse a report window that ends before it begins, or that no bank has figures of.

    Raises:
        ReportWindowInvalid: ``to`` lies before ``from``, or one of them outside of 2000-2099.
    """
    if window.end < window.start:
        raise ReportWindowInvalid(fields={"to": "不能早于开始日期"})
    wrong = {name: day for name, day in (("from", window.start), ("to", window.end)) if day not in _REPORTED}
    if wrong:
        raise ReportWindowInvalid(fields=dict.fromkeys(wrong, "应在 2000–2099 年之间"))


def total(parts: Iterable[S], nothing: S) -> S:
    """Return Σ of ``parts``: numerators with numerators, denominators with denominators."""
    return sum(parts, nothing)


def subtree_total(parts: Mapping[str, S], path: str, nothing: S) -> S:
    """Return the numbers of the organisation at ``path`` and of everything below it; ``parts`` is by path."""
    return total((part for place, part in parts.items() if place.startswith(path)), nothing)


class Granularity(StrEnum):
    """Into what natural periods a window is cut; weeks are those of ISO 8601."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_LENGTHS = {
    Granularity.DAY: (Unit.DAY, 1),
    Granularity.WEEK: (Unit.WEEK, 1),
    Granularity.MONTH: (Unit.MONTH, 1),
    Granularity.QUARTER: (Unit.MONTH, 3),
    Granularity.YEAR: (Unit.YEAR, 1),
}
_FIRSTS: dict[Granularity, Callable[[date], date]] = {
    Granularity.DAY: lambda day: day,
    Granularity.WEEK: lambda day: day - timedelta(days=day.weekday()),
    Granularity.MONTH: lambda day: day.replace(day=1),
    Granularity.QUARTER: lambda day: day.replace(month=day.month - (day.month - 1) % 3, day=1),
    Granularity.YEAR: lambda day: day.replace(month=1, day=1),
}
_LABELS: dict[Granularity, Callable[[date], str]] = {
    Granularity.DAY: lambda first: f"{first.year}年{first.month}月{first.day}日",
    Granularity.WEEK: lambda first: "{}年第{}周".format(*first.isocalendar()),
    Granularity.MONTH: lambda first: f"{first.year}年{first.month}月",
    Granularity.QUARTER: lambda first: f"{first.year}年第{'一二三四'[first.month // 3]}季度",
    Granularity.YEAR: lambda first: f"{first.year}年",
}


def split(window: Period, granularity: Granularity, *, most: int) -> dict[date, Period]:
    """Return the natural periods of ``window`` by their natural first days, the first and the last cut to the window.

    Raises:
        ReportTooLong: they are more than ``most``.
    """
    unit, interval = _LENGTHS[granularity]
    grid = Grid(start=first_day_of(window.start, granularity), unit=unit, interval=interval)
    count = grid.index_of(window.end) + 1
    if count > most:
        raise ReportTooLong(fields={"to": f"最多 {most} 个期间，现为 {count} 个"}, most=most, count=count)
    natural = list(grid.periods(0, count - 1))
    return {
        period.start: Period(start=max(period.start, window.start), end=min(period.end, window.end))
        for period in natural
    }


def first_day_of(day: date, granularity: Granularity) -> date:
    """Return the first day of the natural day, ISO week, month, quarter or year of ``day``."""
    return _FIRSTS[granularity](day)


def label_of(first: date, granularity: Granularity) -> str:
    """Return what people call the natural period that begins on ``first``."""
    return _LABELS[granularity](first)


def months_of(year: int) -> tuple[Period, dict[date, Period]]:
    """Return the days of a year, and its months by their first days."""
    window = Period(start=date(year, 1, 1), end=date(year, 12, 31))
    return window, split(window, Granularity.MONTH, most=12)


def added_up(parts: Iterable[Mapping[date, Counts]], periods: Iterable[date]) -> dict[date, Counts]:
    """Return Σ of ``parts`` by period; a period of which none of them has anything has zeros."""
    sums: dict[date, Counts] = {}
    for part in parts:
        for first, counts in part.items():
            sums[first] = sums[first] + counts if first in sums else counts
    return {first: sums.get(first, Counts()) for first in periods}


def completion_of(counts: Counts) -> Rate:
    """Return 完成率 of what fell due."""
    return Rate(numerator=counts.completed, denominator=counts.due)


def ensure_distinct(organisation_ids: Sequence[UUID]) -> None:
    """Refuse to compare an organisation with itself.

    Raises:
        OrganisationRepeated: one of them is named twice.
    """
    if len(set(organisation_ids)) < len(organisation_ids):
        raise OrganisationRepeated(fields={"organisation_ids": "每个机构只能选择一次"})
