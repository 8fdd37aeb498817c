"""Completion figures and how they add up (domain.md §1.9).

A figure is two counts. Parents add the counts of their children, never their percentages, and an empty denominator
has no value at all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.reports.errors import ReportWindowInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from inspection_api.core.periods import Period

_TEN_THOUSANDTH = Decimal("0.0001")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many tasks each measure holds; nothing is running when the report's window is not."""

    due: int = 0
    completed: int = 0
    on_time: int = 0
    overdue: int = 0
    running: int = 0
    progressed: int = 0
    special: int = 0
    special_completed: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Return the counts of both together."""
        return Counts(**{item.name: getattr(self, item.name) + getattr(other, item.name) for item in fields(self)})

    def of(self, measure: Measure) -> int:
        """Return the count of one measure."""
        return int(getattr(self, measure))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A rate and the two counts that it is; ``value`` has four decimals, None stands for "—"."""

    numerator: int
    denominator: int

    @property
    def value(self) -> Decimal | None:
        """Return numerator / denominator, rounded half up; None on an empty denominator, never 0 or 1."""
        if self.denominator == 0:
            return None
        return (Decimal(self.numerator) / self.denominator).quantize(_TEN_THOUSANDTH, ROUND_HALF_UP)


def ensure_window(window: Period) -> None:
    """Refuse a report window that ends before it begins.

    Raises:
        ReportWindowInvalid: ``to`` lies before ``from``.
    """
    if window.end < window.start:
        raise ReportWindowInvalid(fields={"to": "不能早于开始日期"})


def total(counts: Iterable[Counts]) -> Counts:
    """Return Σ of ``counts``: numerators with numerators, denominators with denominators."""
    return sum(counts, Counts())


def subtree_counts(counts: Mapping[str, Counts], path: str) -> Counts:
    """Return the counts of the organisation at ``path`` and of everything below it; ``counts`` is by path."""
    return total(part for place, part in counts.items() if place.startswith(path))
