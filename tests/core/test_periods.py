from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.periods import (
    Grid,
    Period,
    Unit,
    WindowMode,
    add_months,
    add_units,
    day_start,
    first_of_month,
    local_day,
)

DAYS = st.dates(date(2016, 1, 1), date(2032, 12, 31))
GRIDS = st.builds(
    Grid,
    start=DAYS,
    unit=st.sampled_from(Unit),
    interval=st.integers(1, 60),
    mode=st.sampled_from(WindowMode),
)


def days(grid: Grid, last: int) -> list[tuple[str, str]]:
    return [(period.start.isoformat(), period.end.isoformat()) for period in grid.periods(0, last)]


def test_a_local_day_begins_at_sixteen_hours_utc() -> None:
    assert local_day(datetime(2019, 2, 28, 15, 59, 59, tzinfo=UTC)) == date(2019, 2, 28)
    assert local_day(datetime(2019, 2, 28, 16, 0, tzinfo=UTC)) == date(2019, 3, 1)
    assert day_start(date(2019, 3, 1)) == datetime(2019, 2, 28, 16, 0, tzinfo=UTC)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is given beside
def test_local_days_agree_with_the_zone_database(instant: datetime) -> None:
    assert local_day(instant) == instant.astimezone(ZoneInfo("Asia/Shanghai")).date()
    assert day_start(local_day(instant)) <= instant < day_start(local_day(instant) + timedelta(days=1))


@pytest.mark.parametrize(
    ("day", "months", "moved"),
    [
        ("2019-01-31", 1, "2019-02-28"),
        ("2020-01-31", 1, "2020-02-29"),
        ("2019-01-31", 3, "2019-04-30"),
        ("2019-12-31", 2, "2020-02-29"),
        ("2019-01-15", -1, "2018-12-15"),
        ("2020-02-29", 48, "2024-02-29"),
    ],
)
def test_months_are_clamped_to_the_end_of_a_shorter_one(day: str, months: int, moved: str) -> None:
    assert add_months(date.fromisoformat(day), months) == date.fromisoformat(moved)


def test_units_add_up() -> None:
    day = date(2020, 2, 29)
    assert add_units(day, Unit.YEAR, 1) == date(2021, 2, 28)
    assert add_units(day, Unit.MONTH, -1) == date(2020, 1, 29)
    assert add_units(day, Unit.WEEK, 2) == date(2020, 3, 14)
    assert add_units(day, Unit.DAY, 1) == date(2020, 3, 1)
    assert first_of_month(day) == date(2020, 2, 1)


def test_the_forms_sample_yields_exactly_seventeen_months() -> None:
    grid = Grid(start=date(2018, 8, 1), end=date(2019, 12, 31))
    periods = list(grid.periods(0, 100))
    assert len(periods) == 17
    assert periods[6] == Period(start=date(2019, 2, 1), end=date(2019, 2, 28))
    assert periods[-1].end == date(2019, 12, 31)


def test_calendar_blocks_are_cut_at_start_and_end() -> None:
    grid = Grid(start=date(2018, 8, 15), end=date(2019, 1, 10), interval=3)
    assert days(grid, 5) == [("2018-08-15", "2018-10-31"), ("2018-11-01", "2019-01-10")]


def test_years_are_natural_years_from_the_year_of_the_start() -> None:
    grid = Grid(start=date(2018, 8, 15), unit=Unit.YEAR, interval=2)
    assert days(grid, 1) == [("2018-08-15", "2019-12-31"), ("2020-01-01", "2021-12-31")]


def test_weeks_are_iso_weeks() -> None:
    grid = Grid(start=date(2018, 8, 15), unit=Unit.WEEK)
    assert days(grid, 1) == [("2018-08-15", "2018-08-19"), ("2018-08-20", "2018-08-26")]


@pytest.mark.parametrize("mode", WindowMode)
def test_day_blocks_are_counted_from_the_start(mode: WindowMode) -> None:
    grid = Grid(start=date(2018, 8, 15), unit=Unit.DAY, interval=10, mode=mode)
    assert days(grid, 1) == [("2018-08-15", "2018-08-24"), ("2018-08-25", "2018-09-03")]


def test_anchored_months_never_drift_from_the_anchor() -> None:
    grid = Grid(start=date(2019, 1, 31), mode=WindowMode.ANCHORED)
    starts = [period.start.isoformat() for period in grid.periods(0, 3)]
    assert starts == ["2019-01-31", "2019-02-28", "2019-03-31", "2019-04-30"]


def test_anchored_years_come_back_to_the_leap_day() -> None:
    grid = Grid(start=date(2020, 2, 29), unit=Unit.YEAR, mode=WindowMode.ANCHORED)
    assert grid.boundary(1) == date(2021, 2, 28)
    assert grid.boundary(4) == date(2024, 2, 29)


def test_a_later_opening_cuts_the_first_period_and_keeps_the_grid() -> None:
    grid = Grid(start=date(2018, 8, 1), interval=3, opens=date(2018, 12, 5))
    assert grid.first_day == date(2018, 12, 5)
    assert days(grid, 2) == [("2018-12-05", "2019-01-31"), ("2019-02-01", "2019-04-30")]


@given(GRIDS, DAYS)
def test_every_day_lies_in_exactly_the_block_of_its_index(grid: Grid, day: date) -> None:
    index = grid.index_of(day)
    assert grid.boundary(index) <= day < grid.boundary(index + 1)


@given(GRIDS, st.integers(1, 20))
def test_periods_follow_each_other_without_gap_or_overlap(grid: Grid, last: int) -> None:
    periods = list(grid.periods(0, last))
    assert periods[0].start == grid.start
    assert all(later.start == earlier.end + timedelta(days=1) for earlier, later in pairwise(periods))


@given(GRIDS, DAYS)
def test_periods_stay_inside_the_end(grid: Grid, end: date) -> None:
    cut = Grid(start=grid.start, end=end, unit=grid.unit, interval=grid.interval, mode=grid.mode)
    assert all(period.end <= end and period.start in period for period in cut.periods(0, 5))
