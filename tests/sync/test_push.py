"""Push on the real application: every status of the submit, receipts, order, holds, and one bad operation alone."""

from __future__ import annotations

import base64
import gzip
import json
from itertools import cycle, islice
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from checkpoints.models import Checkpoint
from inspection_api.core.events import Event
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import QUARANTINE_REASONS
from inspection_api.media.models import Media
from inspection_api.tasks.models import Task
from sync.models import SyncReceipt
from tests.sync.phone import Phone, calm_answers, fix

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Street


MOST_QUERIES = 29  # three of them the test's own


def record(world: World, operation: dict[str, Any]) -> Inspection | None:
    with world.transaction() as ctx:
        return ctx.session.get(Inspection, operation["entity_id"])


def test_a_good_visit_is_applied_and_waits_for_its_media(phone: Phone, street: Street, world: World) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    operation = phone.submit(point, task)
    (result,) = phone.push(operation)
    assert (result["status"], result["code"]) == ("applied", "applied")
    stored = record(world, operation)
    assert (stored.state, stored.blockers, stored.task_id) == ("submitted", ["media"], task)
    assert (stored.conclusion, stored.performed_on.isoformat()) == ("normal", "2026-03-10")
    assert stored.judgement["verdict"] == "inside"


def test_a_visit_whose_template_asks_no_media_is_accepted_at_once_and_closes_its_task(
    phone: Phone, street: Street, world: World
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    operation = phone.submit(point, task)
    phone.push(operation)
    with world.transaction() as ctx:
        for medium in ctx.session.scalars(select(Media)):
            medium.status, medium.stored_at = "stored", ctx.now
            ctx.record("media.stored", media_id=str(medium.id), inspection_id=str(medium.inspection_id))
    stored = record(world, operation)
    assert (stored.state, stored.blockers) == ("accepted", [])
    assert stored.snapshot["customer_name"].startswith("企业")
    assert stored.print_closes_at is not None
    with world.transaction() as ctx:
        assert ctx.session.get(Task, task).state == "done"


def test_the_same_bytes_again_have_one_effect_and_the_same_receipts(phone: Phone, street: Street, world: World) -> None:
    body = phone.batch(phone.submit(street.add()))
    first, second = phone.send(body).json, phone.send(body).json
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert first["results"] == second["results"]
    with world.transaction() as ctx:
        assert ctx.session.scalar(select(func.count()).select_from(Inspection)) == 1


def test_the_same_operation_in_another_batch_is_replayed_alone(phone: Phone, street: Street) -> None:
    first, second = phone.submit(street.add()), phone.submit(street.add())
    before = phone.push(first)
    after = phone.push(first, second)
    assert after[0] == before[0]
    assert after[1]["status"] == "extra"


def test_a_batch_id_with_other_bytes_is_refused(phone: Phone, street: Street) -> None:
    batch_id = str(uuid4())
    phone.push(phone.submit(street.add()), batch_id=batch_id)
    answer = phone.send(phone.batch(phone.submit(street.add()), batch_id=batch_id))
    assert (answer.status_code, answer.json["code"]) == (409, "batch_id_reused")


def test_an_operation_id_with_other_content_is_refused_and_the_first_stands(phone: Phone, street: Street) -> None:
    operation = phone.submit(street.add())
    phone.push(operation)
    (result,) = phone.push({**operation, "payload": {**operation["payload"], "note": "改了"}})
    assert (result["status"], result["code"]) == ("rejected", "op_id_reused")


def test_a_visit_without_a_task_is_extra_once_accepted(phone: Phone, street: Street) -> None:
    (result,) = phone.push(phone.submit(street.add()))
    assert result["status"] == "extra"


QUARANTINES: dict[str, tuple[dict[str, Any], str]] = {
    "outside": ({"scan": {"fixes": [fix(900)]}}, "outside"),
    "mock": ({"scan": {"fixes": [fix(mock=True)]}}, "mock"),
    "no fix": ({"scan": {"fixes": []}}, "stale"),
    "coarse": ({"scan": {"fixes": [fix(acc=400.0)]}}, "too_coarse"),
    "another fence at submit": ({"fixes": [fix(900)]}, "outside"),
    "answer missing": ({"answers": calm_answers(op_status=None)}, "answers_invalid"),
    "answer of the wrong type": ({"answers": calm_answers(tax_ytd="much")}, "answers_invalid"),
    "answer out of range": ({"answers": calm_answers(tax_ytd="-1")}, "answers_invalid"),
    "no photos": ({"media": []}, "evidence_missing"),
    "weak, no photo of the plate": ({"scan": {"fixes": [fix(230, acc=60.0)]}}, "evidence_missing"),
    "forged plate": ({"scan": {"qr": "XJ1.00000000.AAAA.1.BBBB"}}, "qr_invalid"),
    "truncated plate": ({"scan": {"qr": "XJ1."}}, "qr_invalid"),
}


@pytest.mark.parametrize("case", QUARANTINES)
def test_what_speaks_against_a_visit_quarantines_it_and_loses_nothing(
    phone: Phone, street: Street, world: World, case: str
) -> None:
    point = street.add()
    changes, code = QUARANTINES[case]
    payload = phone.visit(point)
    for name, value in changes.items():
        payload[name] = {**payload[name], **value} if isinstance(value, dict) else value
    operation = phone.operation("inspection.submit", uuid4(), payload)
    (result,) = phone.push(operation)
    assert (result["status"], result["code"]) == ("quarantined", code)
    stored = record(world, operation)
    assert (stored.state, "quarantine" in stored.blockers) == ("submitted", True)
    assert code in stored.quarantine_codes
    assert {*stored.quarantine_codes} <= {*QUARANTINE_REASONS}


def test_a_weak_visit_with_a_photo_of_the_plate_counts_and_goes_to_review(
    phone: Phone, street: Street, world: World
) -> None:
    payload = phone.visit(street.add())
    payload["scan"]["fixes"] = [fix(230, acc=60.0)]
    payload["media"].append(phone.photo("plate") | {"item": None})
    operation = phone.operation("inspection.submit", uuid4(), payload)
    (result,) = phone.push(operation)
    assert result["status"] == "extra"
    assert record(world, operation).flags == ["weak"]


def test_all_reasons_for_quarantine_are_told_together(phone: Phone, street: Street, world: World) -> None:
    visit = phone.submit(street.add(), answers=[], media=[], fixes=[fix(900)])
    (result,) = phone.push(visit)
    assert {"outside", "answers_invalid", "evidence_missing"} <= set(result["codes"])


def test_a_forged_plate_leaves_a_security_event(phone: Phone, street: Street, world: World) -> None:
    point = street.add()
    payload = phone.visit(point)
    payload["scan"]["qr"] = phone.street.plate(street.add())
    phone.push(phone.operation("inspection.submit", uuid4(), payload))
    with world.transaction() as ctx:
        kinds = set(ctx.session.scalars(select(Event.kind)))
    assert "security.qr_invalid" in kinds


def typed(phone: Phone, point: UUID, text: str) -> dict[str, Any]:
    """A visit whose plate no camera could read."""
    payload = phone.visit(point)
    payload["scan"] |= {"qr": text, "manual_reason": "牌面破损，无法扫描"}
    return phone.operation("inspection.submit", uuid4(), payload)


def test_a_typed_code_waits_for_a_person_who_reads_the_reason(phone: Phone, street: Street, world: World) -> None:
    point = street.add()
    with world.transaction() as ctx:
        code = ctx.session.get_one(Checkpoint, point).code
    operation = typed(phone, point, f" {code.lower()} ")
    (result,) = phone.push(operation)
    assert (result["status"], result["codes"]) == ("quarantined", ["qr_manual"])
    stored = record(world, operation)
    assert stored.judgement["manual"] == {"text": f" {code.lower()} ", "reason": "牌面破损，无法扫描"}
    assert (stored.judgement["verdict"], stored.judgement["plate_generation"]) == ("inside", None)
    assert stored.evidence["scan"]["manual_reason"] == "牌面破损，无法扫描"
    waiting = phone.client.get("/api/v1/sync/quarantine", headers=world.headers("manager")).json["items"]
    assert "牌面破损，无法扫描" in waiting[0]["reasons"][0]["message"]


def test_what_was_typed_is_judged_as_if_it_had_been_scanned(phone: Phone, street: Street, world: World) -> None:
    point = street.add()
    genuine, foreign = typed(phone, point, street.plate(point)), typed(phone, point, "CP-OTHER")
    results = phone.push(genuine, foreign)
    assert [each["codes"] for each in results] == [["qr_manual"], ["qr_manual", "qr_invalid"]]
    assert record(world, genuine).judgement["plate_generation"] == 1


def test_a_scan_by_camera_leaves_no_word_of_typing(phone: Phone, street: Street, world: World) -> None:
    operation = phone.submit(street.add())
    operation["payload"]["scan"]["manual_reason"] = None
    phone.push(operation)
    stored = record(world, operation)
    assert ("manual" in stored.judgement, stored.quarantine_codes) == (False, [])


@pytest.mark.parametrize("name", ["checkpoint_id", "task_id", "template_version_id"])
def test_unknown_and_foreign_things_answer_alike(phone: Phone, street: Street, name: str) -> None:
    foreign = street.add("foreign_officer", "foreign")
    tasks = street.make_tasks()
    own = street.add()
    other = {"checkpoint_id": foreign, "task_id": tasks[foreign], "template_version_id": uuid4()}[name]
    answers = []
    for value in (uuid4(), other):
        payload = {**phone.visit(own), name: str(value)}
        answers += phone.push(phone.operation("inspection.submit", uuid4(), payload))
    verdicts = {(answer["status"], answer["code"]) for answer in answers}
    assert verdicts == {("rejected", "forbidden_or_unknown")}


def test_a_foreign_banks_plate_is_as_good_as_forged(phone: Phone, street: Street, other_world: World) -> None:
    point = street.add()
    own = street.plate(point)
    parts = own.split(".")
    foreign = ".".join([parts[0], other_world.bank.tag.upper(), *parts[2:]])
    payload = phone.visit(point)
    payload["scan"]["qr"] = foreign
    (result,) = phone.push(phone.operation("inspection.submit", uuid4(), payload))
    assert result["code"] == "qr_invalid"


def test_bytes_that_another_visit_brought_are_a_contradiction(phone: Phone, street: Street) -> None:
    first = phone.submit(street.add())
    second = phone.submit(street.add())
    stolen = first["payload"]["media"][0]["sha256"]
    second["payload"]["media"][0]["sha256"] = stolen
    results = phone.push(first, second)
    assert results[0]["status"] == "extra"
    assert results[1]["code"] == "media_contradiction"


def test_an_unapproved_device_pushes_into_quarantine_and_its_approval_releases_it(
    client: FlaskClient, world: World, street: Street
) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    operation = phone.submit(street.add())
    (result,) = phone.push(operation)
    assert (result["status"], result["code"]) == ("quarantined", "device_unapproved")
    refused = client.get(f"/api/v1/sync/pull?device_id={phone.id}", headers=phone.headers)
    assert (refused.status_code, refused.json["code"]) == (403, "device_unapproved")
    phone.approve()
    assert record(world, operation).blockers == ["media"]


def test_a_signature_over_other_bytes_is_refused_and_applies_nothing(
    phone: Phone, street: Street, world: World
) -> None:
    body = phone.batch(phone.submit(street.add()))
    tampered = body.replace(b'"app": "test"', b'"app": "tess"')
    answer = phone.client.post(
        "/api/v1/sync/push", data=tampered, headers={**phone.headers, "Device-Signature": "ed25519=AAAA"}
    )
    assert (answer.status_code, answer.json["code"]) == (403, "signature_invalid")
    with world.transaction() as ctx:
        assert ctx.session.scalar(select(func.count()).select_from(SyncReceipt)) == 0
        assert "security.signature_invalid" in set(ctx.session.scalars(select(Event.kind)))


def test_another_officers_device_is_unknown(phone: Phone, street: Street, client: FlaskClient, world: World) -> None:
    body = phone.batch(phone.submit(street.add()))
    phone.headers = world.headers("colleague")
    answer = phone.send(body)
    assert (answer.status_code, answer.json["code"]) == (404, "device_unknown")


def test_a_draft_is_saved_merged_and_submitted(phone: Phone, street: Street, world: World) -> None:
    point, entity = street.add(), uuid4()
    task = street.make_tasks()[point]
    draft = {
        "checkpoint_id": str(point),
        "task_id": str(task),
        "template_version_id": str(street.portfolio.version_id),
    }
    saved = phone.operation(
        "inspection.save", entity, {**draft, "answers": [{"item": "tax_ytd", "value": "5"}], "note": "在厂"}
    )
    assert phone.push(saved)[0]["status"] == "applied"
    stored = record(world, saved)
    assert (stored.state, stored.answers["tax_ytd"]["value"], stored.note) == ("draft", "5", "在厂")
    with world.transaction() as ctx:
        assert ctx.session.get(Task, task).state == "in_progress"
    (result,) = phone.push(phone.operation("inspection.submit", entity, phone.visit(point, task), base_version=1))
    assert result["status"] == "applied"
    assert record(world, saved).answers["tax_ytd"]["value"] == "3"


def test_two_devices_of_one_officer_clash_on_a_field_and_both_values_stay(
    client: FlaskClient, world: World, phone: Phone, street: Street
) -> None:
    second = Phone(client, world, street)
    second.shake_hands()
    point, entity = street.add(), uuid4()
    draft = {"checkpoint_id": str(point), "template_version_id": str(street.portfolio.version_id)}

    def save(device: Phone, value: str, base_version: int, item: str = "tax_ytd") -> dict[str, Any]:
        payload = {**draft, "answers": [{"item": item, "value": value}]}
        return device.push(device.operation("inspection.save", entity, payload, base_version=base_version))[0]

    assert save(phone, "5", 0)["status"] == "applied"
    clash = save(second, "6", 0)
    assert clash["status"] == "conflict"
    assert clash["fields"]["answers.tax_ytd"]["server"]["value"] == "5"
    assert save(second, "7", 0, item="water_t")["status"] == "merged"
    visit = {**phone.visit(point), "answers": calm_answers(tax_ytd="9")}
    result = second.push(second.operation("inspection.submit", entity, visit, base_version=0))[0]
    assert result["status"] == "conflict"
    assert "conflict" in record(world, {"entity_id": entity}).blockers


def test_a_record_is_submitted_once(phone: Phone, street: Street) -> None:
    first = phone.submit(street.add())
    phone.push(first)
    again = phone.operation("inspection.submit", first["entity_id"], first["payload"])
    (result,) = phone.push(again)
    assert (result["status"], result["code"]) == ("quarantined", "already_submitted")


def test_a_gap_holds_a_save_and_lets_a_visit_through_with_a_flag(phone: Phone, street: Street, world: World) -> None:
    point, entity = street.add(), uuid4()
    draft = {"checkpoint_id": str(point), "template_version_id": str(street.portfolio.version_id)}
    missing = phone.operation("inspection.save", uuid4(), {**draft, "note": "先"})
    held = phone.operation("inspection.save", entity, {**draft, "note": "后"})
    visit = phone.submit(street.add())
    answer = phone.send(phone.batch(held, visit)).json
    assert [result["status"] for result in answer["results"]] == ["held", "extra"]
    assert answer["results"][1]["flags"] == ["gap"]
    assert answer["acked_through"] == 0
    assert phone.shake_hands()["held"][0]["op_id"] == held["op_id"]
    answer = phone.send(phone.batch(missing)).json
    assert {result["op_id"]: result["status"] for result in answer["results"]} == {
        missing["op_id"]: "applied",
        held["op_id"]: "applied",
    }
    assert answer["acked_through"] == 3
    assert record(world, held).note == "后"


def test_an_abandoned_number_releases_what_waited_for_it(phone: Phone, street: Street) -> None:
    draft = {"checkpoint_id": str(street.add()), "template_version_id": str(street.portfolio.version_id)}
    held = phone.operation("inspection.save", uuid4(), {**draft, "note": "后"}, seq=2)
    assert phone.push(held)[0]["status"] == "held"
    results = phone.push(abandon_seq=[1])
    assert [(result["op_id"], result["status"]) for result in results] == [(held["op_id"], "applied")]


def test_a_used_number_with_a_new_operation_is_a_fork(phone: Phone, street: Street) -> None:
    phone.push(phone.submit(street.add()))
    answer = phone.send(phone.batch(phone.operation("inspection.save", uuid4(), {}, seq=1)))
    assert (answer.status_code, answer.json["code"]) == (409, "device_forked")


def test_dependencies_hold_quarantine_or_refuse(phone: Phone, street: Street) -> None:
    bad = phone.submit(street.add(), fixes=[fix(900)])
    leaning = {**phone.submit(street.add()), "depends_on": [bad["op_id"]]}
    lost = {**phone.submit(street.add()), "depends_on": [str(uuid4())]}
    results = phone.push(bad, leaning, lost)
    assert [(each["status"], each["code"]) for each in results] == [
        ("quarantined", "outside"),
        ("quarantined", "dependency"),
        ("rejected", "bad_dependency"),
    ]


POISON: dict[str, Callable[[dict[str, Any]], str]] = {
    "a NUL": lambda op: json.dumps({**op, "payload": {**op["payload"], "note": "a\x00b"}}),
    "a lone surrogate": lambda op: json.dumps({**op, "payload": {**op["payload"], "note": "\ud800"}}),
    "an unknown member": lambda op: json.dumps({**op, "payload": {**op["payload"], "status": "accepted"}}),
    "an unknown type": lambda op: json.dumps({**op, "type": "customer.delete"}),
    "an unknown format": lambda op: json.dumps({**op, "op_format": 99}),
    "a coordinate without system": lambda op: json.dumps(
        {**op, "payload": {**op["payload"], "fixes": [{"lon": 114.5, "lat": 38.0}]}}
    ),
}


@pytest.mark.parametrize("case", POISON)
def test_one_bad_operation_harms_only_itself(phone: Phone, street: Street, case: str) -> None:
    bad, good = phone.submit(street.add()), phone.submit(street.add())
    envelope = phone.batch().decode().replace('"ops": []', f'"ops": [{POISON[case](bad)}, {json.dumps(good)}]')
    answer = phone.send(envelope.encode())
    assert answer.status_code == 200, answer.json
    assert [each["status"] for each in answer.json["results"]] == ["rejected", "extra"]


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"protocol": 2}', b"\xff\xfe", b'{"ops": [{}]}'])
def test_an_envelope_that_cannot_be_read_is_malformed(phone: Phone, body: bytes) -> None:
    answer = phone.send(body)
    assert (answer.status_code, answer.json["code"]) == (400, "batch_malformed")


