"""How a job goes on: steps, attempts, and how long its file lives."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from inspection_api.jobs.errors import JobFileExpired, JobKeyReused, JobUnfinished, TooManyJobs

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_LIVES = timedelta(hours=24)
MOST_OPEN = 5
"""How many unfinished jobs one user may have."""
MOST_ATTEMPTS = 5
"""How often one step is begun; a step that kills its worker counts as well."""
GAVE_UP = "job_gave_up"
"""The problem of a job whose step failed every time."""


class Status(StrEnum):
    """``queued → running → done | failed``; a done one whose file was thrown away is ``expired``."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"


OPEN = (Status.QUEUED, Status.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """What a finished job gives to whoever asked for it; ``name`` is ours, never a user's."""

    name: str
    mime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step came to: progress, where the next one begins, how many parts are stashed, and the file at the end.

    ``result`` goes with the file: what its reader has to know, as JSON.

    The same step again, after a crash, must come to the same.
    """

    done: int
    total: int
    state: Mapping[str, Any] = field(default_factory=dict)
    parts: int = 0
    file: File | None = None
    result: Mapping[str, Any] = field(default_factory=dict)


def part_id(job_id: UUID, number: int) -> UUID:
    """Return the name under which part ``number`` of a job is stashed, the same for every attempt."""
    return uuid5(job_id, str(number))


def ensure_room(unfinished: int) -> None:
    """Refuse one more job to a user who waits for enough of them.

    Raises:
        TooManyJobs: so it is.
    """
    if unfinished >= MOST_OPEN:
        raise TooManyJobs(limit=MOST_OPEN)


def ensure_same(known: object, wanted: object) -> None:
    """Refuse a key that meant something else before; both are what was asked for.

    Raises:
        JobKeyReused: so it is.
    """
    if known != wanted:
        raise JobKeyReused


def ensure_file(status: Status, expires_at: datetime | None, now: datetime) -> None:
    """Refuse a download that has nothing to give.

    Raises:
        JobUnfinished: there is no file (yet).
        JobFileExpired: it is over.
    """
    if expires_at is None:
        raise JobUnfinished(status=status.value)
    if now >= expires_at:
        raise JobFileExpired(expired_at=expires_at.isoformat())
