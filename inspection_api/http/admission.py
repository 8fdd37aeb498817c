"""Admission: how much of the devices' traffic one worker process takes on at once.

When a county's network comes back, hundreds of phones push within one second. A worker that took all of them on would
answer nobody in time: neither them nor the supervisor who only opens a list. So only a few are worked on at once,
some wait for their turn, and the others are told at once to come again, before anything was looked at. And whoever
has his turn stands aside for a moment while somebody is answered who looks at a page: a phone has time, a person not.
"""

from __future__ import annotations

from contextlib import contextmanager
from threading import BoundedSemaphore, Condition, local
from time import monotonic
from typing import TYPE_CHECKING

from inspection_api.core.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

AT_ONCE = 1
"""A push is all work and hardly any waiting: more at once would take longer, each of them and whoever else asks."""
WAITING = 40
"""Enough that a worker has something to do until those who were refused come again."""
PATIENCE_S = 10.0
"""How long somebody stands in line; only something that holds the database up makes it that long."""
RETRY_AFTER_S = 2
COURTESY_S = 0.1
"""How long one turn stands aside, all in all: it has locks, and where people never stop asking devices go on, too."""


class ServerBusy(Unavailable):
    """More devices sync than are taken on at once; nothing was looked at, the same request may come again."""

    code = "server_busy"
    title = "同步设备较多，请稍后自动重试"


class Gate:
    """Lets ``at_once`` requests in and ``waiting`` more stand in line; together fewer than the worker's threads."""

    def __init__(self, *, at_once: int = AT_ONCE, waiting: int = WAITING, patience_s: float = PATIENCE_S) -> None:
        """Open the gate."""
        self._places = BoundedSemaphore(at_once + waiting)
        self._turns = BoundedSemaphore(at_once)
        self._patience_s = patience_s
        self._people, self._nobody = 0, Condition()
        self._turn = local()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Wait for a turn, and hold it until the end of the block.

        Raises:
            ServerBusy: enough are standing in line, or the line does not move.
        """
        with _held(self._places, wait_s=0), _held(self._turns, wait_s=self._patience_s):
            self._turn.courtesy_s = COURTESY_S
            try:
                yield
            finally:
                self._turn.courtesy_s = None

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Pass by the gate: during the block those who have their turn stand aside. Who has his turn passes no more."""
        is_person = getattr(self._turn, "courtesy_s", None) is None
        self._count(is_person)
        try:
            yield
        finally:
            self._count(-is_person)

    def _count(self, more: int) -> None:
        with self._nobody:
            self._people += more
            if not self._people:
                self._nobody.notify_all()

    def stand_aside(self) -> None:
        """Wait until nobody is passing by, for what is left of this turn's courtesy; who has no turn goes on."""
        if not self._people or not getattr(self._turn, "courtesy_s", None):
            return
        until = monotonic() + self._turn.courtesy_s
        with self._nobody:
            self._nobody.wait_for(lambda: not self._people, self._turn.courtesy_s)
        self._turn.courtesy_s = max(0.0, until - monotonic())


@contextmanager
def _held(semaphore: BoundedSemaphore, *, wait_s: float) -> Iterator[None]:
    if not semaphore.acquire(timeout=wait_s):
        raise ServerBusy(retry_after_s=RETRY_AFTER_S)
    try:
        yield
    finally:
        semaphore.release()
