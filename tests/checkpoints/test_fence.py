from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from checkpoints import errors
from checkpoints.coordinates import Point, distance_m
from checkpoints.rules import fence
from checkpoints.rules.fence import Fix, Judgement, Verdict

CENTRE = Point(114.5149, 38.0428)
METRE_NORTH = 1 / 111_000


def fix(metres: float = 0, accuracy_m: float | None = 10, age_s: float = 0, *, is_mock: bool = False) -> Fix:
    place = Point(CENTRE.lon, CENTRE.lat + metres * METRE_NORTH)
    return Fix(point=place, accuracy_m=accuracy_m, age_s=age_s, is_mock=is_mock)


def verdict(*fixes: Fix, radius_m: int = 200) -> Verdict:
    return fence.decide_verdict(fixes, CENTRE, radius_m).verdict


def test_a_fix_at_the_door_is_inside() -> None:
    judged = fence.decide_verdict([fix(50)], CENTRE, 200)
    assert judged.verdict is Verdict.INSIDE
    assert judged.is_accepted
    assert not judged.is_weak
    assert judged.distance_m == pytest.approx(50, abs=0.2)


def test_a_mock_fix_outweighs_everything() -> None:
    assert verdict(fix(5000, is_mock=True), fix(), fix(accuracy_m=None)) is Verdict.MOCK


@pytest.mark.parametrize("accuracy_m", [None, 0, -1, float("nan"), float("inf")])
def test_a_fix_without_accuracy_is_invalid_but_not_fake(accuracy_m: float | None) -> None:
    assert verdict(fix(accuracy_m=accuracy_m)) is Verdict.STALE


def test_an_invalid_fix_does_not_spoil_a_valid_one() -> None:
    assert verdict(fix(9000, accuracy_m=0), fix()) is Verdict.INSIDE


@pytest.mark.parametrize(("age_s", "expected"), [(60, Verdict.INSIDE), (60.1, Verdict.STALE), (-1, Verdict.STALE)])
def test_a_fix_older_than_a_minute_or_from_the_future_is_stale(age_s: float, expected: Verdict) -> None:
    assert verdict(fix(age_s=age_s)) is expected


def test_no_fix_is_stale() -> None:
    judged = fence.decide_verdict([], CENTRE, 200)
    assert (judged.verdict, judged.distance_m) == (Verdict.STALE, None)


def test_the_edge_itself_is_inside() -> None:
    place = fix(150)
    radius_m = distance_m(place.point, CENTRE)
    assert fence._verdict(radius_m, 10, radius_m, is_long_indoors=False) is Verdict.INSIDE


@pytest.mark.parametrize(
    ("metres", "accuracy_m", "radius_m", "expected"),
    [
        (260, 50, 200, Verdict.OUTSIDE),
        (240, 50, 200, Verdict.INDETERMINATE),
        (100, 150, 200, Verdict.INSIDE),
        (100, 151, 200, Verdict.TOO_COARSE),
        (10, 50, 30, Verdict.INSIDE),
        (10, 51, 30, Verdict.INDETERMINATE),
        (700, 300, 200, Verdict.OUTSIDE),
        (1900, 150, 2000, Verdict.INSIDE),
        (1900, 160, 2000, Verdict.TOO_COARSE),
        (100, 120, 100, Verdict.INDETERMINATE),
    ],
)
def test_the_table_of_distance_accuracy_and_radius(
    metres: float, accuracy_m: float, radius_m: int, expected: Verdict
) -> None:
    assert verdict(fix(metres, accuracy_m), radius_m=radius_m) is expected


@pytest.mark.parametrize(
    ("ages", "accuracy_m", "expected"),
    [
        ((0, 90, 180), 400, Verdict.INDETERMINATE),
        ((0, 90, 179), 400, Verdict.TOO_COARSE),
        ((0, 180), 400, Verdict.TOO_COARSE),
        ((0, 90, 180), 501, Verdict.TOO_COARSE),
    ],
)
def test_who_waited_three_minutes_indoors_is_indeterminate(
    ages: tuple[float, ...], accuracy_m: float, expected: Verdict
) -> None:
    assert verdict(*(fix(accuracy_m=accuracy_m, age_s=age) for age in ages)) is expected


def test_several_fixes_within_twenty_seconds_count_as_their_median() -> None:
    judged = fence.decide_verdict([fix(10, 8), fix(4000, 30, 5), fix(20, 12, 20), fix(9000, 5, 21)], CENTRE, 200)
    assert judged.verdict is Verdict.INSIDE
    assert judged.accuracy_m == 12
    assert judged.distance_m == pytest.approx(20, abs=0.2)


