"""Unlocks: the truth table of who decides, the clock of a request, and what may be asked and answered."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from inspection_api.calendars.rules import Calendar
from inspection_api.core.periods import SHANGHAI
from inspection_api.core.permissions import Action, Permission, Reach, Role, reach
from kiosk_print.errors import (
    NotLocked,
    OpinionAfterPrint,
    OpinionGiven,
    OwnAffair,
    PaperNotReady,
    PaperVoided,
    SameDevice,
    UnlockNotYours,
    UnlockReasonInvalid,
    UnlockRequested,
    UnlockTermsInvalid,
)
from kiosk_print.rules import unlock
from kiosk_print.rules.unlock import Candidate, Level
from kiosk_print.rules.window import PaperState

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspection_api.core.errors import Problem

SUB, BRANCH, PROVINCE = Level
WEEKDAYS = Calendar()
FRIDAY = datetime(2026, 3, 13, 2, tzinfo=UTC)
PEOPLE = {name: uuid4() for name in ("sub1", "sub2", "branch1", "branch2", "province1", "province2")}
LEVELS = {"sub": SUB, "branch": BRANCH, "province": PROVINCE}
STAFF = tuple(Candidate(user_id=user_id, level=LEVELS[name[:-1]]) for name, user_id in PEOPLE.items())


def deciders(first: Level, *barred: str, climbs: int = 0) -> set[str]:
    names = {user_id: name for name, user_id in PEOPLE.items()}
    found = unlock.decide_deciders(STAFF, barred={PEOPLE[name] for name in barred}, first=first, climbs=climbs)
    return {names[each.user_id] for each in found}


TRUTH = [
    (SUB, (), {"sub1", "sub2"}),
    (SUB, ("sub1",), {"sub2"}),
    (SUB, ("sub1", "sub2"), {"branch1", "branch2"}),
    (SUB, ("sub1", "sub2", "branch1", "branch2"), {"province1", "province2"}),
    (SUB, tuple(PEOPLE), set()),
    (BRANCH, (), {"branch1", "branch2"}),
    (BRANCH, ("branch1", "branch2"), {"province1", "province2"}),
    (BRANCH, ("branch1", "branch2", "province1", "province2"), set()),
    (PROVINCE, (), {"province1", "province2"}),
    (PROVINCE, ("province1",), {"province2"}),
]


@pytest.mark.parametrize(("first", "barred", "expected"), TRUTH)
def test_the_first_level_that_has_somebody_decides(first: Level, barred: tuple[str, ...], expected: set[str]) -> None:
    assert deciders(first, *barred) == expected


# Who decides, whole: to the right of each set of levels that have somebody who is not barred, the levels that decide,
# for a request that has climbed 0, 1, 2 and 3 levels; first for the first unlock, then the second, then every further.
#                              first unlock                 second unlock               third and further
WHOLE_TRUTH = """
    -          -   -   -   -       -   -   -   -       -   -   -   -
    s          s   s   s   s       -   -   -   -       -   -   -   -
    b          b   b   b   b       b   b   b   b       -   -   -   -
    p          p   p   p   p       p   p   p   p       p   p   p   p
    sb         s   sb  sb  sb      b   b   b   b       -   -   -   -
    sp         s   sp  sp  sp      p   p   p   p       p   p   p   p
    bp         b   bp  bp  bp      b   bp  bp  bp      p   p   p   p
    sbp        s   sb  sbp sbp     b   bp  bp  bp      p   p   p   p
