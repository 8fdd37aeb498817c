"""What devices only ever add: further media, attempts in vain, comments, feedback on alerts (sync.md §2, §4)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update

from checkpoints.models import Checkpoint, CheckpointAssignment
from inspection_api.accounts import service as accounts
from inspection_api.alerts.models import Alert, AlertFeedback
from inspection_api.alerts.rules import FeedbackVerdict, is_feedback_enough
from inspection_api.inspections.models import Inspection, InspectionComment
from inspection_api.media.models import Media
from inspection_api.tasks.models import Task, VisitAttempt
from tests.sync.offices import Office, store_media
from tests.sync.operations import unmet
from tests.sync.phone import Phone, Street, fix

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

NOTHING = ("rejected", "forbidden_or_unknown")


def verdict(result: dict[str, Any]) -> tuple[str, str]:
    return result["status"], result["code"]


@pytest.fixture
def unapproved(client: FlaskClient, world: World, street: Street) -> Phone:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    return phone


@pytest.fixture
def colleague(client: FlaskClient, world: World, street: Street) -> Phone:
    phone = Phone(client, world, street, username="colleague")
    phone.shake_hands()
    return phone


def counted(world: World, model: Any) -> int:
    with world.transaction() as ctx:
        return int(ctx.session.scalar(select(func.count()).select_from(model)) or 0)


# --- media.declare


def declare(phone: Phone, record_id: Any, *media: dict[str, Any]) -> dict[str, Any]:
    return phone.operation("media.declare", record_id, {"media": list(media)})


def test_more_media_come_after_the_submission_and_free_it_if_their_bytes_are_here(
    phone: Phone, street: Street, world: World, office: Office
) -> None:
    media = [phone.photo(item) for item in ("op_status", "power_kwh")]
    tax = phone.photo("tax_ytd")
    visit = phone.submit(street.add(), media=media)
    assert verdict(phone.push(visit)[0]) == ("quarantined", "evidence_missing")
    with world.transaction() as ctx:
        ctx.session.execute(update(Inspection).values(quarantine_codes=[], blockers=["media"]))
    with world.transaction() as ctx:
        owner = world.people["officer"]
        early = {"owner_user_id": owner, "organisation_id": world.organisations["sub_branch"], "kind": "photo"}
        facts = {name: tax[name] for name in ("mime", "bytes", "sha256")}
        ctx.session.add(Media(id=UUID(tax["id"]), declared_at=ctx.now, **early, **facts))
    store_media(world)
    with world.transaction() as ctx:
        assert ctx.session.get_one(Inspection, visit["entity_id"]).state == "submitted"
    operation = declare(phone, visit["entity_id"], tax)
    assert verdict(phone.push(operation)[0]) == ("applied", "applied")
    with world.transaction() as ctx:
        assert ctx.session.get_one(Inspection, visit["entity_id"]).state == "extra"
    assert phone.push(operation)[0]["status"] == "applied"
    assert counted(world, Media) == 3
    assert office.waiting() == []


def test_media_of_a_draft_are_declared_before_it_is_submitted(
    phone: Phone, street: Street, world: World, desk: Any
) -> None:
    desk.save(phone, note="草稿")
    assert verdict(phone.push(declare(phone, desk.entity, phone.photo("tax_ytd")))[0]) == ("applied", "applied")
    with world.transaction() as ctx:
        assert set(ctx.session.scalars(select(Media.inspection_id))) == {desk.entity}


def test_media_are_declared_for_an_own_record_only(phone: Phone, colleague: Phone, street: Street) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    for record_id in (visit["entity_id"], uuid4()):
        assert verdict(colleague.push(declare(colleague, record_id, colleague.photo("tax_ytd")))[0]) == NOTHING


def test_contradicting_media_wait_for_a_superior_who_may_accept_them(
    phone: Phone, street: Street, world: World, office: Office
) -> None:
    first, second = phone.submit(street.add()), phone.submit(street.add())
    phone.push(first, second)
    again = phone.photo("tax_ytd", sha256=first["payload"]["media"][0]["sha256"])
    wrong = phone.photo("tax_ytd", mime="text/html")
    results = phone.push(*(declare(phone, second["entity_id"], medium) for medium in (again, wrong)))
    assert [verdict(each) for each in results] == [("quarantined", "media_contradiction")] * 2
    with world.transaction() as ctx:
        attached = select(func.count()).where(Media.inspection_id.is_not(None))
        assert ctx.session.scalar(attached) == 6
    for found in office.waiting():
        assert found["type"] == "media.declare"
        assert office.decide("manager", found["op_id"]).status_code == 200
    with world.transaction() as ctx:
        assert ctx.session.get(Media, again["id"]) is not None
        assert ctx.session.get(Media, wrong["id"]) is None


def test_media_from_an_unapproved_device_wait(phone: Phone, unapproved: Phone, street: Street) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    result = unapproved.push(declare(unapproved, visit["entity_id"], unapproved.photo("tax_ytd")))[0]
    assert verdict(result) == ("quarantined", "device_unapproved")


# --- visit.unmet


def test_an_attempt_never_takes_the_id_of_a_record(
    phone: Phone, colleague: Phone, street: Street, world: World
) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    point = street.add("colleague")
    stolen = {**unmet(colleague, point, media=[colleague.photo("tax_ytd")]), "entity_id": visit["entity_id"]}
    assert verdict(colleague.push(stolen)[0]) == NOTHING
    own = {**unmet(phone, street.add()), "entity_id": visit["entity_id"]}
    assert verdict(phone.push(own)[0]) == NOTHING
    with world.transaction() as ctx:
        attached = select(Media.owner_user_id).where(Media.inspection_id.is_not(None))
        owners = set(ctx.session.scalars(attached))
    assert owners == {world.people["officer"]}


def test_an_attempt_in_vain_is_shown_at_its_task_and_never_closes_it(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    operation = unmet(phone, point, task)
    assert verdict(phone.push(operation)[0]) == ("applied", "applied")
    assert verdict(phone.push(operation)[0]) == ("applied", "applied")
    shown = client.get(f"/api/v1/tasks/{task}/attempts", headers=world.headers("manager")).json["items"]
    assert [(each["id"], each["reason"], each["judgement"]["verdict"]) for each in shown] == [
        (operation["entity_id"], "unmet", "inside")
    ]
    with world.transaction() as ctx:
        assert ctx.session.get_one(Task, task).state == "pending"
        assert set(ctx.session.scalars(select(Media.inspection_id))) == {UUID(operation["entity_id"])}
    store_media(world)


def test_an_attempt_reaches_the_officers_other_device(phone: Phone, second: Phone, street: Street) -> None:
    operation = unmet(phone, street.add())
    phone.push(operation)
    (change,) = [each for each in second.pull()["changes"] if each.get("e") == "visit_attempt"]
    assert (change["id"], change["d"]["reason"]) == (operation["entity_id"], "unmet")


def test_attempts_without_a_task_are_shown_at_their_checkpoint(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    operations = [unmet(phone, point), unmet(phone, point, task), unmet(phone, street.add())]
    phone.push(*operations)
    path = f"/api/v1/checkpoints/{point}/attempts"
    shown = client.get(f"{path}?limit=1", headers=world.headers("manager"))
    rest = client.get(f"{path}?cursor={shown.json['next_cursor']}", headers=world.headers("officer"))
    found = {each["id"]: each["task_id"] for each in [*shown.json["items"], *rest.json["items"]]}
    assert found == {operations[0]["entity_id"]: None, operations[1]["entity_id"]: str(task)}
    for user, status in (("foreign_manager", 404), ("colleague", 404), ("nobody", 403)):
        assert client.get(path, headers=world.headers(user)).status_code == status


def test_attempts_of_a_foreign_task_are_not_shown(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    phone.push(unmet(phone, point, task))
    assert client.get(f"/api/v1/tasks/{task}/attempts", headers=world.headers("foreign_manager")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"fixes": [fix(900)]}, "outside"),
        ({"fixes": []}, "stale"),
        ({"fixes": [fix(lon=500.0)]}, "stale"),
        ({"qr": "XJ1.forged"}, "qr_invalid"),
        ({"fixes": [fix(mock=True)], "qr": None}, "mock"),
    ],
)
def test_an_attempt_that_proves_nothing_waits_for_a_superior(
    phone: Phone, street: Street, world: World, office: Office, changes: dict[str, Any], code: str
) -> None:
    operation = unmet(phone, street.add(), **changes)
    assert verdict(phone.push(operation)[0]) == ("quarantined", code)
    assert counted(world, VisitAttempt) == 0
    assert office.decide("manager", operation["op_id"]).status_code == 200
    assert counted(world, VisitAttempt) == 1


def test_an_attempt_at_a_place_without_a_location_waits(phone: Phone, street: Street) -> None:
    assert verdict(phone.push(unmet(phone, street.add(bound=False)))[0]) == ("quarantined", "not_bound")


def test_an_attempt_after_a_reassignment_waits(phone: Phone, street: Street, world: World) -> None:
    point = street.add()
    with world.transaction() as ctx:
        ctx.session.execute(update(CheckpointAssignment).values(valid_to=CheckpointAssignment.valid_from))
        accounts.revoke(ctx, [(world.people["officer"], "checkpoint", point)])
    assert verdict(phone.push(unmet(phone, point))[0]) == ("quarantined", "not_assigned")


def test_an_attempt_at_an_unknown_place_or_task_means_nothing(phone: Phone, street: Street) -> None:
    point, other = street.add(), street.add()
    foreign = street.add("foreign_officer", "foreign")
    tasks = street.make_tasks()
    operations = [
        unmet(phone, foreign),
        {**unmet(phone, point), "payload": {**unmet(phone, point)["payload"], "checkpoint_id": str(uuid4())}},
        unmet(phone, point, tasks[other]),
        unmet(phone, point, uuid4()),
    ]
    for operation in operations:
        operation["seq"] = 0
    numbered = [{**operation, "seq": number} for number, operation in enumerate(operations, start=1)]
    assert [verdict(each) for each in phone.push(*numbered)] == [NOTHING] * 4


# --- comment.add


def comment(phone: Phone, record_id: Any, text: str = "客户已搬迁，请留意") -> dict[str, Any]:
    return phone.operation("comment.add", uuid4(), {"inspection_id": str(record_id), "text": text})


def test_comments_of_officer_and_superior_stand_on_the_record_and_reach_the_officer(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    manager = Phone(client, world, street, username="manager")
    manager.shake_hands()
    cursor = phone.pull()["cursor"]
    mine = [comment(phone, visit["entity_id"], text) for text in ("第一句", "第二句")]
    assert [verdict(each) for each in phone.push(*mine)] == [("applied", "applied")] * 2
    assert verdict(manager.push(comment(manager, visit["entity_id"], "收到"))[0]) == ("applied", "applied")
    assert phone.push(mine[0])[0]["status"] == "applied"
    path = f"/api/v1/inspections/{visit['entity_id']}"
    shown = client.get(path, headers=world.headers("manager")).json["comments"]
    assert {each["text"] for each in shown} == {"第一句", "第二句", "收到"}
    told = [each["d"]["text"] for each in phone.pull(cursor)["changes"] if each.get("e") == "comment"]
    assert sorted(told) == ["收到", "第一句", "第二句"]


def test_a_comment_on_a_record_out_of_reach_means_nothing(
    phone: Phone, colleague: Phone, street: Street, world: World
) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    for record_id in (visit["entity_id"], uuid4()):
        assert verdict(colleague.push(comment(colleague, record_id))[0]) == NOTHING
    assert counted(world, InspectionComment) == 0


def test_a_comment_from_an_unapproved_device_waits_and_is_written_once_accepted(
    phone: Phone, unapproved: Phone, street: Street, world: World, office: Office
) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    assert verdict(unapproved.push(comment(unapproved, visit["entity_id"]))[0]) == ("quarantined", "device_unapproved")
    (found,) = office.waiting()
    assert found["checkpoint_name"].startswith("经营场所")
    assert office.decide("manager", found["op_id"]).status_code == 200
    assert counted(world, InspectionComment) == 1


# --- alert.feedback


@pytest.fixture
def alert_id(street: Street, world: World) -> UUID:
    point = street.add()
    with world.transaction() as ctx:
        customer_id = ctx.session.get_one(Checkpoint, point).customer_id
        alert = Alert(
            rule="work_stopped",
            customer_id=customer_id,
            organisation_id=world.organisations["sub_branch"],
            level=3,
            subject_date=date(2026, 3, 9),
            episode=1,
            condition="active",
            handling="new",
            numbers={},
            first_seen_on=date(2026, 3, 9),
            last_seen_on=date(2026, 3, 9),
            count=1,
            created_at=ctx.now,
        )
        ctx.session.add(alert)
        ctx.session.flush()
        return alert.id


def feedback(phone: Phone, alert_id: Any, verdict: str = "normal", text: str = "春节后设备检修，下周复产") -> Any:
    return phone.operation("alert.feedback", alert_id, {"verdict": verdict, "text": text})


@pytest.mark.parametrize(
    ("verdict", "words", "enough"),
    [
        ("normal", "一切正常", False),
        ("normal", "  九个字的说明吧啊  ", False),
        ("watch", "", True),
        ("normal", "十" * 10, True),
    ],
)
def test_a_normal_finding_needs_an_explanation(verdict: str, words: str, enough: bool) -> None:  # noqa: FBT001 - a case
    assert is_feedback_enough(FeedbackVerdict(verdict), words) is enough


def test_an_officers_feedback_stands_beside_his_alert(
    phone: Phone, alert_id: UUID, world: World, client: FlaskClient
) -> None:
    operation = feedback(phone, alert_id)
    results = phone.push(operation, feedback(phone, alert_id, "major_risk", ""))
    assert [verdict(each) for each in results] == [("applied", "applied")] * 2
    phone.push(operation)
    for user in ("manager", "officer"):
        shown = client.get(f"/api/v1/alerts/{alert_id}/feedback", headers=world.headers(user)).json["items"]
        assert {each["verdict"] for each in shown} == {"normal", "major_risk"}
    feed = client.get("/api/v1/alerts/feed", headers=world.headers("manager")).json["items"]
    assert [each["kind"] for each in feed] == ["alert.feedback_given"] * 2


def test_feedback_that_says_too_little_is_rejected(phone: Phone, alert_id: UUID) -> None:
    (result,) = phone.push(feedback(phone, alert_id, "normal", "正常"))
    assert (verdict(result), result["message"]) == (
        ("rejected", "feedback_too_short"),
        "反馈为正常时须说明情况，至少 10 个字",
    )


def test_feedback_on_somebody_elses_alert_means_nothing(
    colleague: Phone, alert_id: UUID, world: World, client: FlaskClient
) -> None:
    for each in (alert_id, uuid4()):
        assert verdict(colleague.push(feedback(colleague, each))[0]) == NOTHING
    path = f"/api/v1/alerts/{alert_id}/feedback"
    assert client.get(path, headers=world.headers("foreign_manager")).status_code == 404


def test_feedback_from_an_unapproved_device_waits(
    unapproved: Phone, alert_id: UUID, world: World, office: Office
) -> None:
    assert verdict(unapproved.push(feedback(unapproved, alert_id))[0]) == ("quarantined", "device_unapproved")
    assert counted(world, AlertFeedback) == 0
    assert office.decide("manager", office.waiting()[0]["op_id"]).status_code == 200
    assert counted(world, AlertFeedback) == 1


def test_many_additions_cost_the_same_number_of_statements(
    phone: Phone, street: Street, queries: Any, alert_id: UUID
) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    points = [street.add() for _ in range(3)]

    def batch(size: int) -> list[dict[str, Any]]:
        return [
            operation
            for number in range(size)
            for operation in (
                unmet(phone, points[number]),
                comment(phone, visit["entity_id"]),
                feedback(phone, alert_id),
                declare(phone, visit["entity_id"], phone.photo("op_status")),
            )
        ]

    asked = []
    for size in (1, 3):
        operations = batch(size)
        statements = queries()
        assert {each["status"] for each in phone.push(*operations)} == {"applied"}
        asked.append(len(statements))
    assert asked[0] == asked[1]
