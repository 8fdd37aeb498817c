"""Which days are workdays (domain.md §5.1)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.calendars.errors import CalendarInvalid
from inspection_api.calendars.rules import Calendar, ensure_year

DAYS = st.dates(date(2016, 1, 1), date(2032, 12, 31))
NEW_YEAR = Calendar(
    years=frozenset({2026}),
    holidays=frozenset({date(2026, 1, 1), date(2026, 1, 2)}),
    workdays=frozenset({date(2026, 1, 4)}),
)


def test_without_a_word_of_the_state_council_weekdays_decide() -> None:
    calendar = Calendar()
    assert calendar.is_workday(date(2026, 1, 2))
    assert not calendar.is_workday(date(2026, 1, 3))
    assert not calendar.is_known(date(2026, 1, 3))


def test_holidays_are_off_and_make_up_days_are_not() -> None:
    assert not NEW_YEAR.is_workday(date(2026, 1, 2))
    assert NEW_YEAR.is_workday(date(2026, 1, 4))
    assert NEW_YEAR.is_known(date(2026, 1, 4))
    assert NEW_YEAR.workday_at_or_after(date(2026, 1, 1)) == date(2026, 1, 4)
    assert NEW_YEAR.workday_at_or_before(date(2026, 1, 3)) == date(2025, 12, 31)
    assert NEW_YEAR.add_workdays(date(2025, 12, 31), 2) == date(2026, 1, 5)


@given(DAYS, st.integers(0, 30))
def test_adding_workdays_counts_only_workdays(day: date, count: int) -> None:
    end = NEW_YEAR.add_workdays(day, count)
    between = [day + timedelta(days=number) for number in range(1, (end - day).days + 1)]
    assert sum(map(NEW_YEAR.is_workday, between)) == count


@pytest.mark.parametrize(
    ("holidays", "workdays", "field"),
    [
        ([date(2025, 1, 1)], [], "holidays"),
        ([date(2026, 1, 1), date(2026, 1, 1)], [], "holidays"),
        ([], [date(2027, 1, 2)], "workdays"),
        ([], [date(2026, 1, 5)], "workdays"),
        ([date(2026, 1, 4)], [date(2026, 1, 4)], "workdays"),
    ],
)
def test_contradictions_are_refused_with_their_place(holidays: list[date], workdays: list[date], field: str) -> None:
    with pytest.raises(CalendarInvalid) as refused:
        ensure_year(2026, holidays, workdays)
    assert set(refused.value.fields or {}) == {field}


def test_a_good_year_is_taken() -> None:
    ensure_year(2026, [date(2026, 1, 1)], [date(2026, 1, 4)])
