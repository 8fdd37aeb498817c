"""Rival places of one checkpoint: what a manager's decision means for the visits that were judged by them (§3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from checkpoints.models import CheckpointLocation
from inspection_api.inspections.models import Inspection
from inspection_api.worker import Outbox
from tests.sync.phone import Phone, Street, fix

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World
    from tests.fixtures import Clock

FAR = 600.0


def bind(phone: Phone, point: UUID, metres: float) -> dict[str, Any]:
    fixes = [fix(metres), fix(metres + 1), fix(metres + 2)]
    payload = {"qr": phone.street.plate(point), "fixes": fixes, "photo": phone.photo("plate")}
    return phone.operation("checkpoint.bind", point, payload)


def visit(phone: Phone, point: UUID, metres: float) -> dict[str, Any]:
    """A whole good visit, so many metres north."""
    payload = phone.visit(point, fixes=[fix(metres)])
    payload["scan"]["fixes"] = [fix(metres)]
    payload["media"] = [{**medium, "fix": fix(metres)} for medium in payload["media"]]
    return phone.operation("inspection.submit", uuid4(), payload)


@dataclass
class Dispute:
    """The first place was bound and visited, the rival was bound and visited elsewhere, then the first again."""

    world: World
    outbox: Outbox
    client: FlaskClient
    point: UUID
    visits: dict[str, UUID]

    def decide(self, step: str, *, rival: bool) -> None:
        statement = select(CheckpointLocation.id).where(CheckpointLocation.checkpoint_id == self.point)
        with self.world.transaction() as ctx:
            ids = ctx.session.scalars(statement.order_by(CheckpointLocation.bound_at)).all()
        path = f"/api/v1/checkpoints/{self.point}/locations/{ids[int(rival)]}/{step}"
        answer = self.client.post(path, headers=self.world.headers("manager"))
        assert answer.status_code == 200, answer.json
        self.outbox.drain(self.world.bank)

    def stand(self) -> dict[str, list[str]]:
        """Return what keeps each visit in quarantine."""
        return {name: self.record(name).quarantine_codes for name in self.visits}

    def record(self, name: str) -> Inspection:
        with self.world.transaction() as ctx:
            return ctx.session.get_one(Inspection, self.visits[name])


@pytest.fixture
def dispute(
    client: FlaskClient, world: World, street: Street, phone: Phone, clock: Clock, catalogue: BankCatalogue
) -> Dispute:
    point = street.add(bound=False)
    first = visit(phone, point, 0)
    phone.push(bind(phone, point, 0), first)
    clock.advance(minutes=10)
    second = Phone(client, world, street)
    second.shake_hands()
    there = visit(second, point, FAR)
    second.push(bind(second, point, FAR), there)
    again = visit(phone, point, 0)
    phone.push(again)
    visits = {"first": first["entity_id"], "there": there["entity_id"], "again": again["entity_id"]}
    outbox = Outbox(database=world.database, banks=catalogue)
    return Dispute(world=world, outbox=outbox, client=client, point=point, visits=visits)


def test_until_a_manager_decides_the_earlier_place_judges(dispute: Dispute) -> None:
    assert dispute.stand() == {"first": [], "there": ["binding_pending", "outside"], "again": ["binding_pending"]}


def test_the_confirmed_place_releases_only_what_it_judged(dispute: Dispute) -> None:
    dispute.decide("confirm", rival=False)
    assert dispute.stand() == {"first": [], "there": ["outside"], "again": []}
    assert dispute.record("again").blockers == ["media"]


def test_what_a_rejected_place_judged_is_judged_again_by_the_one_that_holds(dispute: Dispute) -> None:
    dispute.decide("confirm", rival=True)
    assert dispute.stand() == {"first": ["outside"], "there": [], "again": ["outside"]}
    first = dispute.record("first")
    assert first.blockers == ["quarantine", "media"]
    verdicts = [first.judgement["verdict"], *(each["verdict"] for each in first.judgement["earlier"])]
    assert verdicts == ["outside", "inside"]
    assert first.judgement["location_id"] != first.judgement["earlier"][0]["location_id"]


def test_a_rejected_place_leaves_its_visits_to_the_rival_that_still_waits(dispute: Dispute) -> None:
    dispute.decide("reject", rival=False)
    assert dispute.stand() == {
        "first": ["outside", "binding_pending"],
        "there": ["binding_pending"],
        "again": ["outside", "binding_pending"],
    }


def test_where_no_place_is_left_the_visits_wait_for_a_supervisor(dispute: Dispute) -> None:
    dispute.decide("reject", rival=False)
    before = dispute.stand()
    dispute.decide("reject", rival=True)
    assert dispute.stand() == before
