"""Daily facts: computed from the stored readings, again whenever these change, with the same result."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from datetime import date, timedelta
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from inspection_api.core.periods import day_start, local_day
from inspection_api.telemetry import queries, rules

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.telemetry.models import Meter
    from inspection_api.telemetry.rules import DayFact, Reading

Days = dict[UUID, set[date]]
_ONE_DAY = timedelta(days=1)
_RECENT_DAYS = 4
_AT = attrgetter("at")
_CUSTOMERS_AT_ONCE = 100

_UPSERT = text(
    """
    INSERT INTO daily_fact AS f (customer_id, day, energy_kwh, completeness, known, computed_at)
    SELECT r.customer_id, r.day, r.energy_kwh, r.completeness, r.energy_kwh IS NOT NULL, :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS r (customer_id uuid, day date, energy_kwh numeric, completeness numeric)
    ORDER BY r.customer_id, r.day
    ON CONFLICT (customer_id, day) DO UPDATE
    SET energy_kwh = excluded.energy_kwh, completeness = excluded.completeness, known = excluded.known,
        computed_at = excluded.computed_at
    WHERE (f.energy_kwh, f.completeness) IS DISTINCT FROM (excluded.energy_kwh, excluded.completeness)
    RETURNING f.customer_id, f.day
    """
)


def refresh_facts(ctx: Context, events: Sequence[Recorded]) -> None:
    """Make the facts of the days that gained readings, and of their neighbours (handler of ``telemetry.ingested``).

    A day's first and last reading also close the days beside it.
    """
    days: Days = defaultdict(set)
    for event in events:
        for customer_id, its_days in event.data["days"].items():
            for day in map(date.fromisoformat, its_days):
                days[UUID(customer_id)] |= {day - _ONE_DAY, day, day + _ONE_DAY}
    recompute(ctx, days)


def refresh_recent(ctx: Context) -> None:
    """Make the facts of all enterprises' last four days again, in case a reaction was lost (part of the daily run)."""
    today = local_day(ctx.now)
    recent = {today - back * _ONE_DAY for back in range(_RECENT_DAYS)}
    customers = queries.metered_customers(ctx.session)
    for first in range(0, len(customers), _CUSTOMERS_AT_ONCE):
        recompute(ctx, dict.fromkeys(customers[first : first + _CUSTOMERS_AT_ONCE], recent))


def recompute(ctx: Context, days: Mapping[UUID, set[date]]) -> None:
    """Make the facts of the given days of each enterprise from all its meters; days without a reading get none.

    What came out differently is named in the event ``telemetry.facts_changed``.
    """
    meters: dict[UUID, list[Meter]] = defaultdict(list)
    for meter in queries.locked_meters(ctx.session, days):
        meters[meter.customer_id].append(meter)
    readings = queries.readings_between(ctx.session, dict(_windows(meters, days)))
    facts = [
        row
        for customer_id, its_meters in meters.items()
        for day in sorted(days[customer_id])
        if (row := _row(customer_id, its_meters, readings, day)) is not None
    ]
    _store(ctx, facts)


def _windows(
    meters: Mapping[UUID, Sequence[Meter]], days: Mapping[UUID, set[date]]
) -> Iterator[tuple[UUID, tuple[Any, Any]]]:
    """Yield each meter's window: from a day before its first day to a day after its last."""
    for customer_id, its_meters in meters.items():
        first, last = min(days[customer_id]), max(days[customer_id])
        for meter in its_meters:
            yield meter.id, (day_start(first - _ONE_DAY), day_start(last + 2 * _ONE_DAY))


def _row(
    customer_id: UUID, meters: Sequence[Meter], readings: Mapping[UUID, list[Reading]], day: date
) -> dict[str, Any] | None:
    """Return the enterprise's fact of a day; None while no installed meter says anything."""
    facts = [_meter_fact(meter, readings, day) for meter in meters if meter.installed_on <= day]
    if not any(fact.completeness for fact in facts):
        return None
    fact = rules.customer_day(facts)
    energy = None if fact.energy_kwh is None else str(fact.energy_kwh)
    return {
        "customer_id": str(customer_id),
        "day": str(day),
        "energy_kwh": energy,
        "completeness": str(fact.completeness),
    }


def _meter_fact(meter: Meter, readings: Mapping[UUID, list[Reading]], day: date) -> DayFact:
    window = _slice_of(readings.get(meter.id, []), day)
    interval = timedelta(minutes=meter.interval_min)
    return rules.meter_day(window, day, interval=interval, rollover_kwh=meter.rollover_kwh)


def _slice_of(readings: Sequence[Reading], day: date) -> list[Reading]:
    """Return the readings that matter to ``day``: from a day before to a day after it."""
    first = bisect_left(readings, day_start(day - _ONE_DAY), key=_AT)
    return list(readings[first : bisect_right(readings, day_start(day + 2 * _ONE_DAY), key=_AT)])


def _store(ctx: Context, facts: Sequence[dict[str, Any]]) -> None:
    if not facts:
        return
    changed: dict[str, list[str]] = defaultdict(list)
    for row in ctx.session.execute(_UPSERT, {"rows": json.dumps(facts), "now": ctx.now}):
        changed[str(row.customer_id)].append(str(row.day))
    if changed:
        ctx.record("telemetry.facts_changed", days=dict(changed))
