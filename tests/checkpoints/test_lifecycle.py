from __future__ import annotations

from itertools import product

import pytest

from checkpoints.errors import FourEyes, StateForbids
from checkpoints.rules import lifecycle
from checkpoints.rules.lifecycle import STEPS, State, Step


@pytest.mark.parametrize(("state", "step"), list(product(State, Step)))
def test_a_step_is_taken_exactly_where_the_table_has_it(state: State, step: Step) -> None:
    if (state, step) in STEPS:
        assert lifecycle.next_state(state, step) is STEPS[state, step]
    else:
        with pytest.raises(StateForbids) as caught:
            lifecycle.next_state(state, step)
        assert caught.value.members == {"state": state.value, "step": step.value}


def test_the_spec_s_roads_between_states() -> None:
    roads = {(before.value, after.value) for (before, _), after in STEPS.items() if before is not after}
    assert roads == {
        ("unbound", "active"),
        ("unbound", "pending_confirm"),
        ("pending_confirm", "active"),
        ("pending_confirm", "unbound"),
        ("active", "unbound"),
        ("active", "exit_proposed"),
        ("unbound", "exit_proposed"),  # in force is whatever has not exited, so it can leave without a place, too
        ("pending_confirm", "exit_proposed"),
        ("exit_proposed", "exited"),
        ("exit_proposed", "active"),
        ("exited", "active"),
        ("active", "pending_confirm"),  # two offline bindings of one generation, §3.4
    }


def test_only_the_exited_are_out_of_force() -> None:
    assert [state for state in State if not lifecycle.is_in_force(state)] == [State.EXITED]


def test_four_eyes_need_two_people() -> None:
    lifecycle.ensure_other_person("a", "b", sentence="x")
    lifecycle.ensure_other_person("a", None, sentence="x")
    with pytest.raises(FourEyes, match="绑定人"):
        lifecycle.ensure_other_person("a", "a", sentence="绑定人不能确认自己的绑定。")
