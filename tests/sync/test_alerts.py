"""Alerts on the devices of whoever holds their enterprise, from the day on which they are raised."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from alembic import command
from sqlalchemy import select, text, update

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint
from checkpoints.rules.plate import next_code
from checkpoints.service import NewCheckpoint
from inspection_api.accounts import service as accounts
from inspection_api.alerts import service as alerts
from inspection_api.alerts.models import Alert
from inspection_api.alerts.rules import Level
from inspection_api.core import migrations
from inspection_api.core.periods import local_day
from sync import service
from tests.alerts.test_evaluation import ONE, put_facts
from tests.sync.phone import Phone, Street
from tests.sync.test_pull import mirror
from tests.sync.test_snapshot import taken, verified
from tests.telemetry.gateways import FIRST_DAY, add_customer

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World
    from tests.fixtures import Clock

THIRD = FIRST_DAY + 2 * ONE


def add_point(world: World, customer_id: UUID, officer: str | None = None) -> UUID:
    """Create a checkpoint of an enterprise, as the slice does."""
    point = NewCheckpoint(
        code=next_code(),
        name="厂区",
        customer_id=customer_id,
        organisation_id=world.organisations["sub_branch"],
        officer_id=world.people[officer] if officer else None,
        effective_from=FIRST_DAY,
    )
    with world.transaction() as ctx:
        checkpoints.create_many(ctx, [point])
    return point.id


def assign(world: World, point: UUID, officer: str) -> None:
    with world.transaction("manager") as ctx:
        checkpoints.assign(ctx, point, officer_id=world.people[officer])


def stop(world: World, customer_id: UUID) -> str:
    """Let an enterprise stand still for three days; return its alert."""
    put_facts(world, customer_id, "1", "1", "1")
    with world.transaction() as ctx:
        assert alerts.evaluate(ctx, THIRD, [customer_id]) == 1
        return str(ctx.session.scalars(select(Alert.id).where(Alert.customer_id == customer_id)).one())


def judge(world: World, customer_id: UUID, days: int, *energies: str) -> None:
    """Let further days follow the first ``days``, and judge each."""
    put_facts(world, customer_id, *energies, first=FIRST_DAY + days * ONE)
    for number in range(len(energies)):
        with world.transaction() as ctx:
            alerts.evaluate(ctx, FIRST_DAY + (days + number) * ONE, [customer_id])


def decide(phone: Phone, alert_id: str, verb: str, user: str = "risk_manager", **body: Any) -> None:
    path = f"/api/v1/alerts/{alert_id}/{verb}"
    answer = phone.client.post(path, json=body, headers=phone.world.headers(user))
    assert answer.status_code == 200, answer.json


def held(phone: Phone) -> dict[str, dict[str, Any]]:
    phone.headers = phone.world.headers(phone.username)
    return {id_: {**row["d"], "v": row["v"]} for (name, id_), row in mirror(phone).items() if name == "alert"}


@pytest.fixture
def colleague(phone: Phone, street: Street, world: World) -> Phone:
    return Phone(phone.client, world, street, username="colleague")


@pytest.fixture
def point(world: World) -> UUID:
    """A checkpoint of an enterprise that only its officer ties to anybody."""
    point = add_point(world, add_customer(world, officer=None))
    assign(world, point, "officer")
    return point


@pytest.fixture
def customer_id(world: World, point: UUID) -> UUID:
    with world.transaction() as ctx:
        return ctx.session.get_one(Checkpoint, point).customer_id


def test_an_alert_reaches_whoever_serves_the_enterprise_and_nobody_else(
    phone: Phone, colleague: Phone, street: Street, world: World, customer_id: UUID
) -> None:
    manager = Phone(phone.client, world, street, username="manager")
    alert_id = stop(world, customer_id)
    (alert,) = held(phone).values()
    assert (alert["customer_id"], alert["rule"], alert["level"]) == (str(customer_id), "work_stopped", 3)
    assert (alert["condition"], alert["handling"], alert["subject_date"]) == ("active", "new", str(THIRD))
    assert set(held(phone)) == {alert_id}
    assert held(colleague) == held(manager) == {}


def test_what_becomes_of_an_alert_is_told(phone: Phone, world: World, customer_id: UUID) -> None:
    alert_id = stop(world, customer_id)
    before = held(phone)[alert_id]
    judge(world, customer_id, 3, "1")
    longer = held(phone)[alert_id]
    assert (longer["count"], longer["last_seen_on"]) == (2, str(FIRST_DAY + 3 * ONE))
    decide(phone, alert_id, "confirm", note="已电话核实")
    judge(world, customer_id, 4, "500", "500")
    after = held(phone)[alert_id]
    assert (after["handling"], after["note"], after["condition"]) == ("confirmed", "已电话核实", "cleared")
    assert before["v"] < longer["v"] < after["v"]


def test_alerts_follow_the_enterprise_to_its_next_officer(
    phone: Phone, colleague: Phone, world: World, point: UUID, customer_id: UUID
) -> None:
    alert_id = stop(world, customer_id)
    cursor = phone.pull()["cursor"]
    assign(world, point, "colleague")
    dropped = [each for each in phone.pull(cursor)["changes"] if each["e"] == "alert"]
    assert dropped == [{"k": "drop", "e": "alert", "id": alert_id, "reason": "reassigned"}]
    assert (held(phone), set(held(colleague))) == ({}, {alert_id})


def test_a_decided_alert_that_has_cleared_goes_to_nobody_new(
    phone: Phone, colleague: Phone, world: World, point: UUID, customer_id: UUID
) -> None:
    alert_id = stop(world, customer_id)
    decide(phone, alert_id, "confirm")
    judge(world, customer_id, 3, "500", "500")
    assert set(held(phone)) == {alert_id}
    assign(world, point, "colleague")
    assert held(phone) == held(colleague) == {}


def test_an_officer_of_another_checkpoint_keeps_the_alerts_of_the_enterprise(
    phone: Phone, colleague: Phone, world: World, point: UUID, customer_id: UUID
) -> None:
    add_point(world, customer_id, "officer")
    alert_id = stop(world, customer_id)
    assign(world, point, "colleague")
    assert set(held(phone)) == set(held(colleague)) == {alert_id}


def test_a_new_checkpoint_brings_its_officer_the_open_alerts(colleague: Phone, world: World, customer_id: UUID) -> None:
    alert_id = stop(world, customer_id)
    assert held(colleague) == {}
    add_point(world, customer_id, "colleague")
    assert set(held(colleague)) == {alert_id}


def test_an_alert_given_to_somebody_by_name_stays_his(
    colleague: Phone, world: World, point: UUID, customer_id: UUID
) -> None:
    alert_id = stop(world, customer_id)
    with world.transaction() as ctx:
        accounts.grant(ctx, [(world.people["colleague"], "alert", UUID(alert_id))])
    assign(world, point, "second_manager")
    assert set(held(colleague)) == {alert_id}


def test_whoever_holds_an_alert_may_answer_it_from_his_phone(phone: Phone, world: World, customer_id: UUID) -> None:
    alert_id = stop(world, customer_id)
    (result,) = phone.push(phone.operation("alert.feedback", UUID(alert_id), {"verdict": "watch", "text": ""}))
    assert (result["status"], result["code"]) == ("applied", "applied")


def test_finished_alerts_leave_the_devices_after_90_days_and_open_ones_stay(
    phone: Phone, world: World, customer_id: UUID, clock: Clock
) -> None:
    other_id = add_customer(world, officer=None)
    add_point(world, other_id, "officer")
    finished, forgotten = stop(world, customer_id), stop(world, other_id)
    decide(phone, finished, "confirm")
    for each in (customer_id, other_id):
        judge(world, each, 3, "500", "500")
    for days, left in ((89, {finished, forgotten}), (2, {forgotten})):
        clock.advance(days=days)
        with world.transaction() as ctx:
            service.withdraw_finished(ctx)
        assert set(held(phone)) == left


def test_a_notice_that_has_cleared_asks_nothing_more_and_leaves_the_devices_after_90_days(
    phone: Phone, colleague: Phone, world: World, point: UUID, customer_id: UUID, clock: Clock
) -> None:
    alert_id = stop(world, customer_id)
    with world.transaction() as ctx:
        ctx.session.execute(update(Alert).values(level=Level.NOTICE))
    judge(world, customer_id, 3, "500", "500")
    cleared_for = local_day(clock.now) - (FIRST_DAY + 4 * ONE)
    for days, left in ((90 - cleared_for.days, {alert_id}), (1, set())):
        clock.advance(days=days)
        with world.transaction() as ctx:
            service.withdraw_finished(ctx)
        assert set(held(phone)) == left
    assign(world, point, "colleague")
    assert held(colleague) == {}


def test_a_snapshot_brings_alerts_and_digests_agree(phone: Phone, world: World, customer_id: UUID) -> None:
    alert_id = stop(world, customer_id)
    snapshot, cursor = taken(phone)
    assert ("alert", alert_id) in snapshot
    assert snapshot == mirror(phone)
    assert verified(phone, cursor, snapshot) == {"behind": False, "differing": []}


def test_addressing_costs_the_same_statements_for_any_number_of_enterprises(
    world: World, queries: Callable[[], list[str]]
) -> None:
    counts = []
    for number in (1, 4):
        stopped = [add_customer(world, officer=None) for _ in range(number)]
        for each in stopped:
            add_point(world, each, "officer")
            put_facts(world, each, "1", "1", "1")
        with world.transaction() as ctx:
            seen = queries()
            assert alerts.evaluate(ctx, THIRD, stopped) == number
            counts.append(len(seen))
    assert counts[0] == counts[1]


def test_an_alert_raised_while_its_enterprise_changes_hands_reaches_the_new_officer(committed_world: World) -> None:
    world = committed_world
    customer_id = add_customer(world, officer=None)
    point = add_point(world, customer_id)
    assign(world, point, "officer")
    put_facts(world, customer_id, "1", "1", "1")
    change = threading.Thread(target=assign, args=(world, point, "colleague"))
    with world.transaction() as ctx:
        assert alerts.evaluate(ctx, THIRD, [customer_id]) == 1
        change.start()
        change.join(1)
    change.join(10)
    with world.transaction() as ctx:
        granted = text("SELECT user_id FROM access_grant WHERE entity = 'alert'")
        assert list(ctx.session.scalars(granted)) == [world.people["colleague"]]


def test_the_migration_gives_open_alerts_to_whoever_holds_their_enterprise(
    committed_world: World, catalogue: BankCatalogue
) -> None:
    world = committed_world
    customer_id = add_customer(world, officer=None)
    add_point(world, customer_id, "officer")
    alert_id = stop(world, customer_id)
    migrations.run_alembic(catalogue.engine, world.bank, lambda config: command.downgrade(config, "0028"))
    migrations.upgrade(catalogue, world.bank)
    with world.transaction() as ctx:
        granted = text("SELECT user_id, entity_id FROM access_grant WHERE entity = 'alert'")
        assert [tuple(row) for row in ctx.session.execute(granted)] == [(world.people["officer"], UUID(alert_id))]
