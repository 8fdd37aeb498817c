"""Edits of rules: from which day they count, and what the old terms keep (domain.md §1.10.2)."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.calendars.rules import Calendar
from inspection_api.core.periods import Unit
from inspection_api.plans.rules import (
    DueRoll,
    Episode,
    PlanTerms,
    Rule,
    Version,
    horizon,
    required_tasks,
    switch_day,
)
from tests.plans.test_rules import LONG_AGO, EveryDay, day, plan_of, rule

DAYS = st.dates(date(2016, 1, 1), date(2032, 12, 31))
STAY = Episode(joined_on=day("2018-01-01"), recorded_on=LONG_AGO)


@pytest.mark.parametrize(
    ("changes", "today", "effective_from", "expected"),
    [
        ({}, "2018-09-10", "2018-09-10", "2018-10-01"),
        ({}, "2018-09-10", "2018-12-15", "2019-01-01"),
        ({}, "2018-09-30", "2018-09-01", "2018-10-01"),
        ({"interval": 3}, "2018-09-10", "2018-09-10", "2018-11-01"),
        ({}, "2018-07-10", "2018-07-10", "2018-08-01"),
        ({"end": day("2018-08-31")}, "2018-08-10", "2018-08-10", "2018-09-01"),
        ({"end": day("2018-08-31")}, "2018-10-10", "2018-08-10", "2018-10-11"),
    ],
)
def test_an_edit_counts_from_the_first_period_that_has_not_begun(
    changes: dict[str, object], today: str, effective_from: str, expected: str
) -> None:
    first = Version(number=1, rule=rule(**changes))
    assert switch_day(first, today=day(today), effective_from=day(effective_from)) == day(expected)


@pytest.mark.parametrize(
    ("today", "effective_from", "expected"),
    [
        ("2018-09-10", "2018-09-10", "2018-10-01"),
        ("2018-09-30", "2018-09-01", "2018-10-01"),
        ("2018-10-01", "2018-10-01", "2018-11-01"),
        ("2018-09-10", "2018-10-15", "2018-11-01"),
    ],
)
def test_an_edit_before_the_latest_has_begun_replaces_it(today: str, effective_from: str, expected: str) -> None:
    found = switch_day(QUARTERLY[-1], today=day(today), effective_from=day(effective_from))
    assert found == day(expected)


def periods(versions: list[Version], as_of: str, stay: Episode = STAY) -> list[tuple[int, str, str]]:
    plan = PlanTerms(start=versions[0].rule.start, end=None, recorded_on=LONG_AGO)
    tasks = required_tasks(versions, plan, stay, day(as_of), EveryDay())
    return [(task.version, task.period.start.isoformat(), task.period.end.isoformat()) for task in tasks]


QUARTERLY = [
    Version(number=1, rule=rule()),
    Version(number=2, rule=rule(interval=3), since=day("2018-10-01")),
]


def test_the_new_grid_keeps_its_start_and_its_first_block_is_cut() -> None:
    assert periods(QUARTERLY, "2018-12-01") == [
        (1, "2018-08-01", "2018-08-31"),
        (1, "2018-09-01", "2018-09-30"),
        (2, "2018-10-01", "2018-10-31"),
        (2, "2018-11-01", "2019-01-31"),
        (2, "2019-02-01", "2019-04-30"),
    ]


def test_nothing_is_asked_for_the_days_between_an_end_and_the_edit_that_let_the_rule_go_on() -> None:
    ended = Version(number=1, rule=rule(end=day("2018-09-30")))
    assert periods([ended, Version(number=2, rule=rule(), since=day("2018-12-11"))], "2019-01-01") == [
        (1, "2018-08-01", "2018-08-31"),
        (1, "2018-09-01", "2018-09-30"),
        (2, "2018-12-11", "2018-12-31"),
        (2, "2019-01-01", "2019-01-31"),
        (2, "2019-02-01", "2019-02-28"),
    ]


def test_a_plan_with_a_later_end_of_its_own_goes_on_behind_its_rules() -> None:
    versions = [
        Version(number=1, rule=rule(end=day("2018-08-31"))),
        Version(number=2, rule=rule(end=day("2018-08-31"), interval=2), since=day("2018-10-01")),
    ]
    plan = PlanTerms(start=day("2018-08-01"), end=day("2018-12-31"), recorded_on=LONG_AGO)
    tasks = required_tasks(versions, plan, STAY, day("2018-11-01"), EveryDay())
    assert [task.period.start for task in tasks] == [day(f"2018-{month}-01") for month in ("08", "09", "10", "12")]


def test_the_horizon_reaches_over_the_switch() -> None:
    plan = plan_of(rule())
    assert horizon(QUARTERLY, plan, day("2018-09-10")) == day("2018-10-01")
    assert horizon(QUARTERLY, plan, day("2018-10-10")) == day("2018-11-01")
    assert horizon(QUARTERLY, plan, day("2018-07-10")) == day("2018-08-01")


def test_who_joins_before_the_switch_begins_by_the_old_terms() -> None:
    stay = Episode(joined_on=day("2018-09-20"), recorded_on=LONG_AGO)
    assert periods(QUARTERLY, "2018-10-05", stay)[0] == (2, "2018-10-01", "2018-10-31")


def test_a_version_that_was_replaced_before_it_began_makes_nothing() -> None:
    versions = [*QUARTERLY, Version(number=3, rule=rule(interval=2), since=day("2018-10-01"))]
    assert {number for number, _, _ in periods(versions, "2019-06-01")} == {1, 3}


def test_a_plan_that_begins_behind_the_switch_knows_only_the_new_terms() -> None:
    plan = PlanTerms(start=day("2018-12-05"), end=None, recorded_on=LONG_AGO)
    tasks = required_tasks(QUARTERLY, plan, STAY, day("2018-12-05"), EveryDay())
    assert [(task.version, task.period.start) for task in tasks] == [(2, day("2018-12-05")), (2, day("2019-02-01"))]


RULES = st.builds(
    Rule,
    start=DAYS,
    unit=st.sampled_from([Unit.YEAR, Unit.MONTH, Unit.WEEK]),
    interval=st.integers(1, 6),
)


@given(RULES, st.lists(st.tuples(RULES, DAYS), max_size=3), DAYS, DAYS, DAYS)
def test_whatever_is_edited_there_is_no_gap_and_no_overlap(
    first: Rule, edits: list[tuple[Rule, date]], joined_on: date, recorded_on: date, as_of: date
) -> None:
    versions = [Version(number=1, rule=first)]
    for terms, today in edits:
        latest = versions[-1]
        since = switch_day(latest, today=today, effective_from=today)
        changed = Rule(start=first.start, unit=terms.unit, interval=terms.interval)
        versions.append(Version(number=latest.number + 1, rule=changed, since=since))
    stay = Episode(joined_on=joined_on, recorded_on=recorded_on)
    tasks = required_tasks(versions, plan_of(first), stay, as_of, EveryDay())
    assert all(later.period.start == earlier.period.end + timedelta(days=1) for earlier, later in pairwise(tasks))


GOLDEN_WEEK = Calendar(
    years=frozenset({2018}),
    holidays=frozenset(day(f"2018-10-0{number}") for number in range(1, 8)),
    workdays=frozenset({day("2018-09-29"), day("2018-09-30")}),
)


@pytest.mark.parametrize(
    ("roll", "due_on", "window_end_on"),
    [
        (DueRoll.NONE, "2018-10-06", "2018-10-06"),
        (DueRoll.NEXT, "2018-10-08", "2018-10-08"),
        (DueRoll.PREVIOUS, "2018-09-30", "2018-10-06"),
    ],
)
def test_a_due_day_goes_to_a_workday_and_the_window_never_ends_before_the_period(
    roll: DueRoll, due_on: str, window_end_on: str
) -> None:
    terms = rule(start=day("2018-09-23"), unit=Unit.DAY, interval=14, due_roll=roll)
    task = required_tasks([Version(number=1, rule=terms)], plan_of(terms), STAY, day("2018-09-23"), GOLDEN_WEEK)[0]
    assert (task.due_on, task.window_end_on) == (day(due_on), day(window_end_on))
    assert task.period.end == day("2018-10-06")


def test_a_period_without_a_workday_is_not_due_before_it_begins() -> None:
    terms = rule(start=day("2018-10-03"), unit=Unit.DAY, due_roll=DueRoll.PREVIOUS)
    task = required_tasks([Version(number=1, rule=terms)], plan_of(terms), STAY, day("2018-10-03"), GOLDEN_WEEK)[0]
    assert task.due_on == day("2018-10-03")
