from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.periods import Period
from inspection_api.reports.errors import ReportWindowInvalid
from inspection_api.reports.rules import (
    Counts,
    Measure,
    Rate,
    ensure_window,
    subtree_counts,
    total,
)

NUMBERS = st.integers(0, 10_000)
COUNTS = st.builds(
    Counts, due=NUMBERS, completed=NUMBERS, on_time=NUMBERS, overdue=NUMBERS, running=NUMBERS, progressed=NUMBERS
)


def test_a_parent_adds_counts_and_never_percentages() -> None:
    parent = total([Counts(due=2, completed=1), Counts(due=98, completed=98)])
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
    assert subtree_counts(counts, "/P/B1/") == Counts(due=110)
    assert subtree_counts(counts, "/P/") == Counts(due=1111)


def test_a_window_must_not_end_before_it_begins() -> None:
    ensure_window(Period(start=date(2018, 8, 1), end=date(2018, 8, 1)))
    with pytest.raises(ReportWindowInvalid):
        ensure_window(Period(start=date(2018, 8, 2), end=date(2018, 8, 1)))


@given(st.lists(COUNTS), st.lists(COUNTS))
def test_adding_up_by_groups_or_at_once_is_the_same(left: list[Counts], right: list[Counts]) -> None:
    assert total([total(left), total(right)]) == total(left + right)
