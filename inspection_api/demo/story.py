"""What the demo's steps share: the stage, the people at their desks, the phone, and what has happened so far."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspection_api.demo.desk import BANK, Desk
from inspection_api.demo.network import Network
from inspection_api.demo.portfolio import PASSWORD
from sync.client import Client, Credentials

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from inspection_api.demo.stage import Stage
    from sync.client import MediaFile

OFFICER, MANAGER, BRANCH_MANAGER, HEADQUARTERS = "o0101", "m0101", "b01", "hq"
_LONGEST_PAUSE_S = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One visit of the day as the phone captured it."""

    inspection_id: str
    op_id: str
    task_id: str
    checkpoint_id: str
    photos: tuple[MediaFile, ...] = ()


@dataclass(slots=True, kw_only=True)
class Story:
    """The day so far."""

    stage: Stage
    album: Path
    phone: Client
    network: Network
    plates: dict[str, str] = field(default_factory=dict)  # by the checkpoint's public id, which the plate's text holds
    new_point: str = ""
    bind_op: str = ""
    photos: list[MediaFile] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    outside: list[Visit] = field(default_factory=list)
    unlock_request: str = ""
    report: dict[str, Any] = field(default_factory=dict)
    _desks: dict[str, Desk] = field(default_factory=dict)

    def desk(self, username: str) -> Desk:
        """Return somebody's session, logged in at the first call."""
        if username not in self._desks:
            self._desks[username] = Desk(self.stage.url, username=username)
        return self._desks[username]

    def next_morning(self) -> None:
        """Log everybody in again: sessions have ended overnight."""
        for desk in self._desks.values():
            desk.log_in()

    def save(self, name: str, content: bytes) -> Path:
        """Write a file of the demo's results."""
        path = self.stage.folder / name
        path.write_bytes(content)
        return path

    def eventually(self, found: Callable[[], Any], *, within_s: float = 15.0) -> Any:
        """Return what ``found`` finds once the worker has done its part; None if it never does."""
        deadline = time.monotonic() + within_s
        while not (something := found()) and time.monotonic() < deadline:
            time.sleep(0.1)
        return something or None


def begin(stage: Stage) -> Story:
    """Return the story before its first step: a phone out of its box."""
    network = Network(stage.url)
    phone = Client(
        stage.run / "phone.db",
        transport=network,
        sign_in=lambda: Credentials(bank=BANK, username=OFFICER, password=PASSWORD),
        clock=stage.clock.moment,
        pause=lambda seconds: time.sleep(min(seconds, _LONGEST_PAUSE_S)),
    )
    return Story(stage=stage, album=stage.run, phone=phone, network=network)
