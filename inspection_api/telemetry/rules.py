"""Daily facts from cumulative counters: what a meter really says about a day, and when it says nothing.

Source: domain.md §5.1. Pure: readings in, energies in kWh out. A *step* lies between two readings that follow each
other; a day is a natural day of Asia/Shanghai.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING

from inspection_api.core.periods import day_start

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import date, datetime

INTERVAL = timedelta(minutes=15)
LONGEST_STEP = timedelta(days=1)
KNOWN_FROM = Decimal("0.8")
FUTURE_TOLERANCE = timedelta(minutes=10)
MAX_BATCH = 10_000
COUNTER_BELOW_KWH = Decimal(10) ** 12
_MAX_DECIMALS = 9
_ONE_DAY = timedelta(days=1)
_ENERGY_PLACES = Decimal("0.0001")
_SHARE_PLACES = Decimal("0.0001")


class RowProblem(StrEnum):
    """Why one reading of a batch is not kept; unknown and foreign meters answer alike."""

    INVALID = "invalid"
    FUTURE = "future"
    UNKNOWN_METER = "unknown_meter"
    DIFFERS = "differs"


ROW_MESSAGES = {
    RowProblem.INVALID: "读数格式有误",
    RowProblem.FUTURE: "读数时间晚于当前时间 10 分钟以上",
    RowProblem.UNKNOWN_METER: "找不到该表计",
    RowProblem.DIFFERS: "同一时刻已有不同读数，以先到者为准",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A cumulative counter at an instant."""

    at: datetime
    counter_kwh: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadingRow:
    """One row of a gateway's batch, as it was sent: the meter's code, an aware instant, the counter."""

    meter: str
    at: datetime
    counter_kwh: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DayFact:
    """A day's energy, None while unknown; ``completeness`` is received / expected intervals, 0 to 1."""

    energy_kwh: Decimal | None
    completeness: Decimal

    @property
    def known(self) -> bool:
        """Tell whether the day may be used by a rule at all; an unknown day is neither low nor normal."""
        return self.energy_kwh is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    start: datetime
    end: datetime
    energy_kwh: Decimal


def is_future(at: datetime, now: datetime) -> bool:
    """Tell whether a reading's instant lies further ahead than clocks differ (security.md §2, 23)."""
    return at > now + FUTURE_TOLERANCE


def meter_day(
    readings: Sequence[Reading], day: date, *, interval: timedelta = INTERVAL, rollover_kwh: Decimal | None = None
) -> DayFact:
    """Return what one meter says about ``day``.

    ``readings`` are in order of time and reach a day beyond both ends, so that the counter's difference is taken across
    the whole day; a step over midnight is shared by time. ``rollover_kwh`` is the counter's 10^n. Where a reset or a
    missing neighbour leaves part of the day without a difference, the rest is scaled up to the whole day.
    """
    start, end = day_start(day), day_start(day + _ONE_DAY)
    steps = [step for step in _steps(readings, rollover_kwh) if step.start < end and step.end > start]
    intervals = {-((start - step.end) // interval) for step in steps if step.end <= end}
    completeness = min(Decimal(1), (len(intervals) * Decimal(1) / (_ONE_DAY // interval)).quantize(_SHARE_PLACES))
    if completeness < KNOWN_FROM:
        return DayFact(energy_kwh=None, completeness=completeness)
    return DayFact(energy_kwh=_energy(steps, start, end), completeness=completeness)


def customer_day(meters: Sequence[DayFact]) -> DayFact:
    """Return what an enterprise's meters say together: unknown as soon as one of them is."""
    energies = [fact.energy_kwh for fact in meters if fact.energy_kwh is not None]
    total = sum(energies, Decimal(0)) if len(energies) == len(meters) else None
    return DayFact(energy_kwh=total, completeness=min(fact.completeness for fact in meters))


def _steps(readings: Sequence[Reading], rollover_kwh: Decimal | None) -> Iterator[_Step]:
    """Yield the steps whose energy is certain: none across a reset or across more than a day of silence."""
    for earlier, later in pairwise(readings):
        energy = _difference(earlier.counter_kwh, later.counter_kwh, rollover_kwh)
        if energy is not None and later.at - earlier.at <= LONGEST_STEP:
            yield _Step(start=earlier.at, end=later.at, energy_kwh=energy)


def _difference(earlier: Decimal, later: Decimal, rollover_kwh: Decimal | None) -> Decimal | None:
    """Return later − earlier; through 10^n when the counter has plainly rolled over; None after a reset."""
    if later >= earlier:
        return later - earlier
    if rollover_kwh is None or earlier >= rollover_kwh:
        return None
    through = later - earlier + rollover_kwh
    return through if through <= rollover_kwh / 10 else None


def _energy(steps: Sequence[_Step], start: datetime, end: datetime) -> Decimal:
    """Return the energy between two instants, scaled by 1/c over the time that no step covers."""
    covered = Decimal(0)
    energy = Decimal(0)
    for step in steps:
        inside = _microseconds(min(step.end, end) - max(step.start, start))
        covered += inside
        energy += step.energy_kwh * inside / _microseconds(step.end - step.start)
    return (energy * _microseconds(end - start) / covered).quantize(_ENERGY_PLACES)


def _microseconds(span: timedelta) -> Decimal:
    return Decimal(span // timedelta(microseconds=1))


def judge_rows(rows: Sequence[ReadingRow | None], *, known: Collection[str], now: datetime) -> list[RowProblem | None]:
    """Return what is wrong with each row of a batch, None where nothing is; ``known`` are the gateway's meters.

    Where two rows name the same meter and instant, the first stands.
    """
    seen: dict[tuple[str, datetime], Decimal] = {}
    verdicts: list[RowProblem | None] = []
    for row in rows:
        verdict = _row_problem(row, known, now)
        if (
            row is not None
            and verdict is None
            and seen.setdefault((row.meter, row.at), row.counter_kwh) != row.counter_kwh
        ):
            verdict = RowProblem.DIFFERS
        verdicts.append(verdict)
    return verdicts


def _row_problem(row: ReadingRow | None, known: Collection[str], now: datetime) -> RowProblem | None:
    if row is None or not _is_counter(row.counter_kwh):
        return RowProblem.INVALID
    if row.meter not in known:
        return RowProblem.UNKNOWN_METER
    return RowProblem.FUTURE if is_future(row.at, now) else None


def _is_counter(value: Decimal) -> bool:
    """Tell whether the database can hold the number: not negative, below 10^12, at most nine decimals."""
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent >= -_MAX_DECIMALS and 0 <= value < COUNTER_BELOW_KWH
