"""What must hold for every endpoint, and so for the next one too: generated from the application's own map."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.http.endpoints import DOCUMENT, ENDPOINTS, Endpoint, omnipotent

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.factories import World

PUBLIC = {"POST /sessions", "POST /sessions/page", "OPTIONS /media", "GET /verify/{code}"}
LOGGED_IN = {
    "DELETE /sessions/current",
    "GET /me",
    "GET /organisations",
    "GET /devices",
    "GET /exit-types",
    "GET /media/{media_id}/thumbnail",
    "GET /alerts",
    "GET /alerts/feed",
    "GET /alerts/{alert_id}",
    "GET /alerts/{alert_id}/feedback",
    "GET /inspections",
    "GET /inspections/{inspection_id}",
    "GET /inspections/{inspection_id}/form",
}
PEOPLE_ONLY = {
    "POST /sync/handshake",
    "POST /sync/push",
    "HEAD /sync/media/{media_id}",
    "PATCH /sync/media/{media_id}",
    "GET /print-stations",
    "GET /print-jobs",
    "GET /print-jobs/{job_id}",
    "POST /print-jobs/{job_id}/release",
    "POST /print-jobs/{job_id}/scan",
    "GET /todos",
    "GET /todos/asked",
    "GET /todos/counts",
    "GET /inbox",
    "GET /inbox/counts",
    "POST /inbox/read",
    "POST /inbox/{item_id}/read",
    "GET /jobs",
    "GET /jobs/{job_id}",
    "GET /jobs/{job_id}/file",
    "POST /media",
    "HEAD /media/{media_id}",
    "PATCH /media/{media_id}",
    "DELETE /media/{media_id}",
    "GET /sessions",
    "DELETE /sessions",
    "DELETE /sessions/{session_id}",
}
GUARDED = [endpoint for endpoint in ENDPOINTS if str(endpoint) not in PUBLIC]
PERMITTED = [endpoint for endpoint in GUARDED if str(endpoint) not in LOGGED_IN | PEOPLE_ONLY]
PROBLEM = "application/problem+json"
PEOPLE = ["administrator", "province_manager", "manager", "officer", "auditor", "service_manager", "nobody"]


def called(client: FlaskClient, endpoint: Endpoint, headers: dict[str, str]) -> tuple[int, str, str]:
    """Call with ids of nothing and an empty body; return status, content type and problem code."""
    options = {"json": {}} if endpoint.method in {"POST", "PUT", "PATCH"} else {}
    answer = client.open(endpoint.url(), method=endpoint.method, headers=headers, **options)
    code = answer.json["code"] if answer.content_type == PROBLEM and answer.data else ""
    return answer.status_code, answer.content_type, code


def test_the_document_knows_every_route(app: Flask) -> None:
    routed = {
        (method, rule.rule.replace("<uuid:", "{").replace("<", "{").replace(">", "}"))
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if rule.rule.startswith("/api/v1/") and "openapi" not in rule.rule
    }
    documented = {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    implied = {(method, path) for method, path in routed if method in {"HEAD", "OPTIONS"}}
    assert documented <= routed
    assert routed - documented <= implied


def test_who_needs_no_role_is_a_decision() -> None:
    assert {str(endpoint) for endpoint in ENDPOINTS if endpoint.permission is None} == PUBLIC
    assert {str(endpoint) for endpoint in ENDPOINTS if endpoint.permission == "logged_in"} == LOGGED_IN
    assert {str(endpoint) for endpoint in ENDPOINTS if endpoint.permission == "person"} == PEOPLE_ONLY


def test_every_endpoint_says_what_it_is_for() -> None:
    summaries = [endpoint.document.get("summary", "") for endpoint in ENDPOINTS]
    assert all(len(summary) > 5 for summary in summaries)
    assert {tag for endpoint in ENDPOINTS for tag in endpoint.document["tags"]} == {
        tag["name"] for tag in DOCUMENT["tags"]
    }


def test_anonymous_is_401(client: FlaskClient, world: World) -> None:
    forged = {"Authorization": f"Bearer xj.{world.bank.tag}.{'a' * 43}"}
    answers = {str(row): called(client, row, headers) for row in GUARDED for headers in ({}, forged)}
    assert {name: answer for name, answer in answers.items() if answer[:2] != (401, PROBLEM)} == {}
    assert {answer[2] for answer in answers.values()} <= {"unauthenticated", ""}


def test_without_a_role_it_is_403(client: FlaskClient, world: World) -> None:
    headers = world.headers("nobody")
    answers = {str(row): called(client, row, headers) for row in PERMITTED}
    assert {name: answer for name, answer in answers.items() if answer[:2] != (403, PROBLEM)} == {}
    assert {answer[2] for answer in answers.values()} <= {"forbidden", ""}


def test_a_gateway_only_delivers_readings(client: FlaskClient, world: World) -> None:
    _, headers = world.machine("sub_branch")
    allowed = {str(row) for row in PERMITTED if called(client, row, headers)[0] != 403}
    assert allowed == {"POST /telemetry/readings"}


def test_a_print_station_calls_its_own_endpoints_and_nobody_else_does(client: FlaskClient, world: World) -> None:
    _, station = world.machine("sub_branch", "print_station")
    answers = {str(row): called(client, row, station) for row in GUARDED}
    allowed = {name for name, (status, *_) in answers.items() if status != 403}
    own = {str(row) for row in ENDPOINTS if "/station" in row.path and "stations" in row.document["tags"]}
    assert allowed == own != set()
    assert {answer[1] for name, answer in answers.items() if name not in own} == {PROBLEM}
    for who in (omnipotent(world), world.machine("branch")[1]):
        assert {called(client, row, who)[0] for row in ENDPOINTS if str(row) in own} == {403}


@pytest.mark.parametrize("who", [*PEOPLE, "omnipotent", "gateway", "print_station"])
def test_ids_of_nothing_never_break_anything(client: FlaskClient, world: World, who: str) -> None:
    for endpoint in ENDPOINTS:
        status, kind, _ = called(client, endpoint, headers_of(world, who))
        assert status < 500, endpoint
        assert status < 400 or kind == PROBLEM, endpoint


def headers_of(world: World, who: str) -> dict[str, str]:
    if who in {"gateway", "print_station"}:
        return world.machine("branch", who)[1]
    return omnipotent(world) if who == "omnipotent" else world.headers(who)


def test_ids_of_nothing_are_not_found_or_refused_before(client: FlaskClient, world: World) -> None:
    headers = omnipotent(world)
    for_people = [row for row in GUARDED if "_id}" in row.path and "stations" not in row.document["tags"]]
    answers = {str(row): called(client, row, headers)[0] for row in for_people}
    assert {name: status for name, status in answers.items() if status not in {404, 422, 412, 415}} == {}
