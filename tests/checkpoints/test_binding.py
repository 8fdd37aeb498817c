from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkpoints import errors
from checkpoints.coordinates import Point
from checkpoints.rules import binding
from checkpoints.rules.binding import Location, LocationStatus, PendingReason, Rivalry
from checkpoints.rules.fence import Fix, Verdict

HOME = Point(114.5149, 38.0428)
METRE_NORTH = 1 / 111_000
NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
OFFICER = UUID(int=1)


def north(metres: float) -> Point:
    return Point(HOME.lon, HOME.lat + metres * METRE_NORTH)


def fixes(*metres: float, accuracy_m: float = 8) -> list[Fix]:
    return [Fix(point=north(each), accuracy_m=accuracy_m, age_s=index) for index, each in enumerate(metres)]


def location(
    generation: int = 1,
    status: LocationStatus = LocationStatus.CONFIRMED,
    bound_at: datetime = NOON,
    valid_to: datetime | None = None,
    decided_by: UUID | None = None,
) -> Location:
    return Location(
        id=uuid4(),
        checkpoint_id=UUID(int=9),
        generation=generation,
        point=HOME,
        status=status,
        bound_by=OFFICER,
        bound_at=bound_at,
        valid_from=bound_at,
        valid_to=valid_to,
        decided_by=decided_by,
    )


def test_three_good_fixes_bind_at_their_component_wise_median() -> None:
    good = [
        Fix(point=Point(114.5 + lon, 38 + lat), accuracy_m=8) for lon, lat in ((0, 0.0001), (0.0001, 0), (2e-4, 2e-4))
    ]
    decided = binding.decide_binding(good)
    assert (decided.status, decided.reasons) == (LocationStatus.CONFIRMED, ())
    assert decided.point == Point(114.5001, 38.0001)
    assert binding.ensure_bound(decided, checkpoint_id="p") == decided.point


@pytest.mark.parametrize(
    "coarse",
    [fixes(0, 1), fixes(0, 1, 2, accuracy_m=31), fixes(0, 1, 31.5)],
    ids=["two fixes", "accuracy beyond 30 m", "spread beyond 30 m"],
)
def test_coarser_fixes_wait_for_a_manager(coarse: list[Fix]) -> None:
    decided = binding.decide_binding(coarse)
    assert (decided.status, decided.reasons) == (LocationStatus.PROVISIONAL, (PendingReason.COARSE,))


def test_thirty_metres_are_still_good() -> None:
    decided = binding.decide_binding(fixes(0, 15, 29, accuracy_m=30))
    assert decided.status is LocationStatus.CONFIRMED


@pytest.mark.parametrize(("metres", "reasons"), [(490, ()), (510, (PendingReason.FAR_FROM_REGISTERED,))])
def test_half_a_kilometre_from_the_registered_address_waits(metres: float, reasons: tuple[PendingReason, ...]) -> None:
    assert binding.decide_binding(fixes(0, 1, 2), registered=north(metres)).reasons == reasons


@pytest.mark.parametrize(("metres", "reasons"), [(33, ()), (28, (PendingReason.NEIGHBOUR,))])
def test_a_place_beside_another_customers_waits(metres: float, reasons: tuple[PendingReason, ...]) -> None:
    assert binding.decide_binding(fixes(0, 1, 2), neighbours=[north(5000), north(metres)]).reasons == reasons


@pytest.mark.parametrize(
    ("bad", "refusal", "problem"),
    [
        ([*fixes(0, 1, 2), Fix(point=HOME, accuracy_m=5, is_mock=True)], Verdict.MOCK, errors.FixMock),
        ([], Verdict.STALE, errors.FixStale),
        ([Fix(point=HOME, accuracy_m=5, age_s=61)], Verdict.STALE, errors.FixStale),
        (fixes(0, 1, 2, accuracy_m=501), Verdict.TOO_COARSE, errors.FixTooCoarse),
    ],
    ids=["mock", "none", "old", "too coarse"],
)
def test_such_fixes_bind_nothing(bad: list[Fix], refusal: Verdict, problem: type[errors.Conflict]) -> None:
    decided = binding.decide_binding(bad)
    assert (decided.refusal, decided.point, decided.status) == (refusal, None, None)
    with pytest.raises(problem):
        binding.ensure_bound(decided, checkpoint_id="p")


def test_a_decision_without_place_and_refusal_is_a_bug() -> None:
    with pytest.raises(AssertionError):
        binding.ensure_bound(binding.BindingDecision(), checkpoint_id="p")


@given(metres=st.lists(st.floats(min_value=-20, max_value=20), min_size=3, max_size=9))
def test_the_bound_place_lies_among_the_fixes(metres: list[float]) -> None:
    decided = binding.decide_binding(fixes(*metres))
    assert decided.point is not None
    assert north(min(metres)).lat - 1e-7 <= decided.point.lat <= north(max(metres)).lat + 1e-7


EARLY, LATE = NOON - timedelta(minutes=5), NOON + timedelta(minutes=5)


@pytest.mark.parametrize(
    ("standing", "generation", "bound_at", "expected"),
    [
        (location(), 1, EARLY, Rivalry.TAKES_OVER),
        (location(), 1, LATE, Rivalry.STANDS_BESIDE),
        (location(), 1, NOON, Rivalry.STANDS_BESIDE),
        (location(generation=2), 1, EARLY, Rivalry.TOO_LATE),
        (location(decided_by=uuid4()), 1, EARLY, Rivalry.TOO_LATE),
    ],
)
def test_two_bindings_of_one_generation(
    standing: Location, generation: int, bound_at: datetime, expected: Rivalry
) -> None:
    assert binding.decide_rivalry(standing, generation=generation, bound_at=bound_at) is expected


def test_a_visit_is_judged_by_the_generation_of_its_own_time() -> None:
    reset_at, rebound_at = NOON + timedelta(days=10), NOON + timedelta(days=12)
    first = location(1, LocationStatus.SUPERSEDED, valid_to=reset_at)
    second = location(2, bound_at=rebound_at)
    history = [second, first]
    assert binding.location_at(history, NOON + timedelta(days=1)) is first
    assert binding.location_at(history, reset_at) is None
    assert binding.location_at(history, rebound_at) is second
    assert binding.location_at(history, NOON - timedelta(hours=2)) is None


def test_the_scan_just_before_its_binding_is_judged_by_it() -> None:
    bound = location()
    assert binding.location_at([bound], NOON - timedelta(minutes=2)) is bound


def test_a_rejected_or_belated_location_judges_nothing() -> None:
    belated = location(status=LocationStatus.SUPERSEDED, valid_to=NOON)
    assert binding.location_at([location(status=LocationStatus.REJECTED), belated], NOON) is None
    assert binding.location_at([belated], NOON - timedelta(minutes=1)) is None


def test_of_two_rivals_the_earlier_capture_stands() -> None:
    earlier = location(status=LocationStatus.PROVISIONAL, bound_at=EARLY)
    later = location(status=LocationStatus.PROVISIONAL)
    assert binding.location_at([later, earlier], LATE) is earlier


def test_the_standing_place_is_the_earlier_rival_of_the_newest_generation() -> None:
    earlier = location(2, LocationStatus.PROVISIONAL, bound_at=EARLY)
    later = location(2, LocationStatus.PROVISIONAL)
    ended = location(1, LocationStatus.SUPERSEDED, valid_to=EARLY)
    rejected = location(3, LocationStatus.REJECTED)
    assert binding.standing([later, rejected, ended, earlier]) is earlier
    assert binding.standing([rejected, ended]) is None
