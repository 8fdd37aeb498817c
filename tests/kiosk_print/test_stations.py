"""The law of print stations: a job's states, codes that change, symbols that cannot be forged."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_print.errors import (
    PrintEnded,
    PrintJobExpired,
    PrintJobSettled,
    PrintUnfinished,
    StationCodeWrong,
    TooManyPrintJobs,
)
from kiosk_print.rules import stations
from kiosk_print.rules.stations import JobState, Move, Outcome

if TYPE_CHECKING:
    from inspection_api.core.errors import Problem

NOW = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
STEP = timedelta(seconds=stations.STEP_S)
KEY = b"k" * 32
STATION = stations.station_of(KEY, "0a1b2c3d", uuid4())
instants = st.integers(1_600_000_000_000_000, 2_500_000_000_000_000).map(
    lambda microseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
)


@given(now=instants)
def test_a_code_holds_until_the_end_of_the_step_after_its_own(now: datetime) -> None:
    code, change = STATION.code(now), stations.changes_at(now)
    assert len(code) == 6
    assert code.isdecimal()
    assert timedelta() < change - now <= STEP
    for later in (now, change - timedelta(microseconds=1), change, change + STEP - timedelta(microseconds=1)):
        assert STATION.knows_code(code, later)
    old = change + STEP
    accepted = {STATION.code(old), STATION.code(old - STEP)}
    assert STATION.knows_code(code, old) == (code in accepted)  # by chance once in half a million


@given(now=instants)
def test_a_symbol_is_read_back_and_grows_old_with_its_code(now: datetime) -> None:
    parts, change = stations.parse_symbol(STATION.symbol(now)), stations.changes_at(now)
    assert (parts.tag, parts.station_id) == (STATION.tag, STATION.id)
    assert STATION.knows_mac(parts.mac, now)
    assert STATION.knows_mac(parts.mac, change + STEP - timedelta(microseconds=1))
    assert not STATION.knows_mac(parts.mac, change + STEP)
    assert not STATION.knows_mac(parts.mac, now - STEP)


def test_codes_differ_by_station_by_bank_and_by_time() -> None:
    others = [stations.station_of(KEY, "0a1b2c3d", uuid4()), stations.station_of(b"x" * 32, STATION.tag, STATION.id)]
    others.append(stations.station_of(KEY, "00000000", STATION.id))
    macs = {stations.parse_symbol(each.symbol(NOW)).mac for each in (STATION, *others)}
    assert len(macs) == 4
    codes = [STATION.code(NOW + number * STEP) for number in range(200)]
    assert len(set(codes)) > 195


@given(position=st.integers(min_value=0), character=st.sampled_from("0123456789abcdefABCDEFGXYZ.,=\n"))
def test_a_symbol_with_one_wrong_character_is_no_symbol_of_the_station(position: int, character: str) -> None:
    text = STATION.symbol(NOW)
    at = position % len(text)
    changed = text[:at] + character + text[at + 1 :]
    if changed == text:
        return
    try:
        parts = stations.parse_symbol(changed)
    except StationCodeWrong:
        return
    same = (parts.tag, parts.station_id) == (STATION.tag, STATION.id)
    assert not (same and STATION.knows_mac(parts.mac, NOW))


@pytest.mark.parametrize("text", ["", "XK1", "XJ1.0a1b2c3d." + "A" * 26 + "." + "A" * 26, "x" * 2000])
def test_anything_else_is_no_symbol(text: str) -> None:
    with pytest.raises(StationCodeWrong):
        stations.parse_symbol(text)


@given(moves=st.lists(st.sampled_from(Move), max_size=12))
def test_whatever_happens_a_finished_job_stays_finished_and_printing_comes_after_a_release(moves: list[Move]) -> None:
    state, past = JobState.QUEUED, [JobState.QUEUED]
    for move in moves:
        try:
            state = stations.next_state(state, move)
        except PrintJobSettled:
            continue
        assert past[-1] in stations.OPEN
        past.append(state)
    if JobState.PRINTING in past:
        assert past[past.index(JobState.PRINTING) - 1] is JobState.RELEASED
    assert JobState.PRINTED not in past[:-1]


def test_every_open_state_can_end_and_no_finished_one_can_move() -> None:
    leaving = {state for state, _ in stations.TRANSITIONS}
    assert leaving == set(stations.OPEN)
    assert {stations.TRANSITIONS[state, Move.EXPIRE] for state in (JobState.QUEUED, JobState.RELEASED)} == {
        JobState.EXPIRED
    }


def test_a_silent_station_is_tried_again_but_not_for_ever() -> None:
    moves = [stations.decide_lapse(attempts) for attempts in (1, 2, 3, 4)]
    assert moves == [Move.LAPSE, Move.LAPSE, Move.GIVE_UP, Move.GIVE_UP]


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_what_came_out_is_printed(outcome: Outcome) -> None:
    assert stations.decide_report(outcome) is (Move.SUCCEED if outcome == "printed" else Move.FAIL)


def test_a_report_is_about_the_last_attempt() -> None:
    stations.ensure_attempt(2, 2)
    with pytest.raises(PrintJobSettled):
        stations.ensure_attempt(2, 1)


def test_a_job_is_over_at_its_last_instant_and_not_before() -> None:
    stations.ensure_fresh(NOW + timedelta(microseconds=1), NOW)
    with pytest.raises(PrintJobExpired):
        stations.ensure_fresh(NOW, NOW)


@pytest.mark.parametrize(
    ("status", "problem"),
    [(None, None), ("valid", None), ("reserved", PrintUnfinished), ("superseded", PrintEnded), ("voided", PrintEnded)],
)
def test_only_a_living_print_goes_to_a_station(status: str | None, problem: type[Problem] | None) -> None:
    if problem is None:
        stations.ensure_print_lives(status)
        return
    with pytest.raises(problem):
        stations.ensure_print_lives(status)


def test_a_user_has_room_for_twenty_jobs() -> None:
    stations.ensure_room(19)
    with pytest.raises(TooManyPrintJobs):
        stations.ensure_room(20)


def test_a_job_lives_a_day_and_never_beyond_the_print_window() -> None:
    day = timedelta(days=1)
    assert stations.expires_at(NOW, None) == NOW + day
    assert stations.expires_at(NOW, NOW + 2 * day) == NOW + day
    assert stations.expires_at(NOW, NOW + day / 2) == NOW + day / 2


def test_a_symbol_is_written_in_one_way_only() -> None:
    """The last of 26 characters holds two bits that say nothing: they must be those that we write."""
    text, alphabet = STATION.symbol(NOW), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    other = text[:-1] + alphabet[alphabet.index(text[-1]) + 1]
    assert stations.parse_symbol(text).tag == "0a1b2c3d"
    with pytest.raises(StationCodeWrong):
        stations.parse_symbol(other)
