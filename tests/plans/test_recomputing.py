"""What a retroactive edit would change (domain.md §1.10.3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.periods import Period
from inspection_api.plans.rules import (
    Episode,
    Existing,
    PlanTerms,
    Rule,
    Version,
    difference,
    period_start,
    required_tasks,
)
from tests.plans.test_rules import LONG_AGO, EveryDay, day, rule

DAYS = st.dates(date(2016, 1, 1), date(2032, 12, 31))
STAY = Episode(joined_on=day("2018-01-01"), recorded_on=LONG_AGO)
MONTHLY = [Version(number=1, rule=rule())]


def back_to(since: str, **changes: object) -> list[Version]:
    return [*MONTHLY, Version(number=2, rule=rule(interval=3, **changes), since=day(since))]


def plan_of(first: Rule) -> PlanTerms:
    return PlanTerms(start=first.start, end=None, recorded_on=LONG_AGO)


def required(versions: list[Version], as_of: str = "2019-01-10") -> list[Existing]:
    found = required_tasks(versions, plan_of(versions[0].rule), STAY, day(as_of), EveryDay())
    return [Existing(kind=each.kind, period=each.period, due_on=each.due_on, is_settled=False) for each in found]


def changes(existing: list[Existing], versions: list[Version], since: str) -> tuple[list[str], list[str], list[str]]:
    needed = required_tasks(versions, plan_of(versions[0].rule), STAY, day("2019-01-10"), EveryDay())
    found = difference(needed, existing, day(since))
    return (
        [each.period.end.isoformat() for each in found.create],
        [each.period.end.isoformat() for each in found.cancel],
        [each.period.end.isoformat() for each in found.keep],
    )


def test_months_become_quarters_from_a_day_of_the_past_on() -> None:
    assert changes(required(MONTHLY), back_to("2018-11-01"), "2018-11-01") == (
        ["2019-01-31", "2019-04-30"],
        ["2018-11-30", "2018-12-31", "2019-01-31", "2019-02-28"],
        [],
    )


def test_what_a_visit_settled_is_kept_and_nothing_is_made_for_its_days() -> None:
    existing = [replace(each, is_settled=each.period.end == day("2018-12-31")) for each in required(MONTHLY)]
    created, cancelled, kept = changes(existing, back_to("2018-11-01"), "2018-11-01")
    assert (created, kept) == (["2019-04-30"], ["2018-12-31"])
    assert cancelled == ["2018-11-30", "2019-01-31", "2019-02-28"]


def test_a_visit_before_the_new_block_keeps_nobody_from_making_it() -> None:
    settled = Existing(
        kind=required(MONTHLY)[0].kind,
        period=Period(start=day("2019-02-01"), end=day("2019-02-28")),
        due_on=day("2019-02-28"),
        is_settled=True,
    )
    assert changes([settled], back_to("2018-11-01"), "2018-11-01") == (["2019-01-31"], [], ["2019-02-28"])


def test_terms_with_the_same_days_change_nothing() -> None:
    same = [*MONTHLY, Version(number=2, rule=rule(makeup_days=3), since=day("2018-11-01"))]
    created, cancelled, kept = changes(required(MONTHLY), same, "2018-11-01")
    assert (created, cancelled, len(kept)) == ([], [], 4)


def test_a_recomputation_replaces_the_versions_that_it_sets_in_before() -> None:
    edited = [*back_to("2018-12-01"), Version(number=3, rule=rule(interval=2), since=day("2018-10-01"))]
    assert [each.period.end.isoformat() for each in required(edited)] == [
        "2018-08-31", "2018-09-30", "2018-11-30", "2019-01-31", "2019-03-31",
    ]  # fmt: skip


def test_the_day_is_that_of_the_period_that_holds_it() -> None:
    plan = plan_of(rule())
    assert period_start(MONTHLY, plan, day("2018-11-20")) == day("2018-11-01")
    assert period_start(MONTHLY, plan, day("2018-07-20")) == day("2018-08-01")
    assert period_start(back_to("2018-12-01"), plan, day("2018-12-20")) == day("2018-12-01")


@given(since=DAYS, joined_on=DAYS, as_of=DAYS, settled=st.sets(st.integers(0, 200)), interval=st.integers(1, 5))
def test_whatever_is_recomputed_no_days_are_required_twice_and_no_visit_is_lost(
    since: date, joined_on: date, as_of: date, settled: set[int], interval: int
) -> None:
    plan = PlanTerms(start=date(2016, 1, 1), end=None, recorded_on=LONG_AGO)
    first = [Version(number=1, rule=rule(start=plan.start))]
    stay = Episode(joined_on=joined_on, recorded_on=LONG_AGO)
    since = period_start(first, plan, since)
    before = [
        Existing(kind=each.kind, period=each.period, due_on=each.due_on, is_settled=number in settled)
        for number, each in enumerate(required_tasks(first, plan, stay, as_of, EveryDay()))
    ]
    edited = [*first, Version(number=2, rule=rule(start=plan.start, interval=interval), since=since)]
    found = difference(required_tasks(edited, plan, stay, as_of, EveryDay()), before, since)
    assert not any(each.is_settled for each in found.cancel)
    assert len(found.cancel) + len(found.keep) == len([each for each in before if each.period.start >= since])
    days = sorted((each.period.start, each.period.end) for each in (*found.create, *found.keep))
    assert all(end < start for (_, end), (start, _) in pairwise(days))
