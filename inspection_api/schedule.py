"""What happens by the clock: a table of how often -> function, run by the worker in every bank (architecture.md §1).

Every function is idempotent and takes the context alone. It runs when the worker starts and then again after ``every``;
an advisory lock keeps two workers from running the same row of the same bank at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from inspection_api.core.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """One row: a stable name, the time between two runs, and what to do."""

    name: str
    every: timedelta
    function: Callable[[Context], object]


SCHEDULE: tuple[Scheduled, ...] = ()
