"""The geofence verdict (domain.md §3.2): was the officer at the checkpoint?

Used alike online, in push and in re-judgement; whoever calls says what the verdict means for him.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from math import inf
from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec

from checkpoints import errors
from checkpoints.coordinates import CoordinateSystem, Point, distance_m, ensure_point
from inspection_api.core.errors import Problem
from inspection_api.core.events import Trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

DEFAULT_RADIUS_M = 200
MIN_RADIUS_M = 30
MAX_RADIUS_M = 2_000

MAX_ACCURACY_M = 150.0
GOOD_ACCURACY_M = 50.0
INDOOR_ACCURACY_M = 500.0
INDOOR_FIXES = 3
INDOOR_SPAN_S = 180.0
MAX_AGE_S = 60.0
MEDIAN_WINDOW_S = 20.0


class Fix(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One position report of a device.

    ``accuracy_m`` is the reported radius (None or ≤ 0: the fix is invalid), ``age_s`` the fix's age at the act that it
    proves (scan, capture, submit), ``at`` the device's own time of it, kept as evidence only.
    """

    point: Point
    accuracy_m: float | None
    age_s: float = 0.0
    is_mock: bool = False
    at: datetime | None = None


def fix_as_received(raw: Mapping[str, Any]) -> Fix:
    """Return the fix of a validated wire object ``{lon, lat, sys, acc?, age_s?, mock?, at?}``, its place in WGS-84.

    Raises:
        AxisSwapped, CoordinateOutOfRange: as ``coordinates.ensure_point``.
    """
    at = raw.get("at")
    return Fix(
        point=ensure_point(raw["lon"], raw["lat"], CoordinateSystem(raw["sys"])),
        accuracy_m=raw.get("acc"),
        age_s=raw.get("age_s", 0.0),
        is_mock=raw.get("mock", False),
        at=datetime.fromisoformat(at) if isinstance(at, str) else at,
    )


def fixes_as_kept(kept: Iterable[Mapping[str, Any]]) -> tuple[Fix, ...]:
    """Return the fixes of one act as they are kept, none of them if one is no place on earth."""
    try:
        return tuple(fix_as_received(raw) for raw in kept)
    except Problem:
        return ()


class Verdict(StrEnum):
    """What the fixes say. Only ``inside`` and ``indeterminate`` (weak) are accepted."""

    MOCK = "mock"
    STALE = "stale"
    OUTSIDE = "outside"
    INSIDE = "inside"
    INDETERMINATE = "indeterminate"
    TOO_COARSE = "too_coarse"


