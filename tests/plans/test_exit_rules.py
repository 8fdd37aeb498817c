"""What exits leave of an episode's tasks, and the checks after them (domain.md §1.5, §1.6)."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.periods import Unit
from inspection_api.plans.errors import ExitChecksInvalid
from inspection_api.plans.rules import (
    Episode,
    Exit,
    ExitCheck,
    ExitRule,
    InspectionType,
    Kind,
    PlanTerms,
    Rule,
    Version,
    decide_outcome,
    ensure_exit_checks,
    exit_periods,
    required_tasks,
    stop_of,
)
from inspection_api.plans.rules.exits import Outcome
from tests.plans.test_rules import LONG_AGO, EveryDay, day, plan_of, rule

DAYS = st.dates(date(2016, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(
    ("period_end", "due_on", "left_on", "stops_on", "approved_on", "outcome"),
    [
        ("2018-09-30", "2018-09-30", "2018-10-15", "2018-10-15", "2018-10-15", Outcome.STAYS),  # overdue before D
        ("2018-10-10", "2018-10-16", "2018-10-15", "2018-10-15", "2018-10-15", Outcome.STAYS),  # period ends before S
        ("2018-10-31", "2018-10-31", "2018-10-15", "2018-10-15", "2018-10-15", Outcome.CANCELLED),
        ("2018-10-31", "2018-10-31", "2018-10-15", "2018-11-01", "2018-10-15", Outcome.STAYS),  # 次月停止
        ("2018-10-15", "2018-10-15", "2018-10-15", "2018-10-15", "2018-10-15", Outcome.CANCELLED),  # ends on S
        ("2018-10-31", "2018-10-31", "2018-10-15", "2018-10-15", "2018-11-20", Outcome.STAYS),  # back-dated: no erasing
        ("2018-11-30", "2018-11-30", "2018-10-15", "2018-10-15", "2018-11-20", Outcome.CANCELLED),
    ],
)
def test_the_table_of_exits(
    period_end: str, due_on: str, left_on: str, stops_on: str, approved_on: str, outcome: Outcome
) -> None:
    assert outcome is decide_outcome(
        period_end=day(period_end),
        due_on=day(due_on),
        left_on=day(left_on),
        stops_on=day(stops_on),
        approved_on=day(approved_on),
    )


def ends(terms: Rule, left_on: str, exit_type: str = "exited") -> list[tuple[str, str]]:
    stops_on = stop_of([Version(number=1, rule=terms)], plan_of(terms), day(left_on))
    periods = exit_periods(terms, day(left_on), stops_on, exit_type)
    return [(period.start.isoformat(), period.end.isoformat()) for period in periods]


def test_by_default_nobody_is_checked_after_an_exit() -> None:
    assert ends(rule(), "2018-10-15") == []


def test_checks_after_an_exit_are_anchored_at_the_exit_and_clamped_to_month_ends() -> None:
    terms = rule(exit_check=ExitCheck(interval=1, count=3))
    assert ends(terms, "2020-01-31") == [
        ("2020-02-01", "2020-02-29"),
        ("2020-03-01", "2020-03-31"),
        ("2020-04-01", "2020-04-30"),
    ]


def test_with_next_months_stop_the_checks_begin_with_it() -> None:
    terms = rule(exit_rule=ExitRule.NEXT, exit_check=ExitCheck(interval=10, unit=Unit.DAY, count=2))
    assert ends(terms, "2018-10-15") == [("2018-11-01", "2018-11-10"), ("2018-11-11", "2018-11-20")]


def test_a_type_of_exit_may_have_checks_of_its_own() -> None:
    own = {"written_off": ExitCheck(interval=6, count=4), "settled": ExitCheck()}
    terms = rule(exit_check=ExitCheck(interval=3, count=1), exit_checks=own)
    assert len(ends(terms, "2018-10-15", "written_off")) == 4
    assert ends(terms, "2018-10-15", "settled") == []
    assert len(ends(terms, "2018-10-15", "exited")) == 1


def test_a_number_of_checks_needs_an_interval() -> None:
    ensure_exit_checks({"exit_interval": ExitCheck()})
    with pytest.raises(ExitChecksInvalid) as refused:
        ensure_exit_checks({"exit_interval": ExitCheck(count=1), "other": ExitCheck(interval=1, count=1)})
    assert set(refused.value.fields or {}) == {"exit_interval"}


def checks(terms: Rule, stay: Episode, as_of: str, end: date | None = None) -> list[tuple[Kind, str]]:
    plan = PlanTerms(start=terms.start, end=end, recorded_on=LONG_AGO)
    tasks = required_tasks([Version(number=1, rule=terms)], plan, stay, day(as_of), EveryDay())
    return [(task.kind, task.period.end.isoformat()) for task in tasks]


def left(left_on: str, approved_on: str | None = None, returned_on: str | None = None) -> Episode:
    return Episode(
        joined_on=day("2018-09-01"),
        recorded_on=LONG_AGO,
        left_on=day(left_on),
        exit=Exit(
            exit_type="exited",
            approved_on=day(approved_on or left_on),
            returned_on=day(returned_on) if returned_on else None,
        ),
    )


@pytest.mark.parametrize(("returned_on", "expected"), [("2018-11-15", []), ("2018-11-16", ["2018-11-15"])])
def test_a_return_cancels_the_checks_that_were_not_due_before_it(returned_on: str, expected: list[str]) -> None:
    terms = rule(exit_check=ExitCheck(interval=1, count=3))
    found = checks(terms, left("2018-10-15", returned_on=returned_on), "2019-06-01")
    assert [end for kind, end in found if kind is Kind.EXIT] == expected


def test_checks_after_an_exit_that_were_over_at_its_approval_are_not_made() -> None:
    terms = rule(exit_check=ExitCheck(interval=1, count=3))
    found = checks(terms, left("2018-10-15", "2018-12-01"), "2019-06-01")
    assert [end for kind, end in found if kind is Kind.EXIT] == ["2018-12-15", "2019-01-15"]


def test_a_back_dated_exit_leaves_what_was_due_before_its_approval() -> None:
    found = checks(rule(), left("2018-10-15", "2018-12-01"), "2019-06-01")
    assert [end for _, end in found] == ["2018-10-31", "2018-11-30"]


def test_nothing_is_checked_after_the_plan() -> None:
    terms = rule(exit_check=ExitCheck(interval=1, count=3))
    found = checks(terms, left("2018-10-15"), "2019-06-01", end=day("2018-11-20"))
    assert [end for kind, end in found if kind is Kind.EXIT] == ["2018-11-15", "2018-12-15"]


def test_nothing_is_checked_of_who_left_before_the_plan_began() -> None:
    terms = rule(exit_check=ExitCheck(interval=3, count=1))
    assert checks(terms, left("2018-07-31"), "2018-09-01") == []


def test_a_rule_of_exits_has_no_rounds_and_a_rule_of_newcomers_no_checks_after_exits() -> None:
    check = ExitCheck(interval=1, count=1)
    only_exits = rule(inspection_type=InspectionType.EXIT, exit_check=check)
    assert {kind for kind, _ in checks(only_exits, left("2018-10-15"), "2019-06-01")} == {Kind.EXIT}
    newcomers = rule(inspection_type=InspectionType.NEW, exit_check=check)
    assert {kind for kind, _ in checks(newcomers, left("2018-10-15"), "2019-06-01")} == {Kind.INITIAL}


def test_a_newcomer_is_checked_once_within_fifteen_days_of_the_money() -> None:
    terms = rule(inspection_type=InspectionType.NEW)
    stay = Episode(joined_on=day("2018-09-10"), recorded_on=LONG_AGO)
    assert checks(terms, stay, "2018-09-10") == [(Kind.INITIAL, "2018-09-25")]
    old = Episode(joined_on=day("2018-07-31"), recorded_on=LONG_AGO)
    assert checks(terms, old, "2018-09-10") == []
    late = Episode(joined_on=day("2018-09-10"), recorded_on=day("2018-09-26"))
    assert checks(terms, late, "2018-09-26") == []
    assert checks(terms, stay, "2018-12-01", end=day("2018-09-09")) == []


@given(
    joined_on=DAYS,
    left_on=DAYS,
    approved_on=DAYS,
    as_of=DAYS,
    interval=st.integers(1, 7),
    count=st.integers(0, 5),
    exit_rule=st.sampled_from(ExitRule),
)
def test_checks_follow_each_other_without_gap(
    joined_on: date, left_on: date, approved_on: date, as_of: date, interval: int, count: int, exit_rule: ExitRule
) -> None:
    terms = rule(exit_rule=exit_rule, exit_check=ExitCheck(interval=interval, unit=Unit.DAY, count=count))
    stay = Episode(
        joined_on=joined_on, recorded_on=joined_on, left_on=left_on, exit=Exit(exit_type="x", approved_on=approved_on)
    )
    tasks = required_tasks([Version(number=1, rule=terms)], plan_of(terms), stay, as_of, EveryDay())
    ends_on = [task.period.end for task in tasks if task.kind is Kind.EXIT]
    assert all((later - earlier).days == interval for earlier, later in pairwise(ends_on))
    assert all(end >= approved_on for end in ends_on)
