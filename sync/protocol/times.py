"""Trusted time: the device's clock is evidence, not truth (sync.md §6).

A *sample* ties a device's monotonic clock to the server's. An instant is exact if its boot has any sample, earlier or
later; else it lies between the last sample before it and its receipt.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sync.protocol.envelope import Stamp

MAX_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One handshake: the server's time when the device's boot stood at ``mono_ms``, and its last ``seq`` by then."""

    server_time: datetime
    boot_id: str | None
    mono_ms: int | None
    seq: int


class Bound(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Between which server instants something happened; ``at`` is the best guess inside."""

    earliest: datetime
    latest: datetime
    at: datetime

    @property
    def ends(self) -> tuple[datetime, ...]:
        """Return both ends, or the one: a decision that is the same at both does not depend on what is unknown."""
        return (self.earliest,) if self.is_exact else (self.earliest, self.latest)

    @property
    def is_exact(self) -> bool:
        """Tell whether the instant is known."""
        return self.earliest == self.latest


def trusted(stamp: Stamp, samples: Sequence[Sample], *, seq: int, since: datetime, received_at: datetime) -> Bound:
    """Return when ``stamp`` was, in server time; ``since`` is the device's enrolment."""
    same_boot = [sample for sample in samples if _is_same_boot(sample, stamp)]
    if same_boot:
        return _exact(stamp, same_boot, received_at)
    before = [sample.server_time for sample in samples if sample.seq < seq]
    after = [sample.server_time for sample in samples if sample.seq >= seq]
    latest = min([received_at, *after])
    earliest = min(max([since, *before]), latest)
    return Bound(earliest=earliest, latest=latest, at=min(max(stamp.wall, earliest), latest))


def is_skewed(stamp: Stamp, bound: Bound) -> bool:
    """Tell whether the device's wall clock is more than five minutes off."""
    return abs(stamp.wall - bound.at) > MAX_SKEW


def _is_same_boot(sample: Sample, stamp: Stamp) -> bool:
    is_known = stamp.boot_id is not None and stamp.mono_ms is not None and sample.mono_ms is not None
    return is_known and sample.boot_id == stamp.boot_id


def _exact(stamp: Stamp, samples: Sequence[Sample], received_at: datetime) -> Bound:
    mono_ms = stamp.mono_ms or 0
    nearest = min(samples, key=lambda sample: abs((sample.mono_ms or 0) - mono_ms))
    instant = nearest.server_time + timedelta(milliseconds=mono_ms - (nearest.mono_ms or 0))
    instant = min(instant, received_at)
    return Bound(earliest=instant, latest=instant, at=instant)
