from __future__ import annotations

import pytest

from checkpoints.coordinates import Point
from checkpoints.rules.fence import Fix
from checkpoints.rules.lifecycle import State
from checkpoints.rules.scan import ScanCode, decide_scan

HOME = Point(114.5149, 38.0428)
FIX = Fix(point=HOME, accuracy_m=8)


@pytest.mark.parametrize("state", [State.ACTIVE, State.EXIT_PROPOSED])
def test_a_point_in_force_is_judged_by_its_fence(state: State) -> None:
    answer = decide_scan(state, HOME, [FIX], 200)
    assert (answer.code, answer.may_start) == (ScanCode.INSIDE, True)
    assert answer.judgement is not None


@pytest.mark.parametrize("state", [State.UNBOUND, State.PENDING_CONFIRM, State.EXITED])
def test_where_no_fence_decides_the_fixes_say_nothing(state: State) -> None:
    assert decide_scan(state, HOME, [], 200) == decide_scan(state, None, [FIX], 200)


def test_an_active_point_without_a_place_must_be_bound_first() -> None:
    assert decide_scan(State.ACTIVE, None, [FIX], 200).code is ScanCode.UNBOUND


def test_a_refused_verdict_may_not_start() -> None:
    assert not decide_scan(State.ACTIVE, HOME, [], 200).may_start
