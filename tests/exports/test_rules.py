"""How much is too much: nobody passes the limit, and nobody who passes the line before it is unheard of."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inspection_api.exports.rules import DEFAULT_ALERT_ROWS, DEFAULT_DAILY_ROWS, MOST_ROWS, Terms, is_large, is_within

NUMBERS = st.integers(1, 300)


@given(NUMBERS, NUMBERS, st.lists(st.integers(0, 120), max_size=12))
def test_a_day_ends_within_the_limit_and_superiors_hear_of_each_file_beyond_the_line(
    one: int, other: int, wanted: list[int]
) -> None:
    terms, taken = Terms(alert_rows=min(one, other), daily_rows=max(one, other)), 0
    for rows in wanted:
        large = is_large(terms, taken, rows)
        if is_within(terms, taken, rows):
            taken += rows
            assert large == (rows > 0 and taken > terms.alert_rows)
        assert taken <= terms.daily_rows


def test_the_very_limit_is_within_and_the_very_line_is_not_large() -> None:
    terms = Terms(alert_rows=10, daily_rows=20)
    assert [is_large(terms, 4, rows) for rows in (6, 7)] == [False, True]
    assert [is_within(terms, 4, rows) for rows in (16, 17)] == [True, False]
    assert not is_large(terms, 15, 0)


def test_the_defaults_are_in_order() -> None:
    assert 1 <= DEFAULT_ALERT_ROWS <= DEFAULT_DAILY_ROWS <= MOST_ROWS
