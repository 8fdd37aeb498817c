"""The two tables of sync.md §4, row by row: what a device may do, and what happened meanwhile.

Rows about disabled users, revoked devices and a restored server belong to the tests of those slices.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, text, update

from checkpoints.models import CheckpointLocation, CheckpointPlate
from inspection_api.inspections.models import Inspection, InspectionComment
from inspection_api.media.models import Media
from inspection_api.tasks.models import Task
from inspection_api.templates.models import TemplateVersion
from tests.sync.drafting import Desk, answer
from tests.sync.offices import Office, store_media
from tests.sync.phone import Phone, Street, fix

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

NOTHING = ("rejected", "forbidden_or_unknown")


def verdict(result: dict[str, Any]) -> tuple[str, str]:
    return result["status"], result["code"]


def draft(street: Street, point: Any, **changes: Any) -> dict[str, Any]:
    template = str(street.portfolio.version_id)
    return {"checkpoint_id": str(point), "template_version_id": template, "note": "草稿", **changes}


def numbered(operation: dict[str, Any], seq: int) -> dict[str, Any]:
    return {**operation, "seq": seq}


def state_of(world: World, operation: dict[str, Any]) -> str:
    with world.transaction() as ctx:
        return ctx.session.get_one(Inspection, operation["entity_id"]).state


# --- what a device may do


@pytest.mark.parametrize(
    ("changes", "event"),
    [({"qr": "XJ1.forged"}, "security.qr_invalid"), ({"fixes": [fix(mock=True)] * 3}, "security.mock_location")],
)
def test_a_binding_that_is_no_honest_one_leaves_a_security_event(
    phone: Phone, street: Street, world: World, changes: dict[str, Any], event: str
) -> None:
    point = street.add(bound=False)
    payload = {"qr": street.plate(point), "fixes": [fix(1), fix(2), fix(3)], "photo": phone.photo("plate"), **changes}
    (result,) = phone.push(phone.operation("checkpoint.bind", point, payload))
    assert result["status"] == "quarantined"
    with world.transaction() as ctx:
        kinds = ctx.session.scalars(text("SELECT kind FROM event WHERE kind LIKE 'security.%'")).all()
    assert kinds == [event]


@pytest.mark.parametrize("kind", ["checkpoint", "template", "customer", "loan", "assignment", "plan"])
def test_what_only_the_server_changes_is_rejected(phone: Phone, street: Street, kind: str) -> None:
    (result,) = phone.push(phone.operation(f"{kind}.save", street.add(), {"name": "改名"}))
    assert verdict(result) == NOTHING


def test_what_names_a_thing_out_of_reach_is_rejected_like_what_names_nothing(phone: Phone, street: Street) -> None:
    point, foreign = street.add(), street.add("foreign_officer", "foreign")
    payloads = [
        draft(street, foreign),
        draft(street, uuid4()),
        draft(street, point, template_version_id=str(uuid4())),
        draft(street, point, task_id=str(uuid4())),
    ]
    results = phone.push(*(phone.operation("inspection.save", uuid4(), payload) for payload in payloads))
    assert [verdict(each) for each in results] == [NOTHING] * 4


def test_scans_fixes_media_and_comments_only_grow_and_two_users_make_two_visits(
    phone: Phone, client: FlaskClient, street: Street, world: World
) -> None:
    point = street.add()
    manager = Phone(client, world, street, username="manager")
    manager.shake_hands()
    visits = [(each, each.submit(point)) for each in (phone, manager)]
    for each, visit in visits:
        assert each.push(visit)[0]["status"] == "extra"
        word = {"inspection_id": visits[0][1]["entity_id"], "text": "已核对"}
        assert each.push(each.operation("comment.add", uuid4(), word))[0]["status"] == "applied"
    with world.transaction() as ctx:
        counts = [
            ctx.session.scalar(select(func.count()).select_from(m)) for m in (Inspection, Media, InspectionComment)
        ]
    assert counts == [2, 6, 2]


def test_a_drafts_fields_merge_and_a_true_clash_blocks_the_record_until_somebody_decides(
    desk: Desk, phone: Phone, second: Phone, office: Office, world: World
) -> None:
    desk.save(phone, **answer("tax_ytd", "5"))
    assert desk.save(second, **answer("water_t", "7"))["status"] == "merged"
    assert desk.save(second, **answer("tax_ytd", "6"))["status"] == "conflict"
    desk.submit(phone, base_version=3)
    store_media(world)
    assert (desk.record().state, desk.record().blockers) == ("submitted", ["conflict"])
    office.resolve("manager", office.conflicts()[0]["id"], "server")
    assert desk.record().state == "extra"


def test_a_record_is_submitted_once_and_the_first_accepted_visit_closes_the_task(
    phone: Phone, second: Phone, street: Street, world: World
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    first, other = phone.submit(point, task), second.submit(point, task)
    again = second.operation("inspection.submit", first["entity_id"], second.visit(point, task))
    assert phone.push(first)[0]["status"] == "applied"
    results = second.push(other, again)
    assert [verdict(each) for each in results] == [("applied", "applied"), ("quarantined", "already_submitted")]
    store_media(world)
    assert sorted([state_of(world, first), state_of(world, other)]) == ["accepted", "extra"]
    with world.transaction() as ctx:
        assert ctx.session.get_one(Task, task).state == "done"


def test_an_amendment_always_waits_for_a_person_who_did_not_write_it(
    client: FlaskClient, street: Street, world: World, office: Office
) -> None:
    manager = Phone(client, world, street, username="manager")
    manager.shake_hands()
    visit = manager.submit(street.add())
    manager.push(visit)
    store_media(world)
    (result,) = manager.push(manager.operation("inspection.amend", visit["entity_id"], {"note": "补充"}))
    assert verdict(result) == ("quarantined", "amendment_pending")
    op_id = office.waiting()[0]["op_id"]
    assert office.decide("manager", op_id).json["code"] == "four_eyes"
    assert office.decide("second_manager", op_id).status_code == 200


def test_what_comes_after_the_lock_waits_for_an_unlock(
    phone: Phone, street: Street, world: World, clock: Clock, office: Office
) -> None:
    point = street.add()
    visit = phone.submit(point)
    phone.push(visit)
    store_media(world)
    clock.advance(days=9)
    phone.headers = world.headers("officer")
    late = phone.operation("inspection.save", visit["entity_id"], draft(street, point))
    assert phone.push(late)[0]["codes"] == ["already_submitted", "record_locked"]
    refused = office.decide("manager", office.waiting()[0]["op_id"])
    assert (refused.status_code, refused.json["code"]) == (423, "record_locked")
    assert len(office.waiting()) == 1


def test_of_two_first_bindings_the_earliest_is_provisional_and_both_are_shown(
    phone: Phone, second: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add(bound=False)
    for device, north in ((phone, 0), (second, 80)):
        fixes = [fix(north + number) for number in (1, 2, 3)]
        payload = {"qr": street.plate(point), "fixes": fixes, "photo": device.photo("plate")}
        device.push(device.operation("checkpoint.bind", point, payload))
    path = f"/api/v1/checkpoints/{point}/locations"
    shown = client.get(path, headers=world.headers("manager"))
    assert shown.status_code == 200, shown.json
    with world.transaction() as ctx:
        found = ctx.session.scalars(select(CheckpointLocation.status).where(CheckpointLocation.checkpoint_id == point))
        assert set(found) == {"provisional"}


# --- what happened meanwhile


def reassign(client: FlaskClient, world: World, point: UUID, to: str = "colleague") -> None:
    body = {"officer_id": str(world.people[to])}
    answered = client.post(f"/api/v1/checkpoints/{point}/assign", json=body, headers=world.headers("manager"))
    assert answered.status_code == 200, answered.json


def test_a_visit_from_before_the_reassignment_counts_for_its_performer_and_the_old_device_drops_the_task(
    phone: Phone, street: Street, world: World, client: FlaskClient, clock: Clock
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    cursor = phone.pull()["cursor"]
    early = phone.submit(point, task)
    reassign(client, world, point)
    dropped = {(each["e"], each["id"]) for each in phone.pull(cursor)["changes"] if each["k"] == "drop"}
    assert {("task", str(task)), ("checkpoint", str(point))} <= dropped
    clock.advance(minutes=30)
    phone.mono_ms += 30 * 60_000
    results = phone.push(early, phone.submit(point, task))
    assert (results[0]["status"], "late" in results[0]["flags"]) == ("applied", True)
    assert verdict(results[1]) == ("quarantined", "not_assigned")
    with world.transaction() as ctx:
        assert ctx.session.get_one(Inspection, early["entity_id"]).officer_id == world.people["officer"]


def test_a_draft_from_before_the_reassignment_is_kept_with_a_flag_and_one_from_after_it_waits(
    desk: Desk, phone: Phone, street: Street, world: World, client: FlaskClient, clock: Clock, office: Office
) -> None:
    early = phone.operation("inspection.save", desk.entity, draft(street, desk.point), captured=phone.stamp(5))
    reassign(client, world, desk.point)
    clock.advance(minutes=30)
    phone.mono_ms += 30 * 60_000
    after = draft(street, desk.point, note="移交之后")
    results = phone.push(early, phone.operation("inspection.save", desk.entity, after, base_version=1))
    assert (verdict(results[0]), results[0]["flags"]) == (("applied", "applied"), ["late"])
    assert verdict(results[1]) == ("quarantined", "not_assigned")
    assert desk.record().note == "草稿"
    (waiting,) = office.waiting()
    assert office.decide("manager", waiting["op_id"]).status_code == 200
    assert desk.record().note == "移交之后"


def test_a_draft_of_which_nobody_knows_whether_it_was_before_the_reassignment_waits(
    desk: Desk, phone: Phone, street: Street, world: World, client: FlaskClient, clock: Clock
) -> None:
    clock.advance(minutes=30)
    reassign(client, world, desk.point)
    clock.advance(minutes=30)
    stamp = {"wall": clock.now.isoformat()}
    operation = phone.operation("inspection.save", desk.entity, draft(street, desk.point), captured=stamp)
    assert verdict(phone.push(operation)[0]) == ("quarantined", "time_bounded")


@pytest.mark.parametrize(("state", "reason"), [("cancelled", "exit"), ("exempt", "history")])
def test_a_visit_whose_task_was_cancelled_or_exempt_is_extra_with_a_flag(
    phone: Phone, street: Street, world: World, state: str, reason: str
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    with world.transaction() as ctx:
        performed = ctx.now.date() - timedelta(days=30) if state == "exempt" else None
        closed = {"closed_by": uuid4(), "performed_on": performed} if state == "exempt" else {}
        ctx.session.execute(update(Task).where(Task.id == task).values(state=state, reason=reason, **closed))
    (result,) = phone.push(phone.submit(point, task))
    assert (result["status"], result["flags"]) == ("extra", [f"task_{state}"])


def test_a_visit_is_judged_by_the_place_and_the_plate_that_held_when_it_was_made(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add()
    visit = phone.submit(point)
    clock.advance(hours=1)
    with world.transaction() as ctx:
        moved = select(CheckpointLocation).where(CheckpointLocation.checkpoint_id == point)
        ctx.session.scalars(moved).one().valid_to = ctx.now
        ctx.session.execute(update(CheckpointPlate).values(revoked_at=ctx.now))
    (result,) = phone.push(visit)
    assert result["status"] == "extra"
    with world.transaction() as ctx:
        stored = ctx.session.get_one(Inspection, visit["entity_id"])
        assert (stored.judgement or {})["location_generation"] == 1


def test_a_newer_template_version_leaves_the_visits_made_with_the_older_one_valid(
    phone: Phone, street: Street, world: World
) -> None:
    visit = phone.submit(street.add())
    with world.transaction() as ctx:
        old = ctx.session.get_one(TemplateVersion, street.portfolio.version_id)
        newer = {
            name: getattr(old, name)
            for name in ("template_id", "definition", "sha256", "status", "published_at", "created_at")
        }
        ctx.session.add(TemplateVersion(number=old.number + 1, **newer))
    assert phone.push(visit)[0]["status"] == "extra"


def test_an_expired_login_loses_nothing_and_the_next_one_drains_the_outbox(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    body = phone.batch(phone.submit(street.add()))
    clock.advance(days=60)
    assert phone.send(body).status_code == 401
    phone.headers = world.headers("officer")
    assert phone.send(body).json["results"][0]["status"] in {"extra", "applied"}


def test_behind_a_gap_a_visit_is_judged_and_a_draft_is_held(phone: Phone, street: Street) -> None:
    point = street.add()
    visit = numbered(phone.submit(point), 2)
    held = phone.operation("inspection.save", uuid4(), draft(street, point), seq=3)
    results = phone.push(visit, held)
    assert (results[0]["status"], results[0]["flags"]) == ("extra", ["gap"])
    assert results[1]["status"] == "held"
    missing = phone.operation("inspection.save", uuid4(), draft(street, point), seq=1)
    assert {each["status"] for each in phone.push(missing)} == {"applied"}


def test_attempts_and_comments_are_judged_behind_a_gap_too(phone: Phone, street: Street) -> None:
    point = street.add()
    visit = numbered(phone.submit(point), 1)
    phone.push(visit)
    word = {"inspection_id": visit["entity_id"], "text": "已核对"}
    attempt = {"checkpoint_id": str(point), "reason": "refused", "fixes": [fix()]}
    results = phone.push(
        phone.operation("comment.add", uuid4(), word, seq=3),
        phone.operation("visit.unmet", uuid4(), attempt, seq=4),
    )
    assert [(each["status"], each["flags"]) for each in results] == [("applied", ["gap"])] * 2


def test_a_draft_that_comes_late_out_of_a_gap_is_superseded_by_a_later_own_one(
    desk: Desk, phone: Phone, street: Street
) -> None:
    late = phone.operation("inspection.save", desk.entity, draft(street, desk.point), seq=1)
    visit = phone.operation("inspection.submit", desk.entity, phone.visit(desk.point), seq=2)
    assert phone.push(visit)[0]["flags"] == ["gap"]
    assert phone.push(late)[0]["status"] == "superseded"


def test_a_dependency_that_is_unknown_or_circular_is_rejected_and_one_in_quarantine_pulls_along(
    phone: Phone, street: Street
) -> None:
    point = street.add()
    alone = numbered(phone.submit(point), 1) | {"depends_on": [str(uuid4())]}
    bad = numbered(phone.submit(street.add(), fixes=[fix(900)]), 2)
    follower = numbered(phone.submit(street.add()), 3) | {"depends_on": [bad["op_id"]]}
    itself = numbered(phone.submit(street.add()), 4)
    itself["depends_on"] = [itself["op_id"]]
    results = {each["seq"]: each for each in phone.push(alone, bad, follower, itself)}
    assert verdict(results[1]) == ("rejected", "bad_dependency")
    assert verdict(results[3]) == ("quarantined", "dependency")
    assert verdict(results[4]) == ("rejected", "bad_dependency")


def test_a_number_that_was_used_before_means_that_the_device_was_copied(phone: Phone, street: Street) -> None:
    point = street.add()
    phone.push(numbered(phone.submit(point), 1))
    answered = phone.send(phone.batch(numbered(phone.submit(point), 1)))
    assert (answered.status_code, answered.json["code"]) == (409, "device_forked")
