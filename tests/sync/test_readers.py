"""People without assignments: an approved device of theirs holds what the whole bank shares, and nothing of anybody."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from inspection_api.accounts.models import Device, RoleAssignment
from inspection_api.customers.models import Customer
from inspection_api.loans import service as loans
from inspection_api.loans.models import Loan
from inspection_api.loans.service import NewLoan
from inspection_api.notifications.models import InboxItem
from sync.entities import ENTITIES
from tests.sync.operations import unmet
from tests.sync.phone import Phone
from tests.sync.test_additions import comment
from tests.sync.test_alerts import add_point, stop
from tests.sync.test_papers import ask, print_out
from tests.sync.test_pull import kinds, mirror
from tests.sync.test_push_more import accepted
from tests.sync.test_snapshot import taken, verified
from tests.telemetry.gateways import FIRST_DAY, add_customer
from tests.waiting import deliver_all

if TYPE_CHECKING:
    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Street

SHARED = {name for name, entity in ENTITIES.items() if entity.is_shared}
READERS = ("manager", "branch_manager", "province_manager", "risk_manager", "colleague", "foreign_officer")


@pytest.fixture
def full(phone: Phone, street: Street, world: World, clock: Clock) -> Phone:
    """The phone of an officer who holds something of every kind."""
    customer_id = add_customer(world, officer=None)
    add_point(world, customer_id, "officer")
    terms = {"contract_no": "DK-2026-001", "amount": Decimal(500_000), "disbursed_on": FIRST_DAY}
    with world.transaction() as ctx:
        loans.create_many(ctx, [NewLoan(customer_id=customer_id, matures_on=FIRST_DAY.replace(year=2027), **terms)])
    stop(world, customer_id)
    record = accepted(phone, street, world)
    phone.push(comment(phone, record), unmet(phone, street.add()))
    street.make_tasks()
    print_out(phone, record)
    clock.advance(days=9)
    ask(phone, record, "officer")
    phone.headers = world.headers(phone.username)
    deliver_all(world)
    return phone


def approved(phone: Phone, username: str) -> Phone:
    """Return an approved device of somebody, whoever would have to approve it."""
    device = Phone(phone.client, phone.world, phone.street, username=username, approved=False)
    with phone.world.transaction() as ctx:
        ctx.session.execute(update(Device).where(Device.id == device.id).values(status="approved"))
    return device


def test_the_officer_himself_holds_something_of_every_kind(full: Phone) -> None:
    assert kinds(mirror(full)) == ENTITIES.keys()


def test_every_member_of_every_thing_is_told_as_it_stands_in_its_table(full: Phone, world: World) -> None:
    with world.transaction() as ctx:
        ctx.session.execute(update(Customer).values(name='“秦岭”\\ "机械"\n', contact=None))
        ctx.session.execute(update(Loan).values(amount=Decimal("1234567890123456.70")))
    held = mirror(full)
    assert kinds(held) == ENTITIES.keys()
    with world.transaction() as ctx:
        for (name, id_), change in held.items():
            table = ENTITIES[name].table
            row = ctx.session.execute(select(table).where(table.c.id == id_)).one()
            assert change["v"] == row.version
            assert tuple(change["d"]) == ENTITIES[name].members
            for column in ENTITIES[name].columns:
                assert understood(change["d"][column], getattr(row, column)), (name, column)


def understood(told: Any, value: Any) -> bool:
    """Tell whether JSON says a column's value: amounts as strings, instants with their offset, nothing rounded."""
    if isinstance(value, datetime):
        return datetime.fromisoformat(told) == value
    return bool(told == (str(value) if isinstance(value, Decimal | UUID | date) else value))


@pytest.mark.parametrize("username", READERS)
def test_whoever_has_no_assignment_pulls_only_what_the_whole_bank_shares_and_what_he_is_told(
    full: Phone, world: World, username: str
) -> None:
    device = approved(full, username)
    with world.transaction() as ctx:
        own = ctx.session.scalars(select(InboxItem.id).where(InboxItem.user_id == world.people[username])).all()
    held, cursor = taken(device)
    for found in (mirror(device), held):
        assert kinds(found) - {"inbox_item"} == SHARED
        assert {UUID(id_) for entity, id_ in found if entity == "inbox_item"} == set(own)
    assert verified(device, cursor, held) == {"behind": False, "differing": []}


def test_whoever_only_reads_now_pulls_nothing_at_all(full: Phone, world: World) -> None:
    with world.transaction() as ctx:
        mine = select(RoleAssignment.id).where(RoleAssignment.user_id == world.people["officer"])
        change = update(RoleAssignment).where(RoleAssignment.id.in_(mine)).values(role="auditor")
        ctx.session.execute(change)
    full.headers = world.headers("officer")
    query = {"device_id": str(full.id)}
    answers = [
        full.client.get("/api/v1/sync/pull", query_string=query, headers=full.headers),
        full.client.post("/api/v1/sync/snapshot", json=query, headers=full.headers),
    ]
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(403, "forbidden")] * 2
