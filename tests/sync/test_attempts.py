"""One id is one thing: no attempt and no record ever take the id, or the media, of another (sync.md §2, §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from inspection_api.inspections.models import Inspection
from inspection_api.media import service as media
from inspection_api.media.models import Media
from inspection_api.tasks.models import VisitAttempt
from tests.sync.operations import save, unmet
from tests.sync.phone import Phone, Street, fix

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.sync.offices import Office

NOTHING = ("rejected", "forbidden_or_unknown")
APPLIED = ("applied", "applied")
AGAIN = ("quarantined", "already_submitted")


def verdicts(results: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(result["status"], result["code"]) for result in results]


@pytest.fixture
def colleague(client: FlaskClient, world: World, street: Street) -> Phone:
    phone = Phone(client, world, street, username="colleague")
    phone.shake_hands()
    return phone


@pytest.fixture
def attempt(phone: Phone, street: Street) -> dict[str, Any]:
    """An attempt of the officer that stands."""
    operation = unmet(phone, street.add())
    assert verdicts(phone.push(operation)) == [APPLIED]
    return operation


def owners(world: World, entity_id: Any) -> set[UUID]:
    """Return whose media are declared under an id."""
    with world.transaction() as ctx:
        declared = select(Media.owner_user_id).where(Media.inspection_id == UUID(str(entity_id)))
        return set(ctx.session.scalars(declared))


def under(operation: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Return the operation, but under the id of another one."""
    return {**operation, "entity_id": other["entity_id"]}


@pytest.mark.parametrize("who", ["phone", "colleague"])
def test_no_record_takes_the_id_of_an_attempt(
    request: pytest.FixtureRequest, who: str, attempt: dict[str, Any], street: Street, world: World
) -> None:
    device: Phone = request.getfixturevalue(who)
    point = street.add(device.username)
    pushed = device.push(under(device.submit(point), attempt), under(save(device, street, point), attempt))
    assert verdicts(pushed) == [NOTHING, NOTHING]
    assert owners(world, attempt["entity_id"]) == {world.people["officer"]}
    with world.transaction() as ctx:
        assert ctx.session.get(Inspection, UUID(attempt["entity_id"])) is None


def test_an_attempt_of_the_same_batch_keeps_its_id_from_a_record_and_a_record_from_an_attempt(
    phone: Phone, street: Street, world: World
) -> None:
    point = street.add()
    first, visit = unmet(phone, point), phone.submit(point)
    batch = [first, under(phone.submit(point), first), under(save(phone, street, point), first)]
    batch += [visit, under(unmet(phone, point), visit)]
    assert [status for status, _ in verdicts(phone.push(*batch))] == [
        "applied",
        "rejected",
        "rejected",
        "extra",
        "rejected",
    ]


@pytest.mark.parametrize("apart", [True, False])
def test_an_own_second_attempt_under_one_id_waits_for_a_person_and_can_only_be_refused(
    phone: Phone, street: Street, world: World, office: Office, *, apart: bool
) -> None:
    point = street.add()
    first = unmet(phone, point, note="第一次")
    second = under(unmet(phone, point, note="第二次"), first)
    results = [*phone.push(first), *phone.push(second)] if apart else phone.push(first, second)
    assert verdicts(results) == [APPLIED, AGAIN]
    answered = office.decide("manager", second["op_id"])
    assert (answered.status_code, answered.json["code"]) == (409, "not_acceptable")
    assert office.decide("manager", second["op_id"], "refuse").status_code == 200
    with world.transaction() as ctx:
        assert list(ctx.session.scalars(select(VisitAttempt.note))) == ["第一次"]


def test_the_same_attempt_again_is_answered_as_before(phone: Phone, attempt: dict[str, Any]) -> None:
    assert verdicts(phone.push(attempt)) == [APPLIED]


def test_a_colleagues_attempt_under_the_same_id_means_nothing(
    attempt: dict[str, Any], colleague: Phone, street: Street, world: World
) -> None:
    foreign = under(unmet(colleague, street.add("colleague")), attempt)
    assert verdicts(colleague.push(foreign)) == [NOTHING]
    assert owners(world, attempt["entity_id"]) == {world.people["officer"]}


def test_an_attempt_that_waits_cannot_be_accepted_once_its_id_is_a_record(
    phone: Phone, street: Street, office: Office
) -> None:
    point = street.add()
    waiting = unmet(phone, point, fixes=[])
    assert verdicts(phone.push(waiting)) == [("quarantined", "stale")]
    assert phone.push(under(phone.submit(point), waiting))[0]["status"] == "extra"
    answered = office.decide("manager", waiting["op_id"])
    assert (answered.status_code, answered.json["code"]) == (409, "not_acceptable")


