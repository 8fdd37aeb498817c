"""Amendments: what a submitted record ought to say instead waits for a superior, and its papers follow (sync.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from inspection_api.core.context import Actor, Assignment
from inspection_api.core.errors import Forbidden
from inspection_api.core.permissions import Role
from inspection_api.inspections.errors import RecordClosed, RecordLocked
from inspection_api.inspections.models import Inspection, InspectionRevision
from inspection_api.inspections.rules import State, ensure_amendable
from inspection_api.media.models import Media
from kiosk_print.models import PaperOpinion, PaperPrint
from sync.protocol import desk as rules
from tests.sync.drafting import answer
from tests.sync.offices import Office, store_media

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Phone, Street

NOW = datetime(2026, 3, 10, tzinfo=UTC)
SOON = NOW + timedelta(days=1)


@pytest.mark.parametrize("state", [State.SUBMITTED, State.ACCEPTED, State.EXTRA])
def test_a_submitted_record_is_amendable_until_its_window_closes(state: State) -> None:
    ensure_amendable(state, None, NOW)
    ensure_amendable(state, SOON, NOW)
    with pytest.raises(RecordLocked):
        ensure_amendable(state, SOON, SOON)


@pytest.mark.parametrize("state", [State.DRAFT, State.REFUSED, State.VOIDED])
def test_a_record_that_says_nothing_is_not_amendable(state: State) -> None:
    with pytest.raises(RecordClosed):
        ensure_amendable(state, SOON, NOW)


def test_only_who_changes_submitted_records_accepts_an_amendment() -> None:
    def held(role: Role) -> Actor:
        return Actor(user_id=uuid4(), assignments=(Assignment(role=role, organisation_id=uuid4(), path="/61/"),))

    for role in (Role.SUB_BRANCH_MANAGER, Role.APPROVER):
        rules.ensure_may_amend(held(role), "/61/01/")
    for role in (Role.PROVINCE_MANAGER, Role.LOAN_OFFICER):
        with pytest.raises(Forbidden):
            rules.ensure_may_amend(held(role), "/61/01/")


class Visit:
    """One accepted visit of the officer."""

    def __init__(self, phone: Phone, street: Street, world: World) -> None:
        self.phone, self.world = phone, world
        self.operation = phone.submit(street.add())
        phone.push(self.operation)
        store_media(world)

    @property
    def id(self) -> str:
        return str(self.operation["entity_id"])

    def amend(self, phone: Phone | None = None, **payload: Any) -> dict[str, Any]:
        device = phone or self.phone
        return device.push(device.operation("inspection.amend", self.operation["entity_id"], payload))[0]

    def record(self) -> Inspection:
        with self.world.transaction() as ctx:
            found: Inspection = ctx.session.get_one(Inspection, self.id)
            return found

    def print_paper(self, client: FlaskClient) -> None:
        headers = {**self.world.headers("officer"), "Idempotency-Key": str(uuid4())}
        answered = client.post(f"/api/v1/inspections/{self.id}/prints", headers=headers)
        assert answered.status_code < 300, answered.json


@pytest.fixture
def visit(phone: Phone, street: Street, world: World) -> Visit:
    return Visit(phone, street, world)


def test_an_amendment_waits_and_changes_nothing_by_itself(visit: Visit, office: Office) -> None:
    result = visit.amend(note="补充说明", reason="漏填", **answer("tax_ytd", "8"))
    assert (result["status"], result["code"]) == ("quarantined", "amendment_pending")
    assert (visit.record().note, visit.record().amendments) == (None, 0)
    (found,) = office.waiting()
    assert (found["type"], found["content"]["reason"]) == ("inspection.amend", "漏填")
    assert [each["message"] for each in found["reasons"]] == ["修改申请待上级审批"]


def test_an_accepted_amendment_makes_a_new_version_and_supersedes_what_was_printed(
    visit: Visit, office: Office, client: FlaskClient, world: World, clock: Clock
) -> None:
    visit.print_paper(client)
    with world.transaction() as ctx:
        ctx.session.add(
            PaperOpinion(inspection_id=visit.id, author_id=world.people["approver"], text="同意", given_at=clock.now)
        )
    visit.amend(note="补充说明", **answer("conclusion", "watch"))
    cursor = visit.phone.pull()["cursor"]
    assert office.decide("approver", office.waiting()[0]["op_id"]).status_code == 200
    stored = visit.record()
    assert (stored.note, stored.conclusion, stored.amendments, stored.state) == ("补充说明", "watch", 1, "extra")
    assert stored.answers["tax_ytd"] == {"value": "3"}
    with world.transaction() as ctx:
        assert set(ctx.session.scalars(select(PaperPrint.status))) == {"superseded"}
        assert ctx.session.scalars(select(PaperOpinion.voided_at)).one() is not None
    (change,) = [each for each in visit.phone.pull(cursor)["changes"] if each.get("e") == "inspection"]
    assert (change["d"]["amendments"], change["d"]["note"]) == (1, "补充说明")
    assert office.events("inspection.amended")[0]["inspection_id"] == visit.id


def test_what_a_record_said_before_is_kept(visit: Visit, office: Office, client: FlaskClient, world: World) -> None:
    for note in ("一", "二"):
        visit.amend(note=note)
        office.decide("manager", office.waiting()[0]["op_id"])
    shown = client.get(f"/api/v1/inspections/{visit.id}", headers=world.headers("manager")).json
    assert [(each["number"], each["note"]) for each in shown["revisions"]] == [(1, None), (2, "一")]
    assert shown["revisions"][0]["author_id"] == str(world.people["officer"])
    assert shown["revisions"][0]["approved_by"] == str(world.people["manager"])
    assert (shown["amendments"], shown["note"]) == (2, "二")


def test_an_amendment_that_changes_nothing_leaves_the_paper_alone(
    visit: Visit, office: Office, client: FlaskClient, world: World
) -> None:
    visit.print_paper(client)
    visit.amend(**answer("tax_ytd", "3.0"))
    assert office.decide("manager", office.waiting()[0]["op_id"]).status_code == 200
    with world.transaction() as ctx:
        assert "superseded" not in set(ctx.session.scalars(select(PaperPrint.status)))
        assert list(ctx.session.scalars(select(InspectionRevision))) == []


def test_an_amendment_of_a_locked_record_waits_for_the_unlock(
    visit: Visit, office: Office, world: World, clock: Clock
) -> None:
    clock.advance(days=9)
    visit.phone.headers = world.headers("officer")
    result = visit.amend(note="迟到的说明")
    assert result["codes"] == ["amendment_pending", "record_locked"]
    (found,) = office.waiting()
    refused = office.decide("approver", found["op_id"])
    assert (refused.status_code, refused.json["code"]) == (423, "record_locked")
    assert office.waiting() == [found]
    with world.transaction() as ctx:
        ctx.session.execute(update(Inspection).values(print_closes_at=clock.now + timedelta(days=1)))
    assert office.decide("approver", found["op_id"]).status_code == 200
    assert visit.record().note == "迟到的说明"


def test_an_amendment_that_makes_an_answer_wrong_is_refused_with_its_field(visit: Visit, office: Office) -> None:
    visit.amend(**answer("tax_ytd", "很多"))
    refused = office.decide("manager", office.waiting()[0]["op_id"])
    assert (refused.status_code, refused.json["code"]) == (409, "answers_invalid")
    assert "answers.tax_ytd" in str(refused.json["errors"])


def test_a_branch_manager_refuses_an_amendment_but_does_not_accept_it(visit: Visit, office: Office) -> None:
    visit.amend(note="补充说明")
    (found,) = office.waiting()
    assert office.decide("branch_manager", found["op_id"]).status_code == 403
    assert office.decide("branch_manager", found["op_id"], "refuse").status_code == 200
    assert visit.record().note is None


def test_a_save_and_a_submit_that_come_too_late_become_amendments(visit: Visit, second: Phone, office: Office) -> None:
    checkpoint = visit.operation["payload"]["checkpoint_id"]
    late = second.visit(checkpoint)
    late["answers"] = [*late["answers"], {"item": "remark", "value": "另一台设备所记"}]
    save = {key: late[key] for key in ("checkpoint_id", "template_version_id")} | {"note": "草稿里的备注"}
    results = second.push(
        second.operation("inspection.submit", visit.operation["entity_id"], late),
        second.operation("inspection.save", visit.operation["entity_id"], save),
    )
    assert [each["code"] for each in results] == ["already_submitted", "already_submitted"]
    for found in office.waiting():
        assert office.decide("manager", found["op_id"]).status_code == 200
    stored = visit.record()
    assert (stored.note, stored.answers["remark"], stored.amendments) == (
        "草稿里的备注",
        {"value": "另一台设备所记"},
        2,
    )


@dataclass
class Late:
    """A submitted visit whose media are still to come, and a submission of the same record that came too late."""

    first: dict[str, Any]
    late: dict[str, Any]
    office: Office
    world: World

    @property
    def photos(self) -> list[dict[str, Any]]:
        photos: list[dict[str, Any]] = self.late["payload"]["media"]
        return photos

    def accept(self) -> None:
        assert self.office.decide("manager", self.late["op_id"]).status_code == 200

    def state(self) -> str:
        with self.world.transaction() as ctx:
            return ctx.session.get_one(Inspection, self.first["entity_id"]).state

    def declared(self) -> set[str]:
        """Return which of the late media are declared for the record."""
        of_record = select(Media.id).where(Media.inspection_id == UUID(self.first["entity_id"]))
        with self.world.transaction() as ctx:
            known = {str(id_) for id_ in ctx.session.scalars(of_record)}
        return known & {photo["id"] for photo in self.photos}


@pytest.fixture
def late(phone: Phone, second: Phone, street: Street, office: Office, world: World) -> Late:
    point = street.add()
    first = phone.submit(point)
    phone.push(first)
    return Late(first, {**second.submit(point), "entity_id": first["entity_id"]}, office, world)


def test_the_media_of_a_late_submission_are_declared_once_it_is_accepted_and_count(late: Late, second: Phone) -> None:
    assert second.push(late.late)[0]["codes"] == ["already_submitted"]
    assert late.declared() == set()
    late.accept()
    assert late.declared() == {photo["id"] for photo in late.photos}
    assert late.state() == "submitted"
    store_media(late.world, *late.photos)
    assert late.state() == "extra"


def test_bytes_that_came_before_a_late_submission_was_accepted_count_at_once(
    late: Late, second: Phone, world: World
) -> None:
    with world.transaction() as ctx:
        for photo in late.photos:
            facts = {name: photo[name] for name in ("kind", "mime", "bytes", "sha256")}
            whose = {
                "owner_user_id": world.people["officer"],
                "organisation_id": world.organisations["sub_branch"],
                "status": "stored",
                "stored_at": ctx.now,
            }
            ctx.session.add(Media(id=UUID(photo["id"]), declared_at=ctx.now, **whose, **facts))
    second.push(late.late)
    assert late.state() == "submitted"
    late.accept()
    assert late.state() == "extra"


def test_an_own_late_submission_that_is_accepted_brings_its_media(late: Late, phone: Phone, street: Street) -> None:
    point = UUID(late.first["payload"]["checkpoint_id"])
    late.late = {**phone.submit(point), "entity_id": late.first["entity_id"]}
    assert phone.push(late.late)[0]["code"] == "already_submitted"
    late.accept()
    assert late.declared() == {photo["id"] for photo in late.photos}


def test_contradicting_media_of_a_late_submission_are_told_and_only_sound_ones_declared(
    late: Late, second: Phone, phone: Phone, street: Street, office: Office
) -> None:
    other = phone.submit(street.add())
    phone.push(other)
    reused, wrong, _sound = late.photos
    reused["sha256"] = other["payload"]["media"][0]["sha256"]
    wrong["mime"] = "text/html"
    assert second.push(late.late)[0]["codes"] == ["already_submitted", "media_contradiction"]
    assert office.events("security.media_reused") == [{"op_id": late.late["op_id"]}]
    late.accept()
    assert late.declared() == {photo["id"] for photo in late.photos} - {wrong["id"]}


def test_a_refused_late_submission_declares_nothing(late: Late, second: Phone) -> None:
    second.push(late.late)
    assert late.office.decide("manager", late.late["op_id"], "refuse").status_code == 200
    assert late.declared() == set()


def test_a_late_draft_of_an_accepted_device_is_superseded_by_its_own_submission(
    street: Street, client: FlaskClient, world: World, office: Office, phone: Phone
) -> None:
    point = street.add()
    draft = {"checkpoint_id": str(point), "template_version_id": str(street.portfolio.version_id), "note": "迟到"}
    visit = {**phone.submit(point), "seq": 2}
    late = phone.operation("inspection.save", visit["entity_id"], draft, seq=1)
    phone.push(visit)
    assert phone.push(late)[0]["status"] == "superseded"
    assert office.waiting() == []


def test_only_an_own_record_can_be_amended(visit: Visit, client: FlaskClient, world: World, street: Street) -> None:
    colleague = type(visit.phone)(client, world, street, username="colleague")
    colleague.shake_hands()
    foreign = visit.amend(colleague, note="我的")
    unknown = colleague.push(colleague.operation("inspection.amend", uuid4(), {"note": "我的"}))[0]
    assert {(each["status"], each["code"]) for each in (foreign, unknown)} == {("rejected", "forbidden_or_unknown")}


def test_an_amendment_from_an_unapproved_device_says_so(
    visit: Visit, client: FlaskClient, world: World, street: Street
) -> None:
    unapproved = type(visit.phone)(client, world, street, approved=False)
    assert visit.amend(unapproved, note="补充")["codes"] == ["amendment_pending", "device_unapproved"]


def test_an_amendment_of_a_draft_is_kept_but_cannot_be_accepted(desk: Any, phone: Phone, office: Office) -> None:
    desk.save(phone, note="甲")
    result = phone.push(phone.operation("inspection.amend", desk.entity, {"note": "乙"}))[0]
    assert result["code"] == "amendment_pending"
    refused = office.decide("manager", office.waiting()[0]["op_id"])
    assert (refused.status_code, refused.json["code"]) == (409, "record_closed")
