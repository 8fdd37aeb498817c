from __future__ import annotations

from datetime import date, timedelta
from itertools import product
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.errors import (
    ExitCodeInvalid,
    ExitDayInvalid,
    ExitInEffect,
    ExitNotYours,
    ExitSettled,
    FourEyes,
    ReactivationDayInvalid,
)
from checkpoints.rules import exits
from checkpoints.rules.binding import LocationStatus
from checkpoints.rules.exits import EXIT_STEPS, OPEN, ExitStatus, ExitStep
from checkpoints.rules.lifecycle import State

TODAY = date(2026, 3, 10)
ME, OTHER = uuid4(), uuid4()
DAYS = st.dates(date(2016, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(("status", "step"), list(product(ExitStatus, ExitStep)))
def test_a_step_is_taken_exactly_where_the_table_has_it(status: ExitStatus, step: ExitStep) -> None:
    if (status, step) in EXIT_STEPS:
        assert exits.next_status(status, step) is EXIT_STEPS[status, step]
    else:
        with pytest.raises(ExitSettled) as caught:
            exits.next_status(status, step, last_by_name="李芳")
        assert caught.value.members == {"current": status.value, "step": step.value, "decided_by_name": "李芳"}
        assert caught.value.detail == "该退出申请已由李芳处理"


def test_every_exit_begins_open_and_what_is_over_stays_over() -> None:
    assert {before for before, _ in EXIT_STEPS} == set(OPEN)
    assert set(ExitStatus) - set(OPEN) == set(EXIT_STEPS.values()) - {ExitStatus.APPROVED}


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        (date(2026, 1, 31), False),
        (date(2026, 2, 1), True),
        (TODAY, True),
        (TODAY + timedelta(days=366), True),
        (TODAY + timedelta(days=367), False),
    ],
)
def test_an_exit_lies_between_the_first_day_and_a_year_ahead(day: date, *, allowed: bool) -> None:
    if allowed:
        exits.ensure_day(day, effective_from=date(2026, 2, 1), today=TODAY)
    else:
        with pytest.raises(ExitDayInvalid):
            exits.ensure_day(day, effective_from=date(2026, 2, 1), today=TODAY)


@given(DAYS, DAYS)
def test_an_exit_is_in_effect_exactly_when_it_can_no_longer_be_called_off(effective_on: date, today: date) -> None:
    if exits.is_in_effect(effective_on, today):
        with pytest.raises(ExitInEffect):
            exits.ensure_still_ahead(effective_on, today)
    else:
        exits.ensure_still_ahead(effective_on, today)


def test_the_day_itself_is_the_first_one_out_of_force() -> None:
    assert [exits.is_in_effect(TODAY + timedelta(days=ahead), TODAY) for ahead in (-1, 0, 1)] == [True, True, False]


def test_one_proposes_and_another_decides() -> None:
    exits.ensure_decider(ME, OTHER)
    with pytest.raises(FourEyes):
        exits.ensure_decider(ME, ME)


def test_only_the_proposer_takes_his_proposal_back() -> None:
    exits.ensure_proposer(ME, ME)
    with pytest.raises(ExitNotYours):
        exits.ensure_proposer(ME, OTHER)


@pytest.mark.parametrize(("ahead", "allowed"), [(-11, False), (-10, True), (0, True), (1, False)])
def test_a_checkpoint_comes_back_between_its_exit_and_today(ahead: int, *, allowed: bool) -> None:
    days = {"returns_on": TODAY + timedelta(days=ahead), "effective_on": TODAY - timedelta(days=10), "today": TODAY}
    if allowed:
        exits.ensure_return(ME, OTHER, **days)
    else:
        with pytest.raises(ReactivationDayInvalid):
            exits.ensure_return(ME, OTHER, **days)


def test_who_wanted_the_exit_does_not_undo_it() -> None:
    with pytest.raises(FourEyes):
        exits.ensure_return(ME, ME, returns_on=TODAY, effective_on=TODAY, today=TODAY)


def test_a_checkpoint_comes_back_as_its_place_says() -> None:
    found = [exits.state_by_place(status) for status in (None, LocationStatus.PROVISIONAL, LocationStatus.CONFIRMED)]
    assert found == [State.UNBOUND, State.PENDING_CONFIRM, State.ACTIVE]


@pytest.mark.parametrize("code", ["a", "A1", "1a", "a-b", "a\n", "a" * 41, "", "核销"])
def test_a_code_of_the_dictionary_has_a_form(code: str) -> None:
    exits.ensure_code("written_off2")
    with pytest.raises(ExitCodeInvalid):
        exits.ensure_code(code)
