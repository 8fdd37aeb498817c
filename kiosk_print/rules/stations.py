"""Pull printing (domain.md §2.3): a job's states, and the code that a station shows to whoever stands before it.

A code has six digits and changes every two minutes; the one before still counts, so that nobody races the clock. The
symbol beside it says the same to a camera, with 128 bits: ``XK1.<bank tag>.<station>.<mac>``. Both are HMACs under the
station's secret, which is derived and never stored.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

from kiosk_print.errors import (
    PrintEnded,
    PrintJobExpired,
    PrintJobSettled,
    PrintUnfinished,
    StationCodeWrong,
    TooManyPrintJobs,
)
from kiosk_print.rules.codes import base32

if TYPE_CHECKING:
    from collections.abc import Iterable

STEP_S = 120
LEASE = timedelta(minutes=2)
JOB_LIVES = timedelta(hours=24)
MOST_ATTEMPTS = 3
MOST_OPEN_JOBS = 20
_DIGITS = 6
_MAC_BYTES = 16
_SYMBOL = re.compile(r"XK1\.([0-9a-f]{8})\.([A-Z2-7]{26})\.([A-Z2-7]{26})", re.ASCII)


class JobKind(StrEnum):
    """What is printed: a 明白纸, sheets of labels, or one plate."""

    PAPER = "paper"
    LABELS = "labels"
    PLATE = "plate"


class JobState(StrEnum):
    """Where a job stands; the last three are for ever."""

    QUEUED = "queued"
    RELEASED = "released"
    PRINTING = "printing"
    PRINTED = "printed"
    FAILED = "failed"
    EXPIRED = "expired"


class Move(StrEnum):
    """What happens to a job: the officer releases it, the station takes it and reports, or time runs out."""

    RELEASE = "release"
    LEASE = "lease"
    SUCCEED = "succeed"
    FAIL = "fail"
    LAPSE = "lapse"
    GIVE_UP = "give_up"
    EXPIRE = "expire"


class Outcome(StrEnum):
    """What a station reports: it came out, it did not, or the file could not be shown."""

    PRINTED = "printed"
    NOT_PRINTED = "not_printed"
    NOT_LOADED = "not_loaded"


CRASHED = "crashed"
"""The problem of a job whose stations never reported."""

TRANSITIONS: dict[tuple[JobState, Move], JobState] = {
    (JobState.QUEUED, Move.RELEASE): JobState.RELEASED,
    (JobState.RELEASED, Move.RELEASE): JobState.RELEASED,  # at another station: this one has no paper
    (JobState.RELEASED, Move.LEASE): JobState.PRINTING,
    (JobState.PRINTING, Move.SUCCEED): JobState.PRINTED,
    (JobState.PRINTING, Move.FAIL): JobState.FAILED,
    (JobState.RELEASED, Move.SUCCEED): JobState.PRINTED,  # a late report: the lease lapsed, nobody took it since
    (JobState.RELEASED, Move.FAIL): JobState.FAILED,
    (JobState.PRINTING, Move.LAPSE): JobState.RELEASED,
    (JobState.PRINTING, Move.GIVE_UP): JobState.FAILED,
    (JobState.QUEUED, Move.EXPIRE): JobState.EXPIRED,
    (JobState.RELEASED, Move.EXPIRE): JobState.EXPIRED,
}
OPEN = frozenset({JobState.QUEUED, JobState.RELEASED, JobState.PRINTING})


def next_state(state: JobState, move: Move) -> JobState:
    """Return the state that ``move`` leads to.

    Raises:
        PrintJobSettled: it is not allowed there.
    """
    if (state, move) not in TRANSITIONS:
        raise PrintJobSettled(state=state.value)
    return TRANSITIONS[state, move]


def decide_lapse(attempts: int) -> Move:
    """Return what becomes of a job whose station went silent: it is taken again, but not for ever."""
    return Move.LAPSE if attempts < MOST_ATTEMPTS else Move.GIVE_UP


def decide_report(outcome: Outcome) -> Move:
    """Return what a station's report does to its job."""
    return Move.SUCCEED if outcome is Outcome.PRINTED else Move.FAIL


