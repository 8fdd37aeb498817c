"""The rules of requests to void: four eyes as a truth table, whose a request is, when the next level hears of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.calendars.rules import Calendar
from inspection_api.core.periods import SHANGHAI
from kiosk_print.errors import NotVoidable, OwnPrint, VoidReasonInvalid, VoidRequested
from kiosk_print.rules import voiding
from kiosk_print.rules.unlock import Candidate, Level
from kiosk_print.rules.window import LIVING, PrintStatus, ensure_voidable

WEEKDAYS = Calendar(years=frozenset(), holidays=frozenset(), workdays=frozenset())
FRIDAY = datetime(2026, 3, 13, 8, 0, tzinfo=UTC)
REQUESTER, INSPECTOR, PRINTER, MANAGER, OTHER_ACCOUNT = (uuid4() for _ in range(5))
TRUTH = [
    (actor, status, OwnPrint if actor != MANAGER else None if status in LIVING else NotVoidable)
    for actor, status in product((REQUESTER, INSPECTOR, PRINTER, OTHER_ACCOUNT, MANAGER), PrintStatus)
]


@pytest.mark.parametrize(("actor", "status", "refusal"), TRUTH)
def test_who_asked_inspected_or_printed_never_decides(
    actor: UUID, status: PrintStatus, refusal: type[Exception] | None
) -> None:
    barred = {REQUESTER, INSPECTOR, PRINTER, OTHER_ACCOUNT}
    if refusal is None:
        ensure_voidable(status, actor_id=actor, barred=barred)
    else:
        with pytest.raises(refusal):
            ensure_voidable(status, actor_id=actor, barred=barred)


@pytest.mark.parametrize("status", PrintStatus)
@pytest.mark.parametrize("open_id", [None, uuid4()])
def test_only_a_living_print_without_a_request_can_be_asked_for(status: PrintStatus, open_id: UUID | None) -> None:
    refusal = NotVoidable if status not in LIVING else VoidRequested if open_id else None
    if refusal is None:
        voiding.ensure_requestable(status, open_request_id=None)
        return
    with pytest.raises(refusal) as refused:
        voiding.ensure_requestable(status, open_request_id=open_id)
    assert refused.value.members in ({"current": status}, {"existing_id": str(open_id)})


PEOPLE = [uuid4() for _ in range(5)]
CANDIDATES = st.lists(
    st.builds(
        lambda who, level: Candidate(user_id=who, level=level),
        st.sampled_from(PEOPLE),
        st.sampled_from([Level.SUB_BRANCH, Level.BRANCH]),
    ),
    unique=True,
)


@given(candidates=CANDIDATES, barred=st.sets(st.sampled_from(PEOPLE)))
def test_a_request_waits_for_the_lowest_level_that_may_and_then_for_the_next_too(
    candidates: list[Candidate], barred: set[UUID]
) -> None:
    able = {each for each in candidates if each.user_id not in barred}
    lowest = min((each.level for each in able), default=None)
    before = voiding.void_deciders(candidates, barred=barred, is_escalated=False)
    after = voiding.void_deciders(candidates, barred=barred, is_escalated=True)
    assert set(before) == {each for each in able if each.level == lowest}
    assert set(after) == able


def test_the_next_level_hears_of_it_at_the_end_of_the_second_workday() -> None:
    assert voiding.escalates_at(FRIDAY, WEEKDAYS) == datetime(2026, 3, 18, tzinfo=SHANGHAI)
    holiday = Calendar(years=frozenset({2026}), holidays=frozenset({date(2026, 3, 16)}), workdays=frozenset())
    assert voiding.escalates_at(FRIDAY, holiday) - voiding.escalates_at(FRIDAY, WEEKDAYS) == timedelta(days=1)


def test_a_request_says_why_in_ten_characters_and_a_rejection_says_why() -> None:
    assert voiding.ensure_void_reason(" 电量填错了须更正后重印 ") == "电量填错了须更正后重印"
    assert voiding.ensure_comment("", approved=True) is None
    assert voiding.ensure_comment(" 同意 ", approved=True) == "同意"
    assert voiding.ensure_comment(" 内容无误 ", approved=False) == "内容无误"
    for refused in (
        lambda: voiding.ensure_void_reason("电 量 填 错 了 须 更 正"),
        lambda: voiding.ensure_comment("  ", approved=False),
    ):
        with pytest.raises(VoidReasonInvalid) as told:
            refused()
        assert list(told.value.fields) == ["reason"]


def test_every_reason_has_its_words() -> None:
    assert voiding.VOID_REASON_WORDS.keys() == set(voiding.VoidReason)
    assert voiding.void_words("content", "电量填错") == "内容有误：电量填错"
