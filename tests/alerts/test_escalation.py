"""By when an alert is looked at, and who hears of it where nobody does: the table of domain.md §5.6 and its ends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.alerts.rules import Handling, Level
from inspection_api.alerts.rules.escalation import (
    MOST_AGE,
    STEPS,
    Wait,
    escalations,
    is_waiting,
    is_worth_telling,
    review_due_by,
)
from inspection_api.calendars.rules import Calendar

WEEKDAYS = Calendar()
FRIDAY = datetime(2026, 3, 13, 2, tzinfo=UTC)
MONDAYS_END, TUESDAYS_END, WEDNESDAYS_END, THURSDAYS_END, FRIDAYS_END = (
    datetime(2026, 3, 16, 16, tzinfo=UTC) + timedelta(days=each) for each in range(5)
)
HOUR = timedelta(hours=1)
TABLE = [
    (Wait.REVIEW, Level.NOTICE, [("sub_branch_manager", WEDNESDAYS_END)]),
    (Wait.REVIEW, Level.WARNING, [("sub_branch_manager", MONDAYS_END), ("branch_manager", TUESDAYS_END)]),
    (Wait.REVIEW, Level.SUSPICIOUS, [("branch_manager", FRIDAY + 4 * HOUR), ("province_manager", FRIDAY + 24 * HOUR)]),
    (Wait.FEEDBACK, Level.NOTICE, [("sub_branch_manager", FRIDAYS_END + timedelta(days=7))]),
    (
        Wait.FEEDBACK,
        Level.WARNING,
        [("sub_branch_manager", FRIDAYS_END), ("branch_manager", FRIDAYS_END + timedelta(days=7))],
    ),
    (Wait.FEEDBACK, Level.SUSPICIOUS, [("branch_manager", TUESDAYS_END), ("province_manager", THURSDAYS_END)]),
]


@pytest.mark.parametrize(("wait", "level", "expected"), TABLE)
def test_each_level_climbs_in_its_own_time(wait: Wait, level: Level, expected: list[tuple[str, datetime]]) -> None:
    steps = escalations(wait, level, FRIDAY, WEEKDAYS)
    assert [(step.role.value, step.due_at) for step in steps] == expected
    assert [step.number for step in steps] == list(range(1, len(expected) + 1))


def test_a_review_is_due_by_its_level() -> None:
    assert review_due_by(Level.SUSPICIOUS, FRIDAY, WEEKDAYS) == FRIDAY + 2 * HOUR
    assert review_due_by(Level.WARNING, FRIDAY, WEEKDAYS) == MONDAYS_END
    assert review_due_by(Level.NOTICE, FRIDAY, WEEKDAYS) == WEDNESDAYS_END


@given(st.sampled_from(Wait), st.sampled_from(Level), st.timedeltas(timedelta(), timedelta(days=20_000)))
def test_nobody_higher_hears_before_it_is_overdue_and_each_level_once(
    wait: Wait, level: Level, later: timedelta
) -> None:
    begun = FRIDAY + later
    steps = escalations(wait, level, begun, WEEKDAYS)
    times = [step.due_at for step in steps]
    due_at = review_due_by(level, begun, WEEKDAYS) if wait is Wait.REVIEW else times[0]
    assert min(times) >= due_at > begun
    assert times == sorted(set(times))
    assert len({step.role for step in steps}) == len(steps) == len(STEPS[wait][level])


WAITING = {
    (Wait.REVIEW, Handling.NEW, False): True,
    (Wait.REVIEW, Handling.NEW, True): True,
    (Wait.REVIEW, Handling.FALSE_ALARM_PROPOSED, False): True,
    (Wait.REVIEW, Handling.CONFIRMED, False): False,
    (Wait.REVIEW, Handling.FALSE_ALARM, False): False,
    (Wait.FEEDBACK, Handling.CONFIRMED, False): True,
    (Wait.FEEDBACK, Handling.CONFIRMED, True): False,
    (Wait.FEEDBACK, Handling.NEW, False): False,
    (Wait.FEEDBACK, Handling.FALSE_ALARM_PROPOSED, False): False,
    (Wait.FEEDBACK, Handling.FALSE_ALARM, False): False,
}


@pytest.mark.parametrize(("case", "expected"), WAITING.items())
def test_a_step_tells_only_of_what_still_waits(case: tuple[Wait, Handling, bool], *, expected: bool) -> None:
    wait, handling, is_answered = case
    assert is_waiting(wait, handling, is_answered=is_answered, is_over=False) is expected
    assert not is_waiting(wait, handling, is_answered=is_answered, is_over=True)


def test_a_step_of_long_ago_is_told_to_nobody() -> None:
    assert is_worth_telling(FRIDAY, FRIDAY + MOST_AGE)
    assert not is_worth_telling(FRIDAY, FRIDAY + MOST_AGE + timedelta(microseconds=1))
