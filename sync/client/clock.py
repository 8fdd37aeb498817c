"""The device's clock: wall time, and the monotonic milliseconds of one boot, which prove when it captured something."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

_BOOT_ID = str(uuid.uuid4())


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment on the device (sync.md §6); ``boot_id`` None stands for a browser page, whose clock proves nothing."""

    wall: datetime
    mono_ms: int | None
    boot_id: str | None

    def wire(self) -> dict[str, str | int | None]:
        """Return the stamp as it is sent."""
        wall = self.wall.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"wall": wall, "mono_ms": self.mono_ms, "boot_id": self.boot_id}


Clock = Callable[[], Moment]


def system_clock() -> Moment:
    """Return the present moment of this process, which counts as one boot."""
    return Moment(wall=datetime.now(UTC), mono_ms=time.monotonic_ns() // 1_000_000, boot_id=_BOOT_ID)
