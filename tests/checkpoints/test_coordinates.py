from __future__ import annotations

import math

import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st

from checkpoints import coordinates
from checkpoints.coordinates import CoordinateSystem, Point
from checkpoints.errors import AxisSwapped, CoordinateOutOfRange

LON = st.floats(min_value=73.6, max_value=135.0)
LAT = st.floats(min_value=3.9, max_value=53.5)

CITIES = {
    "Shijiazhuang": (Point(114.5149, 38.0428), 528, 1311),
    "Tangshan": (Point(118.1802, 39.6309), 557, 1377),
    "Zhengzhou": (Point(113.6254, 34.7466), 568, 1272),
    "Wuhu": (Point(118.4329, 31.3526), 551, 1228),
}


def oracle_m(one: Point, other: Point) -> float:
    return float(geodesic((one.lat, one.lon), (other.lat, other.lon)).m)


@pytest.mark.parametrize("city", CITIES)
def test_a_mixed_up_system_is_wrong_by_the_known_figures(city: str) -> None:
    place, gcj02_m, bd09_m = CITIES[city]
    for system, expected_m in ((CoordinateSystem.GCJ02, gcj02_m), (CoordinateSystem.BD09, bd09_m)):
        mistaken = Point(*coordinates.from_wgs84(place, system))
        assert oracle_m(place, mistaken) == pytest.approx(expected_m, rel=0.01)


@given(lon=LON, lat=LAT, system=st.sampled_from(CoordinateSystem))
def test_conversion_there_and_back_is_exact_to_half_a_metre(lon: float, lat: float, system: CoordinateSystem) -> None:
    place = Point(lon, lat)
    back = coordinates.to_wgs84(*coordinates.from_wgs84(place, system), system)
    assert oracle_m(place, back) < 0.05


@pytest.mark.parametrize("system", CoordinateSystem)
def test_outside_china_all_systems_are_the_same(system: CoordinateSystem) -> None:
    paris = Point(2.3522, 48.8566)
    assert coordinates.from_wgs84(paris, system) == (paris.lon, paris.lat)
    assert coordinates.ensure_point(paris.lon, paris.lat, system) == paris


@given(
    lon=st.floats(min_value=75, max_value=134),
    lat=st.floats(min_value=4, max_value=53),
    east=st.floats(min_value=-0.02, max_value=0.02),
    north=st.floats(min_value=-0.02, max_value=0.02),
)
def test_the_local_metric_agrees_with_the_geodesic(lon: float, lat: float, east: float, north: float) -> None:
    one, other = Point(lon, lat), Point(lon + east, lat + north)
    assert coordinates.distance_m(one, other) == pytest.approx(oracle_m(one, other), abs=0.001)


@given(lon=LON, lat=LAT, other_lon=LON, other_lat=LAT)
def test_far_distances_are_the_geodesic(lon: float, lat: float, other_lon: float, other_lat: float) -> None:
    one, other = Point(lon, lat), Point(other_lon, other_lat)
    assert coordinates.distance_m(one, other) == pytest.approx(oracle_m(one, other), abs=0.001)


def test_the_metric_is_off_by_less_than_a_tenth_of_a_millimetre_within_the_largest_fence() -> None:
    one = Point(114.5, 38.0)
    for degrees in range(0, 360, 15):
        angle = math.radians(degrees)
        other = Point(114.5 + 0.025 * math.cos(angle), 38.0 + 0.02 * math.sin(angle))
        assert abs(coordinates.distance_m(one, other) - oracle_m(one, other)) < 0.0001


@pytest.mark.parametrize(("lon", "lat"), [(38.0428, 114.5149), (31.2, 121.5)])
def test_swapped_axes_are_noticed(lon: float, lat: float) -> None:
    with pytest.raises(AxisSwapped):
        coordinates.ensure_point(lon, lat, CoordinateSystem.WGS84)


@pytest.mark.parametrize(("lon", "lat"), [(181, 0), (-180.1, 0), (0, 90.5), (math.nan, 1), (1, math.inf)])
def test_no_place_on_earth_is_refused(lon: float, lat: float) -> None:
    with pytest.raises(CoordinateOutOfRange):
        coordinates.ensure_point(lon, lat, CoordinateSystem.WGS84)


def test_places_are_kept_with_seven_decimals() -> None:
    assert coordinates.to_wgs84(114.123456789, 38.0, CoordinateSystem.WGS84) == Point(114.1234568, 38.0)