@given(
    metres=st.floats(min_value=0, max_value=4000),
    accuracy_m=st.floats(min_value=0.1, max_value=2000),
    radius_m=st.integers(min_value=30, max_value=2000),
)
def test_nobody_is_inside_beyond_the_radius_and_nobody_outside_within_it(
    metres: float, accuracy_m: float, radius_m: int
) -> None:
    judged = fence.decide_verdict([fix(metres, accuracy_m)], CENTRE, radius_m)
    assert judged.distance_m is not None
    if judged.verdict is Verdict.INSIDE:
        assert judged.distance_m <= radius_m
    if judged.verdict is Verdict.OUTSIDE:
        assert judged.distance_m > radius_m
    if judged.is_accepted:
        assert judged.distance_m - accuracy_m <= radius_m


@given(
    given_fix=st.builds(
        fix,
        st.floats(0, 3000),
        st.none() | st.floats(-1, 600),
        st.floats(-10, 300) | st.just(float("nan")),
        is_mock=st.booleans(),
    ),
    radius_m=st.integers(fence.MIN_RADIUS_M, fence.MAX_RADIUS_M),
)
def test_a_fix_alone_says_what_it_says_twice(given_fix: Fix, radius_m: int) -> None:
    alone = fence.decide_verdict([given_fix], CENTRE, radius_m)

    assert alone == fence.decide_verdict([given_fix, given_fix], CENTRE, radius_m)


@given(fixes=st.lists(st.builds(fix, st.floats(0, 3000), st.floats(1, 600), st.floats(0, 300)), max_size=8))
def test_the_order_of_fixes_does_not_matter(fixes: list[Fix]) -> None:
    assert fence.decide_verdict(fixes, CENTRE, 200) == fence.decide_verdict(fixes[::-1], CENTRE, 200)


@pytest.mark.parametrize(
    ("given_verdict", "problem"),
    [
        (Verdict.MOCK, errors.FixMock),
        (Verdict.STALE, errors.FixStale),
        (Verdict.OUTSIDE, errors.FixOutside),
        (Verdict.TOO_COARSE, errors.FixTooCoarse),
    ],
)
def test_a_bad_verdict_is_refused_online(given_verdict: Verdict, problem: type[errors.Conflict]) -> None:
    judged = Judgement(verdict=given_verdict, radius_m=200, distance_m=523.4, accuracy_m=None)
    with pytest.raises(problem) as caught:
        fence.ensure_accepted(judged, checkpoint_id="p")
    assert caught.value.members == {"verdict": given_verdict.value, "distance_m": 523.4, "radius_m": 200}
    assert [trace.kind for trace in caught.value.trace] == (
        ["security.mock_fix"] if given_verdict is Verdict.MOCK else []
    )


@pytest.mark.parametrize("given_verdict", [Verdict.INSIDE, Verdict.INDETERMINATE])
def test_a_good_or_weak_verdict_passes(given_verdict: Verdict) -> None:
    fence.ensure_accepted(Judgement(verdict=given_verdict, radius_m=200), checkpoint_id="p")


def test_every_verdict_has_its_own_sentence() -> None:
    base = Judgement(verdict=Verdict.INSIDE, radius_m=200, distance_m=321, accuracy_m=45)
    sentences = {fence.explain(replace(base, verdict=each)) for each in Verdict}
    assert len(sentences) == len(Verdict)
    assert "321" in fence.explain(replace(base, verdict=Verdict.OUTSIDE))


@pytest.mark.parametrize("at", [None, "2026-11-20T08:00:00+00:00"])
def test_a_fix_is_read_from_the_wire(at: str | None) -> None:
    raw = {"lon": 114.5, "lat": 38.0, "sys": "wgs84", "acc": 5, "age_s": 2, "mock": False, "at": at}
    read = fence.fix_as_received(raw)
    assert (read.point, read.accuracy_m, read.age_s) == (Point(114.5, 38.0), 5, 2)
    assert (read.at.isoformat() if read.at else None) == at


def test_kept_fixes_are_all_there_or_none_if_one_is_no_place_on_earth() -> None:
    good: dict[str, object] = {"lon": 114.5, "lat": 38.0, "sys": "wgs84", "acc": 8.0}
    assert [fix.accuracy_m for fix in fence.fixes_as_kept([good, good])] == [8.0, 8.0]
    assert fence.fixes_as_kept([good, {**good, "lat": 238.0}]) == ()
    assert fence.fixes_as_kept([]) == ()
