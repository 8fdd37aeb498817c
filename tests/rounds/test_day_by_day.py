"""The rules' arithmetic against a walk through all days: same tasks for every history (domain.md §1.10.5).

The quick test takes the same examples each time, the long one searches at random, as in `test_histories.py`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inspection_api.core.periods import Unit, WindowMode
from inspection_api.plans.rules import (
    Episode,
    Exit,
    ExitCheck,
    ExitRule,
    FirstRule,
    PlanTerms,
    Rule,
    Version,
    required_tasks,
    switch_day,
)
from tests.plans.test_rules import EveryDay
from tests.rounds import day_by_day as slow
from tests.rounds.day_by_day import Form, Plan, Stay

FIRST, LAST = date(2016, 1, 1), date(2032, 12, 31)
EDGES = [
    date(2016, 2, 29),
    date(2020, 2, 29),
    date(2019, 1, 31),
    date(2019, 12, 31),
    date(2020, 1, 1),
    date(2018, 8, 1),
]
DAYS = st.sampled_from(EDGES) | st.dates(FIRST, LAST)
FORMS = st.builds(
    Form,
    start=st.dates(FIRST, date(2028, 12, 31)) | st.sampled_from(EDGES),
    unit=st.sampled_from(["year", "month", "week", "day"]),
    interval=st.integers(1, 4) | st.sampled_from([6, 12, 30]),
    anchored=st.booleans(),
    first_rule=st.sampled_from(["current", "next"]),
    grace_days=st.integers(0, 40),
    exit_rule=st.sampled_from(["current", "next"]),
    exit_interval=st.integers(1, 7),
    exit_unit=st.sampled_from(["day", "month"]),
    exit_count=st.integers(0, 3),
)


def rule_of(form: Form) -> Rule:
    return Rule(
        start=form.start,
        unit=Unit(form.unit),
        interval=form.interval,
        window_mode=WindowMode.ANCHORED if form.anchored else WindowMode.CALENDAR,
        first_rule=FirstRule(form.first_rule),
        first_grace_days=form.grace_days,
        exit_rule=ExitRule(form.exit_rule),
        exit_check=ExitCheck(interval=form.exit_interval, unit=Unit(form.exit_unit), count=form.exit_count),
    )


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Form], Plan, Stay, date]:
    """Return versions of a rule, a plan, a stay in it, and the day of a run, close enough together to meet."""
    forms = [draw(FORMS)]
    for edited in draw(st.lists(FORMS, max_size=2)):
        latest = forms[-1]
        today = latest.start + timedelta(days=draw(st.integers(-100, 900)))
        version = Version(number=len(forms), rule=rule_of(latest), since=latest.since)
        since = switch_day(version, today=today, effective_from=today)
        forms.append(replace(edited, start=latest.start, since=since))
    start = forms[0].start + timedelta(days=draw(st.sampled_from([0, 0, 0, 1, 45, 200])))
    end = draw(st.none() | st.integers(0, 800).map(lambda days: start + timedelta(days=days)))
    near = st.integers(-60, 900).map(lambda days: start + timedelta(days=days)) | st.sampled_from(_edges(forms, start))
    plan = Plan(start=start, end=end, recorded_on=draw(near))
    joined_on = draw(near)
    stay = Stay(joined_on=joined_on, recorded_on=max(joined_on, draw(near)))
    if joined_on >= start and draw(st.booleans()):
        forms[0] = replace(forms[0], grace_days=slow.days_left(forms[:1], plan, joined_on) + draw(st.integers(0, 1)))
    match draw(st.sampled_from(["stays", "exits", "moves"])):
        case "exits":
            stay = replace(stay, exit_on=draw(near), approved_on=draw(near))
        case "moves":
            stay = replace(stay, moved_on=draw(near))
    return forms, plan, stay, draw(near)


def _edges(forms: list[Form], start: date) -> list[date]:
    """Return the first and the last days of the plan's first periods, where off-by-one lives."""
    open_plan = Plan(start=start, end=None, recorded_on=start)
    found = slow.stretches(forms, open_plan, start + timedelta(days=400))
    return [day for each in found[:6] for day in (each.start, each.end)]


def fast(forms: list[Form], plan: Plan, stay: Stay, as_of: date) -> set[tuple[str, int, date, date]]:
    versions = [
        Version(number=number, rule=rule_of(form), since=form.since) for number, form in enumerate(forms, start=1)
    ]
    terms = PlanTerms(start=plan.start, end=plan.end, recorded_on=plan.recorded_on)
    left = Exit(exit_type="exited", approved_on=stay.approved_on) if stay.approved_on else None
    episode = Episode(
        joined_on=stay.joined_on, recorded_on=stay.recorded_on, left_on=stay.exit_on or stay.moved_on, exit=left
    )
    tasks = required_tasks(versions, terms, episode, as_of, EveryDay())
    return {(task.kind.value, task.version, task.period.start, task.period.end) for task in tasks}


SAMPLE: dict[str, Any] = {
    "unit": "month", "interval": 1, "anchored": False, "first_rule": "current", "grace_days": 0, "exit_rule": "current",
    "exit_interval": 1, "exit_unit": "month", "exit_count": 0,
}  # fmt: skip


QUICK = settings(deadline=None, max_examples=200, derandomize=True)


@QUICK
@given(histories())
@example(
    (
        [Form(start=date(2018, 8, 1), **SAMPLE)],
        Plan(start=date(2018, 8, 1), end=date(2019, 12, 31), recorded_on=FIRST),
        Stay(joined_on=date(2018, 1, 1), recorded_on=FIRST),
        date(2030, 1, 1),
    )
)
def test_the_rules_ask_for_what_a_walk_through_all_days_asks_for(
    history: tuple[list[Form], Plan, Stay, date],
) -> None:
    assert fast(*history) == slow.rounds(*history)


@pytest.mark.long
@settings(QUICK, max_examples=3000, derandomize=False)
@given(histories())
def test_the_rules_ask_for_the_same_thousands_of_times(history: tuple[list[Form], Plan, Stay, date]) -> None:
    assert fast(*history) == slow.rounds(*history)


def test_the_walk_itself_finds_the_seventeen_visits_of_the_sample() -> None:
    plan = Plan(start=date(2018, 8, 1), end=date(2019, 12, 31), recorded_on=FIRST)
    stay = Stay(joined_on=date(2018, 1, 1), recorded_on=FIRST)
    found = sorted(slow.rounds([Form(start=date(2018, 8, 1), **SAMPLE)], plan, stay, date(2030, 1, 1)))
    assert len(found) == 17
    assert ("regular", 1, date(2019, 2, 1), date(2019, 2, 28)) in found
