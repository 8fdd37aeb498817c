"""Evaluation on stored facts: one alert per episode, whoever evaluates, how often, and in what order data come."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from inspection_api.alerts import service
from inspection_api.alerts.models import Alert
from inspection_api.core.events import Recorded
from inspection_api.core.ids import new_id
from inspection_api.telemetry.models import DailyFact
from tests.factories import recorded
from tests.telemetry.gateways import FIRST_DAY, Gateway

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.factories import World
    from tests.fixtures import Clock

ONE = timedelta(days=1)


def put_facts(world: World, customer_id: UUID, *energies: str | None, first: date = FIRST_DAY) -> None:
    """Write the facts of consecutive days; None is an unknown day."""
    with world.transaction() as ctx:
        rows = [
            {
                "customer_id": customer_id,
                "day": first + index * ONE,
                "energy_kwh": None if energy is None else Decimal(energy),
                "completeness": Decimal("0.5") if energy is None else Decimal(1),
                "known": energy is not None,
                "computed_at": ctx.now,
            }
            for index, energy in enumerate(energies)
        ]
        statement = insert(DailyFact).values(rows)
        changed = {name: statement.excluded[name] for name in ("energy_kwh", "completeness", "known")}
        ctx.session.execute(statement.on_conflict_do_update(index_elements=["customer_id", "day"], set_=changed))


def evaluate_through(world: World, days: int) -> list[int]:
    """Evaluate the days one after the other, each in its own transaction; return how many alerts each raised."""
    counts = []
    for index in range(days):
        with world.transaction() as ctx:
            counts.append(service.evaluate(ctx, FIRST_DAY + index * ONE))
    return counts


def alerts(world: World, customer_id: UUID) -> list[Alert]:
    with world.transaction() as ctx:
        return list(ctx.session.scalars(select(Alert).where(Alert.customer_id == customer_id).order_by(Alert.episode)))


def test_three_low_days_raise_one_alert_dated_on_the_third(world: World, gateway: Gateway) -> None:
    put_facts(world, gateway.customer_id, "99.9", "50", "99.9", "20")

    assert evaluate_through(world, 4) == [0, 0, 1, 0]

    (alert,) = alerts(world, gateway.customer_id)
    assert (alert.rule, alert.level, alert.subject_date) == ("work_stopped", 3, FIRST_DAY + 2 * ONE)
    assert (alert.condition, alert.handling, alert.episode) == ("active", "new", 1)
    assert (alert.count, alert.first_seen_on, alert.last_seen_on) == (2, FIRST_DAY + 2 * ONE, FIRST_DAY + 3 * ONE)
    assert alert.numbers["peak"] == "20.0000"
    assert alert.numbers["energy_kwh"] == {"2026-03-01": "99.9000", "2026-03-02": "50.0000", "2026-03-03": "99.9000"}
    assert alert.organisation_id == world.organisations["sub_branch"]


def test_an_unknown_day_blocks(world: World, gateway: Gateway) -> None:
    put_facts(world, gateway.customer_id, "50", None, "50", "50", "50")

    assert evaluate_through(world, 5) == [0, 0, 0, 0, 1]


def test_two_running_days_clear_and_the_next_stop_is_a_new_episode(world: World, gateway: Gateway) -> None:
    put_facts(world, gateway.customer_id, "1", "1", "1", "200", "200", "1", "1", "1")

    assert sum(evaluate_through(world, 8)) == 2

    first, second = alerts(world, gateway.customer_id)
    assert (first.condition, first.cleared_on) == ("cleared", FIRST_DAY + 4 * ONE)
    assert (second.episode, second.condition, second.subject_date) == (2, "active", FIRST_DAY + 7 * ONE)


def test_evaluating_again_changes_nothing(world: World, gateway: Gateway) -> None:
    put_facts(world, gateway.customer_id, "1", "1", "1", "1")
    evaluate_through(world, 4)
    before = [(alert.id, alert.count) for alert in alerts(world, gateway.customer_id)]

    assert evaluate_through(world, 4) == [0] * 4
    assert [(alert.id, alert.count) for alert in alerts(world, gateway.customer_id)] == before


def test_a_corrected_alert_is_amended_and_stays(world: World, gateway: Gateway) -> None:
    put_facts(world, gateway.customer_id, "1", "1", "1")
    evaluate_through(world, 3)
    put_facts(world, gateway.customer_id, "300", first=FIRST_DAY + 2 * ONE)

    with world.transaction() as ctx:
        service.evaluate(ctx, FIRST_DAY + 2 * ONE)
        assert [event["corrected"] for event in recorded(ctx, "alert.cleared")] == [True]

    (alert,) = alerts(world, gateway.customer_id)
    assert (alert.condition, alert.corrected) == ("cleared", True)


def test_events_name_the_alert(world: World, gateway: Gateway) -> None:
    put_facts(world, gateway.customer_id, "1", "1", "1")
    with world.transaction() as ctx:
        service.evaluate(ctx, FIRST_DAY + 2 * ONE)
        (event,) = recorded(ctx, "alert.raised")
    assert (event["rule"], event["customer_id"]) == ("work_stopped", str(gateway.customer_id))


def test_changed_facts_of_closed_days_are_judged_at_once(world: World, gateway: Gateway, clock: Clock) -> None:
    put_facts(world, gateway.customer_id, "1", "1", "1", "1", first=date(2026, 3, 7))
    days = {"days": {str(gateway.customer_id): ["2026-03-07", "2026-03-08", "2026-03-09", "2026-03-10"]}}
    with world.transaction() as ctx:
        event = Recorded(id=new_id(), kind="telemetry.facts_changed", actor_id=None, at=ctx.now, data=days)
        service.on_facts_changed(ctx, [event])
    (alert,) = alerts(world, gateway.customer_id)
    assert (alert.subject_date, alert.count) == (date(2026, 3, 9), 1)


def test_the_schedule_judges_the_last_closed_days(world: World, gateway: Gateway, clock: Clock) -> None:
    put_facts(world, gateway.customer_id, "1", "1", "1", first=date(2026, 3, 6))
    with world.transaction() as ctx:
        assert service.evaluate_recent(ctx) == 1
        assert service.evaluate_recent(ctx) == 0


def test_a_bank_without_meters_has_nothing_to_judge(world: World) -> None:
    with world.transaction() as ctx:
        assert service.evaluate(ctx, FIRST_DAY) == 0


def test_many_enterprises_cost_as_many_statements_as_one(world: World, queries: Callable[[], list[str]]) -> None:
    counts = []
    for _ in range(2):
        for gateway in [Gateway(world=world) for _ in range(3)]:
            put_facts(world, gateway.customer_id, "1", "1", "1")
        with world.transaction() as ctx:
            statements = queries()
            assert service.evaluate(ctx, FIRST_DAY + 2 * ONE) == 3
            counts.append(len(statements))
    assert counts[0] <= 6
    assert counts[1] <= counts[0]


def test_two_evaluators_at_once_raise_one_alert(committed_world: World) -> None:
    gateway = Gateway(world=committed_world)
    put_facts(committed_world, gateway.customer_id, "1", "1", "1")
    start = threading.Barrier(2)
    counts = []

    def evaluate() -> None:
        with committed_world.transaction() as ctx:
            start.wait(10)
            counts.append(service.evaluate(ctx, FIRST_DAY + 2 * ONE))

    threads = [threading.Thread(target=evaluate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(counts) == [0, 1]
    assert len(alerts(committed_world, gateway.customer_id)) == 1


@pytest.mark.parametrize(
    ("changed", "constraint"),
    [
        ({}, "uq_alert_customer_id_rule_episode"),
        ({"episode": 2}, "uq_alert_active"),
        ({"episode": 2, "condition": "cleared"}, "ck_alert_cleared_on_set"),
        ({"episode": 2, "rule": "x", "level": 4}, "ck_alert_level_known"),
        ({"episode": 2, "rule": "x", "handling": "confirmed"}, "ck_alert_handled_by_somebody"),
    ],
)
def test_the_schema_guards_episodes(world: World, gateway: Gateway, changed: dict[str, Any], constraint: str) -> None:
    put_facts(world, gateway.customer_id, "1", "1", "1")
    evaluate_through(world, 3)
    (alert,) = alerts(world, gateway.customer_id)
    names = [column.key for column in Alert.__table__.columns if column.key != "id"]
    with world.transaction() as ctx:
        ctx.session.add(Alert(**{name: getattr(alert, name) for name in names} | changed))
        with pytest.raises(IntegrityError, match=constraint):
            ctx.session.flush()
        ctx.session.rollback()