class Judgement(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A verdict with the numbers it rests on; distance and accuracy are None when no fix was usable."""

    verdict: Verdict
    radius_m: int
    distance_m: float | None = None
    accuracy_m: float | None = None

    @property
    def is_accepted(self) -> bool:
        """Tell whether the visit may go on (``inside`` or weak)."""
        return self.verdict is Verdict.INSIDE or self.is_weak

    @property
    def is_weak(self) -> bool:
        """Tell whether the visit needs a plate photo, one more on-site proof, and a review."""
        return self.verdict is Verdict.INDETERMINATE


def decide_verdict(fixes: Sequence[Fix], centre: Point, radius_m: int) -> Judgement:
    """Return the first row of §3.2's table that matches."""
    if len(fixes) == 1:
        return _verdict_of_one(fixes[0], centre, radius_m)
    if True in [fix.is_mock for fix in fixes]:
        return Judgement(verdict=Verdict.MOCK, radius_m=radius_m)
    usable = usable_fixes(fixes)
    if not usable:
        return Judgement(verdict=Verdict.STALE, radius_m=radius_m)
    place, accuracy_m = median_fix(recent_fixes(usable))
    far_m = distance_m(place, centre)
    verdict = _verdict(far_m, accuracy_m, radius_m, is_long_indoors=_is_long_indoors(usable))
    return Judgement(verdict=verdict, radius_m=radius_m, distance_m=far_m, accuracy_m=accuracy_m)


def _verdict_of_one(fix: Fix, centre: Point, radius_m: int) -> Judgement:
    """Return the same for a single fix, as captures have them: no median, no span, half the time."""
    if fix.is_mock:
        return Judgement(verdict=Verdict.MOCK, radius_m=radius_m)
    if not _is_valid(fix) or fix.age_s > MAX_AGE_S:
        return Judgement(verdict=Verdict.STALE, radius_m=radius_m)
    far_m, accuracy_m = distance_m(fix.point, centre), fix.accuracy_m or 0.0
    verdict = _verdict(far_m, accuracy_m, radius_m, is_long_indoors=False)
    return Judgement(verdict=verdict, radius_m=radius_m, distance_m=far_m, accuracy_m=accuracy_m)


def _verdict(distance: float, accuracy: float, radius: float, *, is_long_indoors: bool) -> Verdict:
    """Decide on metres alone: rows 3 to 6 of the table."""
    if distance - accuracy > radius:
        return Verdict.OUTSIDE
    if distance <= radius and (accuracy <= GOOD_ACCURACY_M or accuracy <= min(MAX_ACCURACY_M, radius)):
        return Verdict.INSIDE
    if accuracy > MAX_ACCURACY_M and not (is_long_indoors and accuracy <= INDOOR_ACCURACY_M):
        return Verdict.TOO_COARSE
    return Verdict.INDETERMINATE


def _is_long_indoors(usable: Sequence[Fix]) -> bool:
    """Tell whether he waited long enough that a coarse position is all the place gives: ≥3 fixes over ≥180 s."""
    if len(usable) < INDOOR_FIXES:
        return False
    ages = [fix.age_s for fix in usable]
    return max(ages) - min(ages) >= INDOOR_SPAN_S


def usable_fixes(fixes: Sequence[Fix]) -> Sequence[Fix]:
    """Return the valid fixes, or none at all if even the newest is older than 60 s."""
    valid = [fix for fix in fixes if _is_valid(fix)]
    return valid if valid and _newest(valid) <= MAX_AGE_S else ()


def _is_valid(fix: Fix) -> bool:
    """Tell whether the fix has an accuracy and does not come from the future."""
    accuracy = fix.accuracy_m
    return accuracy is not None and 0 < accuracy < inf and 0 <= fix.age_s < inf


def _newest(fixes: Sequence[Fix]) -> float:
    """Return the age of the newest of some fixes, in seconds."""
    return fixes[0].age_s if len(fixes) == 1 else min(fix.age_s for fix in fixes)


def recent_fixes(usable: Sequence[Fix]) -> Sequence[Fix]:
    """Return the fixes that are at most 20 s older than the newest."""
    newest = _newest(usable)
    return [fix for fix in usable if fix.age_s - newest <= MEDIAN_WINDOW_S]


def median_fix(fixes: Sequence[Fix]) -> tuple[Point, float]:
    """Return the component-wise median position and the median accuracy in metres of valid fixes."""
    if len(fixes) == 1:
        return fixes[0].point, fixes[0].accuracy_m or 0.0
    lon = median(fix.point.lon for fix in fixes)
    lat = median(fix.point.lat for fix in fixes)
    return Point(lon, lat), median(fix.accuracy_m or 0.0 for fix in fixes)


_REFUSALS: dict[Verdict, type[Problem]] = {
    Verdict.MOCK: errors.FixMock,
    Verdict.STALE: errors.FixStale,
    Verdict.OUTSIDE: errors.FixOutside,
    Verdict.TOO_COARSE: errors.FixTooCoarse,
}


def ensure_accepted(judgement: Judgement, *, checkpoint_id: str) -> None:
    """Refuse online what offline would be quarantined; a mock fix leaves a security event.

    Raises:
        FixMock, FixStale, FixOutside, FixTooCoarse: as the verdict says.
    """
    refusal = _REFUSALS.get(judgement.verdict)
    if refusal is None:
        return
    trace = [Trace("security.mock_fix", {"checkpoint_id": checkpoint_id})] if refusal is errors.FixMock else []
    raise refusal(explain(judgement), trace=trace, verdict=judgement.verdict.value, **_metres(judgement))


_SENTENCES: dict[Verdict, str] = {
    Verdict.INSIDE: "已在检查点范围内（距离约 {far:.0f} 米），可以开始检查。",
    Verdict.INDETERMINATE: "定位精度约 {accuracy:.0f} 米，无法确认在范围内：请补拍二维码牌和一项现场证明，本次将复核。",
    Verdict.OUTSIDE: "距检查点约 {far:.0f} 米，超出 {radius} 米范围，请到达现场后再扫码。",
    Verdict.TOO_COARSE: "定位精度约 {accuracy:.0f} 米，过于粗略，请移至开阔处或稍候再试。",
    Verdict.STALE: "没有有效的最新定位，请打开定位并重新定位后再试。",
    Verdict.MOCK: "检测到模拟定位，请关闭模拟定位软件后重试。",
}


def explain(judgement: Judgement) -> str:
    """Return the one Chinese sentence that tells the officer what the verdict is and what to do."""
    return _SENTENCES[judgement.verdict].format(
        far=judgement.distance_m or 0, accuracy=judgement.accuracy_m or 0, radius=judgement.radius_m
    )


def _metres(judgement: Judgement) -> dict[str, Any]:
    """Return the numbers for the problem's members, rounded to centimetres; unknown ones are left out."""
    numbers = {"distance_m": judgement.distance_m, "accuracy_m": judgement.accuracy_m, "radius_m": judgement.radius_m}
    return {name: round(value, 2) for name, value in numbers.items() if value is not None}
