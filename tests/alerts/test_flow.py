"""From the gateway's batch to the manager's feed, through the outbox, as the worker runs it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from inspection_api.worker import Outbox
from tests.telemetry.gateways import Gateway

if TYPE_CHECKING:
    from flask import Flask

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World


def test_three_days_under_one_hundred_reach_the_branch_manager(
    committed_app: Flask, committed_world: World, catalogue: BankCatalogue
) -> None:
    world, client = committed_world, committed_app.test_client()
    gateway = Gateway(world=world)
    outbox = Outbox(database=world.database, banks=catalogue)
    outbox.drain(world.bank)
    rows = [row for number in (7, 8, 9) for row in gateway.day(date(2026, 3, number), "99.9")]
    manager = world.headers("branch_manager")
    cursor = client.get("/api/v1/alerts/feed", headers=manager).json["cursor"]

    sent = client.post("/api/v1/telemetry/readings", headers=gateway.headers, json={"readings": rows})
    again = client.post("/api/v1/telemetry/readings", headers=gateway.headers, json={"readings": rows})
    outbox.drain(world.bank)

    assert (sent.json["stored"], again.json["stored"]) == (73, 0)
    feed = client.get("/api/v1/alerts/feed", headers=manager, query_string={"cursor": cursor}).json
    assert [(item["kind"], item["alert"]["rule"]) for item in feed["items"]] == [("alert.raised", "work_stopped")]
    alert = feed["items"][0]["alert"]
    assert (alert["customer_id"], alert["subject_date"], alert["level"]) == (str(gateway.customer_id), "2026-03-09", 3)
