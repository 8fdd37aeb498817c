from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.accounts.rules import OrganisationKind
from inspection_api.core.periods import Period, Unit, WindowMode
from inspection_api.plans.errors import OrganisationTypeAbove, RuleDatesInvalid
from inspection_api.plans.rules import (
    Channel,
    Episode,
    Exit,
    ExitRule,
    FirstRule,
    PlanTerms,
    Rule,
    Version,
    ensure_dates,
    ensure_org_type,
    history_credit,
    required_tasks,
)

SAMPLE = Rule(start=date(2018, 8, 1), end=date(2019, 12, 31))
LONG_AGO = date(2010, 1, 1)


def day(text: str) -> date:
    return date.fromisoformat(text)


def rule(**changes: object) -> Rule:
    return Rule(**{"start": date(2018, 8, 1), **changes})  # type: ignore[arg-type]


def plan_of(terms: Rule, *, start: date | None = None, recorded_on: date = LONG_AGO) -> PlanTerms:
    return PlanTerms(start=start or terms.start, end=terms.end, recorded_on=recorded_on)


def episode(joined_on: str, *, left_on: str | None = None, recorded_on: date = LONG_AGO) -> Episode:
    left = Exit(exit_type="exited", approved_on=LONG_AGO) if left_on else None
    return Episode(
        joined_on=day(joined_on), recorded_on=recorded_on, left_on=day(left_on) if left_on else None, exit=left
    )


class EveryDay:
    """A calendar without holidays or weekends."""

    def workday_at_or_after(self, day: date) -> date:
        return day

    def workday_at_or_before(self, day: date) -> date:
        return day


def required_periods(terms: Rule, plan: PlanTerms, stay: Episode, as_of: date) -> list[Period]:
    return [task.period for task in required_tasks([Version(number=1, rule=terms)], plan, stay, as_of, EveryDay())]


def dues(terms: Rule, stay: Episode, as_of: str, **plan: date) -> list[str]:
    periods = required_periods(terms, plan_of(terms, **plan), stay, day(as_of))
    return [period.end.isoformat() for period in periods]


def test_the_defaults_are_the_bold_values_of_the_form() -> None:
    terms = Rule(start=date(2018, 8, 1))
    assert (terms.auto_join, terms.auto_create_plan) == (True, True)
    assert (terms.unit, terms.interval, terms.window_mode) == (Unit.MONTH, 1, WindowMode.CALENDAR)
    assert (terms.history_valid, terms.history_unit) == (1, Unit.MONTH)
    assert (terms.first_rule, terms.exit_rule) == (FirstRule.NEXT, ExitRule.CURRENT)
    assert (terms.late_sync_hours, terms.min_gap_days, terms.first_grace_days) == (72, 0, 0)
    assert terms.channels == (Channel.ONSITE,)


def test_the_sample_rule_asks_for_seventeen_visits() -> None:
    periods = dues(SAMPLE, episode("2018-01-01"), "2030-01-01")
    assert len(periods) == 17
    assert periods[0] == "2018-08-31"
    assert "2019-02-28" in periods


