"""Meters and ingest over HTTP: row by row verdicts, the same batch again, and somebody else's meter."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from inspection_api.telemetry.models import Reading
from tests.telemetry.gateways import FIRST_DAY, Gateway, add_customer

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World

URL = "/api/v1/telemetry/readings"
AT = datetime(2026, 3, 1, 0, 0, tzinfo=UTC)


def send(client: FlaskClient, gateway: Gateway, rows: list[Any]) -> Any:
    return client.post(URL, headers=gateway.headers, json={"readings": rows})


def stored(world: World, gateway: Gateway) -> int:
    with world.transaction() as ctx:
        statement = select(func.count()).where(Reading.meter_id == gateway.meter_id)
        return int(ctx.session.execute(statement).scalar_one())


def test_a_batch_is_stored_and_the_same_again_changes_nothing(
    client: FlaskClient, world: World, gateway: Gateway
) -> None:
    rows = gateway.day(FIRST_DAY, "240")

    first, again = send(client, gateway, rows), send(client, gateway, rows)

    assert (first.status_code, first.json) == (200, {"stored": 25, "duplicates": 0, "refused": []})
    assert again.json == {"stored": 0, "duplicates": 25, "refused": []}
    assert stored(world, gateway) == 25


def test_a_bad_row_harms_only_itself(client: FlaskClient, world: World, gateway: Gateway) -> None:
    other = Gateway(world=world)
    late = datetime(2026, 3, 10, 2, 10, 1, tzinfo=UTC)
    rows = [
        gateway.row(AT, "1.5"),
        gateway.row(late, 2),
        {**gateway.row(AT, 3), "meter": "no-such-meter"},
        other.row(AT, 4),
        gateway.row(AT, "1.6"),
        gateway.row(AT, "1.50"),
        gateway.row(AT + timedelta(hours=1), -1),
        gateway.row(AT + timedelta(hours=1), "NaN"),
        gateway.row(AT + timedelta(hours=1), "1E-999999"),
        gateway.row(AT + timedelta(hours=1), "1E999999"),
        {**gateway.row(AT, 5), "at": "2026-03-01T00:00:00"},
        {**gateway.row(AT, 5), "more": 1},
        {**gateway.row(AT, 5), "meter": "\x00"},
        7,
    ]

    answer = send(client, gateway, rows)

    assert (answer.status_code, answer.json["stored"], answer.json["duplicates"]) == (200, 1, 1)
    assert {row["index"]: row["code"] for row in answer.json["refused"]} == {
        1: "future",
        2: "unknown_meter",
        3: "unknown_meter",
        4: "differs",
        6: "invalid",
        7: "invalid",
        8: "invalid",
        9: "invalid",
        10: "invalid",
        11: "invalid",
        12: "unknown_meter",
        13: "invalid",
    }
    assert stored(world, other) == 0


def test_another_value_for_a_known_instant_is_named_and_not_kept(client: FlaskClient, gateway: Gateway) -> None:
    send(client, gateway, [gateway.row(AT, "1.5")])

    answer = send(client, gateway, [gateway.row(AT, "2.5"), gateway.row(AT + timedelta(hours=1), "2.5")])

    assert answer.json["stored"] == 1
    assert [(row["index"], row["code"]) for row in answer.json["refused"]] == [(0, "differs")]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "batch_malformed"),
        (b"[]", 400, "batch_malformed"),
        (b'{"readings": 1}', 400, "batch_malformed"),
        (b'{"readings": [], "x": 1}', 400, "batch_malformed"),
        (b'{"readings": [' + b"[" * 100_000, 400, "batch_malformed"),
        (b"\xff", 400, "batch_malformed"),
        (json.dumps({"readings": [0] * 10_001}).encode(), 413, "batch_too_large"),
    ],
)
def test_what_is_no_batch_is_refused_whole(
    client: FlaskClient, gateway: Gateway, body: bytes, status: int, code: str
) -> None:
    answer = client.post(URL, headers=gateway.headers, data=body)
    assert (answer.status_code, answer.json["code"]) == (status, code)


def test_bytes_that_are_no_text_spoil_their_row_only(client: FlaskClient, gateway: Gateway) -> None:
    good = json.dumps(gateway.row(AT, 1)).encode()
    bad = b'{"meter": "\xed\xa0\x80", "at": "2026-03-01T00:00:00Z", "counter_kwh": 1}'
    answer = client.post(URL, headers=gateway.headers, data=b'{"readings": [' + good + b"," + bad + b"]}")
    assert (answer.status_code, answer.json["stored"]) == (200, 1)
    assert [row["code"] for row in answer.json["refused"]] == ["invalid"]


def test_a_large_batch_takes_as_many_statements_as_a_small_one(
    client: FlaskClient, gateway: Gateway, queries: Callable[[], list[str]]
) -> None:
    counts = []
    for first, size in ((0, 1), (1, 10_000)):
        rows = [gateway.row(AT + timedelta(seconds=first + place), first + place) for place in range(size)]
        statements = queries()
        assert send(client, gateway, rows).json["stored"] == size
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


def test_a_batch_may_come_compressed_and_a_bomb_may_not(client: FlaskClient, gateway: Gateway) -> None:
    headers = {**gateway.headers, "Content-Encoding": "gzip"}
    body = json.dumps({"readings": [gateway.row(AT, 1)]}).encode()
    assert client.post(URL, headers=headers, data=gzip.compress(body)).json["stored"] == 1
    bomb = client.post(URL, headers=headers, data=gzip.compress(b" " * (5 << 20)))
    assert (bomb.status_code, bomb.json["code"]) == (413, "too_large")


def test_only_a_gateway_ingests(client: FlaskClient, world: World, gateway: Gateway) -> None:
    assert client.post(URL, json={"readings": []}).status_code == 401
    for user in ("officer", "province_manager", "administrator"):
        assert client.post(URL, headers=world.headers(user), json={"readings": []}).status_code == 403


def test_a_gateway_does_nothing_else(client: FlaskClient, gateway: Gateway) -> None:
    assert client.get("/api/v1/meters", headers=gateway.headers).status_code == 403
    assert client.get("/api/v1/alerts", headers=gateway.headers).status_code == 403


def test_a_token_of_another_bank_is_no_token(client: FlaskClient, gateway: Gateway, other_world: World) -> None:
    secret = gateway.headers["Authorization"].rsplit(".", 1)[1]
    forged = {"Authorization": f"Bearer xj.{other_world.bank.tag}.{secret}"}
    assert client.post(URL, headers=forged, json={"readings": []}).status_code == 401


# --- meters


def meter(gateway: Gateway, **changed: Any) -> dict[str, Any]:
    values = {"code": "M-1", "customer_id": str(gateway.customer_id), "device_id": str(gateway.device_id)}
    return values | changed


def test_a_meter_is_created_and_listed(client: FlaskClient, world: World, gateway: Gateway) -> None:
    admin = world.headers("service_manager")
    made = client.post("/api/v1/meters", headers=admin, json=meter(gateway, rollover_kwh="100000"))
    assert (made.status_code, made.json["interval_min"], made.json["rollover_kwh"]) == (201, 15, "100000")
    assert made.json["organisation_id"] == str(world.organisations["sub_branch"])
    listed = client.get(f"/api/v1/meters?customer_id={gateway.customer_id}", headers=world.headers("manager"))
    assert {row["code"] for row in listed.json["items"]} == {gateway.code, "M-1"}
    assert client.get("/api/v1/meters", headers=world.headers("foreign_manager")).json["items"] == []


def test_a_meters_code_is_taken_once(client: FlaskClient, world: World, gateway: Gateway) -> None:
    admin = world.headers("service_manager")
    taken = client.post("/api/v1/meters", headers=admin, json=meter(gateway, code=gateway.code))
    assert (taken.status_code, taken.json["code"]) == (409, "meter_code_taken")
    assert taken.json["existing_id"] == str(gateway.meter_id)


@pytest.mark.parametrize(
    "changed", [{"code": "a b"}, {"code": ""}, {"interval_min": 7}, {"rollover_kwh": "0"}, {"level": 3}]
)
def test_a_meter_of_the_wrong_shape_is_refused(
    client: FlaskClient, world: World, gateway: Gateway, changed: dict[str, Any]
) -> None:
    answer = client.post("/api/v1/meters", headers=world.headers("service_manager"), json=meter(gateway, **changed))
    assert answer.status_code == 422


def test_meters_are_for_those_who_manage_devices_in_scope(client: FlaskClient, world: World, gateway: Gateway) -> None:
    assert client.post("/api/v1/meters", json=meter(gateway)).status_code == 401
    assert client.get("/api/v1/meters").status_code == 401
    assert client.post("/api/v1/meters", headers=world.headers("manager"), json=meter(gateway)).status_code == 403
    assert client.get("/api/v1/meters", headers=world.headers("officer")).status_code == 403


def test_things_out_of_scope_are_not_there(client: FlaskClient, world: World, gateway: Gateway) -> None:
    world.add_user("branch_risk", "risk_manager", "branch")  # type: ignore[arg-type]
    headers = world.headers("branch_risk")
    foreign = Gateway(world=world, organisation="foreign")
    for changed in (
        {"customer_id": str(foreign.customer_id)},
        {"customer_id": str(uuid4())},
        {"device_id": str(foreign.device_id)},
        {"device_id": str(uuid4())},
    ):
        assert client.post("/api/v1/meters", headers=headers, json=meter(gateway, **changed)).status_code == 404
    assert client.post("/api/v1/meters", headers=headers, json=meter(gateway)).status_code == 201
    assert add_customer(world) != gateway.customer_id
