"""Accepted visits to print."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from checkpoints.models import Checkpoint
from inspection_api.customers.models import Customer
from inspection_api.inspections import service as inspections
from inspection_api.inspections.models import Inspection
from inspection_api.templates import default_template
from tests.kiosk_print.hall import Hall
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.factories import World

RISKS = [item["key"] for item in default_template.DEFINITION["items"] if item["type"] == "yes_no"]
VOID_WORDS = {"reason_code": "content", "reason": "电量填错了，须更正后重新打印"}
WORDS = {"reason_code": "missed", "reason": "客户经理出差在外，未能按时打印"}


@dataclass
class Desk:
    """Visits of one world; `accept` makes one and announces it, as the inspections slice does."""

    world: World
    portfolio: Portfolio

    def accept(self, organisation: str = "sub_branch", officer: str = "officer", **changes: Any) -> UUID:
        checkpoint_id = self.portfolio.add_checkpoint(organisation, officer)
        with self.world.transaction() as ctx:
            checkpoint = ctx.session.get_one(Checkpoint, checkpoint_id)
            visit = Inspection(id=uuid4(), **self._values(ctx.now, checkpoint, officer, changes))
            ctx.session.add(visit)
            ctx.session.flush()
            if visit.accepted_at is not None:
                ctx.record(f"inspection.{visit.state}", inspection_id=str(visit.id))
            return visit.id

    def void(self, inspection_id: UUID) -> UUID:
        """Let a reviewer void a record."""
        with self.world.transaction("second_province_manager") as ctx:
            return inspections.void(ctx, inspection_id, reason="照片与企业现场不符").id

    def _values(self, now: Any, checkpoint: Any, officer: str, changes: dict[str, Any]) -> dict[str, Any]:
        answers = {"op_status": "normal", "power_kwh": "1200", "tax_ytd": "3", "conclusion": "normal"}
        given = {key: {"value": value} for key, value in (answers | dict.fromkeys(RISKS, False)).items()}  # type: ignore[arg-type] # mixed values
        values = {
            "checkpoint_id": checkpoint.id,
            "customer_id": checkpoint.customer_id,
            "organisation_id": checkpoint.organisation_id,
            "officer_id": self.world.people[officer],
            "template_version_id": self.portfolio.version_id,
            "state": "accepted",
            "answers": given,
            "conclusion": "normal",
            "performed_at": now,
            "accepted_at": now,
            "snapshot": {"customer_name": "甲公司", "loans": []},
            "judgement": {"verdict": "inside", "distance_m": 12.0},
        }
        return values | changes

    def name_customer(self, inspection_id: UUID, name: str) -> None:
        with self.world.transaction() as ctx:
            visit = ctx.session.get_one(Inspection, inspection_id)
            ctx.session.get_one(Customer, visit.customer_id).name = name
            ctx.session.flush()

    def print(self, client: FlaskClient, inspection_id: UUID, user: str = "officer", key: str | None = None) -> Any:
        headers = {**self.world.headers(user), "Idempotency-Key": key or str(uuid4())}
        return client.post(f"/api/v1/inspections/{inspection_id}/prints", headers=headers)

    def paper(self, client: FlaskClient, inspection_id: UUID, user: str = "officer") -> Any:
        return client.get(f"/api/v1/inspections/{inspection_id}/paper", headers=self.world.headers(user)).json

    def ask(self, client: FlaskClient, inspection_id: UUID, user: str = "officer", **changes: Any) -> Any:
        path = f"/api/v1/inspections/{inspection_id}/unlock-requests"
        return client.post(path, json=WORDS | changes, headers=self.world.headers(user))

    def decide(self, client: FlaskClient, request_id: str, user: str, **body: Any) -> Any:
        path = f"/api/v1/unlock-requests/{request_id}/decision"
        return client.post(path, json={"approved": True} | body, headers=self.world.headers(user))

    def ask_void(
        self, client: FlaskClient, print_id: str, user: str = "officer", key: str | None = None, **changes: Any
    ) -> Any:
        headers = {**self.world.headers(user), "Idempotency-Key": key or str(uuid4())}
        return client.post(f"/api/v1/prints/{print_id}/void-requests", json=VOID_WORDS | changes, headers=headers)

    def decide_void(self, client: FlaskClient, request_id: str, user: str, **body: Any) -> Any:
        path = f"/api/v1/void-requests/{request_id}/decision"
        return client.post(path, json={"approved": True} | body, headers=self.world.headers(user))


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world, Portfolio(world))


@pytest.fixture
def committed_desk(committed_world: World) -> Desk:
    return Desk(committed_world, Portfolio(committed_world))


@pytest.fixture
def hall(client: FlaskClient, desk: Desk) -> Hall:
    return Hall(client, desk)


@pytest.fixture
def committed_hall(committed_app: Flask, committed_desk: Desk) -> Hall:
    return Hall(committed_app.test_client(), committed_desk)