@pytest.mark.parametrize(
    ("changes", "joined_on", "first_due"),
    [
        ({"first_rule": FirstRule.CURRENT}, "2018-08-15", "2018-08-31"),
        ({"first_rule": FirstRule.NEXT}, "2018-08-15", "2018-09-30"),
        ({"first_rule": FirstRule.NEXT, "start": day("2018-01-01"), "unit": Unit.YEAR}, "2019-01-02", "2019-12-31"),
        ({"first_rule": FirstRule.NEXT, "start": day("2018-01-01"), "unit": Unit.YEAR}, "2019-12-02", "2020-12-31"),
        ({"first_rule": FirstRule.NEXT, "interval": 3}, "2018-08-15", "2018-10-31"),
        ({"first_rule": FirstRule.NEXT, "interval": 3}, "2018-10-15", "2019-01-31"),
        ({"first_rule": FirstRule.CURRENT, "unit": Unit.WEEK}, "2018-08-15", "2018-08-19"),
        ({"first_rule": FirstRule.NEXT, "unit": Unit.WEEK}, "2018-08-15", "2018-08-26"),
        ({"first_rule": FirstRule.NEXT, "unit": Unit.DAY, "interval": 10}, "2018-08-15", "2018-08-30"),
        ({"first_rule": FirstRule.CURRENT, "window_mode": WindowMode.ANCHORED}, "2018-09-15", "2018-09-30"),
        ({"first_rule": FirstRule.NEXT, "window_mode": WindowMode.ANCHORED}, "2018-09-15", "2018-10-31"),
        ({"first_rule": FirstRule.CURRENT, "first_grace_days": 17}, "2018-08-15", "2018-08-31"),
        ({"first_rule": FirstRule.CURRENT, "first_grace_days": 18}, "2018-08-15", "2018-09-30"),
    ],
)
def test_the_first_period_follows_the_first_visit_rule(
    changes: dict[str, object], joined_on: str, first_due: str
) -> None:
    assert dues(rule(**changes), episode(joined_on), "2021-01-01")[0] == first_due


@pytest.mark.parametrize("first_rule", FirstRule)
def test_a_point_in_force_before_the_plan_is_not_shifted(first_rule: FirstRule) -> None:
    assert dues(rule(first_rule=first_rule), episode("2018-07-31"), "2018-08-01")[0] == "2018-08-31"


def test_a_point_joining_on_the_plans_first_day_is_shifted_by_the_next_rule() -> None:
    assert dues(rule(first_rule=FirstRule.NEXT), episode("2018-08-01"), "2018-09-01")[0] == "2018-09-30"


def test_a_plan_that_starts_later_cuts_its_first_period() -> None:
    terms = rule(interval=3)
    periods = required_periods(terms, plan_of(terms, start=day("2018-09-10")), episode("2018-01-01"), day("2018-09-10"))
    assert periods[0] == Period(start=day("2018-09-10"), end=day("2018-10-31"))


def test_the_horizon_is_the_next_period() -> None:
    assert dues(SAMPLE, episode("2018-01-01"), "2018-09-10") == ["2018-08-31", "2018-09-30", "2018-10-31"]


def test_before_the_plan_starts_only_its_first_period_is_prepared() -> None:
    assert dues(SAMPLE, episode("2018-01-01"), "2018-05-01") == ["2018-08-31"]


def test_a_join_after_the_end_of_the_plan_asks_for_nothing() -> None:
    assert dues(SAMPLE, episode("2020-03-01"), "2020-06-01") == []
    assert (
        dues(
            rule(end=day("2018-08-31"), first_rule=FirstRule.CURRENT, first_grace_days=5),
            episode("2018-09-02"),
            "2018-12-01",
        )
        == []
    )


def test_no_task_for_a_period_that_ended_before_it_was_recorded() -> None:
    late = episode("2018-01-01", recorded_on=day("2018-10-31"))
    assert dues(SAMPLE, late, "2018-10-31")[0] == "2018-10-31"
    assert dues(SAMPLE, episode("2018-01-01"), "2018-11-02", recorded_on=day("2018-11-01"))[0] == "2018-11-30"


def test_a_period_that_passed_during_downtime_is_made_up() -> None:
    stay = episode("2018-01-01", recorded_on=day("2018-08-05"))
    assert dues(SAMPLE, stay, "2018-11-10")[:3] == ["2018-08-31", "2018-09-30", "2018-10-31"]


@pytest.mark.parametrize(
    ("changes", "left_on", "last_due"),
    [
        ({"exit_rule": ExitRule.CURRENT}, "2018-10-15", "2018-09-30"),
        ({"exit_rule": ExitRule.CURRENT}, "2018-10-31", "2018-09-30"),
        ({"exit_rule": ExitRule.CURRENT}, "2018-11-01", "2018-10-31"),
        ({"exit_rule": ExitRule.NEXT}, "2018-10-15", "2018-10-31"),
        ({"exit_rule": ExitRule.NEXT, "unit": Unit.WEEK}, "2018-08-15", "2018-08-19"),
        ({"exit_rule": ExitRule.NEXT, "unit": Unit.DAY, "interval": 10}, "2018-08-15", "2018-08-20"),
    ],
)
def test_an_exit_stops_the_periods_by_the_exit_rule(changes: dict[str, object], left_on: str, last_due: str) -> None:
    assert dues(rule(**changes), episode("2018-01-01", left_on=left_on), "2019-06-01")[-1] == last_due


