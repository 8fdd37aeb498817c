"""Blockers, acceptance, field-level merge, and the presence of a whole visit."""

from __future__ import annotations

from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.rules.fence import Judgement, Verdict
from inspection_api.inspections import rules
from inspection_api.inspections.errors import OwnRecord
from inspection_api.inspections.evidence import Act, judge_presence
from inspection_api.inspections.rules import FieldChange, Outcome, State


def test_blockers_are_listed_as_screens_show_them() -> None:
    assert rules.blockers(quarantine_codes=["outside"], in_conflict=True, media_missing=True) == [
        "quarantine",
        "conflict",
        "media",
    ]
    assert rules.blockers(quarantine_codes=[], in_conflict=False, media_missing=False) == []


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("blocked", [[], ["media"]])
@pytest.mark.parametrize("completes", [True, False])
def test_only_an_unblocked_submitted_record_becomes_accepted_or_extra(
    state: State, blocked: list[str], *, completes: bool
) -> None:
    after = rules.decide_acceptance(state, blocked, completes_task=completes)
    moved = state is State.SUBMITTED and not blocked
    assert after is ((State.ACCEPTED if completes else State.EXTRA) if moved else state)


@pytest.mark.parametrize(("state", "conclusion"), list(product(State, [None, "normal", "exit"])))
def test_only_an_accepted_record_that_concludes_exit_proposes_it(state: State, conclusion: str | None) -> None:
    assert rules.proposes_exit(state, conclusion) == (state is State.ACCEPTED and conclusion == "exit")


def test_nobody_decides_about_his_own_record() -> None:
    me = uuid4()
    with pytest.raises(OwnRecord):
        rules.ensure_may_decide(me, me)
    rules.ensure_may_decide(uuid4(), me)


def merge(
    pushed: dict[str, Any], current: dict[str, Any], changes: dict[str, FieldChange], base: int, **who: Any
) -> Any:
    writer = {"device_id": "a", "seq": 10, **who}
    return rules.merge_fields(pushed, current, changes, base_version=base, **writer)


def change(version: int, device_id: str, seq: int = 1) -> FieldChange:
    return FieldChange(version=version, device_id=device_id, seq=seq)


@pytest.mark.parametrize(
    ("pushed", "by", "base", "outcome"),
    [
        ("new", change(3, "b"), 2, Outcome.CONFLICT),
        ("new", change(3, "b"), 3, Outcome.APPLIED),
        ("old", change(3, "b"), 2, Outcome.APPLIED),
        ("new", change(3, "a"), 2, Outcome.APPLIED),
        ("new", change(3, "a", seq=11), 2, Outcome.SUPERSEDED),
    ],
)
def test_a_field_clashes_only_with_another_devices_later_different_value(
    pushed: str, by: FieldChange, base: int, outcome: Outcome
) -> None:
    merged = merge({"f": pushed}, {"f": "old"}, {"f": by}, base)
    assert merged.outcomes == {"f": outcome}
    assert merged.values == ({"f": pushed} if outcome is Outcome.APPLIED else {})


FIELDS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 3), max_size=4)


@given(FIELDS, FIELDS)
def test_disjoint_changes_of_two_devices_commute(one: dict[str, int], two: dict[str, int]) -> None:
    two = {name: value for name, value in two.items() if name not in one}

    def play(first: dict[str, int], second: dict[str, int]) -> dict[str, Any]:
        state: dict[str, Any] = {}
        changes: dict[str, FieldChange] = {}
        for version, (device, fields) in enumerate((("x", first), ("y", second)), start=1):
            merged = merge(fields, state, changes, 0, device_id=device, seq=1)
            state |= merged.values
            changes |= dict.fromkeys(merged.values, change(version, device))
        return state

    assert play(one, two) == play(two, one) == one | two


@given(st.lists(FIELDS, max_size=5))
def test_a_devices_own_chain_never_clashes(saves: list[dict[str, int]]) -> None:
    state: dict[str, Any] = {}
    changes: dict[str, FieldChange] = {}
    for number, fields in enumerate(saves, start=1):
        merged = merge(fields, state, changes, 0, seq=number)
        assert set(merged.outcomes.values()) <= {Outcome.APPLIED}
        state |= merged.values
        changes |= dict.fromkeys(merged.values, change(number, "a", number))
    expected: dict[str, int] = {}
    for fields in saves:
        expected |= fields
    assert state == expected


def judged(verdict: Verdict) -> Judgement:
    return Judgement(verdict=verdict, radius_m=200)


def act(verdict: Verdict = Verdict.INSIDE, after_scan_ms: int | None = 600_000) -> Act:
    return Act(judgement=judged(verdict), after_scan_ms=after_scan_ms)


PRESENCE = [
    (Verdict.INSIDE, [], act(), (), ()),
    (Verdict.OUTSIDE, [], act(), ("outside",), ()),
    (Verdict.STALE, [], act(), ("stale",), ()),
    (Verdict.INSIDE, [act(Verdict.OUTSIDE)], act(), ("outside",), ()),
    (Verdict.OUTSIDE, [act(Verdict.OUTSIDE)], act(), ("outside",), ()),
    (Verdict.INSIDE, [act(Verdict.MOCK)], act(), ("mock",), ()),
    (Verdict.INSIDE, [act(Verdict.STALE)], act(), (), ("weak",)),
    (Verdict.INDETERMINATE, [], act(), (), ("weak",)),
    (Verdict.INSIDE, [], act(after_scan_ms=299_999), (), ("rushed",)),
    (Verdict.INSIDE, [], act(after_scan_ms=None), (), ()),
    (Verdict.INSIDE, [act(after_scan_ms=-1)], act(), ("media_contradiction",), ()),
    (Verdict.INSIDE, [act(after_scan_ms=600_001)], act(), ("media_contradiction",), ()),
    (Verdict.INSIDE, [act(after_scan_ms=None)], act(), (), ()),
    (Verdict.INSIDE, [act(after_scan_ms=10)], act(after_scan_ms=None), (), ()),
]


@pytest.mark.parametrize(("scan", "captures", "submit", "codes", "flags"), PRESENCE)
def test_presence_is_the_whole_visit(
    scan: Verdict, captures: list[Act], submit: Act, codes: tuple[str, ...], flags: tuple[str, ...]
) -> None:
    presence = judge_presence(judged(scan), captures, submit, min_dwell_s=300)
    assert (presence.codes, presence.flags) == (codes, flags)
    assert {*codes} <= {*rules.QUARANTINE_REASONS}
