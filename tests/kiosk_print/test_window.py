"""The print window: when it closes, and what that makes of a paper."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.periods import SHANGHAI, local_day
from kiosk_print.errors import (
    NotVoidable,
    OpinionRequired,
    OwnPrint,
    PaperLocked,
    PaperNotReady,
    PaperVoided,
    PrintLimit,
)
from kiosk_print.rules import window
from kiosk_print.rules.window import PaperState, PrintStatus, ensure_voidable, open_window, paper_state

ACCEPTED = datetime(2026, 3, 10, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
CLOSES = datetime(2026, 3, 18, tzinfo=SHANGHAI)
MILLISECOND = timedelta(milliseconds=1)


def test_a_window_closes_at_midnight_after_seven_whole_further_days() -> None:
    assert open_window(1, ACCEPTED).closes_at == CLOSES
    assert open_window(1, ACCEPTED + timedelta(seconds=1)).closes_at == CLOSES + timedelta(days=1)
    assert open_window(2, ACCEPTED, 3).closes_at == datetime(2026, 3, 14, tzinfo=SHANGHAI)


@given(st.datetimes(datetime(2016, 1, 1), datetime(2032, 12, 31), timezones=st.just(UTC)), st.integers(1, 60))  # noqa: DTZ001 - hypothesis adds the zone
def test_every_window_has_its_whole_days_and_ends_at_a_midnight_of_shanghai(at: datetime, days: int) -> None:
    closes = open_window(1, at, days).closes_at
    assert closes.astimezone(SHANGHAI).time().isoformat() == "00:00:00"
    assert (local_day(closes) - local_day(at)).days == days + 1
    assert timedelta(days=days) < closes - at <= timedelta(days=days + 1)


STATES = [
    ("before acceptance", {}, PaperState.NOT_READY),
    ("one millisecond before the end", {"closes_at": CLOSES, "now": CLOSES - MILLISECOND}, PaperState.OPEN),
    ("at the end", {"closes_at": CLOSES}, PaperState.LOCKED),
    ("asked", {"closes_at": CLOSES, "requested_until": CLOSES + MILLISECOND}, PaperState.UNLOCK_REQUESTED),
    ("the request has expired", {"closes_at": CLOSES, "requested_until": CLOSES}, PaperState.LOCKED),
    ("an old request beside an open window",
     {"closes_at": CLOSES + MILLISECOND, "requested_until": CLOSES + MILLISECOND}, PaperState.OPEN),
    ("voided", {"closes_at": CLOSES + MILLISECOND, "voided": True}, PaperState.VOIDED),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "state"), [row[1:] for row in STATES], ids=[row[0] for row in STATES])
def test_the_state_follows_from_timestamps_alone(facts: dict[str, datetime], state: PaperState) -> None:
    given_facts = {"voided": False, "closes_at": None, "requested_until": None, "now": CLOSES} | facts
    assert paper_state(**given_facts) is state  # type: ignore[arg-type] # a table of keywords


@pytest.mark.parametrize(
    ("state", "refusal"),
    [
        (PaperState.NOT_READY, PaperNotReady),
        (PaperState.VOIDED, PaperVoided),
        (PaperState.LOCKED, PaperLocked),
        (PaperState.UNLOCK_REQUESTED, PaperLocked),
    ],
)
def test_only_an_open_paper_is_printed(state: PaperState, refusal: type[Exception]) -> None:
    window.ensure_printable(PaperState.OPEN)
    with pytest.raises(refusal):
        window.ensure_printable(state)


def test_whoever_meets_the_lock_learns_who_can_unlock() -> None:
    with pytest.raises(PaperLocked) as refused:
        window.ensure_printable(PaperState.LOCKED, unlock={"level": 1})
    assert refused.value.members == {"state": "locked", "unlock": {"level": 1}}


def test_a_window_has_room_for_five_prints() -> None:
    window.ensure_room_for_print(4)
    with pytest.raises(PrintLimit):
        window.ensure_room_for_print(5)


@pytest.mark.parametrize("conclusion", ["strong_watch", "exit"])
def test_a_grave_conclusion_needs_the_superiors_opinion_first(conclusion: str) -> None:
    window.ensure_opinion(conclusion, given=True)
    with pytest.raises(OpinionRequired):
        window.ensure_opinion(conclusion, given=False)


@pytest.mark.parametrize("conclusion", ["normal", "watch", None])
def test_an_ordinary_conclusion_needs_no_opinion(conclusion: str | None) -> None:
    window.ensure_opinion(conclusion, given=False)


@pytest.mark.parametrize("status", PrintStatus)
@pytest.mark.parametrize("is_barred", [True, False])
def test_only_a_living_print_is_voided_and_by_nobody_who_made_it(status: PrintStatus, *, is_barred: bool) -> None:
    actor, other = uuid4(), uuid4()
    barred = {actor, other} if is_barred else {other}
    refusal = OwnPrint if is_barred else NotVoidable if status in {"superseded", "voided"} else None
    if refusal is None:
        ensure_voidable(status, actor_id=actor, barred=barred)
    else:
        with pytest.raises(refusal):
            ensure_voidable(status, actor_id=actor, barred=barred)
