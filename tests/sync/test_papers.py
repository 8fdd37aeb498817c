"""Papers and what is asked about them on the devices of the officer whose record it is, and on nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from alembic import command
from sqlalchemy import text

from inspection_api.core import migrations
from kiosk_print import service as papers
from sync import service
from tests.sync.phone import Phone, Street
from tests.sync.test_pull import mirror
from tests.sync.test_push_more import accepted, unlock
from tests.sync.test_snapshot import taken, verified

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World
    from tests.fixtures import Clock

PAPER = {"paper", "unlock_request"}
REASON = {"reason_code": "missed", "reason": "客户经理出差在外，未能按时打印"}


def print_out(phone: Phone, record: Any, user: str = "officer") -> None:
    headers = {**phone.world.headers(user), "Idempotency-Key": str(uuid4())}
    answer = phone.client.post(f"/api/v1/inspections/{record}/prints", headers=headers)
    assert answer.status_code == 201, answer.json


def ask(phone: Phone, record: Any, user: str) -> str:
    path = f"/api/v1/inspections/{record}/unlock-requests"
    answer = phone.client.post(path, json=REASON, headers=phone.world.headers(user))
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def decide(phone: Phone, request_id: str, user: str, **body: Any) -> None:
    path = f"/api/v1/unlock-requests/{request_id}/decision"
    answer = phone.client.post(path, json=body, headers=phone.world.headers(user))
    assert answer.status_code == 200, answer.json


def held(phone: Phone, entity: str) -> dict[str, dict[str, Any]]:
    phone.headers = phone.world.headers(phone.username)
    return {id_: {**change["d"], "v": change["v"]} for (name, id_), change in mirror(phone).items() if name == entity}


def let_pass(phone: Phone, clock: Clock, days: int) -> None:
    """Let days go by, and do what happens by the clock."""
    clock.advance(days=days)
    with phone.world.transaction() as ctx:
        papers.sweep(ctx)
    with phone.world.transaction() as ctx:
        service.withdraw_finished(ctx)
    phone.headers = phone.world.headers(phone.username)


@pytest.fixture
def others(phone: Phone, street: Street, world: World) -> list[Phone]:
    """Approved devices of a colleague, of those who decide, and of one who looks on."""
    users = ("colleague", "manager", "branch_manager", "province_manager", "risk_manager")
    phones = [Phone(phone.client, world, street, username=user, approved=False) for user in users]
    with world.transaction() as ctx:
        approve = "UPDATE device SET status = 'approved' WHERE id = ANY (:ids)"
        ctx.session.execute(text(approve), {"ids": [each.id for each in phones]})
    return phones


def test_an_officer_holds_the_numbers_of_his_papers_and_his_copies(phone: Phone, street: Street, world: World) -> None:
    record = accepted(phone, street, world)
    assert held(phone, "paper") == {}
    print_out(phone, record)
    print_out(phone, record)
    first, copy = sorted(held(phone, "paper").values(), key=lambda each: each["copy"])
    assert (first["inspection_id"], first["status"], first["copy"], first["window_number"]) == (record, "valid", 1, 1)
    assert (copy["number"], copy["copy"], copy["ended_at"]) == (first["number"], 2, None)
    assert held(phone, "inspection")[str(record)]["print_closes_at"] is not None


def test_a_paper_that_no_longer_counts_says_so(phone: Phone, street: Street, world: World) -> None:
    record = accepted(phone, street, world)
    print_out(phone, record)
    ((paper_id, before),) = held(phone, "paper").items()
    cursor = phone.pull()["cursor"]
    with world.transaction() as ctx:
        ctx.record("inspection.amended", inspection_id=str(record))
    (change,) = [each for each in phone.pull(cursor)["changes"] if each["e"] == "paper"]
    assert (change["id"], change["d"]["status"]) == (paper_id, "superseded")
    assert change["v"] > before["v"]
    assert change["d"]["ended_at"] is not None


def test_a_request_is_held_as_it_stands_until_it_is_decided(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    record = accepted(phone, street, world)
    let_pass(phone, clock, 9)
    asked = unlock(phone, record)
    phone.push(asked)
    pending = held(phone, "unlock_request")[asked["entity_id"]]
    assert (pending["inspection_id"], pending["status"], pending["decided_at"]) == (record, "pending", None)
    decide(phone, asked["entity_id"], "manager", approved=True, days=3, reason="同意，请尽快打印")
    approved = held(phone, "unlock_request")[asked["entity_id"]]
    assert (approved["status"], approved["days"], approved["decision_reason"]) == ("approved", 3, "同意，请尽快打印")
    assert approved["v"] > pending["v"]
    print_out(phone, record)
    (paper,) = held(phone, "paper").values()
    assert paper["window_number"] == 2


def test_any_number_of_requests_takes_the_same_number_of_queries(
    phone: Phone, street: Street, world: World, clock: Clock, queries: Callable[[], list[str]]
) -> None:
    records = [accepted(phone, street, world) for _ in range(5)]
    let_pass(phone, clock, 9)
    phone.push(unlock(phone, records[0]))
    seen = queries()
    (alone,) = phone.push(unlock(phone, records[1]))
    one = len(seen)
    seen = queries()
    told = phone.push(*(unlock(phone, record) for record in (records[2], records[0], records[3], records[4])))
    assert len(seen) == one
    assert alone["status"] == "applied"
    assert [(each["status"], each["code"]) for each in told] == [
        ("applied", "applied"),
        ("rejected", "unlock_requested"),
        ("applied", "applied"),
        ("applied", "applied"),
    ]
    assert len(held(phone, "unlock_request")) == 5


def test_what_becomes_of_a_request_by_itself_is_told(phone: Phone, street: Street, world: World, clock: Clock) -> None:
    first, second = accepted(phone, street, world), accepted(phone, street, world)
    let_pass(phone, clock, 9)
    requests = [ask(phone, record, "officer") for record in (first, second)]
    path = f"/api/v1/unlock-requests/{requests[0]}/withdraw"
    assert phone.client.post(path, headers=phone.headers).status_code == 200
    let_pass(phone, clock, 30)
    told = held(phone, "unlock_request")
    assert [told[each]["status"] for each in requests] == ["withdrawn", "expired"]


def test_papers_and_requests_reach_nobody_but_the_officer_whose_record_it_is(
    phone: Phone, others: list[Phone], street: Street, world: World, clock: Clock
) -> None:
    record = accepted(phone, street, world)
    print_out(phone, record, "manager")
    let_pass(phone, clock, 9)
    request_id = ask(phone, record, "manager")
    assert set(held(phone, "unlock_request")) == {request_id}
    assert len(held(phone, "paper")) == 1
    for other in others:
        other.headers = world.headers(other.username)
        assert {entity for entity, _ in mirror(other)} == {"template", "template_version"}
        assert {entity for entity, _ in taken(other)[0]} == {"template", "template_version"}


def test_a_snapshot_brings_papers_and_digests_agree(phone: Phone, street: Street, world: World, clock: Clock) -> None:
    record = accepted(phone, street, world)
    print_out(phone, record)
    let_pass(phone, clock, 9)
    phone.push(unlock(phone, record))
    snapshot, cursor = taken(phone)
    assert {entity for entity, _ in snapshot} >= PAPER
    assert snapshot == mirror(phone)
    assert verified(phone, cursor, snapshot) == {"behind": False, "differing": []}


def test_papers_leave_the_devices_with_their_record_and_come_back_when_it_is_unlocked(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    record = accepted(phone, street, world)
    print_out(phone, record)
    let_pass(phone, clock, 9)
    first = ask(phone, record, "officer")
    decide(phone, first, "manager", approved=False, reason="理由不充分")
    let_pass(phone, clock, 60)
    assert len(held(phone, "paper")) == len(held(phone, "unlock_request")) == 1
    let_pass(phone, clock, 35)
    assert len(held(phone, "unlock_request")) == 0
    assert held(phone, "inspection") == held(phone, "paper") == {}
    second = ask(phone, record, "manager")
    let_pass(phone, clock, 1)
    assert set(held(phone, "unlock_request")) == {second}
    decide(phone, second, "second_manager", approved=True, days=3, reason="同意")
    assert set(held(phone, "unlock_request")) == {first, second}
    assert set(held(phone, "inspection")) == {str(record)}
    assert len(held(phone, "paper")) == 1


def test_the_migration_gives_papers_to_whoever_holds_their_record_and_takes_them_back(
    committed_app: Flask, committed_world: World, catalogue: BankCatalogue, clock: Clock
) -> None:
    world = committed_world
    phone = Phone(committed_app.test_client(), world, Street(world))
    phone.shake_hands()
    kept, dropped = (accepted(phone, phone.street, world) for _ in range(2))
    for record in (kept, dropped):
        print_out(phone, record)
    let_pass(phone, clock, 9)
    request_id = ask(phone, kept, "officer")
    before = mirror(phone)
    with world.transaction() as ctx:
        ctx.session.execute(text("DELETE FROM access_grant WHERE entity_id = :id"), {"id": UUID(str(dropped))})
    migrations.run_alembic(catalogue.engine, world.bank, lambda config: command.downgrade(config, "0027"))
    migrations.upgrade(catalogue, world.bank)
    assert set(held(phone, "unlock_request")) == {request_id}
    ((_, paper),) = held(phone, "paper").items()
    assert paper["inspection_id"] == kept
    assert {thing for thing in before if thing[0] == "unlock_request"} <= set(mirror(phone))
