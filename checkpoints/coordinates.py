"""Coordinate systems and distance (domain.md §3.1).

Everything is kept in WGS-84 with seven decimals. Maps and phones in China also speak GCJ-02 (高德, 腾讯) and BD-09
(百度), which differ from it by 0.5 and 1.3 km: more than any fence, so an input without its system is refused.
"""

from __future__ import annotations

from enum import StrEnum
from math import atan2, cos, hypot, isfinite, pi, radians, sin, sqrt
from typing import TYPE_CHECKING

import msgspec
from geopy.distance import geodesic

from checkpoints.errors import AxisSwapped, CoordinateOutOfRange

if TYPE_CHECKING:
    from collections.abc import Callable

    Pair = tuple[float, float]

DECIMALS = 7
GEODESIC_BEYOND_M = 5_000.0
_LEAST_DEGREE_M = 110_500.0
_LAST_LATITUDE = 89.0

_CHINA_LON = (72.004, 137.8347)
_CHINA_LAT = (0.8293, 55.8271)

WGS84_A = 6_378_137.0
WGS84_E2 = 0.006_694_379_990_141_316_5

# GCJ-02 is defined on the Krasovsky 1940 ellipsoid; BD-09 adds a turn and a stretch around a fixed shift.
_KRASOVSKY_A = 6_378_245.0
_KRASOVSKY_E2 = 0.006_693_421_622_965_943
_BD_TURN = pi * 3000 / 180
_BD_SHIFT = (0.0065, 0.006)

_INVERSE_STEPS = 6


