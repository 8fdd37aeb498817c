"""No number that a phone can write makes an operation wait for a programmer: it means something, or it is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from sync.protocol.envelope import decode_operation
from tests.sync.phone import Phone, Street, fix

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sync.drafting import Desk
    from tests.sync.offices import Office

NUMBERS = ("-1", "-0.0", "1e-300", "1e308", "-1e308", "1e999", "NaN", "-Infinity", "2147483648", "9223372036854775808")
NUMBERS += ("-9223372036854775809", "9" * 40, "9" * 400, "9" * 5000, "1.5", "0")
MARK = "the number"

SUBMIT_FIELDS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a fix's longitude": lambda visit: visit["fixes"][0].update(lon=MARK),
    "a fix's latitude": lambda visit: visit["scan"]["fixes"][0].update(lat=MARK),
    "a fix's accuracy": lambda visit: visit["scan"]["fixes"][0].update(acc=MARK),
    "a fix's age": lambda visit: visit["scan"]["fixes"][0].update(age_s=MARK),
    "the scan's uptime": lambda visit: visit["scan"]["at"].update(mono_ms=MARK),
    "a capture's uptime": lambda visit: visit["media"][0]["captured"].update(mono_ms=MARK),
    "a capture's accuracy": lambda visit: visit["media"][0]["fix"].update(acc=MARK),
    "a medium's length": lambda visit: visit["media"][0].update(bytes=MARK),
    "a medium's width": lambda visit: visit["media"][0].update(width=MARK),
    "a medium's height": lambda visit: visit["media"][0].update(height=MARK),
    "a medium's duration": lambda visit: visit["media"][0].update(seconds=MARK),
    "an answer": lambda visit: visit["answers"][1].update(value=MARK),
    "an answer's list": lambda visit: visit["answers"][1].update(value=[MARK]),
}
ENVELOPE_FIELDS = ("base_version", "op_format", "captured.mono_ms")


def with_number(operation: dict[str, Any], number: str) -> str:
    return json.dumps(operation).replace(f'"{MARK}"', number)


def statuses(phone: Phone, operations: list[str]) -> list[str]:
    body = phone.batch().decode().replace('"ops": []', f'"ops": [{", ".join(operations)}]')
    answer = phone.send(body.encode())
    assert answer.status_code == 200, answer.json
    return [result["status"] for result in answer.json["results"]]


def visits_with(phone: Phone, street: Street, number: str) -> list[str]:
    point = street.add()
    operations = []
    for put in SUBMIT_FIELDS.values():
        payload = phone.visit(point)
        put(payload)
        operations.append(phone.operation("inspection.submit", uuid4(), payload))
    for name in ENVELOPE_FIELDS:
        operation = phone.operation("inspection.submit", uuid4(), phone.visit(point))
        holder = operation["captured"] if name.startswith("captured") else operation
        holder[name.removeprefix("captured.")] = MARK
        operations.append(operation)
    return [with_number(operation, number) for operation in operations]


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:20])
def test_a_hostile_number_in_a_visit_never_parks_it(phone: Phone, street: Street, number: str) -> None:
    outcomes = statuses(phone, visits_with(phone, street, number))
    assert len(outcomes) == len(SUBMIT_FIELDS) + len(ENVELOPE_FIELDS)
    assert "parked" not in outcomes


@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: number[:20])
def test_a_hostile_number_in_a_binding_or_a_draft_never_parks_it(phone: Phone, street: Street, number: str) -> None:
    point = street.add(bound=False)
    plate = {"qr": street.plate(point), "fixes": [fix(1), fix(2), fix(3)]}
    draft = {"checkpoint_id": str(point), "template_version_id": str(street.portfolio.version_id)}
    changes: list[dict[str, Any]] = [
        {"photo": phone.photo("plate", bytes=MARK)},
        {"photo": phone.photo("plate", seconds=MARK)},
        {"photo": phone.photo("plate"), "fixes": [fix(acc=MARK), fix(), fix()]},
        {"photo": phone.photo("plate"), "fixes": [fix(lon=MARK), fix(), fix()]},
        {"photo": phone.photo("plate"), "fixes": [fix(age_s=MARK), fix(), fix()]},
    ]
    operations = [phone.operation("checkpoint.bind", point, plate | change) for change in changes]
    answers = {"answers": [{"item": "tax_ytd", "value": MARK}]}
    operations.append(phone.operation("inspection.save", uuid4(), draft | answers))
    outcomes = statuses(phone, [with_number(operation, number) for operation in operations])
    assert "parked" not in outcomes


@pytest.mark.parametrize(
    "changes",
    [
        {"mono_ms": 2**62},
        {"mono_ms": -(2**62)},
        {"boot_id": "b" * 101},
        {"boot_id": ""},
    ],
)
def test_a_stamp_that_no_phone_can_make_is_a_fault(changes: dict[str, Any]) -> None:
    stamp = {"wall": "2026-03-10T02:00:00+00:00", "mono_ms": 1, "boot_id": "b"}
    operation = {
        "op_id": str(uuid4()),
        "seq": 1,
        "op_format": 1,
        "type": "inspection.save",
        "entity_id": str(uuid4()),
        "captured": stamp | changes,
        "payload": {},
    }
    assert decode_operation(json.dumps(operation).encode()).operation is None
    assert decode_operation(json.dumps(operation | {"captured": stamp}).encode()).operation is not None


@pytest.mark.parametrize("field", ["mono_ms", "last_seq"])
@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_a_handshake_takes_no_number_that_no_column_holds(phone: Phone, field: str, number: int) -> None:
    body = {"device_id": str(phone.id), "boot_id": "boot", field: number}
    answer = phone.client.post("/api/v1/sync/handshake", json=body, headers=phone.headers)
    assert (answer.status_code, [each["field"] for each in answer.json["errors"]]) == (422, [field])


HOSTILE_VALUES = [
    *NUMBERS,
    "[1e308]",
    '{"a": -1e308}',
    *("[" * depth + "]" * depth for depth in (200, 300, 900, 5000)),
    '{"a":' * 300 + "1" + "}" * 300,
]


@pytest.mark.parametrize("value", HOSTILE_VALUES, ids=lambda value: value[:20])
def test_a_hostile_answer_in_a_draft_stops_no_device(
    desk: Desk, phone: Phone, second: Phone, value: str, office: Office
) -> None:
    """A draft keeps what came; both devices still pull, take snapshots, and are told of the clash."""
    hostile = operation_of(desk, phone, value)
    for device, operation in ((phone, hostile), (second, operation_of(desk, second, '"停工"'))):
        body = device.batch().decode().replace('"ops": []', f'"ops": [{operation}]')
        answers = [device.send(body.encode()) for _ in range(2)]
        assert {answer.status_code for answer in answers} <= {200, 400}
    assert phone.pull() == {**second.pull(), "cursor": phone.pull()["cursor"]}
    assert phone.snapshot()["changes"]
    office.conflicts()


def operation_of(desk: Desk, device: Phone, value: str) -> str:
    payload = {
        "checkpoint_id": str(desk.point),
        "template_version_id": str(desk.street.portfolio.version_id),
        "answers": [{"item": "remark", "value": MARK}],
    }
    return json.dumps(device.operation("inspection.save", desk.entity, payload)).replace(f'"{MARK}"', value)
