"""Positions as they come over the wire, as the geofence takes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from checkpoints.coordinates import CoordinateSystem, ensure_point
from checkpoints.rules import fence
from inspection_api.core.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sync.protocol.envelope import Fix

_SYSTEMS = {system.value: system for system in CoordinateSystem}


def received(fix: Fix) -> fence.Fix:
    """Return a fix with its place in WGS-84.

    Raises:
        AxisSwapped, CoordinateOutOfRange: it is no place on earth.
    """
    return fence.Fix(
        point=ensure_point(fix.lon, fix.lat, _SYSTEMS[fix.sys]),
        accuracy_m=fix.acc,
        age_s=fix.age_s,
        is_mock=fix.mock,
        at=fix.at,
    )


def all_or_none(fixes: Iterable[Fix]) -> tuple[fence.Fix, ...]:
    """Return the fixes of one act, none of them if one is no place on earth: then they prove nothing together."""
    try:
        return tuple(map(received, fixes))
    except Problem:
        return ()