def test_a_bomb_is_refused_before_it_unfolds(phone: Phone) -> None:
    bomb = gzip.compress(b" " * (10 << 20))
    answer = phone.send(bomb, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_a_compressed_batch_is_signed_over_its_plain_bytes(phone: Phone, street: Street) -> None:
    body = phone.batch(phone.submit(street.add()))
    signature = base64.urlsafe_b64encode(phone.key.sign(body)).decode()
    headers = {**phone.headers, "Device-Signature": f"ed25519={signature}", "Content-Encoding": "gzip"}
    answer = phone.client.post("/api/v1/sync/push", data=gzip.compress(body), headers=headers)
    assert answer.json["results"][0]["status"] == "extra"


def test_more_than_two_hundred_operations_are_too_many(phone: Phone) -> None:
    operations = [phone.operation("inspection.save", uuid4(), {}) for _ in range(201)]
    answer = phone.send(phone.batch(*operations))
    assert (answer.status_code, answer.json["code"]) == (413, "batch_too_large")


def test_a_batch_of_any_size_takes_the_same_number_of_queries(
    phone: Phone, street: Street, queries: Callable[[], list[str]]
) -> None:
    points = [street.add() for _ in range(20)]
    tasks = street.make_tasks()
    phone.push(*(phone.submit(point, tasks[point]) for point in points))  # compiles the template, notes first scans
    counts = []
    for amount in (1, 50, 200):
        visits = [phone.submit(point, tasks[point]) for point in islice(cycle(points), amount)]
        body = phone.batch(*visits)
        seen = queries()
        assert phone.send(body).status_code == 200
        counts.append(len(seen))
    assert counts == [counts[0]] * 3
    assert counts[0] <= MOST_QUERIES


def test_an_unbound_checkpoint_is_bound_before_the_visits_of_its_batch_are_judged(
    phone: Phone, street: Street, world: World
) -> None:
    point = street.add(bound=False)
    fixes = [fix(1), fix(2), fix(3)]
    bind = phone.operation(
        "checkpoint.bind", point, {"qr": street.plate(point), "fixes": fixes, "photo": phone.photo("plate")}
    )
    visit = phone.submit(point)
    results = phone.push(visit, bind)
    assert {each["op_id"]: each["status"] for each in results} == {bind["op_id"]: "applied", visit["op_id"]: "extra"}


def test_the_clock_of_the_device_does_not_decide_the_day(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add()
    payload = phone.visit(point)
    payload["scan"]["at"]["wall"] = "2026-02-01T00:00:00+00:00"
    operation = phone.operation("inspection.submit", uuid4(), payload)
    (result,) = phone.push(operation)
    assert "clock_skew" in result["flags"]
    assert record(world, operation).performed_on.isoformat() == "2026-03-10"
