"""The print window and the state of a paper, derived from timestamps alone: a lock needs no job (domain.md §2.2)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.core.periods import day_start, local_day
from kiosk_print.errors import (
    NotVoidable,
    OpinionRequired,
    OwnPrint,
    PaperLocked,
    PaperNotReady,
    PaperVoided,
    PrintLimit,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from uuid import UUID

DEFAULT_WINDOW_DAYS = 7
MOST_WINDOW_DAYS = 60
PRINTS_PER_WINDOW = 5
MOST_PRINTS_PER_WINDOW = 50
REMIND_BEFORE = timedelta(days=1)
GRAVE_CONCLUSIONS = frozenset({"strong_watch", "exit"})


class PrintStatus(StrEnum):
    """A print is ``reserved`` with its number and valid once it is rendered; 已更替 and 已作废 are final."""

    RESERVED = "reserved"
    VALID = "valid"
    SUPERSEDED = "superseded"
    VOIDED = "voided"


LIVING = frozenset({PrintStatus.RESERVED, PrintStatus.VALID})


class PaperState(StrEnum):
    """Where a paper stands; that it was printed is a fact beside the state."""

    NOT_READY = "not_ready"
    OPEN = "open"
    LOCKED = "locked"
    UNLOCK_REQUESTED = "unlock_requested"
    VOIDED = "voided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The ``number``-th time in which a paper may be printed: ``opens_at`` ≤ now < ``closes_at``."""

    number: int
    opens_at: datetime
    closes_at: datetime


def open_window(number: int, opens_at: datetime, days: int = DEFAULT_WINDOW_DAYS) -> Window:
    """Return the window that begins at ``opens_at``: it closes at 00:00 +08:00 after ``days`` whole further days."""
    closes_at = day_start(local_day(opens_at) + timedelta(days=days + 1))
    return Window(number=number, opens_at=opens_at, closes_at=closes_at)


def closings(opens_at: datetime) -> list[datetime]:
    """Return when a first window closes that is 1, 2, … days long."""
    return [open_window(1, opens_at, days).closes_at for days in range(1, MOST_WINDOW_DAYS + 1)]


def paper_state(
    *, voided: bool, closes_at: datetime | None, requested_until: datetime | None, now: datetime
) -> PaperState:
    """Return the state: ``closes_at`` of the latest window (None before acceptance), and when an open request ends."""
    if voided:
        return PaperState.VOIDED
    if closes_at is None:
        return PaperState.NOT_READY
    if now < closes_at:
        return PaperState.OPEN
    asked = requested_until is not None and now < requested_until
    return PaperState.UNLOCK_REQUESTED if asked else PaperState.LOCKED


def ensure_printable(state: PaperState, *, unlock: Mapping[str, object] | None = None) -> None:
    """Raise unless the paper may be printed now; ``unlock`` is told to whoever meets the lock."""
    if state in {PaperState.LOCKED, PaperState.UNLOCK_REQUESTED}:
        raise PaperLocked(state=state.value, unlock=dict(unlock or {}))
    ensure_exists(state)


def ensure_exists(state: PaperState) -> None:
    """Raise unless there is a paper at all: the visit is accepted and not voided."""
    if state is PaperState.NOT_READY:
        raise PaperNotReady
    if state is PaperState.VOIDED:
        raise PaperVoided


def ensure_room_for_print(printed_in_window: int, limit: int = PRINTS_PER_WINDOW) -> None:
    """Raise PrintLimit if the window has had all its prints."""
    if printed_in_window >= limit:
        raise PrintLimit(limit=limit)


def ensure_opinion(conclusion: str | None, *, given: bool) -> None:
    """Raise OpinionRequired if the conclusion is 强烈关注 or 退出 and no superior has given his opinion."""
    if conclusion in GRAVE_CONCLUSIONS and not given:
        raise OpinionRequired


def ensure_voidable(status: str, *, actor_id: UUID | None, barred: Collection[UUID]) -> None:
    """Raise OwnPrint for the inspector and whoever printed (``barred``), NotVoidable for what no longer counts."""
    if actor_id in barred:
        raise OwnPrint
    if status not in LIVING:
        raise NotVoidable(current=status)
