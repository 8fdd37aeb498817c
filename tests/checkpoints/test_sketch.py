"""The drawing of a fence: true to scale and direction, whatever lies around it."""

from __future__ import annotations

from math import hypot

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints.coordinates import Point, distance_m
from checkpoints.rules import sketch
from checkpoints.rules.fence import Fix
from checkpoints.rules.sketch import MarkKind

CENTRE = Point(114.5149, 38.0428)
NEAR = st.floats(-0.01, 0.01)


@given(NEAR, NEAR, st.floats(18, 53))
def test_a_mark_lies_as_far_and_in_the_direction_that_the_place_does(
    east: float, north: float, latitude: float
) -> None:
    centre = Point(CENTRE.lon, latitude)
    place = Point(centre.lon + east, latitude + north)
    (mark,) = sketch.mark_places(centre, MarkKind.RIVAL, [place])
    assert hypot(mark.east_m, mark.north_m) == pytest.approx(distance_m(centre, place), abs=0.2)
    assert mark.distance_m == pytest.approx(distance_m(centre, place), abs=0.06)
    assert (mark.east_m >= 0) is (east >= 0) or abs(mark.east_m) < 0.1
    assert (mark.north_m >= 0) is (north >= 0) or abs(mark.north_m) < 0.1


def test_what_is_far_is_as_far_as_the_geodesic_says() -> None:
    far = Point(CENTRE.lon + 1, CENTRE.lat)
    (mark,) = sketch.mark_places(CENTRE, MarkKind.REGISTERED, [far])
    assert mark.distance_m == round(distance_m(CENTRE, far), 1) > 80_000


@pytest.mark.parametrize(
    ("accuracy_m", "drawn"),
    [(12.5, 12.5), (None, None), (0, None), (-1, None), (float("nan"), None), (float("inf"), None)],
)
def test_only_a_positive_accuracy_is_drawn(accuracy_m: float | None, drawn: float | None) -> None:
    fix = Fix(point=CENTRE, accuracy_m=accuracy_m, is_mock=True)
    (mark,) = sketch.mark_fixes(CENTRE, MarkKind.SCAN, [fix])
    assert (mark.accuracy_m, mark.is_mock, mark.distance_m) == (drawn, True, 0)


def test_a_fence_holds_all_its_marks_in_the_order_in_which_they_are_drawn() -> None:
    places = sketch.mark_places(CENTRE, MarkKind.RIVAL, [CENTRE])
    fixes = sketch.mark_fixes(CENTRE, MarkKind.FIX, [Fix(point=CENTRE, accuracy_m=5)] * 2)
    drawn = sketch.draw(CENTRE, 200, places, fixes)
    assert (drawn.lon, drawn.lat, drawn.radius_m) == (CENTRE.lon, CENTRE.lat, 200)
    assert [mark.kind for mark in drawn.marks] == ["rival", "fix", "fix"]
