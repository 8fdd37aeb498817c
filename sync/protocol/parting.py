"""What a device may still say after its end: it was revoked, or its user was disabled (sync.md §4).

For 30 days it may push what it captured; everything of that is quarantined, and it is told nothing but receipts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sync.errors import DeviceWiped

PARTING = timedelta(days=30)


class Cause(StrEnum):
    """Why a device has ended; each is the code of what it still pushes."""

    DEVICE_REVOKED = "device_revoked"
    USER_DISABLED = "user_disabled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """When and why a device has ended."""

    cause: Cause
    at: datetime

    def terms(self, now: datetime) -> dict[str, Any]:
        """Return what its operations inherit: the code of quarantine, and that they wait for no missing number."""
        return {"codes": (self.cause.value,), "patient_since": now}


def ending_of(*, revoked_at: datetime | None, disabled_at: datetime | None) -> Ending | None:
    """Return the device's end, None while it and its user are in good standing; a revocation counts first."""
    if revoked_at is not None:
        return Ending(cause=Cause.DEVICE_REVOKED, at=revoked_at)
    return None if disabled_at is None else Ending(cause=Cause.USER_DISABLED, at=disabled_at)


def ensure_may_part(ending: Ending | None, now: datetime) -> None:
    """Raise DeviceWiped if the device ended longer ago than it may still push."""
    if ending is not None and now - ending.at > PARTING:
        raise DeviceWiped(wipe=True)
