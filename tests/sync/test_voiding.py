"""作废: a review takes an accepted record out of everything that it counted for (domain.md §0, Inspection)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint, CheckpointExit
from inspection_api.core.events import Event
from inspection_api.reports import service as reports
from inspection_api.tasks.models import Task
from tests.sync.drafting import answer
from tests.sync.offices import store_media
from tests.sync.phone import calm_answers
from tests.sync.test_exits import react
from tests.sync.test_papers import held, print_out

if TYPE_CHECKING:
    from tests.factories import World
    from tests.fixtures import Clock
    from tests.sync.phone import Phone, Street

REASON = "照片与企业现场不符，检查不实"


@pytest.fixture
def point(street: Street) -> UUID:
    point = street.add()
    street.make_tasks()
    return point


def visited(phone: Phone, world: World, point: UUID, **changes: Any) -> str:
    operation = phone.submit(point, **changes)
    phone.push(operation)
    store_media(world)
    return str(operation["entity_id"])


def void(phone: Phone, record: str, user: str = "manager", **body: Any) -> Any:
    body = {"reason": REASON, **body}
    return phone.client.post(f"/api/v1/inspections/{record}/void", json=body, headers=phone.world.headers(user))


def states(world: World) -> dict[str, str]:
    with world.transaction() as ctx:
        return {str(id_): state for id_, state in ctx.session.execute(text("SELECT id, state FROM inspection"))}


def march(world: World, point: UUID) -> Task:
    with world.transaction() as ctx:
        tasks = select(Task).where(Task.checkpoint_id == point).order_by(Task.period_start)
        return ctx.session.scalars(tasks).all()[0]


def test_a_voided_record_counts_no_more_and_can_be_read(phone: Phone, world: World, point: UUID) -> None:
    record = visited(phone, world, point)
    print_out(phone, record)
    assert march(world, point).state == "done"
    answered = void(phone, record)
    assert (answered.status_code, answered.json["state"], answered.json["void_reason"]) == (200, "voided", REASON)
    assert answered.json["voided_by"] == str(world.people["manager"])
    assert (march(world, point).state, march(world, point).closed_by) == ("pending", None)
    paper = phone.client.get(f"/api/v1/inspections/{record}/paper", headers=world.headers("officer"))
    assert (paper.json["state"], [each["status"] for each in paper.json["prints"]]) == ("voided", ["voided"])
    headers = {**world.headers("officer"), "Idempotency-Key": str(uuid4())}
    assert phone.client.post(f"/api/v1/inspections/{record}/prints", headers=headers).status_code == 410
    told = phone.client.get(f"/api/v1/inspections/{record}", headers=world.headers("officer"))
    assert told.json["answers"]
    assert visited(phone, world, point) in states(world)
    assert march(world, point).state == "done"


def test_the_phones_of_those_concerned_learn_it(phone: Phone, world: World, point: UUID) -> None:
    record = visited(phone, world, point)
    void(phone, record)
    assert held(phone, "inspection")[record]["state"] == "voided"
    assert held(phone, "task")[str(march(world, point).id)]["state"] == "pending"


def test_the_extra_visit_of_the_period_takes_its_place(phone: Phone, world: World, point: UUID) -> None:
    first, second = visited(phone, world, point), visited(phone, world, point)
    assert states(world) == {first: "accepted", second: "extra"}
    void(phone, first)
    assert states(world) == {first: "voided", second: "accepted"}
    assert (march(world, point).state, str(march(world, point).closed_by)) == ("done", second)
    lines = phone.client.get(f"/api/v1/tasks/{march(world, point).id}/explain", headers=world.headers("manager")).json
    assert [each["code"] for each in lines["lines"]][-3:] == ["done", "reopened", "done"]
    void(phone, second)
    assert march(world, point).state == "pending"


def test_an_extra_record_is_voided_alone(phone: Phone, world: World, point: UUID) -> None:
    first, second = visited(phone, world, point), visited(phone, world, point)
    assert void(phone, second).status_code == 200
    assert states(world) == {first: "accepted", second: "voided"}
    assert str(march(world, point).closed_by) == first


def test_whoever_may_not_is_refused_and_nothing_changes(phone: Phone, world: World, point: UUID) -> None:
    record = visited(phone, world, point)
    for user, status, code in [
        ("officer", 403, "forbidden"),
        ("auditor", 403, "forbidden"),
        ("foreign_manager", 404, "not_found"),
    ]:
        answered = void(phone, record, user)
        assert (answered.status_code, answered.json["code"]) == (status, code)
    empty = void(phone, record, reason="")
    assert (empty.status_code, [each["field"] for each in empty.json["errors"]]) == (422, ["reason"])
    assert states(world) == {record: "accepted"}


def test_the_record_says_who_may_void_it(phone: Phone, world: World, point: UUID) -> None:
    record = visited(phone, world, point)

    def may(user: str) -> bool:
        shown = phone.client.get(f"/api/v1/inspections/{record}", headers=world.headers(user))
        return bool(shown.json["may_void"])

    users = ("officer", "manager", "branch_manager", "auditor")
    assert [may(user) for user in users] == [False, True, True, False]
    void(phone, record)
    assert not may("branch_manager")


def test_nobody_voids_what_he_inspected_himself(phone: Phone, world: World, point: UUID) -> None:
    record = visited(phone, world, point)
    with world.transaction() as ctx:
        ctx.session.execute(text("UPDATE inspection SET officer_id = :id"), {"id": world.people["manager"]})
    answered = void(phone, record)
    assert (answered.status_code, answered.json["code"]) == (403, "four_eyes")
    assert void(phone, record, "branch_manager").status_code == 200


def test_only_what_counts_is_voided_and_once(phone: Phone, world: World, point: UUID) -> None:
    waiting = phone.submit(point)
    phone.push(waiting)
    refused = void(phone, waiting["entity_id"])
    assert (refused.status_code, refused.json["code"], refused.json["state"]) == (
        409,
        "record_not_voidable",
        "submitted",
    )
    store_media(world)
    assert void(phone, waiting["entity_id"]).status_code == 200
    again = void(phone, waiting["entity_id"], "branch_manager")
    assert (again.status_code, again.json["state"]) == (409, "voided")


def test_a_voided_record_takes_no_amendment(phone: Phone, world: World, point: UUID) -> None:
    record = visited(phone, world, point)
    void(phone, record)
    late = phone.operation("inspection.amend", UUID(record), {"answers": [answer("power_kwh", "7")]})
    (result,) = phone.push(late)
    assert result["status"] in {"quarantined", "rejected"}, result


def test_a_closed_month_gets_dated_adjustments(phone: Phone, world: World, point: UUID, clock: Clock) -> None:
    record = visited(phone, world, point)
    clock.advance(days=31)
    month = march(world, point).period_start
    with world.transaction("province_manager") as ctx:
        reports.close_month(ctx, organisation_id=world.organisations["province"], month=month)
    void(phone, record)
    with world.transaction() as ctx:
        noted = ctx.session.execute(text("SELECT task_id, was, became FROM month_adjustment ORDER BY id")).all()
    task = march(world, point)
    assert task.state == "missed"
    assert sorted((row.task_id is None, row.was, row.became) for row in noted) == [
        (False, "done", "overdue"),
        (True, "seen", None),
    ]


def test_an_exit_that_it_proposed_is_proposed_no_more(phone: Phone, world: World, point: UUID) -> None:
    record = visited(phone, world, point, answers=calm_answers(conclusion="exit"))
    react(world)
    with world.transaction() as ctx:
        assert ctx.session.get_one(Checkpoint, point).state == "exit_proposed"
    void(phone, record)
    with world.transaction() as ctx:
        events = ctx.session.scalars(select(Event).where(Event.kind == "inspection.voided")).all()
        checkpoints.on_conclusions_voided(ctx, events)
        checkpoints.on_conclusions_voided(ctx, events)
    with world.transaction() as ctx:
        assert ctx.session.get_one(Checkpoint, point).state == "active"
        row = ctx.session.scalars(select(CheckpointExit)).one()
        assert (row.status, row.ended_by, row.end_reason) == (
            "withdrawn",
            world.people["manager"],
            "提议所依据的检查记录已作废",
        )
