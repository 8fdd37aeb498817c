"""First-scan binding, its confirmation, reset and generations (domain.md §3.4).

A location generation is what lies between two resets. Inspections are judged against the location that was valid when
they were performed, not when they were synchronised.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import combinations
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from checkpoints.coordinates import DECIMALS, Point, distance_m
from checkpoints.rules import fence
from checkpoints.rules.fence import Fix, Judgement, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MIN_FIXES = 3
MAX_ACCURACY_M = 30.0
MAX_SPREAD_M = 30.0
MAX_FROM_REGISTERED_M = 500.0
NEIGHBOUR_WITHIN_M = 30.0
BINDING_VISIT_GRACE = timedelta(hours=1)


class LocationStatus(StrEnum):
    """What a location row is worth. A superseded one still judges what was performed while it was valid."""

    CONFIRMED = "confirmed"
    PROVISIONAL = "provisional"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"


_STANDING = {LocationStatus.CONFIRMED, LocationStatus.PROVISIONAL}


class PendingReason(StrEnum):
    """Why a manager must confirm a binding."""

    COARSE = "coarse"
    FAR_FROM_REGISTERED = "far_from_registered"
    NEIGHBOUR = "neighbour"
    RIVAL = "rival"
    TIME_BOUNDED = "time_bounded"


REASON_WORDS: Mapping[str, str] = {
    PendingReason.COARSE: "定位精度不足",
    PendingReason.FAR_FROM_REGISTERED: "距登记地址过远",
    PendingReason.NEIGHBOUR: "紧邻其他客户的检查点",
    PendingReason.RIVAL: "同时有另一处绑定",
    PendingReason.TIME_BOUNDED: "绑定时间不确定",
}
"""What people read of each reason."""


class Location(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One bound place of a checkpoint; valid from the binding until a reset (or nobody) ended it."""

    id: UUID
    checkpoint_id: UUID
    generation: int
    point: Point
    status: LocationStatus
    bound_by: UUID
    bound_at: datetime
    valid_from: datetime
    valid_to: datetime | None = None
    decided_by: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingDecision:
    """What the fixes bind: a place and its status, or a refusal (then ``point`` and ``status`` are None)."""

    point: Point | None = None
    status: LocationStatus | None = None
    accuracy_m: float | None = None
    spread_m: float | None = None
    reasons: tuple[PendingReason, ...] = ()
    refusal: Verdict | None = None


def decide_binding(
    fixes: Sequence[Fix], *, registered: Point | None = None, neighbours: Sequence[Point] = ()
) -> BindingDecision:
    """Return where the fixes bind an unbound checkpoint; ``neighbours`` are the bound places of other customers.

    ≥3 fixes, each ≤30 m, spread ≤30 m bind at once; coarser ones, a place >500 m from the registered address or
    <30 m from another customer's wait for a manager. Simulated or no fixes bind nothing.
    """
    if any(fix.is_mock for fix in fixes):
        return BindingDecision(refusal=Verdict.MOCK)
    usable = fence.usable_fixes(fixes)
    if not usable:
        return BindingDecision(refusal=Verdict.STALE)
    median, accuracy_m = fence.median_fix(usable)
    if accuracy_m > fence.INDOOR_ACCURACY_M:
        return BindingDecision(refusal=Verdict.TOO_COARSE, accuracy_m=accuracy_m)
    point = Point(round(median.lon, DECIMALS), round(median.lat, DECIMALS))
    spread_m = _spread_m(usable)
    reasons = _reasons(point, registered, neighbours, is_coarse=_is_coarse(usable, spread_m))
    status = LocationStatus.PROVISIONAL if reasons else LocationStatus.CONFIRMED
    return BindingDecision(point=point, status=status, accuracy_m=accuracy_m, spread_m=spread_m, reasons=reasons)


def _spread_m(fixes: Sequence[Fix]) -> float:
    """Return the largest distance between two fixes, in metres."""
    return max((distance_m(one.point, other.point) for one, other in combinations(fixes, 2)), default=0.0)


