"""A preview foresees what the generation makes, counted by distinct terms (issue 4 §3)."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from inspection_api.calendars.rules import Calendar
from inspection_api.plans.rules import Episode, PlanTerms, Rule, Version, required_tasks
from inspection_api.plans.rules.forecast import Group, forecast, year_from

TODAY = date(2026, 3, 10)
PLAN = PlanTerms(start=date(2026, 1, 1), end=None, recorded_on=date(2026, 1, 1))
VERSIONS = (Version(number=1, rule=Rule(start=date(2026, 1, 1))),)
OFFICERS: list[UUID | None] = [None, uuid4(), uuid4()]
GROUPS = st.lists(
    st.builds(
        Group,
        plan=st.just(PLAN),
        episode=st.builds(
            Episode,
            joined_on=st.dates(date(2025, 1, 1), date(2027, 6, 1)),
            recorded_on=st.just(date(2026, 1, 1)),
            left_on=st.none() | st.dates(date(2026, 4, 1), date(2027, 6, 1)),
        ),
        officer_id=st.sampled_from(OFFICERS),
        count=st.integers(1, 3),
        since=st.none() | st.dates(date(2025, 1, 1), date(2027, 6, 1)),
        until=st.none() | st.dates(date(2025, 1, 1), date(2027, 6, 1)),
    ),
    max_size=6,
)


@given(GROUPS)
def test_counting_by_terms_is_counting_one_by_one(groups: list[Group]) -> None:
    days = year_from(TODAY)
    expected: Counter[tuple[UUID | None, date]] = Counter()
    for group in groups:
        for task in required_tasks(VERSIONS, group.plan, group.episode, days.end, Calendar()):
            begun = group.since is None or group.since <= task.period.end
            over = group.until is not None and group.until <= task.period.end
            if task.due_on in days and begun and not over:
                expected[group.officer_id, task.due_on - timedelta(days=task.due_on.weekday())] += group.count
    found = forecast(VERSIONS, groups, Calendar(), TODAY)
    assert {(officer, week): n for officer, weeks in found.weeks.items() for week, n in weeks.items()} == expected
    assert found.total == expected.total()


def test_the_year_ahead_ends_a_day_before_the_same_day() -> None:
    assert (year_from(TODAY).start, year_from(TODAY).end) == (TODAY, date(2027, 3, 9))
