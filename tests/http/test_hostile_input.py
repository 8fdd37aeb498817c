"""Hostile values in every field of every body and query: a clean refusal or a clean answer, never a 500."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.http.endpoints import ENDPOINTS, Endpoint, omnipotent, resolved

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

HOSTILE: list[Any] = [
    None,
    True,
    -1,
    2**31,
    2**63,
    10**30,
    1.5e300,
    "",
    " ",
    "x" * 20_000,
    "\x00",
    "\n",
    "\u202e\u0007",
    "' OR 1=1; --",
    "=1+1",
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59+00:00",
    "1e400",
    str(uuid4()),
    [],
    [None],
    ["x"] * 300,
    {},
    {"$ne": None},
]
BY_FORMAT = {
    "uuid": lambda: str(uuid4()),
    "date": lambda: "2026-03-10",
    "date-time": lambda: "2026-03-10T10:00:00+08:00",
}
MACHINES = {"telemetry.ingest": "gateway", "papers.released": "print_station"}


def plausible(name: str, schema: dict[str, Any], world: World) -> Any:
    """Return a value of the right shape, so that the hostile one is the only thing wrong."""
    schema = resolved(schema)
    schema = schema["anyOf"][0] if "anyOf" in schema and "type" not in schema else schema
    kinds = schema.get("type", "object")
    kind = next(iter(word for word in ([kinds] if isinstance(kinds, str) else kinds) if word != "null"))
    if name == "organisation_id":
        return str(world.organisations["sub_branch"])
    if choices := schema.get("enum"):
        return choices[0]
    if kind == "string":
        return BY_FORMAT.get(schema.get("format", ""), lambda: "abcdefghijkl")()
    if kind == "array":
        return [plausible("", schema["items"], world)]
    if kind == "object":
        return {key: plausible(key, inner, world) for key, inner in schema.get("properties", {}).items()}
    return {"boolean": True, "integer": schema.get("minimum", 1), "number": schema.get("minimum", 1)}[kind]


def headers_for(endpoint: Endpoint, world: World) -> dict[str, str]:
    machine = MACHINES.get(endpoint.permission or "")
    who = world.machine("branch", machine)[1] if machine else omnipotent(world)
    return {**who, "If-Match": '"1"', "Idempotency-Key": str(uuid4())}


def assert_clean(answer: Any, sent: object) -> None:
    assert answer.status_code < 500, (sent, answer.json)
    assert answer.status_code < 400 or answer.content_type == "application/problem+json", sent


@pytest.mark.parametrize("endpoint", [row for row in ENDPOINTS if row.body is not None], ids=str)
def test_no_field_of_a_body_breaks_anything(client: FlaskClient, world: World, endpoint: Endpoint) -> None:
    assert endpoint.body is not None
    headers, url = headers_for(endpoint, world), endpoint.url()
    for name, schema in endpoint.body["properties"].items():
        for value in HOSTILE:
            body = {**plausible("", endpoint.body, world), name: value}
            assert_clean(client.open(url, method=endpoint.method, headers=headers, json=body), (name, schema, value))


@pytest.mark.parametrize("endpoint", [row for row in ENDPOINTS if row.query], ids=str)
def test_no_parameter_of_a_query_breaks_anything(client: FlaskClient, world: World, endpoint: Endpoint) -> None:
    headers, url = headers_for(endpoint, world), endpoint.url()
    needed = {row["name"] for row in endpoint.document["parameters"] if row.get("required")}
    rest = {name: plausible(name, schema, world) for name, schema in endpoint.query.items() if name in needed}
    for name, schema in endpoint.query.items():
        for value in HOSTILE:
            query = {**rest, name: str(value)}
            assert_clean(client.get(url, headers=headers, query_string=query), (name, schema, value))
