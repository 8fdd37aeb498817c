from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.periods import Period
from inspection_api.reports.errors import OrganisationRepeated, ReportTooLong, ReportWindowInvalid
from inspection_api.reports.rules import (
    Counts,
    Granularity,
    Measure,
    Rate,
    added_up,
    completion_of,
    ensure_distinct,
    ensure_window,
    first_day_of,
    label_of,
    months_of,
    split,
    subtree_total,
    total,
)

NUMBERS = st.integers(0, 10_000)
COUNTS = st.builds(
    Counts, due=NUMBERS, completed=NUMBERS, on_time=NUMBERS, overdue=NUMBERS, running=NUMBERS, progressed=NUMBERS
)


def test_a_parent_adds_counts_and_never_percentages() -> None:
    parent = total([Counts(due=2, completed=1), Counts(due=98, completed=98)], Counts())
    rate = Rate(numerator=parent.of(Measure.COMPLETED), denominator=parent.of(Measure.DUE))
    assert rate == Rate(numerator=99, denominator=100)
    assert rate.value == Decimal("0.9900")


def test_an_empty_denominator_has_no_value() -> None:
    assert Rate(numerator=0, denominator=0).value is None


def test_a_rate_is_rounded_half_up_to_four_decimals() -> None:
    assert Rate(numerator=2, denominator=3).value == Decimal("0.6667")
    assert Rate(numerator=1, denominator=32).value == Decimal("0.0313")


def test_a_subtree_is_found_by_the_path() -> None:
    counts = {"/P/": Counts(due=1), "/P/B1/": Counts(due=10), "/P/B1/S/": Counts(due=100), "/P/B10/": Counts(due=1000)}
    assert subtree_total(counts, "/P/B1/", Counts()) == Counts(due=110)
    assert subtree_total(counts, "/P/", Counts()) == Counts(due=1111)


def test_a_window_must_not_end_before_it_begins() -> None:
    ensure_window(Period(start=date(2018, 8, 1), end=date(2018, 8, 1)))
    with pytest.raises(ReportWindowInvalid):
        ensure_window(Period(start=date(2018, 8, 2), end=date(2018, 8, 1)))


@pytest.mark.parametrize(
    ("start", "end", "wrong"),
    [
        (date(1999, 12, 31), date(2018, 8, 1), {"from"}),
        (date(2018, 8, 1), date(2100, 1, 1), {"to"}),
        (date.min, date.max, {"from", "to"}),
    ],
)
def test_a_window_lies_in_the_years_that_banks_have_figures_of(start: date, end: date, wrong: set[str]) -> None:
    ensure_window(Period(start=date(2000, 1, 1), end=date(2099, 12, 31)))
    with pytest.raises(ReportWindowInvalid) as refused:
        ensure_window(Period(start=start, end=end))
    assert set(refused.value.fields) == wrong


@given(st.lists(COUNTS), st.lists(COUNTS))
def test_adding_up_by_groups_or_at_once_is_the_same(left: list[Counts], right: list[Counts]) -> None:
    assert total([total(left, Counts()), total(right, Counts())], Counts()) == total(left + right, Counts())


@pytest.mark.parametrize(
    ("granularity", "first", "label"),
    [
        (Granularity.DAY, date(2021, 1, 2), "2021年1月2日"),
        (Granularity.WEEK, date(2020, 12, 28), "2020年第53周"),
        (Granularity.MONTH, date(2021, 1, 1), "2021年1月"),
        (Granularity.QUARTER, date(2021, 1, 1), "2021年第一季度"),
        (Granularity.YEAR, date(2021, 1, 1), "2021年"),
    ],
)
def test_natural_periods_begin_and_are_called_as_people_say(granularity: Granularity, first: date, label: str) -> None:
    assert first_day_of(date(2021, 1, 2), granularity) == first
    assert label_of(first, granularity) == label


def test_the_quarters_have_names() -> None:
    firsts = split(Period(start=date(2026, 2, 3), end=date(2026, 12, 1)), Granularity.QUARTER, most=4)
    assert [label_of(first, Granularity.QUARTER)[6] for first in firsts] == ["一", "二", "三", "四"]


def test_too_many_periods_are_refused_with_their_number() -> None:
    window = Period(start=date(2026, 1, 31), end=date(2026, 3, 1))
    assert len(split(window, Granularity.MONTH, most=3)) == 3
    with pytest.raises(ReportTooLong) as refused:
        split(window, Granularity.MONTH, most=2)
    assert (refused.value.members["count"], refused.value.members["most"]) == (3, 2)


def test_numbers_add_up_by_period_and_a_period_without_any_has_zeros() -> None:
    first, second, third = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
    parts = [{first: Counts(due=1, completed=1), second: Counts(due=2)}, {first: Counts(due=4)}]
    sums = added_up(parts, [first, second, third])
    assert sums == {first: Counts(due=5, completed=1), second: Counts(due=2), third: Counts()}
    assert completion_of(sums[first]) == Rate(numerator=1, denominator=5)


def test_a_year_has_twelve_months() -> None:
    window, months = months_of(2024)
    assert (window.start, window.end, len(months)) == (date(2024, 1, 1), date(2024, 12, 31), 12)
    assert months[date(2024, 2, 1)].end == date(2024, 2, 29)


def test_nothing_is_compared_with_itself() -> None:
    one, other = uuid4(), uuid4()
    ensure_distinct([one, other])
    with pytest.raises(OrganisationRepeated):
        ensure_distinct([one, other, one])


DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(st.tuples(DAYS, DAYS).map(sorted), st.sampled_from(Granularity))
def test_periods_hold_every_day_of_the_window_once_and_in_order(days: list[date], granularity: Granularity) -> None:
    periods = split(Period(start=days[0], end=days[1]), granularity, most=40_000)
    parts = list(periods.values())
    assert (parts[0].start, parts[-1].end) == (days[0], days[1])
    assert all(left.end + timedelta(days=1) == right.start for left, right in pairwise(parts))
    for first, part in periods.items():
        assert {first_day_of(part.start, granularity), first_day_of(part.end, granularity)} == {first}
    assert len(set(periods)) == len({label_of(first, granularity) for first in periods})
