"""A fence as it is drawn for whoever decides about a place: its centre, its radius, what lies around it (domain.md §3).

Everything is in metres from the centre, so that a page projects nothing; what the marks mean, other rules say.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import chain
from math import inf
from typing import TYPE_CHECKING

import msgspec

from checkpoints.coordinates import Point, distance_m, offset_m

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from checkpoints.rules.fence import Fix


class MarkKind(StrEnum):
    """What lies there: an act's position report, the registered address, a rival place, another customer's place."""

    SCAN = "scan"
    CAPTURE = "capture"
    SUBMIT = "submit"
    FIX = "fix"
    REGISTERED = "registered"
    RIVAL = "rival"
    NEIGHBOUR = "neighbour"


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One mark; ``accuracy_m`` is the radius that a fix reports (None: it reports none, or the mark is no fix)."""

    kind: MarkKind
    east_m: float
    north_m: float
    distance_m: float
    accuracy_m: float | None = None
    is_mock: bool = False


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """A fence around a place in WGS-84, and the marks around it, in the order in which they are drawn."""

    lon: float
    lat: float
    radius_m: int
    marks: tuple[Mark, ...]


def draw(centre: Point, radius_m: int, *marks: Iterable[Mark]) -> Sketch:
    """Return the fence with these marks around it."""
    return Sketch(lon=centre.lon, lat=centre.lat, radius_m=radius_m, marks=tuple(chain.from_iterable(marks)))


def mark_places(centre: Point, kind: MarkKind, places: Iterable[Point]) -> Sequence[Mark]:
    """Return the marks of places that nobody measured just now."""
    return [_mark(centre, kind, place) for place in places]


def mark_fixes(centre: Point, kind: MarkKind, fixes: Iterable[Fix]) -> Sequence[Mark]:
    """Return the marks of position reports; an accuracy that is no positive number is none."""
    return [_mark(centre, kind, fix.point, accuracy_m=_accuracy(fix), mock=fix.is_mock) for fix in fixes]


def _accuracy(fix: Fix) -> float | None:
    return fix.accuracy_m if fix.accuracy_m is not None and 0 < fix.accuracy_m < inf else None


def _mark(centre: Point, kind: MarkKind, place: Point, *, accuracy_m: float | None = None, mock: bool = False) -> Mark:
    east_m, north_m = offset_m(centre, place)
    return Mark(
        kind=kind,
        east_m=round(east_m, 1),
        north_m=round(north_m, 1),
        distance_m=round(distance_m(centre, place), 1),
        accuracy_m=accuracy_m,
        is_mock=mock,
    )
