"""Checkpoints found by everything that users know of them, and by their distance from a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from geopy.distance import geodesic
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from checkpoints.coordinates import Point, degrees_around, distance_m
from checkpoints.models import Checkpoint
from tests.checkpoints.field import LAT, LON, METRE_NORTH, PATH, Field
from tests.factories import pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID


def put(place: Field, point: UUID, **values: Any) -> None:
    with place.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).where(Checkpoint.id == point).values(**values))


def found(place: Field, user: str = "province_manager", **query: Any) -> list[str]:
    headers = place.world.headers(user)
    return [row["code"] for row in pages(place.client, PATH, headers, limit=2, **query)]


def near(within_m: int, **changes: Any) -> dict[str, Any]:
    return {"lon": LON, "lat": LAT, "sys": "wgs84", "within_m": within_m, **changes}


def test_every_filter_finds_what_it_names(place: Field) -> None:
    first, second, third = (place.add() for _ in range(3))
    put(place, second, tags=["重点", "出口"], name="晨曦仓库")
    body = {"exit_type": "settled", "reason": "贷款已结清", "effective_on": "2026-03-10"}
    exit_id = place.post("manager", f"/{third}/exits", body).json["id"]
    assert found(place, exit_type="settled") == [], "only proposed"
    approver = place.world.headers("approver")
    place.client.post(f"/api/v1/exits/{exit_id}/approve", json={}, headers=approver)
    assert found(place) == ["CP0001", "CP0002", "CP0003"]
    assert found(place, code="CP0002") == found(place, text="晨曦") == found(place, tag="重点") == ["CP0002"]
    assert found(place, tag="重") == found(place, code="P0002") == []
    assert found(place, customer="企业1") == ["CP0001"]
    assert found(place, exit_type="settled") == found(place, state="exited") == ["CP0003"]
    assert found(place, exit_type="exited") == []
    assert found(place, text="100%") == found(place, customer="_") == [], "wildcards are letters"
    assert found(place, state="unbound", tag="出口", officer_id=place.world.people["officer"]) == ["CP0002"]
    assert found(place, "foreign_manager", tag="重点") == []
    assert place.get(first).state == "unbound"


def test_a_point_is_found_within_its_distance_and_not_beyond(place: Field) -> None:
    points = [place.add() for _ in range(3)]
    for point, metres in zip(points, (0, 500, 5_000), strict=False):
        put(place, point, location_lon=LON, location_lat=LAT + metres * METRE_NORTH)
    assert found(place, **near(1)) == ["CP0001"]
    away = distance_m(Point(LON, LAT), Point(LON, LAT + 500 * METRE_NORTH))
    assert found(place, **near(int(away))) == ["CP0001"]
    assert found(place, **near(int(away) + 1)) == ["CP0001", "CP0002"]
    assert found(place, **near(6_000), state="unbound", code="CP0003") == ["CP0003"]
    assert found(place, **near(600, sys="gcj02")) != found(place, **near(600)), "half a kilometre lies between them"


def test_the_nearest_come_first_and_say_how_far_they_are(place: Field) -> None:
    for metres in (5_000, 0, 480, 480, 20):
        put(place, place.add(), location_lon=LON, location_lat=LAT + metres * METRE_NORTH)
    headers = place.world.headers("manager")
    rows = list(pages(place.client, PATH, headers, limit=2, **near(6_000)))
    assert [row["code"] for row in rows] == ["CP0002", "CP0005", "CP0003", "CP0004", "CP0001"]
    for row in rows:
        away = distance_m(Point(LON, LAT), Point(row["location_lon"], row["location_lat"]))
        assert row["distance_m"] == round(away)
    assert {row["distance_m"] for row in pages(place.client, PATH, headers)} == {None}


def test_a_cursor_of_another_order_is_refused(place: Field) -> None:
    for _ in range(3):
        put(place, place.add(), location_lon=LON, location_lat=LAT)
    headers = place.world.headers("manager")
    for gave, takes in ((near(100), {}), ({}, near(100))):
        cursor = place.client.get(PATH, query_string={**gave, "limit": 1}, headers=headers).json["next_cursor"]
        answer = place.client.get(PATH, query_string={**takes, "limit": 1, "cursor": cursor}, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (422, "cursor_invalid")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"lon": LON, "lat": LAT, "within_m": 100}, "invalid"),
        ({"within_m": 100}, "invalid"),
        (near(0), "invalid"),
        (near(50_001), "invalid"),
        (near(100, sys="mars"), "invalid"),
        (near(100, lon="1e2"), "invalid"),
        (near(100, lon=LAT, lat=LON), "axis_swapped"),
        (near(100, lon=200), "coordinate_out_of_range"),
        ({"archived": "yes"}, "invalid"),
        ({"exit_type": "X"}, "invalid"),
    ],
)
def test_a_place_without_its_system_is_none(place: Field, query: dict[str, Any], code: str) -> None:
    answer = place.client.get(PATH, query_string=query, headers=place.world.headers("manager"))
    assert (answer.status_code, answer.json["code"]) == (422, code)


PLACES = st.builds(Point, st.floats(74, 134), st.floats(4, 53))


@given(PLACES, st.floats(-0.5, 0.5), st.floats(-0.4, 0.4), st.integers(1, 50_000))
def test_the_box_holds_everything_within_the_distance(centre: Point, east: float, north: float, within_m: int) -> None:
    other = Point(centre.lon + east, centre.lat + north)
    height, width = degrees_around(centre, within_m)
    if geodesic((centre.lat, centre.lon), (other.lat, other.lon)).m <= within_m:
        assert abs(north) <= height
        assert abs(east) <= width


@pytest.mark.parametrize(("east", "north"), [(0.3, 0.2), (-0.45, 0.1), (0.0, 0.44), (0.01, -0.3)])
@pytest.mark.parametrize("centre", [Point(LON, LAT), Point(109.5, 18.3), Point(123.0, 52.9)])
def test_the_database_measures_as_the_geodesic_does(place: Field, centre: Point, east: float, north: float) -> None:
    put(place, place.add(), location_lon=centre.lon + east, location_lat=centre.lat + north)
    metres = geodesic((centre.lat, centre.lon), (centre.lat + north, centre.lon + east)).m
    query = {"lon": centre.lon, "lat": centre.lat, "sys": "wgs84"}
    assert len(found(place, **query, within_m=int(metres + 1))) == 1
    assert len(found(place, **query, within_m=int(metres - 1))) == 0


def test_searching_costs_the_same_for_any_number(place: Field, queries: Callable[[], list[str]]) -> None:
    for _ in range(3):
        put(place, place.add(), location_lon=LON, location_lat=LAT)
    headers, counts = place.world.headers("manager"), []
    for limit in (1, 3):
        seen = queries()
        query = {**near(100), "customer": "企业", "limit": limit, "archived": "false"}
        assert len(place.client.get(PATH, query_string=query, headers=headers).json["items"]) == limit
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4
