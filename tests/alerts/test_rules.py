"""停工预警, its episodes, and who may decide: the vectors of domain.md §5.3 and properties around them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inspection_api.alerts import errors, rules
from inspection_api.alerts.rules import Episode, Handling, Level, Outcome, Step
from inspection_api.core.errors import Forbidden
from inspection_api.core.permissions import Role

FIRST = date(2026, 3, 1)
ONE = timedelta(days=1)


def outcomes(*energies: str | None) -> list[Outcome]:
    """Return 停工's word at the close of each day; None is an unknown day."""
    days = known(*energies)
    return [rules.judge_work_stopped(days, FIRST + index * ONE).outcome for index in range(len(energies))]


def known(*energies: str | None) -> dict[date, Decimal]:
    return {FIRST + index * ONE: Decimal(energy) for index, energy in enumerate(energies) if energy is not None}


def replay(*energies: str | None) -> list[tuple[Step, int]]:
    """Return the steps that do something, with their day number (1 = first), evaluating day by day."""
    latest: Episode | None = None
    seen = []
    for number, outcome in enumerate(outcomes(*energies), start=1):
        day = FIRST + (number - 1) * ONE
        step = rules.decide_step(latest, outcome, day)
        latest = after(latest, step, day)
        if step is not Step.NOTHING:
            seen.append((step, number))
    return seen


def after(latest: Episode | None, step: Step, day: date) -> Episode | None:
    if step is Step.RAISE:
        return Episode(first_seen_on=day, last_seen_on=day)
    if latest is None or step is Step.NOTHING:
        return latest
    return rules.widened(latest, day) if step is Step.HOLD else replace(latest, cleared_on=day)


def test_three_days_below_one_hundred_fire_on_the_third() -> None:
    assert outcomes("99.9", "99.9", "99.9") == [Outcome.SILENT, Outcome.SILENT, Outcome.FIRES]


def test_exactly_one_hundred_is_not_below() -> None:
    assert Outcome.FIRES not in outcomes("99.9", "100.0", "99.9")


def test_an_unknown_day_blocks_every_window_that_holds_it() -> None:
    assert outcomes("50", None, "50", "50", "50")[2:] == [Outcome.SILENT, Outcome.SILENT, Outcome.FIRES]


def test_two_running_days_clear_and_one_does_not() -> None:
    assert outcomes("100", "100") == [Outcome.SILENT, Outcome.CLEARS]
    assert outcomes("100", None, "100")[2] is Outcome.SILENT


def test_the_numbers_used_are_kept() -> None:
    judged = rules.judge_work_stopped(known("50", "40.5", "60"), FIRST + 2 * ONE)

    assert judged.extreme == Decimal("40.5")
    assert judged.numbers == {
        "threshold_kwh": "100",
        "energy_kwh": {"2026-03-01": "50", "2026-03-02": "40.5", "2026-03-03": "60"},
    }


def test_one_alert_per_episode() -> None:
    assert replay("1", "1", "1", "1", "1", "200", "200", "1", "1", "1") == [
        (Step.RAISE, 3),
        (Step.HOLD, 4),
        (Step.HOLD, 5),
        (Step.CLEAR, 7),
        (Step.RAISE, 10),
    ]


def test_one_running_day_starts_no_new_episode() -> None:
    assert replay("1", "1", "1", "200", "1", "1", "1") == [(Step.RAISE, 3), (Step.HOLD, 7)]


def test_a_day_inside_an_ended_episode_raises_nothing() -> None:
    ended = Episode(first_seen_on=FIRST, last_seen_on=FIRST + ONE, cleared_on=FIRST + 3 * ONE)

    assert rules.decide_step(ended, Outcome.FIRES, FIRST + 3 * ONE) is Step.NOTHING
    assert rules.decide_step(ended, Outcome.FIRES, FIRST + 4 * ONE) is Step.RAISE


def test_an_old_day_cannot_clear_what_was_seen_after_it() -> None:
    running = Episode(first_seen_on=FIRST, last_seen_on=FIRST + 2 * ONE)

    assert rules.decide_step(running, Outcome.CLEARS, FIRST + ONE) is Step.NOTHING
    assert rules.decide_step(running, Outcome.CLEARS, FIRST + 3 * ONE) is Step.CLEAR


def test_an_alert_whose_only_day_no_longer_fires_is_corrected() -> None:
    raised = Episode(first_seen_on=FIRST, last_seen_on=FIRST)

    assert rules.decide_step(raised, Outcome.SILENT, FIRST) is Step.CORRECT
    assert rules.decide_step(raised, Outcome.SILENT, FIRST + ONE) is Step.NOTHING


def test_a_day_counts_once() -> None:
    episode = Episode(first_seen_on=FIRST + ONE, last_seen_on=FIRST + 2 * ONE)

    assert [rules.is_seen_anew(episode, FIRST + back * ONE) for back in range(4)] == [True, False, False, True]