def test_media_are_never_declared_under_the_id_of_anothers(attempt: dict[str, Any], world: World) -> None:
    def declared(owner: str, record_id: UUID | None) -> bool:
        row = media.MediaRow(id=uuid4(), kind="photo", mime="image/jpeg", bytes=1, sha256="0" * 64)
        home = {"owner_user_id": world.people[owner], "organisation_id": world.organisations["sub_branch"]}
        with world.transaction() as ctx:
            return row.id in media.declare_many(ctx, [media.Bundle(**home, inspection_id=record_id, media=[row])])

    taken = UUID(attempt["entity_id"])
    assert not declared("colleague", taken)
    assert declared("officer", taken)
    assert declared("colleague", uuid4())
    assert declared("colleague", None)


def declare(phone: Phone, attempt: dict[str, Any], *media: dict[str, Any]) -> dict[str, Any]:
    return phone.operation("media.declare", attempt["entity_id"], {"media": list(media)})


@pytest.mark.parametrize("apart", [True, False])
def test_more_media_come_for_an_attempt_after_it(phone: Phone, street: Street, world: World, *, apart: bool) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    attempt = unmet(phone, point, task)
    further = declare(phone, attempt, phone.photo("gate"), phone.photo("fence"))
    results = [*phone.push(attempt), *phone.push(further)] if apart else phone.push(attempt, further)
    assert verdicts(results) == [APPLIED, APPLIED]
    with world.transaction() as ctx:
        declared = select(Media.item_key, Media.organisation_id).where(
            Media.inspection_id == UUID(attempt["entity_id"])
        )
        organisation = ctx.session.get_one(VisitAttempt, UUID(attempt["entity_id"])).organisation_id
        assert set(ctx.session.execute(declared)) == {(item, organisation) for item in ("door", "gate", "fence")}


def test_nobody_declares_media_for_a_colleagues_attempt(
    attempt: dict[str, Any], colleague: Phone, world: World
) -> None:
    assert verdicts(colleague.push(declare(colleague, attempt, colleague.photo("gate")))) == [NOTHING]
    assert owners(world, attempt["entity_id"]) == {world.people["officer"]}


def test_contradicting_media_of_an_attempt_wait_for_its_superior(
    phone: Phone, attempt: dict[str, Any], street: Street, world: World, office: Office
) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    again = phone.photo("gate", sha256=visit["payload"]["media"][0]["sha256"])
    further = declare(phone, attempt, again)
    assert verdicts(phone.push(further)) == [("quarantined", "media_contradiction")]
    assert [found["type"] for found in office.waiting()] == ["media.declare"]
    assert office.decide("manager", further["op_id"]).status_code == 200
    with world.transaction() as ctx:
        assert str(ctx.session.get_one(Media, UUID(again["id"])).inspection_id) == attempt["entity_id"]


def test_attempts_of_any_number_are_looked_for_in_one_statement(
    phone: Phone, street: Street, queries: Callable[[], list[str]]
) -> None:
    points = [street.add() for _ in range(3)]

    def batch(size: int) -> list[dict[str, Any]]:
        made = [(unmet(phone, point), phone.submit(point), save(phone, street, point)) for point in points[:size]]
        return [operation for each in made for operation in each]

    phone.push(*batch(3))
    asked = []
    for size in (1, 3):
        operations = batch(size)
        seen = queries()
        phone.push(*operations)
        asked.append((len(seen), sum("FROM visit_attempt" in statement for statement in seen)))
    assert asked[0] == asked[1]
    assert asked[0][1] == 1


@pytest.mark.parametrize("apart", [True, False])
def test_media_of_an_attempt_that_waits_wait_with_it(
    phone: Phone, colleague: Phone, street: Street, world: World, office: Office, *, apart: bool
) -> None:
    attempt = unmet(phone, street.add(), fixes=[])
    further = declare(phone, attempt, phone.photo("gate"))
    results = [*phone.push(attempt), *phone.push(further)] if apart else phone.push(attempt, further)
    assert verdicts(results) == [("quarantined", "stale"), ("quarantined", "dependency")]
    assert verdicts(colleague.push(declare(colleague, attempt, colleague.photo("gate")))) == [NOTHING]
    early = office.decide("manager", further["op_id"])
    assert (early.status_code, early.json["code"]) == (409, "not_acceptable")
    assert [office.decide("manager", each["op_id"]).status_code for each in (attempt, further)] == [200, 200]
    with world.transaction() as ctx:
        gate = ctx.session.get_one(Media, UUID(further["payload"]["media"][0]["id"]))
        assert str(gate.inspection_id) == attempt["entity_id"]


@pytest.mark.parametrize(("fixes", "state"), [([fix()], "applied"), ([], "dependency")])
def test_media_of_an_attempt_from_an_unapproved_device_are_released_with_it(
    client: FlaskClient, street: Street, world: World, office: Office, fixes: list[dict[str, Any]], state: str
) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    attempt = unmet(phone, street.add(), fixes=fixes)
    further = declare(phone, attempt, phone.photo("gate"))
    assert phone.push(attempt, further)[1]["code"] == "device_unapproved"
    phone.approve()
    waiting = {each["op_id"]: each["reasons"][0]["code"] for each in office.waiting()}
    assert waiting.get(further["op_id"], "applied") == state
