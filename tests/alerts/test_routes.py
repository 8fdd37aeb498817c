"""Alerts over HTTP: who sees which, the feed that skips nothing, and decisions that are made once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from inspection_api.accounts import service as accounts
from inspection_api.alerts import service
from inspection_api.alerts.models import Alert
from inspection_api.customers.models import Customer
from tests.alerts.test_evaluation import FIRST_DAY, alerts, put_facts
from tests.factories import pages
from tests.telemetry.gateways import Gateway

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.factories import World

THIRD = FIRST_DAY + timedelta(days=2)
FALSE = {"reason": "planned_stop", "note": "春节前检修"}


def raise_alert(world: World, organisation: str = "sub_branch", officer: str | None = None) -> UUID:
    """Let an enterprise stop for three days; return its alert."""
    gateway = Gateway(world=world, organisation=organisation)
    if officer is not None:
        with world.transaction() as ctx:
            served = update(Customer).where(Customer.id == gateway.customer_id)
            ctx.session.execute(served.values(officer_id=world.people[officer]))
    put_facts(world, gateway.customer_id, "1", "1", "1")
    with world.transaction() as ctx:
        service.evaluate(ctx, THIRD, [gateway.customer_id])
    (alert,) = alerts(world, gateway.customer_id)
    return alert.id


def listed(client: FlaskClient, headers: dict[str, str], **query: Any) -> set[str]:
    return {row["id"] for row in pages(client, "/api/v1/alerts", headers, **query)}


def decide(client: FlaskClient, world: World, user: str, alert_id: UUID, verb: str, body: Any = None) -> Any:
    return client.post(f"/api/v1/alerts/{alert_id}/{verb}", headers=world.headers(user), json=body or {})


# --- reading


def test_everybody_sees_the_alerts_of_his_subtree(client: FlaskClient, world: World) -> None:
    near, far = str(raise_alert(world)), str(raise_alert(world, "foreign"))
    expected = {
        "manager": {near},
        "branch_manager": {near},
        "province_manager": {near, far},
        "risk_manager": {near, far},
        "service_manager": {near, far},
        "auditor": {near, far},
        "foreign_manager": {far},
        "officer": set(),
    }
    for user, ids in expected.items():
        assert listed(client, world.headers(user), limit=1) == ids, user


def test_an_officer_sees_the_alerts_of_his_customers_and_those_granted_to_him(
    client: FlaskClient, world: World
) -> None:
    his, granted, other = raise_alert(world, officer="officer"), raise_alert(world), raise_alert(world)
    with world.transaction() as ctx:
        accounts.grant(ctx, [(world.people["officer"], "alert", granted)])
    assert listed(client, world.headers("officer")) == {str(his), str(granted)}
    assert client.get(f"/api/v1/alerts/{his}", headers=world.headers("officer")).json["rule_title"] == "停工预警"
    assert client.get(f"/api/v1/alerts/{other}", headers=world.headers("officer")).status_code == 404


def test_one_alert_shows_the_numbers_that_raised_it(client: FlaskClient, world: World) -> None:
    answer = client.get(f"/api/v1/alerts/{raise_alert(world)}", headers=world.headers("branch_manager"))
    assert (answer.status_code, answer.json["subject_date"], answer.json["level"]) == (200, "2026-03-03", 3)
    assert answer.json["numbers"]["threshold_kwh"] == "100"


def test_alerts_are_narrowed(client: FlaskClient, world: World) -> None:
    alert_id = str(raise_alert(world))
    headers = world.headers("manager")
    assert listed(client, headers, condition="active", handling="new") == {alert_id}
    assert listed(client, headers, condition="cleared") == set()
    assert listed(client, headers, customer_id=str(uuid4())) == set()
    assert client.get("/api/v1/alerts?condition=x", headers=headers).status_code == 422
    assert client.get("/api/v1/alerts?x=1", headers=headers).status_code == 422


@pytest.mark.parametrize("path", ["/api/v1/alerts", "/api/v1/alerts/feed", f"/api/v1/alerts/{UUID(int=7)}"])
def test_reading_is_for_those_who_work_with_alerts(client: FlaskClient, world: World, path: str) -> None:
    assert client.get(path).status_code == 401
    for user in ("nobody", "approver", "administrator"):
        assert client.get(path, headers=world.headers(user)).status_code == 403


def test_an_alert_out_of_scope_is_not_there(client: FlaskClient, world: World) -> None:
    alert_id = raise_alert(world)
    for user in ("foreign_manager", "foreign_branch_manager", "foreign_officer"):
        assert client.get(f"/api/v1/alerts/{alert_id}", headers=world.headers(user)).status_code == 404


# --- the feed


def test_the_feed_tells_each_thing_once_and_in_order(client: FlaskClient, world: World) -> None:
    headers = world.headers("branch_manager")
    empty = client.get("/api/v1/alerts/feed", headers=headers).json
    assert (empty["items"], empty["has_more"]) == ([], False)
    first, second = raise_alert(world), raise_alert(world)
    raise_alert(world, "foreign")
    decide(client, world, "risk_manager", first, "confirm")

    seen, cursor = [], empty["cursor"]
    while True:
        page = client.get("/api/v1/alerts/feed", headers=headers, query_string={"cursor": cursor, "limit": 1}).json
        seen += [(item["kind"], item["alert"]["id"]) for item in page["items"]]
        cursor = page["cursor"]
        if not page["has_more"]:
            break

    assert seen == [("alert.raised", str(first)), ("alert.raised", str(second)), ("alert.confirmed", str(first))]
    again = client.get("/api/v1/alerts/feed", headers=headers, query_string={"cursor": cursor}).json
    assert (again["items"], again["cursor"]) == ([], cursor)


def test_a_cursor_of_another_bank_is_refused(client: FlaskClient, world: World, other_world: World) -> None:
    cursor = client.get("/api/v1/alerts/feed", headers=other_world.headers("manager")).json["cursor"]
    for bad in (cursor, "x"):
        answer = client.get("/api/v1/alerts/feed", headers=world.headers("manager"), query_string={"cursor": bad})
        assert (answer.status_code, answer.json["code"]) == (422, "cursor_invalid")


def test_the_feed_loses_nothing_while_many_write(committed_app: Flask, committed_world: World) -> None:
    """Eight writers commit in any order, some slowly; a reader who only follows the cursor meets every alert."""
    world = committed_world
    gateways = [Gateway(world=world) for _ in range(40)]
    for gateway in gateways:
        put_facts(world, gateway.customer_id, "1", "1", "1")
    headers, client = world.headers("branch_manager"), committed_app.test_client()
    waiting = list(gateways)

    def write(pause: float) -> None:
        while waiting:
            try:
                gateway = waiting.pop()
            except IndexError:
                return
            with world.transaction() as ctx:
                service.evaluate(ctx, THIRD, [gateway.customer_id])
                threading.Event().wait(pause)

    writers = [threading.Thread(target=write, args=(0.01 * number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    seen: list[str] = []
    cursor = None
    while True:
        finished = not any(writer.is_alive() for writer in writers)
        query = {"limit": 5} if cursor is None else {"limit": 5, "cursor": cursor}
        page = client.get("/api/v1/alerts/feed", headers=headers, query_string=query).json
        seen += [item["alert"]["customer_id"] for item in page["items"]]
        cursor = page["cursor"]
        if finished and not page["has_more"]:
            break
    for writer in writers:
        writer.join()

    assert sorted(seen) == sorted(str(gateway.customer_id) for gateway in gateways)


# --- decisions


def test_an_alert_is_confirmed_once(client: FlaskClient, world: World) -> None:
    alert_id = raise_alert(world)
    confirmed = decide(client, world, "risk_manager", alert_id, "confirm", {"note": "电话核实"})
    assert (confirmed.status_code, confirmed.json["handling"], confirmed.json["note"]) == (200, "confirmed", "电话核实")
    assert confirmed.json["handled_by"] == str(world.people["risk_manager"])
    again = decide(client, world, "service_manager", alert_id, "false-alarm", FALSE)
    assert (again.status_code, again.json["code"]) == (409, "alert_already_handled")


def test_a_suspicious_alert_needs_two_to_become_a_false_alarm(client: FlaskClient, world: World) -> None:
    alert_id = raise_alert(world)
    first = decide(client, world, "risk_manager", alert_id, "false-alarm", FALSE)
    assert (first.json["handling"], first.json["reason"]) == ("false_alarm_proposed", "planned_stop")
    same = decide(client, world, "risk_manager", alert_id, "false-alarm", FALSE)
    assert (same.status_code, same.json["code"]) == (403, "second_reviewer_needed")
    second = decide(client, world, "service_manager", alert_id, "false-alarm", FALSE)
    assert (second.status_code, second.json["handling"]) == (200, "false_alarm")


def test_an_information_officer_does_not_review_level_three(client: FlaskClient, world: World) -> None:
    alert_id = raise_alert(world)
    world.add_user("information_officer", "information_officer", "province")  # type: ignore[arg-type]
    refused = decide(client, world, "information_officer", alert_id, "confirm")
    assert (refused.status_code, refused.json["code"]) == (403, "alert_level_too_high")
    with world.transaction() as ctx:
        ctx.session.execute(update(Alert).where(Alert.id == alert_id).values(level=2))
    answer = decide(client, world, "information_officer", alert_id, "false-alarm", FALSE)
    assert answer.json["handling"] == "false_alarm"


@pytest.mark.parametrize("verb", ["confirm", "false-alarm"])
def test_deciding_is_for_reviewers_in_scope(client: FlaskClient, world: World, verb: str) -> None:
    alert_id = raise_alert(world)
    assert client.post(f"/api/v1/alerts/{alert_id}/{verb}", json=FALSE).status_code == 401
    for user in ("manager", "officer", "province_manager", "auditor"):
        assert decide(client, world, user, alert_id, verb, FALSE).status_code == 403
    world.add_user("far_risk", "risk_manager", "other_branch")  # type: ignore[arg-type]
    body = FALSE if verb == "false-alarm" else {}
    assert decide(client, world, "far_risk", alert_id, verb, body).status_code == 404
    assert decide(client, world, "risk_manager", uuid4(), verb, body).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"reason": "because"}, {"reason": "other", "level": 1}, {"reason": "other", "note": ""}]
)
def test_a_false_alarm_needs_a_reason(client: FlaskClient, world: World, body: dict[str, Any]) -> None:
    alert_id = raise_alert(world)
    assert decide(client, world, "risk_manager", alert_id, "false-alarm", body).status_code == 422


def test_a_reviewer_elsewhere_reviews_nothing_here(client: FlaskClient, world: World) -> None:
    """He sees the alert as the officer of its customer, but reviews in another branch only (§6)."""
    alert_id = raise_alert(world, officer="officer")
    with world.transaction("administrator") as ctx:
        ctx.session.execute(update(Alert).where(Alert.id == alert_id).values(level=2))
        accounts.assign_role(
            ctx, world.people["officer"], role="risk_manager", organisation_id=world.organisations["other_branch"]
        )
    answer = decide(client, world, "officer", alert_id, "false-alarm", FALSE)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")