class CoordinateSystem(StrEnum):
    """The datum in which a pair of numbers was given."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


class Point(msgspec.Struct, frozen=True, gc=False):
    """A place on WGS-84, in degrees."""

    lon: float
    lat: float


def ensure_point(lon: float, lat: float, system: CoordinateSystem) -> Point:
    """Return the place that a user or a device means, in WGS-84.

    Raises:
        AxisSwapped: outside China as it stands, inside it the other way round.
        CoordinateOutOfRange: no place on earth.
    """
    if _in_china(lon, lat):
        return to_wgs84(lon, lat, system)
    if _in_china(lat, lon):
        raise AxisSwapped(fields={"lon": "与纬度颠倒", "lat": "与经度颠倒"})
    if not (isfinite(lon) and isfinite(lat) and abs(lon) <= 180 and abs(lat) <= 90):  # noqa: PLR2004 - degrees
        raise CoordinateOutOfRange(fields={"lon": "应在 ±180 之内", "lat": "应在 ±90 之内"})
    return to_wgs84(lon, lat, system)


def to_wgs84(lon: float, lat: float, system: CoordinateSystem) -> Point:
    """Convert to WGS-84, seven decimals; the error of the inverse is far below 0.5 m. Identity outside China."""
    if system is not CoordinateSystem.WGS84:
        lon, lat = _unshifted(lon, lat, system)
    return Point(round(lon, DECIMALS), round(lat, DECIMALS))


def _unshifted(lon: float, lat: float, system: CoordinateSystem) -> Pair:
    """Return the place in WGS-84 of a pair in one of the shifted systems."""
    if system is CoordinateSystem.BD09 and _in_china(lon, lat):
        lon, lat = _inverse(_gcj02_to_bd09, (lon, lat))
    return _inverse(_wgs84_to_gcj02, (lon, lat)) if _in_china(lon, lat) else (lon, lat)


def from_wgs84(point: Point, system: CoordinateSystem) -> tuple[float, float]:
    """Return longitude and latitude of ``point`` in ``system``. Identity outside China."""
    pair = (point.lon, point.lat)
    if system is CoordinateSystem.WGS84 or not _in_china(*pair):
        return pair
    gcj02 = _wgs84_to_gcj02(*pair)
    return gcj02 if system is CoordinateSystem.GCJ02 else _gcj02_to_bd09(*gcj02)


def distance_m(one: Point, other: Point) -> float:
    """Return the distance in metres on WGS-84.

    Local metric with the meridian and prime-vertical radii at the mean latitude (0.013 mm off within 2.4 km);
    beyond 5 km the geodesic.
    """
    near_m = hypot(*offset_m(one, other))
    if near_m <= GEODESIC_BEYOND_M:
        return near_m
    return float(geodesic((one.lat, one.lon), (other.lat, other.lon)).m)


def offset_m(origin: Point, place: Point) -> tuple[float, float]:
    """Return how many metres ``place`` lies east and north of ``origin``, by the local metric: exact near, not far."""
    middle = radians((origin.lat + place.lat) / 2)
    bent = 1 - WGS84_E2 * sin(middle) ** 2
    prime_vertical_m = WGS84_A / sqrt(bent)
    meridian_m = prime_vertical_m * (1 - WGS84_E2) / bent
    east_m = prime_vertical_m * cos(middle) * radians(place.lon - origin.lon)
    return east_m, meridian_m * radians(place.lat - origin.lat)


def degrees_around(centre: Point, metres: float) -> tuple[float, float]:
    """Return how many degrees of latitude and of longitude hold everything within ``metres`` of ``centre``.

    A little more than needed: a degree of latitude is at least 110 574 m, and longitudes are closest at the pole side.
    """
    height = metres / _LEAST_DEGREE_M
    outermost = min(abs(centre.lat) + height, _LAST_LATITUDE)
    return height, height / cos(radians(outermost))


def _in_china(lon: float, lat: float) -> bool:
    """Tell whether the pair lies in the bounding box in which GCJ-02 shifts."""
    return _CHINA_LON[0] <= lon <= _CHINA_LON[1] and _CHINA_LAT[0] <= lat <= _CHINA_LAT[1]


def _inverse(forward: Callable[[float, float], Pair], target: Pair) -> Pair:
    """Return the pair that ``forward`` maps to ``target``, by iteration (it contracts: the shift changes slowly)."""
    lon, lat = target
    for _ in range(_INVERSE_STEPS):
        image = forward(lon, lat)
        lon, lat = lon + target[0] - image[0], lat + target[1] - image[1]
    return lon, lat


def _wgs84_to_gcj02(lon: float, lat: float) -> Pair:
    x, y = lon - 105.0, lat - 35.0
    phi = radians(lat)
    bent = 1 - _KRASOVSKY_E2 * sin(phi) ** 2
    north = _shift_north(x, y) * 180 / (_KRASOVSKY_A * (1 - _KRASOVSKY_E2) / (bent * sqrt(bent)) * pi)
    east = _shift_east(x, y) * 180 / (_KRASOVSKY_A / sqrt(bent) * cos(phi) * pi)
    return lon + east, lat + north


def _shift_north(x: float, y: float) -> float:
    """Return the northward shift in metres; ``x`` and ``y`` are degrees from 105° E, 35° N."""
    polynomial = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    return polynomial + (
        (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi))
        + (20.0 * sin(y * pi) + 40.0 * sin(y / 3.0 * pi))
        + (160.0 * sin(y / 12.0 * pi) + 320.0 * sin(y * pi / 30.0))
    ) * (2.0 / 3.0)


def _shift_east(x: float, y: float) -> float:
    """Return the eastward shift in metres; arguments as in :func:`_shift_north`."""
    polynomial = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    return polynomial + (
        (20.0 * sin(6.0 * x * pi) + 20.0 * sin(2.0 * x * pi))
        + (20.0 * sin(x * pi) + 40.0 * sin(x / 3.0 * pi))
        + (150.0 * sin(x / 12.0 * pi) + 300.0 * sin(x / 30.0 * pi))
    ) * (2.0 / 3.0)


def _gcj02_to_bd09(lon: float, lat: float) -> Pair:
    stretch = hypot(lon, lat) + 0.00002 * sin(lat * _BD_TURN)
    turned = atan2(lat, lon) + 0.000003 * cos(lon * _BD_TURN)
    return stretch * cos(turned) + _BD_SHIFT[0], stretch * sin(turned) + _BD_SHIFT[1]
