"""Daily facts in the database: made from readings, again without effect, corrected by late data."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from inspection_api.core.context import Actor
from inspection_api.core.events import Recorded
from inspection_api.core.ids import new_id
from inspection_api.telemetry import queries, service
from inspection_api.telemetry.models import DailyFact
from inspection_api.telemetry.rules import ReadingRow
from tests.factories import recorded
from tests.telemetry.gateways import FIRST_DAY, Gateway

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from inspection_api.core.context import Context
    from tests.factories import World
    from tests.fixtures import Clock

ONE = timedelta(days=1)


def take(world: World, gateway: Gateway, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ingest rows and run what the worker would run; return the events of changed facts."""
    with world.transaction() as opened:
        ctx = opened.acting_as(Actor(device_id=gateway.device_id))
        service.ingest(ctx, [as_row(row) for row in rows])
        refresh(ctx, recorded(ctx, "telemetry.ingested"))
        return recorded(ctx, "telemetry.facts_changed")


def as_row(row: dict[str, Any]) -> ReadingRow:
    return ReadingRow(meter=row["meter"], at=datetime.fromisoformat(row["at"]), counter_kwh=Decimal(row["counter_kwh"]))


def refresh(ctx: Context, data: list[dict[str, Any]]) -> None:
    service.refresh_facts(
        ctx, [Recorded(id=new_id(), kind="telemetry.ingested", actor_id=None, at=ctx.now, data=one) for one in data]
    )


def facts(world: World, customer_id: UUID) -> dict[date, Decimal | None]:
    with world.transaction() as ctx:
        statement = select(DailyFact).where(DailyFact.customer_id == customer_id).order_by(DailyFact.day)
        return {fact.day: fact.energy_kwh for fact in ctx.session.scalars(statement)}


def test_a_days_readings_become_its_energy(world: World, gateway: Gateway) -> None:
    rows = gateway.day(FIRST_DAY, "99.9") + gateway.day(FIRST_DAY + ONE, "240")[1:]

    changed = take(world, gateway, rows)

    assert facts(world, gateway.customer_id) == {FIRST_DAY: Decimal("99.9"), FIRST_DAY + ONE: Decimal(240)}
    assert changed == [{"days": {str(gateway.customer_id): ["2026-03-01", "2026-03-02"]}}]


def test_the_same_readings_again_change_no_fact(world: World, gateway: Gateway) -> None:
    rows = gateway.day(FIRST_DAY, "50")
    take(world, gateway, rows)

    with world.transaction() as ctx:
        service.recompute(ctx, {gateway.customer_id: {FIRST_DAY}})
        assert recorded(ctx, "telemetry.facts_changed") == []


def test_late_readings_turn_an_unknown_day_into_a_known_one(world: World, gateway: Gateway) -> None:
    rows = gateway.day(FIRST_DAY, "96")
    take(world, gateway, rows[:12])
    assert facts(world, gateway.customer_id) == {FIRST_DAY: None}

    take(world, gateway, rows[12:])
    assert facts(world, gateway.customer_id) == {FIRST_DAY: Decimal(96)}


def test_all_meters_of_an_enterprise_count_together(world: World, gateway: Gateway) -> None:
    second = Gateway(world=world)
    with world.transaction() as ctx:
        service.create_meter(
            ctx,
            code="second",
            customer_id=gateway.customer_id,
            device_id=gateway.device_id,
            interval_min=60,
            installed_on=FIRST_DAY + ONE,
        )
    rows = gateway.day(FIRST_DAY, "60") + gateway.day(FIRST_DAY + ONE, "60")[1:]
    second.code = "second"
    take(world, gateway, rows)
    assert facts(world, gateway.customer_id) == {FIRST_DAY: Decimal(60), FIRST_DAY + ONE: None}

    take(world, gateway, second.day(FIRST_DAY + ONE, "30"))
    assert facts(world, gateway.customer_id)[FIRST_DAY + ONE] == Decimal(90)


def test_what_a_reaction_lost_the_daily_run_finds(world: World, gateway: Gateway, clock: Clock) -> None:
    with world.transaction() as ctx:
        service.ingest(
            ctx.acting_as(Actor(device_id=gateway.device_id)),
            [as_row(row) for row in gateway.day(date(2026, 3, 9), "70")],
        )
    assert facts(world, gateway.customer_id) == {}
    with world.transaction() as ctx:
        service.refresh_recent(ctx)
    assert facts(world, gateway.customer_id) == {date(2026, 3, 9): Decimal(70)}


def test_many_enterprises_cost_as_many_statements_as_one(world: World, queries: Callable[[], list[str]]) -> None:
    gateways = [Gateway(world=world) for _ in range(4)]
    for gateway in gateways:
        take(world, gateway, gateway.day(FIRST_DAY, "10"))
    counts = []
    for chosen in (gateways[:1], gateways):
        with world.transaction() as ctx:
            statements = queries()
            service.recompute(ctx, {gateway.customer_id: {FIRST_DAY} for gateway in chosen})
            counts.append(len(statements))
    assert counts[0] == counts[1]


def test_only_known_days_are_shown_to_rules(world: World, gateway: Gateway) -> None:
    take(world, gateway, gateway.day(FIRST_DAY, "10") + gateway.day(FIRST_DAY + ONE, "10")[1:5])
    with world.transaction() as ctx:
        energy = queries.known_energy(ctx.session, [gateway.customer_id], FIRST_DAY, FIRST_DAY + ONE)
    assert energy == {gateway.customer_id: {FIRST_DAY: Decimal(10)}}


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({"known": True}, "ck_daily_fact_known_with_energy"),
        ({"known": True, "energy_kwh": Decimal(-1)}, "ck_daily_fact_energy_not_negative"),
        ({"completeness": Decimal("1.1")}, "ck_daily_fact_completeness_share"),
    ],
)
def test_the_schema_refuses_impossible_facts(
    world: World, gateway: Gateway, changed: dict[str, Any], constraint: str
) -> None:
    values = {"customer_id": gateway.customer_id, "day": FIRST_DAY, "known": False, "completeness": Decimal(0)}
    with world.transaction() as ctx:
        ctx.session.add(DailyFact(**values | changed, computed_at=ctx.now))
        with pytest.raises(IntegrityError, match=constraint):
            ctx.session.flush()
        ctx.session.rollback()
