"""Daily facts: the day's energy is the counter's difference, and missing data never looks like a quiet factory."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.periods import day_start
from inspection_api.telemetry.rules import INTERVAL, DayFact, Reading, customer_day, is_future, meter_day

DAY = date(2026, 3, 10)
START = day_start(DAY)
SLOTS = 96
_DAY = timedelta(days=1)


def series(energy_per_day: str, *, first: str = "1000", slots: range = range(SLOTS + 1)) -> list[Reading]:
    """Return a counter that rises evenly, read at the ends of the quarter hours ``slots`` of the day (0 = midnight)."""
    step = Decimal(energy_per_day) / SLOTS
    return [Reading(at=START + slot * INTERVAL, counter_kwh=Decimal(first) + step * slot) for slot in slots]


def without(readings: list[Reading], *slots: int) -> list[Reading]:
    return [reading for index, reading in enumerate(readings) if index not in slots]


def test_the_day_is_the_natural_day_of_shanghai() -> None:
    assert datetime(2026, 3, 9, 16, tzinfo=UTC) == START
    assert meter_day(series("96"), DAY) == DayFact(energy_kwh=Decimal("96.0000"), completeness=Decimal("1.0000"))


def test_holes_inside_the_day_cost_no_energy() -> None:
    fact = meter_day(without(series("120"), *range(40, 59)), DAY)

    assert fact == DayFact(energy_kwh=Decimal("120.0000"), completeness=Decimal("0.8021"))


def test_a_day_below_eighty_percent_is_unknown() -> None:
    fact = meter_day(without(series("120"), *range(40, 60)), DAY)

    assert fact == DayFact(energy_kwh=None, completeness=Decimal("0.7917"))
    assert not fact.known


def test_exactly_eighty_percent_is_known() -> None:
    fifth = _DAY / 5
    fifths = [Reading(at=START + part * fifth, counter_kwh=Decimal(part)) for part in (0, 1, 2, 3, 5)]

    assert meter_day(fifths, DAY, interval=fifth) == DayFact(energy_kwh=Decimal(5), completeness=Decimal("0.8"))


def test_where_only_part_of_the_day_is_measured_the_energy_is_scaled() -> None:
    fact = meter_day(series("120", slots=range(19, SLOTS + 1)), DAY)

    assert fact == DayFact(energy_kwh=Decimal("120.0000"), completeness=Decimal("0.8021"))


def test_a_step_over_midnight_is_shared_by_time() -> None:
    shifted = [
        Reading(at=START + slot * INTERVAL + timedelta(minutes=5), counter_kwh=Decimal(slot)) for slot in range(-1, 97)
    ]

    assert meter_day(shifted, DAY).energy_kwh == Decimal("96.0000")


def test_a_reset_takes_the_new_reading_as_start_and_leaves_a_gap() -> None:
    readings = series("96", first="5000")
    reset = [
        Reading(at=reading.at, counter_kwh=reading.counter_kwh - 5040) if index >= 50 else reading
        for index, reading in enumerate(readings)
    ]

    fact = meter_day(reset, DAY)

    assert fact == DayFact(energy_kwh=Decimal("96.0000"), completeness=Decimal("0.9896"))


def test_a_counter_rolls_over_at_a_power_of_ten() -> None:
    rolled = [
        Reading(at=reading.at, counter_kwh=reading.counter_kwh % 10_000) for reading in series("96", first="9950")
    ]

    assert meter_day(rolled, DAY, rollover_kwh=Decimal(10_000)).energy_kwh == Decimal("96.0000")
    assert meter_day(rolled, DAY, rollover_kwh=Decimal(10_000)).completeness == 1
    assert meter_day(rolled, DAY).completeness < 1


def test_a_fall_too_deep_for_a_rollover_is_a_reset() -> None:
    readings = [Reading(at=START, counter_kwh=Decimal(500)), Reading(at=START + _DAY, counter_kwh=Decimal(0))]
    beyond = [Reading(at=START, counter_kwh=Decimal(10_001)), Reading(at=START + _DAY, counter_kwh=Decimal(0))]

    assert meter_day(readings, DAY, interval=_DAY, rollover_kwh=Decimal(10_000)).completeness == 0
    assert meter_day(beyond, DAY, interval=_DAY, rollover_kwh=Decimal(10_000)).completeness == 0


def test_more_than_a_day_of_silence_tells_nothing() -> None:
    silent = [Reading(at=START - _DAY, counter_kwh=Decimal(0)), Reading(at=START + _DAY, counter_kwh=Decimal(200))]

    assert meter_day(silent, DAY, interval=_DAY) == DayFact(energy_kwh=None, completeness=Decimal("0.0000"))


def test_no_readings_are_no_zero() -> None:
    assert meter_day([], DAY) == DayFact(energy_kwh=None, completeness=Decimal("0.0000"))


def test_an_enterprise_is_known_only_when_all_its_meters_are() -> None:
    one = DayFact(energy_kwh=Decimal(60), completeness=Decimal(1))
    two = DayFact(energy_kwh=Decimal("39.9"), completeness=Decimal("0.9"))
    unknown = DayFact(energy_kwh=None, completeness=Decimal("0.5"))

    assert customer_day([one, two]) == DayFact(energy_kwh=Decimal("99.9"), completeness=Decimal("0.9"))
    assert customer_day([one, unknown]) == DayFact(energy_kwh=None, completeness=Decimal("0.5"))


def test_ten_minutes_ahead_is_a_clock_and_more_is_a_lie() -> None:
    assert not is_future(START + timedelta(minutes=10), START)
    assert is_future(START + timedelta(minutes=10, seconds=1), START)


@given(
    st.sets(st.integers(min_value=1, max_value=95), max_size=19), st.decimals(min_value=0, max_value=10**6, places=1)
)
def test_which_fifth_is_missing_never_changes_the_energy(missing: set[int], energy: Decimal) -> None:
    fact = meter_day(without(series(str(energy)), *missing), DAY)

    assert fact.energy_kwh is not None
    assert abs(fact.energy_kwh - energy) < Decimal("0.001")


@given(
    st.lists(st.tuples(st.integers(-2000, 4000), st.decimals(min_value=0, max_value=10_000, places=2)), max_size=300),
    st.sampled_from([None, Decimal(10_000)]),
)
def test_no_counter_makes_negative_energy(points: list[tuple[int, Decimal]], rollover_kwh: Decimal | None) -> None:
    readings = [
        Reading(at=START + timedelta(minutes=minute), counter_kwh=counter)
        for minute, counter in sorted(dict(points).items())
    ]

    fact = meter_day(readings, DAY, rollover_kwh=rollover_kwh)

    assert 0 <= fact.completeness <= 1
    assert fact.known == (fact.completeness >= Decimal("0.8"))
    assert fact.energy_kwh is None or fact.energy_kwh >= 0