@given(st.lists(st.sampled_from(["1", "99.9", "100", "500", None]), max_size=40))
def test_episodes_alternate_between_raise_and_clear(energies: list[str | None]) -> None:
    steps = [step for step, _ in replay(*energies) if step is not Step.HOLD]

    assert steps == ([Step.RAISE, Step.CLEAR] * len(steps))[: len(steps)]


@given(st.lists(st.sampled_from(["1", "99.9", "100", "500", None]), max_size=40))
def test_nothing_is_raised_without_three_known_low_days(energies: list[str | None]) -> None:
    for step, number in replay(*energies):
        window = energies[number - 3 : number]
        assert step not in {Step.RAISE, Step.HOLD} or [value in {"1", "99.9"} for value in window] == [True] * 3


@given(st.lists(st.sampled_from(["1", "100", None]), max_size=30))
@example(["1", "1", "1", "100", "100", "1", "1", "1"])
def test_judging_all_days_again_changes_nothing(energies: list[str | None]) -> None:
    latest: Episode | None = None
    raised = 0
    for _ in range(2):
        before = raised
        for number, outcome in enumerate(outcomes(*energies)):
            day = FIRST + number * ONE
            step = rules.decide_step(latest, outcome, day)
            raised += step is Step.RAISE
            latest = after(latest, step, day)
    assert raised == before


def test_the_table_of_rules_has_unique_codes() -> None:
    assert set(rules.RULE_OF_CODE) == {"work_stopped"}
    assert rules.RULE_OF_CODE["work_stopped"].level is Level.SUSPICIOUS
    assert rules.DAYS_BACK == 2


def test_an_information_officer_reviews_up_to_level_two() -> None:
    rules.ensure_may_review(Level.WARNING, {Role.INFORMATION_OFFICER})
    rules.ensure_may_review(Level.SUSPICIOUS, {Role.INFORMATION_OFFICER, Role.RISK_MANAGER})
    with pytest.raises(errors.AlertLevelTooHigh):
        rules.ensure_may_review(Level.SUSPICIOUS, {Role.INFORMATION_OFFICER, Role.AUDITOR})
    with pytest.raises(Forbidden):
        rules.ensure_may_review(Level.NOTICE, {Role.LOAN_OFFICER, Role.AUDITOR})


@pytest.mark.parametrize("handling", Handling)
def test_a_decision_is_made_once(handling: Handling) -> None:
    if handling in {Handling.NEW, Handling.FALSE_ALARM_PROPOSED}:
        rules.ensure_undecided(handling)
    else:
        with pytest.raises(errors.AlertHandled, match=errors.AlertHandled.title):
            rules.ensure_undecided(handling)
        with pytest.raises(errors.AlertHandled, match="该预警已由王经理处理"):
            rules.ensure_undecided(handling, decided_by_name="王经理")


def test_a_level_three_false_alarm_needs_a_second_person() -> None:
    first, second = uuid4(), uuid4()

    assert rules.decide_false_alarm(2, proposed_by=None, reviewer=first) is Handling.FALSE_ALARM
    assert rules.decide_false_alarm(3, proposed_by=None, reviewer=first) is Handling.FALSE_ALARM_PROPOSED
    assert rules.decide_false_alarm(3, proposed_by=first, reviewer=second) is Handling.FALSE_ALARM
    with pytest.raises(errors.SecondReviewerNeeded):
        rules.decide_false_alarm(3, proposed_by=first, reviewer=first)


def test_a_day_closes_at_two_in_the_morning() -> None:
    two_in_shanghai = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)

    assert rules.last_closed_day(two_in_shanghai) == date(2026, 3, 9)
    assert rules.last_closed_day(two_in_shanghai - timedelta(seconds=1)) == date(2026, 3, 8)
    assert rules.days_to_judge(two_in_shanghai) == (date(2026, 3, 7), date(2026, 3, 8), date(2026, 3, 9))


@given(st.integers(min_value=0, max_value=2**63 - 1))
def test_a_cursor_opens_with_its_own_key_only(number: int) -> None:
    cursor = rules.seal_cursor(b"k", number)

    assert rules.open_cursor(b"k", cursor) == number
    with pytest.raises(errors.FeedCursorInvalid):
        rules.open_cursor(b"other", cursor)


@pytest.mark.parametrize("cursor", ["", "1", "!!!!", "AAAA", "é", "A" * 32])
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(errors.FeedCursorInvalid):
        rules.open_cursor(b"k", cursor)


@pytest.mark.parametrize(("extreme", "peak"), [("12.5", "12.5"), ("80", "40"), (None, "40")])
def test_the_worst_day_of_an_episode_is_its_peak(extreme: str | None, peak: str) -> None:
    judged = rules.Judgement(outcome=Outcome.FIRES, numbers={}, extreme=None if extreme is None else Decimal(extreme))
    assert rules.next_peak(rules.RULE_OF_CODE["work_stopped"], "40", judged) == Decimal(peak)