def _is_coarse(fixes: Sequence[Fix], spread_m: float) -> bool:
    worst_m = max(fix.accuracy_m or 0.0 for fix in fixes)
    return len(fixes) < MIN_FIXES or worst_m > MAX_ACCURACY_M or spread_m > MAX_SPREAD_M


def _reasons(
    point: Point, registered: Point | None, neighbours: Sequence[Point], *, is_coarse: bool
) -> tuple[PendingReason, ...]:
    """Return every reason for a second person, in the order of the enum."""
    is_far = registered is not None and distance_m(point, registered) > MAX_FROM_REGISTERED_M
    is_crowded = any(distance_m(point, neighbour) < NEIGHBOUR_WITHIN_M for neighbour in neighbours)
    found = {
        PendingReason.COARSE: is_coarse,
        PendingReason.FAR_FROM_REGISTERED: is_far,
        PendingReason.NEIGHBOUR: is_crowded,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def ensure_bound(decision: BindingDecision, *, checkpoint_id: str) -> Point:
    """Return the decided place, or refuse online.

    Raises:
        FixMock, FixStale, FixTooCoarse: the fixes bind nothing.
    """
    if decision.refusal is not None:
        judgement = Judgement(verdict=decision.refusal, radius_m=0, accuracy_m=decision.accuracy_m)
        fence.ensure_accepted(judgement, checkpoint_id=checkpoint_id)
    if decision.point is None:
        raise AssertionError("a decision without refusal has a point")
    return decision.point


class Rivalry(StrEnum):
    """What becomes of a binding that arrives when the generation is bound already."""

    TAKES_OVER = "takes_over"
    STANDS_BESIDE = "stands_beside"
    TOO_LATE = "too_late"


def decide_rivalry(standing: Location, *, generation: int, bound_at: datetime) -> Rivalry:
    """Two devices bound one generation offline: the earliest capture is provisional, both are shown (§3.4).

    ``TOO_LATE`` when the newcomer belongs to an older generation, or a manager has decided already: it is kept as
    superseded. Otherwise the checkpoint waits for a manager, standing at the earlier place of the two.
    """
    if generation < standing.generation or standing.decided_by is not None:
        return Rivalry.TOO_LATE
    return Rivalry.TAKES_OVER if bound_at < standing.bound_at else Rivalry.STANDS_BESIDE


def standing(locations: Sequence[Location]) -> Location | None:
    """Return the place that holds today: of two rivals the earlier capture; None while nothing is bound.

    Rejected and superseded places stand no longer, and a reset ends the one before.
    """
    alive = [each for each in locations if each.status in _STANDING and each.valid_to is None]
    return max(alive, key=_precedence, default=None)


def location_at(locations: Sequence[Location], performed_at: datetime) -> Location | None:
    """Return the location that judges a visit of ``performed_at``; of two rivals the earlier capture.

    The scan of the binding visit itself lies a little before its binding: up to an hour before, the first location of
    a generation already holds. None when nothing was bound then.
    """
    alive = [each for each in locations if each.status is not LocationStatus.REJECTED]
    valid = [each for each in alive if _is_valid_at(each, performed_at)]
    if not valid:
        soon = performed_at + BINDING_VISIT_GRACE
        valid = [each for each in alive if performed_at < each.valid_from <= soon and _has_extent(each)]
    return max(valid, key=_precedence, default=None)


def _precedence(location: Location) -> tuple[int, float]:
    """Return the sort key of places that hold together: the later generation, in it the earlier capture."""
    return location.generation, -location.bound_at.timestamp()


def _is_valid_at(location: Location, at: datetime) -> bool:
    return location.valid_from <= at and (location.valid_to is None or at < location.valid_to)


def _has_extent(location: Location) -> bool:
    """Tell whether the location was ever valid (one that came too late never was)."""
    return location.valid_to is None or location.valid_from < location.valid_to