"""
ROWS = [line.split() for line in WHOLE_TRUTH.splitlines() if line.strip()]


def initials(names: Iterable[str]) -> str:
    return "".join(letter for letter in "sbp" if any(name.startswith(letter) for name in names)) or "-"


def test_the_table_names_every_set_of_levels() -> None:
    assert len({row[0] for row in ROWS}) == 2 ** len(Level)


@pytest.mark.parametrize("barred", [each for size in range(7) for each in combinations(PEOPLE, size)])
def test_the_whole_truth_table_holds_whoever_is_barred(barred: tuple[str, ...]) -> None:
    able = set(PEOPLE) - set(barred)
    [row] = [row[1:] for row in ROWS if row[0] == initials(able)]
    for place, first in enumerate(Level):
        for climbs in range(4):
            letters = row[4 * place + climbs]
            assert deciders(first, *barred, climbs=climbs) == {name for name in able if name[0] in letters}


PARTS = ("requester", "inspector", "author")


@pytest.mark.parametrize("parts", [each for size in range(4) for each in combinations(PARTS, size)])
@pytest.mark.parametrize("listed", [True, False])
def test_a_decision_is_ones_own_affair_anothers_or_allowed(parts: tuple[str, ...], listed: bool) -> None:  # noqa: FBT001
    actor, barred = PEOPLE["sub1"], [PEOPLE["sub1"] if part in parts else uuid4() for part in PARTS]
    others = [each for each in STAFF if listed or each.user_id != actor]
    expected = OwnAffair if parts else None if listed else UnlockNotYours
    if expected is None:
        unlock.ensure_may_decide(actor, others, barred=barred)
    else:
        with pytest.raises(expected):
            unlock.ensure_may_decide(actor, others, barred=barred)


def test_whoever_is_barred_never_decides_whatever_the_combination() -> None:
    for size in range(len(PEOPLE) + 1):
        for barred in combinations(PEOPLE, size):
            for first in Level:
                for climbs in range(4):
                    assert deciders(first, *barred, climbs=climbs).isdisjoint(barred)


def test_a_request_that_has_climbed_is_open_to_both_levels() -> None:
    assert deciders(SUB, climbs=1) == {"sub1", "sub2", "branch1", "branch2"}
    assert deciders(SUB, "sub1", "sub2", climbs=1) == {"branch1", "branch2", "province1", "province2"}
    assert deciders(SUB, "branch1", "branch2", climbs=1) == {"sub1", "sub2", "province1", "province2"}
    assert deciders(SUB, climbs=2) == set(PEOPLE)
    assert deciders(PROVINCE, climbs=3) == {"province1", "province2"}


def test_the_level_rises_with_every_granted_unlock() -> None:
    assert [unlock.first_level(count) for count in range(5)] == [SUB, BRANCH, PROVINCE, PROVINCE, PROVINCE]


ASKED_FROM, PHONE = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("decides_from", "acted_from", "refusal"),
    [
        (None, (None, None), None),
        (None, (ASKED_FROM, PHONE), None),
        (UUID(int=3), (ASKED_FROM, PHONE), None),
        (UUID(int=3), (None, None), None),
        (ASKED_FROM, (ASKED_FROM, PHONE), SameDevice),
        (ASKED_FROM, (ASKED_FROM, None), SameDevice),
        (ASKED_FROM, (None, PHONE), None),
        (PHONE, (ASKED_FROM, PHONE), SameDevice),
        (PHONE, (None, PHONE), SameDevice),
        (PHONE, (ASKED_FROM, None), None),
    ],
)
def test_nobody_decides_where_the_request_or_the_visit_was_made(
    decides_from: UUID | None, acted_from: tuple[UUID | None, ...], refusal: type[Problem] | None
) -> None:
    with pytest.raises(refusal) if refusal else nullcontext():
        unlock.ensure_other_device(decides_from, acted_from)


@pytest.mark.parametrize("role", Role)
def test_exactly_the_roles_that_may_approve_have_a_level(role: Role) -> None:
    may = reach(role, Permission(Action.UNLOCK, "approve")) is not Reach.NONE
    for kind in ("outlet", "sub_branch", "branch", "province"):
        assert (unlock.candidate_level(role, kind) is not None) is may


def test_an_approver_decides_at_the_level_of_his_organisation() -> None:
    kinds = ("outlet", "sub_branch", "branch", "province")
    assert [unlock.candidate_level(Role.APPROVER, kind) for kind in kinds] == [SUB, SUB, BRANCH, PROVINCE]


@pytest.mark.parametrize("place", range(3))
def test_requester_inspector_and_author_of_the_opinion_are_told_that_it_is_their_own_affair(place: int) -> None:
    barred: list[UUID | None] = [None, None, None]
    barred[place] = PEOPLE["sub1"]
    with pytest.raises(OwnAffair):
        unlock.ensure_may_decide(PEOPLE["sub1"], STAFF, barred=barred)


def test_another_level_is_told_who_decides() -> None:
    unlock.ensure_may_decide(PEOPLE["sub1"], STAFF[:2], barred=())
    with pytest.raises(UnlockNotYours) as refused:
        unlock.ensure_may_decide(PEOPLE["branch1"], STAFF[:2], barred=())
    assert refused.value.members["deciders"] == [str(PEOPLE["sub1"]), str(PEOPLE["sub2"])]


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (PaperState.OPEN, NotLocked),
        (PaperState.UNLOCK_REQUESTED, UnlockRequested),
        (PaperState.NOT_READY, PaperNotReady),
        (PaperState.VOIDED, PaperVoided),
    ],
)
def test_only_a_locked_paper_without_a_request_can_be_asked_for(state: PaperState, refusal: type[Exception]) -> None:
    unlock.ensure_requestable(PaperState.LOCKED, open_request_id=None)
    with pytest.raises(refusal):
        unlock.ensure_requestable(state, open_request_id=uuid4())


def test_a_reason_is_a_known_code_and_ten_characters() -> None:
    assert unlock.ensure_reason("missed", "出差在外未能按时打印") is unlock.Reason.MISSED
    assert unlock.REASON_WORDS.keys() == set(unlock.Reason)
    for code, text, field in [
        ("because", "出差在外未能按时打印", "reason_code"),
        ("missed", "出 差 未 打 印", "reason"),
    ]:
        with pytest.raises(UnlockReasonInvalid) as refused:
            unlock.ensure_reason(code, text)
        assert list(refused.value.fields) == [field]


def test_an_approval_opens_one_to_seven_days_and_three_without_a_word() -> None:
    assert unlock.decide_terms(approved=True, days=None, reason="").days == 3
    assert [unlock.decide_terms(approved=True, days=days, reason="").days for days in (1, 7)] == [1, 7]
    for days in (0, 8, -1):
        with pytest.raises(UnlockTermsInvalid):
            unlock.decide_terms(approved=True, days=days, reason="")


def test_a_rejection_says_why_and_opens_nothing() -> None:
    assert unlock.decide_terms(approved=False, days=5, reason=" 理由不足 ") == unlock.Terms(
        approved=False, days=0, reason="理由不足"
    )
    with pytest.raises(UnlockTermsInvalid):
        unlock.decide_terms(approved=False, days=None, reason=" ")


def test_a_request_expires_after_the_tenth_workday() -> None:
    assert unlock.expires_at(FRIDAY, WEEKDAYS) == datetime(2026, 3, 28, tzinfo=SHANGHAI)


def test_a_request_climbs_after_every_second_workday() -> None:
    last_moments = [datetime(2026, 3, day, 15, 59, tzinfo=UTC) for day in (17, 19, 23, 31)]
    assert [unlock.climbed(FRIDAY, moment, WEEKDAYS) for moment in last_moments] == [0, 1, 2, 2]
    next_moments = [moment + timedelta(minutes=1) for moment in last_moments[:3]]
    assert [unlock.climbed(FRIDAY, moment, WEEKDAYS) for moment in next_moments] == [1, 2, 2]


def test_the_next_climb_is_due_when_the_request_climbs_and_above_the_last_level_there_is_none() -> None:
    for climbs in range(unlock.MOST_CLIMBS):
        due = unlock.next_climb(FRIDAY, climbs, WEEKDAYS)
        assert due is not None
        assert unlock.climbed(FRIDAY, due - timedelta(microseconds=1), WEEKDAYS) == climbs
        assert unlock.climbed(FRIDAY, due, WEEKDAYS) == climbs + 1
    assert unlock.next_climb(FRIDAY, unlock.MOST_CLIMBS, WEEKDAYS) is None


def test_holidays_stop_the_clock_and_make_up_days_do_not() -> None:
    calendar = Calendar(
        years=frozenset({2026}), holidays=frozenset({date(2026, 3, 16)}), workdays=frozenset({date(2026, 3, 22)})
    )
    assert unlock.expires_at(FRIDAY, calendar) == unlock.expires_at(FRIDAY, WEEKDAYS)
    last_moment = datetime(2026, 3, 18, 15, 59, tzinfo=UTC)
    assert unlock.climbed(FRIDAY, last_moment, calendar) == 0
    assert unlock.climbed(FRIDAY, last_moment + timedelta(minutes=1), calendar) == 1


OPINIONS = [
    ({}, None),
    ({"state": PaperState.LOCKED}, None),
    ({"author_id": PEOPLE["sub1"]}, OwnAffair),
    ({"given_by": "姓名approver"}, OpinionGiven),
    ({"given_by": "姓名approver", "printed": True}, OpinionGiven),
    ({"printed": True}, OpinionAfterPrint),
    ({"state": PaperState.VOIDED}, PaperVoided),
    ({"state": PaperState.NOT_READY}, PaperNotReady),
]


@pytest.mark.parametrize(("facts", "refusal"), OPINIONS)
def test_an_opinion_is_given_once_by_another_person_before_the_print(
    facts: dict[str, object], refusal: type[Exception] | None
) -> None:
    ordinary = {
        "state": PaperState.OPEN,
        "author_id": PEOPLE["sub2"],
        "inspector_ids": {PEOPLE["sub1"], uuid4()},
        "given_by": None,
        "printed": False,
    }
    values = ordinary | facts
    if refusal is None:
        unlock.ensure_may_give_opinion(**values)  # type: ignore[arg-type] # a table of keywords
    else:
        with pytest.raises(refusal):
            unlock.ensure_may_give_opinion(**values)  # type: ignore[arg-type] # a table of keywords


def test_whoever_is_second_with_an_opinion_is_told_who_was_first() -> None:
    with pytest.raises(OpinionGiven) as refused:
        unlock.ensure_may_give_opinion(
            PaperState.OPEN, author_id=uuid4(), inspector_ids=(), given_by="王行长", printed=False
        )
    assert refused.value.detail == "该记录已由王行长签署上级意见"
    assert refused.value.members == {"decided_by_name": "王行长"}
