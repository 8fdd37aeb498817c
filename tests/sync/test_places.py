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
from sync.models import SyncQuarantine
from tests.sync.phone import Phone, Street, fix

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.offices import Office

FAR, NEAR = 600.0, 40.0


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
    op_ids: dict[str, str]

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

    def book(self) -> dict[str, str]:
        """Return how each visit stands in the quarantine's book, if it does."""
        names = {UUID(op_id): name for name, op_id in self.op_ids.items()}
        with self.world.transaction() as ctx:
            rows = ctx.session.execute(select(SyncQuarantine.op_id, SyncQuarantine.state))
            return {names[row.op_id]: row.state for row in rows if row.op_id in names}


@dataclass
class Quarrel:
    """How the two places come about."""

    client: FlaskClient
    world: World
    street: Street
    phone: Phone
    clock: Clock
    outbox: Outbox

    def about(self, rival_m: float) -> Dispute:
        """Return the dispute with a rival so many metres north of the first place."""
        point = self.street.add(bound=False)
        first = visit(self.phone, point, 0)
        self.phone.push(bind(self.phone, point, 0), first)
        self.clock.advance(minutes=10)
        second = Phone(self.client, self.world, self.street)
        second.shake_hands()
        there = visit(second, point, rival_m)
        second.push(bind(second, point, rival_m), there)
        again = visit(self.phone, point, 0)
        self.phone.push(again)
        made = {"first": first, "there": there, "again": again}
        visits = {name: UUID(operation["entity_id"]) for name, operation in made.items()}
        op_ids = {name: operation["op_id"] for name, operation in made.items()}
        return Dispute(
            world=self.world, outbox=self.outbox, client=self.client, point=point, visits=visits, op_ids=op_ids
        )


@pytest.fixture
def quarrel(
    client: FlaskClient, world: World, street: Street, phone: Phone, clock: Clock, catalogue: BankCatalogue
) -> Quarrel:
    outbox = Outbox(database=world.database, banks=catalogue)
    return Quarrel(client=client, world=world, street=street, phone=phone, clock=clock, outbox=outbox)


@pytest.fixture
def dispute(quarrel: Quarrel) -> Dispute:
    return quarrel.about(FAR)


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


def test_a_visit_that_another_place_speaks_against_waits_at_the_desk(
    dispute: Dispute, office: Office, phone: Phone
) -> None:
    dispute.decide("confirm", rival=True)
    waiting = {each["op_id"]: each for each in office.waiting()}
    assert set(waiting) == {dispute.op_ids["first"], dispute.op_ids["again"]}
    found = waiting[dispute.op_ids["first"]]
    assert (found["type"], found["entity_id"]) == ("inspection.submit", str(dispute.visits["first"]))
    assert (found["device_id"], found["officer"]["name"]) == (str(phone.id), "姓名officer")
    assert [each["code"] for each in found["reasons"]] == ["outside"]
    assert office.decide("manager", found["op_id"]).status_code == 200
    assert dispute.record("first").blockers == ["media"]
    (receipt,) = (each for each in phone.pull()["changes"] if each.get("op_id") == found["op_id"])
    assert (receipt["status"], receipt["decision"]["state"]) == ("extra", "accepted")


def test_a_visit_that_another_place_speaks_against_can_be_refused(dispute: Dispute, office: Office) -> None:
    dispute.decide("confirm", rival=True)
    assert office.decide("manager", dispute.op_ids["first"], "refuse").status_code == 200
    assert dispute.record("first").state == "refused"


def test_what_a_decision_about_the_place_releases_waits_at_no_desk_and_is_told(dispute: Dispute, phone: Phone) -> None:
    assert dispute.book() == {"there": "open", "again": "open"}
    dispute.decide("confirm", rival=False)
    assert dispute.book() == {"there": "open", "again": "released"}
    (receipt,) = (each for each in phone.pull()["changes"] if each["k"] == "receipt")
    assert (receipt["op_id"], receipt["decision"]["state"]) == (dispute.op_ids["again"], "released")
    assert receipt["decision"]["message"] == "隔离原因已消除，已生效"


def test_reasons_that_came_with_one_place_go_with_the_next(quarrel: Quarrel, office: Office) -> None:
    dispute = quarrel.about(NEAR)
    dispute.decide("reject", rival=False)
    assert dispute.stand() == {name: ["binding_pending"] for name in dispute.visits}
    assert dispute.book() == dict.fromkeys(dispute.visits, "open")
    dispute.decide("confirm", rival=True)
    assert dispute.stand() == {name: [] for name in dispute.visits}
    assert dispute.book() == dict.fromkeys(dispute.visits, "released")
    assert office.waiting() == []


def test_a_visit_that_was_accepted_waits_again_if_another_place_speaks_against_it(
    dispute: Dispute, office: Office
) -> None:
    op_id = dispute.op_ids["again"]
    assert office.decide("manager", op_id).status_code == 200
    dispute.decide("confirm", rival=True)
    (found,) = (each for each in office.waiting() if each["op_id"] == op_id)
    assert (found["state"], found["decided_by"], found["reason"]) == ("open", None, None)
    assert office.decide("manager", op_id).status_code == 200


def test_a_visit_that_is_judged_again_leaves_an_event(dispute: Dispute, office: Office) -> None:
    dispute.decide("confirm", rival=True)
    told = {each["inspection_id"]: each["codes"] for each in office.events("inspection.rejudged")}
    expected = {"first": ["outside"], "there": [], "again": ["outside"]}
    assert told == {str(dispute.visits[name]): codes for name, codes in expected.items()}


def test_any_number_of_visits_is_judged_again_in_as_many_statements(
    dispute: Dispute, phone: Phone, queries: Callable[[], list[str]]
) -> None:
    asked = []
    for step, rival, more in (("reject", False, 1), ("confirm", True, 4)):
        phone.push(*(visit(phone, dispute.point, 0) for _ in range(more)))
        seen = queries()
        dispute.decide(step, rival=rival)
        asked.append(sum("sync_quarantine" in statement for statement in seen))
    assert asked == [2, 2]