def test_history_credit_is_the_time_just_before_the_first_period() -> None:
    september = Period(start=day("2018-09-01"), end=day("2018-09-30"))
    assert history_credit(SAMPLE, september) == Period(start=day("2018-08-01"), end=day("2018-08-31"))
    assert history_credit(rule(history_valid=0), september) is None


def test_only_the_first_task_of_an_episode_is_marked_first() -> None:
    tasks = required_tasks(
        [Version(number=1, rule=SAMPLE)], plan_of(SAMPLE), episode("2018-01-01"), day("2018-09-01"), EveryDay()
    )
    assert [task.is_first for task in tasks] == [True, False, False]
    assert all(task.due_on == task.window_end_on == task.period.end for task in tasks)


DAYS = st.dates(date(2016, 1, 1), date(2032, 12, 31))
RULES = st.builds(
    Rule,
    start=DAYS,
    end=st.none(),
    unit=st.sampled_from([Unit.YEAR, Unit.MONTH, Unit.WEEK]),
    interval=st.integers(1, 12),
    window_mode=st.sampled_from(WindowMode),
    first_rule=st.sampled_from(FirstRule),
    first_grace_days=st.integers(0, 40),
    exit_rule=st.sampled_from(ExitRule),
)
STAYS = st.builds(Episode, joined_on=DAYS, recorded_on=DAYS, left_on=st.none() | DAYS)


@given(RULES, STAYS, DAYS)
def test_periods_of_an_episode_have_no_gap_and_no_overlap(terms: Rule, stay: Episode, as_of: date) -> None:
    periods = required_periods(terms, plan_of(terms), stay, as_of)
    assert all(later.start == earlier.end + timedelta(days=1) for earlier, later in pairwise(periods))


@given(RULES, STAYS, DAYS, st.integers(0, 400))
def test_a_later_run_only_adds_to_an_earlier_one(terms: Rule, stay: Episode, as_of: date, downtime: int) -> None:
    earlier = required_periods(terms, plan_of(terms), stay, as_of)
    later = required_periods(terms, plan_of(terms), stay, as_of + timedelta(days=downtime))
    assert later[: len(earlier)] == earlier


@given(RULES, STAYS, DAYS)
def test_nothing_is_asked_after_the_exit_or_before_it_was_recorded(terms: Rule, stay: Episode, as_of: date) -> None:
    periods = required_periods(terms, plan_of(terms), stay, as_of)
    assert all(period.end >= stay.recorded_on for period in periods)
    if stay.left_on is not None and terms.exit_rule is ExitRule.CURRENT:
        assert all(period.end < stay.left_on for period in periods)


def test_a_rule_may_end_on_its_first_day_and_not_before() -> None:
    ensure_dates(day("2026-03-02"), None)
    ensure_dates(day("2026-03-02"), day("2026-03-02"))
    with pytest.raises(RuleDatesInvalid):
        ensure_dates(day("2026-03-02"), day("2026-03-01"))


@pytest.mark.parametrize("owner", list(OrganisationKind))
@pytest.mark.parametrize("org_type", list(OrganisationKind))
def test_a_rule_is_for_its_owner_or_for_those_below(owner: OrganisationKind, org_type: OrganisationKind) -> None:
    below = {
        "province": {"branch", "sub_branch", "outlet"},
        "branch": {"sub_branch", "outlet"},
        "sub_branch": {"outlet"},
    }
    if org_type == owner or org_type in below.get(owner, set()):
        ensure_org_type(owner, org_type)
    else:
        with pytest.raises(OrganisationTypeAbove) as refused:
            ensure_org_type(owner, org_type)
        assert set(refused.value.fields) == {"org_type"}