def ensure_attempt(attempts: int, attempt: int) -> None:
    """Raise PrintJobSettled if a report is about an older attempt than the last."""
    if attempts != attempt:
        raise PrintJobSettled(attempts=attempts)


def ensure_fresh(expires_at: datetime, now: datetime) -> None:
    """Raise PrintJobExpired when the job's time is over."""
    if now >= expires_at:
        raise PrintJobExpired


def ensure_print_lives(status: str | None) -> None:
    """Raise unless the print is there and counts (None: the job prints labels, which always do)."""
    if status == "reserved":
        raise PrintUnfinished
    if status not in {None, "valid"}:
        raise PrintEnded(status=status)


def ensure_room(open_jobs: int) -> None:
    """Raise TooManyPrintJobs if the user has enough jobs that wait."""
    if open_jobs >= MOST_OPEN_JOBS:
        raise TooManyPrintJobs(limit=MOST_OPEN_JOBS)


def expires_at(now: datetime, closes_at: datetime | None) -> datetime:
    """Return until when a job may be printed: a day, and never beyond the print window (None: labels have none)."""
    end = now + JOB_LIVES
    return end if closes_at is None else min(end, closes_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One station before the law of codes: its id, and the secret that only it and the bank can derive."""

    id: UUID
    tag: str
    secret: bytes

    def code(self, now: datetime) -> str:
        """Return the six digits that the station shows now."""
        return self._code(_step(now))

    def symbol(self, now: datetime) -> str:
        """Return the text of the QR that the station shows now."""
        return f"XK1.{self.tag}.{base32(self.id.bytes)}.{base32(self._mac(_step(now)))}"

    def knows_code(self, code: str, now: datetime) -> bool:
        """Tell whether the station shows ``code`` or showed it in the step before; in constant time."""
        matches = [hmac.compare_digest(self._code(step), code) for step in _accepted(now)]
        return any(matches)

    def knows_mac(self, mac: bytes, now: datetime) -> bool:
        """Tell the same of the MAC of a scanned symbol."""
        matches = [hmac.compare_digest(self._mac(step), mac) for step in _accepted(now)]
        return any(matches)

    def _code(self, step: int) -> str:
        digest = hmac.digest(self.secret, b"code" + step.to_bytes(8, "big"), hashlib.sha256)
        return f"{int.from_bytes(digest[:8], 'big') % 10**_DIGITS:0{_DIGITS}d}"

    def _mac(self, step: int) -> bytes:
        return hmac.digest(self.secret, b"symbol" + step.to_bytes(8, "big"), hashlib.sha256)[:_MAC_BYTES]


def station_of(key: bytes, tag: str, station_id: UUID) -> Station:
    """Return a station with its secret; ``key`` is the bank's key for stations."""
    secret = hmac.digest(key, tag.encode() + station_id.bytes, hashlib.sha256)
    return Station(id=station_id, tag=tag, secret=secret)


def changes_at(now: datetime) -> datetime:
    """Return when the code that is shown now is replaced."""
    return datetime.fromtimestamp((_step(now) + 1) * STEP_S, UTC)


def _step(now: datetime) -> int:
    return int(now.timestamp()) // STEP_S


def _accepted(now: datetime) -> Iterable[int]:
    return (_step(now), _step(now) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbol:
    """A scanned symbol that has the right shape: whose bank, which station, and the MAC that it claims."""

    tag: str
    station_id: UUID
    mac: bytes


def parse_symbol(text: str) -> Symbol:
    """Return the parts of a station's symbol.

    Raises:
        StationCodeWrong: the text has not exactly the shape of one; a forged one answers alike.
    """
    match = _SYMBOL.fullmatch(text)
    if match is None:
        raise StationCodeWrong
    station_id, mac = (base64.b32decode(part + "======") for part in match.groups()[1:])
    if f"XK1.{match[1]}.{base32(station_id)}.{base32(mac)}" != text:
        raise StationCodeWrong
    return Symbol(tag=match[1], station_id=UUID(bytes=station_id), mac=mac)
