"""Push on the real application: what waits for what, numbers that come again, and one parked operation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select

from checkpoints.models import Checkpoint
from inspection_api.inspections.models import Inspection
from sync.models import SyncNumber
from tests.sync.operations import save, statuses
from tests.sync.phone import Phone, fix

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Street


@pytest.mark.parametrize("by_number", [True, False])
def test_a_visit_waits_for_what_is_missing_before_it(phone: Phone, street: Street, *, by_number: bool) -> None:
    missing = save(phone, street, street.add())
    visit = phone.submit(street.add())
    visit["depends_on"] = [missing["seq"] if by_number else missing["op_id"]]
    assert phone.push(visit)[0]["status"] == "held"
    assert statuses(phone.push(missing)) == {missing["op_id"]: "applied", visit["op_id"]: "extra"}


def test_an_operation_leans_on_one_of_an_earlier_batch_even_after_it_was_held(phone: Phone, street: Street) -> None:
    first, missing = phone.submit(street.add()), save(phone, street, street.add())
    held = save(phone, street, street.add(), depends_on=[first["op_id"], 1])
    phone.push(first)
    assert phone.push(held)[0]["status"] == "held"
    assert statuses(phone.push(missing)) == {missing["op_id"]: "applied", held["op_id"]: "applied"}
    later = save(phone, street, street.add(), depends_on=[first["op_id"], 3])
    assert phone.push(later)[0]["status"] == "applied"


def test_a_later_operation_of_the_batch_is_a_bad_dependency(phone: Phone, street: Street) -> None:
    first, second = phone.submit(street.add()), phone.submit(street.add())
    results = phone.push({**first, "depends_on": [second["op_id"]]}, {**second, "depends_on": [first["op_id"]]})
    assert [(each["status"], each["code"]) for each in results] == [
        ("rejected", "bad_dependency"),
        ("quarantined", "dependency"),
    ]


def test_an_operation_under_two_numbers_harms_only_what_leans_on_the_wrong_one(phone: Phone, street: Street) -> None:
    first = phone.submit(street.add())
    leaning = phone.operation("inspection.submit", uuid4(), phone.visit(street.add()), depends_on=[3], seq=5)
    results = phone.push({**first, "seq": 7}, {**first, "seq": 3}, leaning)
    assert {each["seq"]: each["code"] for each in results if each["op_id"] == leaning["op_id"]} == {5: "bad_dependency"}


@pytest.mark.parametrize("name", ["a\u0000b", "\u202e" * 300, "2.4.1" * 100])
def test_the_name_of_the_app_never_stops_a_batch(phone: Phone, street: Street, name: str) -> None:
    (result,) = phone.push(phone.submit(street.add()), app=name)
    assert result["status"] == "extra"


def test_a_binding_that_leans_on_what_waits_waits_for_a_manager(phone: Phone, street: Street, world: World) -> None:
    point = street.add(bound=False)
    outside = phone.submit(street.add(), scan={**phone.visit(street.add())["scan"], "qr": "XJ1.forged"})
    payload = {"qr": street.plate(point), "fixes": [fix(1), fix(2), fix(3)], "photo": phone.photo("plate")}
    bind = phone.operation("checkpoint.bind", point, payload, depends_on=[outside["op_id"]])
    results = phone.push(outside, bind)
    assert (results[1]["status"], results[1]["code"]) == ("quarantined", "dependency")
    with world.transaction() as ctx:
        assert ctx.session.get_one(Checkpoint, point).state == "pending_confirm"


def test_a_binding_is_not_judged_before_what_it_depends_on(phone: Phone, street: Street) -> None:
    point = street.add(bound=False)
    bad = phone.submit(street.add(), fixes=[fix(900)])
    visit = phone.submit(point)
    fixes = [fix(1), fix(2), fix(3)]
    payload = {"qr": street.plate(point), "fixes": fixes, "photo": phone.photo("plate")}
    bind = phone.operation("checkpoint.bind", point, payload, depends_on=[bad["seq"]])
    results = statuses(phone.push(bad, visit, bind))
    assert results[bind["op_id"]] == "quarantined"


def test_a_known_operation_of_a_device_that_registered_anew_leaves_no_gap(
    client: FlaskClient, world: World, phone: Phone, street: Street
) -> None:
    known = [phone.submit(street.add()), save(phone, street, street.add())]
    before = phone.push(*known)
    anew = Phone(client, world, street)
    again = [{**operation, "seq": next(anew.seqs)} for operation in reversed(known)]
    leaning = save(anew, street, street.add(), depends_on=[2])
    answer = anew.send(anew.batch(*again, leaning)).json
    assert answer["acked_through"] == 3
    assert answer["results"][:2] == list(reversed(before))
    assert answer["results"][2]["status"] == "applied"
    after = save(anew, street, street.add(), depends_on=[1, 2])
    assert anew.push(after)[0]["status"] == "applied"
    with world.transaction() as ctx:
        numbers = {(row.device_id, row.seq): str(row.op_id) for row in ctx.session.scalars(select(SyncNumber))}
    assert numbers == {(anew.id, 1): known[1]["op_id"], (anew.id, 2): known[0]["op_id"]}


def test_other_content_under_a_known_id_takes_its_number_and_is_told_so_every_time(
    phone: Phone, street: Street
) -> None:
    first = phone.submit(street.add())
    phone.push(first)
    other = {**phone.submit(street.add()), "op_id": first["op_id"]}
    body = phone.batch(other)
    for _ in range(2):
        answer = phone.send(body).json
        assert (answer["acked_through"], answer["results"][0]["code"]) == (2, "op_id_reused")


def test_another_officers_operation_id_shows_nothing_of_his(
    client: FlaskClient, world: World, phone: Phone, street: Street
) -> None:
    first = phone.submit(street.add())
    phone.push(first)
    colleague = Phone(client, world, street, username="colleague")
    copied = {**first, "seq": next(colleague.seqs)}
    body = colleague.batch(copied)
    for _ in range(2):
        (result,) = colleague.send(body).json["results"]
        assert (result["status"], result["code"]) == ("rejected", "op_id_reused")
    leaning = {**colleague.submit(street.add("colleague")), "depends_on": [first["op_id"]]}
    assert colleague.push(leaning)[0]["code"] == "bad_dependency"


def test_what_was_held_moves_to_the_device_that_registered_anew(
    client: FlaskClient, world: World, phone: Phone, street: Street
) -> None:
    next(phone.seqs)
    held = save(phone, street, street.add())
    assert phone.push(held)[0]["status"] == "held"
    anew = Phone(client, world, street)
    assert anew.push({**held, "seq": next(anew.seqs)})[0]["status"] == "applied"
    assert phone.shake_hands()["held"] == []


def test_what_comes_after_a_parked_operation_on_its_entity_waits_behind_it(
    phone: Phone, street: Street, world: World, poison: set[str]
) -> None:
    poison.add("毒")
    point, entity = street.add(), uuid4()
    parked = save(phone, street, point, entity_id=entity, note="毒")
    behind = save(phone, street, point, entity_id=entity, note="毒")
    leaning = save(phone, street, street.add(), depends_on=[parked["op_id"]])
    free = save(phone, street, street.add())
    results = phone.push(parked, behind, leaning, free)
    assert [each["status"] for each in results] == ["parked", "held", "held", "applied"]
    further = save(phone, street, point, entity_id=entity, note="再后")
    assert phone.push(further)[0]["status"] == "held"
    assert [each["status"] for each in phone.shake_hands()["held"]] == ["parked", "held", "held", "held"]
    with world.transaction() as ctx:
        assert ctx.session.get(Inspection, entity) is None


def test_versions_are_true_when_a_batch_is_taken_one_by_one(
    phone: Phone, street: Street, world: World, poison: set[str]
) -> None:
    poison.add("毒")
    point, entity = street.add(), uuid4()
    first, second = (save(phone, street, point, entity_id=entity, note=note) for note in ("一", "二"))
    results = phone.push(first, second, save(phone, street, point, note="毒"))
    assert [each["status"] for each in results] == ["applied", "applied", "parked"]
    with world.transaction() as ctx:
        assert results[1]["version"] == ctx.session.get(Inspection, entity).version


def test_after_72_hours_nothing_waits_for_a_missing_number_any_more(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point, entity = street.add(), uuid4()
    missing = save(phone, street, point, entity_id=entity, note="早")
    held = save(phone, street, point, entity_id=entity, note="晚")
    assert phone.push(held)[0]["status"] == "held"
    clock.advance(hours=71)
    phone.headers = world.headers("officer")
    assert phone.push() == []
    clock.advance(hours=1)
    phone.headers = world.headers("officer")
    (result,) = phone.push()
    assert (result["op_id"], result["status"], result["flags"]) == (held["op_id"], "applied", ["gap"])
    (late,) = phone.push(missing)
    assert late["status"] == "superseded"
    with world.transaction() as ctx:
        assert ctx.session.get(Inspection, entity).note == "晚"


def test_a_batch_that_is_sent_while_something_waits_tells_nothing_twice(phone: Phone, street: Street) -> None:
    next(phone.seqs)
    phone.push(save(phone, street, street.add()))
    cursor = phone.pull()["cursor"]
    (only,) = phone.push(phone.submit(street.add()))
    assert only["status"] == "extra"
    assert [change for change in phone.pull(cursor)["changes"] if change["k"] == "receipt"] == []


@pytest.mark.parametrize("note", ["a\x85", "e\u0301", "a\rb"])
def test_text_that_is_not_clean_is_rejected_alone(phone: Phone, street: Street, note: str) -> None:
    bad, good = save(phone, street, street.add(), note=note), save(phone, street, street.add())
    raw = phone.batch().decode().replace('"ops": []', f'"ops": {json.dumps([bad, good], ensure_ascii=False)}')
    results = phone.send(raw.encode()).json["results"]
    assert [(each["status"], each["code"]) for each in results] == [
        ("rejected", "invalid_payload"),
        ("applied", "applied"),
    ]
    assert results[0]["message"].startswith("文本")


def test_exactly_a_thousand_operations_are_held_and_all_drain(phone: Phone, street: Street) -> None:
    point = street.add()
    missing = save(phone, street, point)
    for _ in range(5):
        phone.push(*(save(phone, street, point) for _ in range(200)))
    assert len(phone.shake_hands()["held"]) == 1000
    full = phone.send(phone.batch(save(phone, street, point, seq=1002)))
    assert (full.status_code, full.json["code"]) == (429, "held_limit")
    results = phone.push(missing, save(phone, street, point, seq=1002))
    assert len(results) == 1002
    assert set(statuses(results).values()) == {"applied"}
    assert phone.shake_hands()["held"] == []
