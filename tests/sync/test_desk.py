"""The supervisor's desk: conflicts and quarantined operations end by somebody's decision (sync.md §2, §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from checkpoints.coordinates import Point
from inspection_api.core.context import Actor, Assignment
from inspection_api.core.errors import Forbidden
from inspection_api.core.permissions import Role
from inspection_api.inspections.errors import OwnRecord
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.rules import State
from inspection_api.templates.default_template import DEFINITION
from inspection_api.templates.forms import compile_form
from kiosk_print.models import UnlockRequest
from sync.errors import NotAcceptable
from sync.models import SyncQuarantine, SyncReceipt
from sync.protocol import desk as rules
from sync.protocol.verdicts import Status, Verdict
from tests.sync.drafting import Desk, answer
from tests.sync.offices import Office, call, store_media
from tests.sync.operations import unmet
from tests.sync.phone import Phone, Street, calm_answers, fix

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

HERE = "/61/01/"


def actor_with(role: Role, user_id: UUID | None) -> Actor:
    return Actor(user_id=user_id, assignments=(Assignment(role=role, organisation_id=uuid4(), path=HERE),))


def test_an_officer_decides_in_his_own_drafts_only() -> None:
    me = uuid4()
    officer = actor_with(Role.LOAN_OFFICER, me)
    rules.ensure_may_resolve(officer, HERE, officer_id=me, state=State.DRAFT)
    for state, owner in ((State.SUBMITTED, me), (State.DRAFT, uuid4())):
        with pytest.raises(Forbidden):
            rules.ensure_may_resolve(officer, HERE, officer_id=owner, state=state)


def test_a_superior_decides_below_him_but_never_on_his_own_record() -> None:
    me = uuid4()
    manager = actor_with(Role.SUB_BRANCH_MANAGER, me)
    rules.ensure_may_resolve(manager, f"{HERE}0001/", officer_id=uuid4(), state=State.SUBMITTED)
    with pytest.raises(OwnRecord):
        rules.ensure_may_resolve(manager, HERE, officer_id=me, state=State.DRAFT)
    with pytest.raises(Forbidden):
        rules.ensure_may_resolve(manager, "/61/02/", officer_id=uuid4(), state=State.SUBMITTED)
    rules.ensure_may_resolve(actor_with(Role.APPROVER, None), HERE, officer_id=uuid4(), state=State.SUBMITTED)


def test_a_field_is_named_by_its_label() -> None:
    form = compile_form(DEFINITION)
    assert rules.label_of(form, "note") == "备注"
    assert "纳税" in rules.label_of(form, "answers.tax_ytd")
    assert rules.label_of(form, "answers.nowhere") == "nowhere"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("note", "乙", ({"a": {"value": 1}}, "乙")),
        ("answers.a", {"value": 2}, ({"a": {"value": 2}}, "甲")),
        ("answers.a", None, ({}, "甲")),
    ],
)
def test_a_decision_replaces_one_field(field: str, value: Any, expected: tuple[Any, Any]) -> None:
    assert rules.with_value({"a": {"value": 1}}, "甲", field, value) == expected
    assert rules.value_of(*expected, field) == value


def test_an_unknown_reason_is_told_as_it_is() -> None:
    assert rules.sentences(["mock", "unheard"])[1] == {"code": "unheard", "message": "unheard"}
    (typed,) = rules.sentences(["qr_manual"], {"manual": {"text": "CP-1", "reason": "牌面破损"}})
    assert typed["message"].endswith("：CP-1（牌面破损）")


def test_what_has_no_effect_cannot_be_accepted() -> None:
    rules.ensure_effective(Verdict(status=Status.MERGED))
    with pytest.raises(NotAcceptable, match="二维码无效"):
        rules.ensure_effective(Verdict(status=Status.QUARANTINED, codes=("qr_invalid",)))


# --- conflicts


def clash(desk: Desk, phone: Phone, second: Phone) -> None:
    desk.save(phone, **answer("tax_ytd", "5"))
    assert desk.save(second, **answer("tax_ytd", "6"))["status"] == "conflict"


def test_a_conflict_shows_both_values_with_device_and_time(
    desk: Desk, phone: Phone, second: Phone, office: Office, clock: Clock
) -> None:
    desk.save(phone, **answer("tax_ytd", "5"))
    first_at = clock.now
    clock.advance(minutes=3)
    desk.save(second, **answer("tax_ytd", "6"))
    (found,) = office.conflicts()
    assert (found["field"], "纳税" in found["label"]) == ("answers.tax_ytd", True)
    assert (found["server"]["value"], found["device"]["value"]) == ({"value": "5"}, {"value": "6"})
    assert found["current"] == {"value": "5"}
    assert (found["server"]["device_id"], found["device"]["device_id"]) == (str(phone.id), str(second.id))
    assert found["server"]["at"] == first_at.isoformat()
    assert found["device"]["at"] == clock.now.isoformat()
    assert (found["state"], found["record_state"], found["officer"]["name"]) == ("open", "draft", "姓名officer")


def test_conflicts_are_seen_in_the_subtree_by_the_auditor_and_by_the_officer_himself(
    desk: Desk, phone: Phone, second: Phone, office: Office
) -> None:
    clash(desk, phone, second)
    seen = {user: len(office.conflicts(user)) for user in ("manager", "auditor", "approver", "officer")}
    assert seen == dict.fromkeys(seen, 1)
    assert office.conflicts("foreign_manager") == office.conflicts("colleague") == []
    assert office.conflicts(state="resolved") == []


def test_the_value_that_a_superior_keeps_stands_and_stale_changes_clash_again(
    desk: Desk, phone: Phone, second: Phone, office: Office
) -> None:
    clash(desk, phone, second)
    (found,) = office.conflicts()
    answered = office.resolve("manager", found["id"], "device", reason="以申报表为准")
    assert answered.status_code == 200, answered.json
    assert (answered.json["current"], answered.json["kept"]) == ({"value": "6"}, "device")
    assert (answered.json["decided_by"]["name"], answered.json["reason"]) == ("姓名manager", "以申报表为准")
    assert (desk.record().answers["tax_ytd"], desk.record().blockers) == ({"value": "6"}, [])
    for device in (phone, second):
        assert desk.save(device, base_version=1, **answer("tax_ytd", "7"))["status"] == "conflict"
    assert desk.record().answers["tax_ytd"] == {"value": "6"}
    assert [each["server"]["device_id"] for each in office.conflicts(state="open")] == [None, None]
    assert office.events("conflict.resolved")[0]["kept"] == "device"


def test_the_server_value_may_stand_too(desk: Desk, phone: Phone, second: Phone, office: Office) -> None:
    clash(desk, phone, second)
    assert office.resolve("manager", office.conflicts()[0]["id"], "server").json["current"] == {"value": "5"}
    assert (desk.record().answers["tax_ytd"], desk.record().blockers) == ({"value": "5"}, [])


@pytest.mark.parametrize(("keep", "kept"), [("device", "8"), ("server", "5")])
def test_a_decision_never_brings_back_what_a_device_said_before_its_latest_word(
    desk: Desk, phone: Phone, second: Phone, office: Office, keep: str, kept: str
) -> None:
    clash(desk, phone, second)
    later = desk.save(second, base_version=desk.record().version, **answer("tax_ytd", "8"))
    assert later["status"] == "applied"
    (found,) = office.conflicts()
    assert (found["server"]["value"], found["device"]["value"]) == ({"value": "5"}, {"value": "8"})
    assert found["current"] == {"value": "8"}
    assert office.resolve("manager", found["id"], keep).json["current"] == {"value": kept}
    assert (desk.record().answers["tax_ytd"], desk.record().blockers) == ({"value": kept}, [])


def test_what_another_device_says_knowingly_is_what_stands_in_the_conflict(
    desk: Desk, phone: Phone, second: Phone, office: Office
) -> None:
    clash(desk, phone, second)
    desk.save(phone, base_version=desk.record().version, **answer("tax_ytd", "9"))
    (found,) = office.conflicts()
    assert (found["server"]["value"], found["device"]["value"]) == ({"value": "9"}, {"value": "6"})
    assert office.resolve("manager", found["id"], "server").json["current"] == {"value": "9"}


def test_a_submission_over_a_draft_in_conflict_is_its_devices_latest_word(
    desk: Desk, phone: Phone, second: Phone, office: Office
) -> None:
    clash(desk, phone, second)
    desk.submit(second, base_version=desk.record().version, **answer("tax_ytd", "8"))
    (found,) = office.conflicts()
    assert (found["server"]["value"], found["device"]["value"]) == ({"value": "5"}, {"value": "8"})
    assert desk.record().answers["tax_ytd"] == {"value": "8"}


def test_a_device_whose_clash_and_later_word_come_in_one_batch_is_heard_with_the_later(
    desk: Desk, phone: Phone, second: Phone, office: Office
) -> None:
    desk.save(phone, **answer("tax_ytd", "4"))
    before = desk.record().version
    desk.save(phone, base_version=before, **answer("tax_ytd", "5"))
    payload = {"checkpoint_id": str(desk.point), "template_version_id": str(desk.street.portfolio.version_id)}
    results = second.push(
        *(
            second.operation("inspection.save", desk.entity, {**payload, **answer("tax_ytd", value)}, base_version=base)
            for value, base in (("6", before), ("8", desk.record().version))
        )
    )
    assert [each["status"] for each in results] == ["conflict", "applied"]
    (found,) = office.conflicts()
    assert (found["server"]["value"], found["device"]["value"]) == ({"value": "5"}, {"value": "8"})
    assert office.resolve("manager", found["id"], "device").json["current"] == {"value": "8"}


def test_a_decided_record_reaches_the_devices(desk: Desk, phone: Phone, second: Phone, office: Office) -> None:
    clash(desk, phone, second)
    cursor = phone.pull()["cursor"]
    office.resolve("manager", office.conflicts()[0]["id"])
    (change,) = [each for each in phone.pull(cursor)["changes"] if each.get("e") == "inspection"]
    assert change["d"]["answers"]["tax_ytd"] == {"value": "6"}


def test_an_officer_decides_a_conflict_of_his_draft_but_not_of_his_visit(
    desk: Desk, phone: Phone, second: Phone, office: Office
) -> None:
    desk.save(phone, note="甲", **answer("tax_ytd", "5"))
    desk.save(second, note="乙", **answer("tax_ytd", "6"))
    by_field = {each["field"]: each["id"] for each in office.conflicts("officer")}
    assert office.resolve("officer", by_field["note"]).status_code == 200
    assert (desk.record().note, desk.record().blockers) == ("乙", ["conflict"])
    desk.submit(phone, base_version=desk.record().version, answers=calm_answers(tax_ytd="5"))
    assert office.resolve("officer", by_field["answers.tax_ytd"]).status_code == 403


@pytest.mark.parametrize(("user", "status"), [("auditor", 403), ("foreign_manager", 404), ("colleague", 404)])
def test_others_decide_no_conflict(
    desk: Desk, phone: Phone, second: Phone, office: Office, user: str, status: int
) -> None:
    clash(desk, phone, second)
    assert office.resolve(user, office.conflicts()[0]["id"]).status_code == status


def test_nobody_decides_a_conflict_of_his_own_visit(
    desk: Desk, client: FlaskClient, world: World, street: Street, office: Office
) -> None:
    phones = [Phone(client, world, street, username="manager") for _ in range(2)]
    for each, value in zip(phones, ("5", "6"), strict=True):
        each.shake_hands()
        desk.save(each, **answer("tax_ytd", value))
    refused = office.resolve("manager", office.conflicts()[0]["id"])
    assert (refused.status_code, refused.json["code"]) == (403, "four_eyes")
    assert office.resolve("second_manager", office.conflicts()[0]["id"]).status_code == 200


def test_the_second_to_decide_learns_who_was_first(desk: Desk, phone: Phone, second: Phone, office: Office) -> None:
    clash(desk, phone, second)
    (found,) = office.conflicts()
    office.resolve("manager", found["id"], "server")
    late = office.resolve("approver", found["id"], "device")
    assert (late.status_code, late.json["code"]) == (409, "conflict_decided")
    assert (late.json["decided_by_name"], late.json["kept"]) == ("姓名manager", "server")
    assert desk.record().answers["tax_ytd"] == {"value": "5"}


def submitted_in_conflict(desk: Desk, phone: Phone, second: Phone, item: str, values: tuple[Any, Any]) -> None:
    desk.save(phone, **answer(item, values[0]))
    desk.save(second, **answer(item, values[1]))
    desk.submit(phone, base_version=2, answers=calm_answers(**{item: values[0]}))


def test_a_decided_visit_is_judged_anew_and_accepted(
    desk: Desk, phone: Phone, second: Phone, office: Office, world: World
) -> None:
    submitted_in_conflict(desk, phone, second, "conclusion", ("normal", "watch"))
    store_media(world)
    assert (desk.record().state, desk.record().blockers) == ("submitted", ["conflict"])
    assert office.resolve("approver", office.conflicts()[0]["id"]).status_code == 200
    stored = desk.record()
    assert (stored.state, stored.conclusion, stored.blockers) == ("extra", "watch", [])


def test_a_decision_raises_the_indicators_that_follow_from_it(
    desk: Desk, phone: Phone, second: Phone, office: Office, world: World
) -> None:
    desk.save(phone, **answer("op_status", "normal"))
    desk.save(second, **answer("op_status", "abnormal"))
    calm = [*calm_answers(conclusion="watch"), {"item": "remark", "value": "停产检修"}]
    desk.submit(phone, base_version=2, answers=calm)
    assert desk.record().indicators == []
    office.resolve("manager", office.conflicts()[0]["id"])
    assert desk.record().indicators == ["W01"]


def test_a_value_that_makes_a_visit_wrong_is_refused_with_its_field(
    desk: Desk, phone: Phone, second: Phone, office: Office
) -> None:
    submitted_in_conflict(desk, phone, second, "tax_ytd", ("5", "很多"))
    (found,) = office.conflicts()
    refused = office.resolve("manager", found["id"], "device")
    assert (refused.status_code, refused.json["code"]) == (409, "answers_invalid")
    assert "answers.tax_ytd" in str(refused.json["errors"])
    assert office.conflicts(state="open") == [found]
    assert office.resolve("manager", found["id"], "server").status_code == 200


def test_the_list_of_conflicts_asks_the_same_number_of_questions(
    desk: Desk, phone: Phone, second: Phone, office: Office, queries: Callable[[], list[str]]
) -> None:
    clash(desk, phone, second)
    asked = queries()
    office.conflicts()
    one = len(asked)
    desk.save(phone, note="甲")
    desk.save(second, note="乙")
    asked = queries()
    assert len(office.conflicts()) == 2
    assert len(asked) == one


# --- quarantine


def quarantined(phone: Phone, street: Street, **changes: Any) -> dict[str, Any]:
    operation = phone.submit(street.add(), **{"fixes": [fix(900)], **changes})
    assert phone.push(operation)[0]["status"] == "quarantined"
    return operation


def record(world: World, operation: dict[str, Any]) -> Inspection:
    with world.transaction() as ctx:
        found: Inspection = ctx.session.get_one(Inspection, operation["entity_id"])
        return found


def test_what_waits_is_shown_with_its_reasons_in_words(phone: Phone, street: Street, office: Office) -> None:
    operation = quarantined(phone, street, media=[])
    (found,) = office.waiting()
    assert (found["op_id"], found["type"]) == (operation["op_id"], "inspection.submit")
    assert [each["code"] for each in found["reasons"]] == ["outside", "evidence_missing"]
    assert found["reasons"][0]["message"] == "位置在围栏之外，已隔离待核实"
    assert (found["officer"]["name"], found["checkpoint_name"][:4]) == ("姓名officer", "经营场所")
    assert (found["judgement"]["verdict"], found["content"], found["state"]) == ("inside", None, "open")
    assert office.waiting("officer") == office.waiting("auditor") == [found]
    assert office.waiting("foreign_manager") == office.waiting("colleague") == []


def shown(office: Office, path: str, user: str = "manager") -> Any:
    return call(office.world, office.client, "GET", path, user)


def test_a_quarantined_visit_is_drawn_where_it_was_judged(phone: Phone, street: Street, office: Office) -> None:
    operation = quarantined(phone, street)
    seen = shown(office, f"/inspections/{operation['entity_id']}").json
    assert (seen["officer_name"], seen["checkpoint_name"][:4]) == ("姓名officer", "经营场所")
    marks = {mark["kind"]: mark for mark in seen["sketch"]["marks"]}
    assert marks["submit"]["distance_m"] == pytest.approx(900, abs=3)
    assert marks["scan"]["distance_m"] < seen["sketch"]["radius_m"] == seen["judgement"]["radius_m"]
    found = shown(office, f"/sync/quarantine/{operation['op_id']}").json
    assert (found["op_id"], found["sketch"]) == (operation["op_id"], None)
    for user, path in (("foreign_manager", operation["op_id"]), ("manager", uuid4())):
        assert shown(office, f"/sync/quarantine/{path}", user).status_code == 404


def test_what_left_no_record_is_drawn_from_what_it_says(
    client: FlaskClient, world: World, street: Street, office: Office
) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    phone.push(unmet(phone, street.add(), fixes=[fix(300)]))
    (waiting,) = office.waiting()
    found = shown(office, f"/sync/quarantine/{waiting['op_id']}").json
    capture, submit = found["sketch"]["marks"]
    assert (submit["kind"], round(submit["north_m"] / 10)) == ("submit", 30)
    assert (capture["kind"], capture["distance_m"] < 100) == ("capture", True)


KEYS = st.sampled_from(["scan", "fixes", "media", "fix", "lon", "lat", "sys", "acc"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
NESTED = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))


@given(NESTED)
def test_an_unjudged_operation_may_say_anything_and_is_drawn_with_what_makes_sense(said: Any) -> None:
    content = said if isinstance(said, dict) else {"scan": said, "media": said, "fixes": said}
    drawn = rules.draw(content, Point(114.5, 38.0), 200)
    assert all(mark.distance_m >= 0 for mark in drawn.marks)


def test_conflicts_of_one_record_are_asked_for(desk: Desk, phone: Phone, second: Phone, office: Office) -> None:
    clash(desk, phone, second)
    (found,) = office.conflicts()
    assert office.conflicts(inspection_id=found["inspection_id"]) == [found]
    assert office.conflicts(inspection_id=str(uuid4())) == []


def test_the_list_of_what_waits_is_paged_and_asks_the_same_number_of_questions(
    phone: Phone, street: Street, office: Office, queries: Callable[[], list[str]], client: FlaskClient, world: World
) -> None:
    quarantined(phone, street)
    asked = queries()
    office.waiting()
    one = len(asked)
    quarantined(phone, street)
    asked = queries()
    assert len(office.waiting()) == 2
    assert len(asked) == one
    first = call(world, client, "GET", "/sync/quarantine", "manager", limit=1).json
    rest = office.waiting(cursor=first["next_cursor"])
    assert len({each["op_id"] for each in (*first["items"], *rest)}) == 2


def test_an_accepted_visit_counts_and_its_device_learns_why(
    phone: Phone, street: Street, office: Office, world: World
) -> None:
    point = street.add()
    task = street.make_tasks()[point]
    operation = phone.submit(point, task, fixes=[fix(900)])
    phone.push(operation)
    store_media(world)
    cursor = phone.pull()["cursor"]
    answered = office.decide("manager", operation["op_id"])
    assert answered.status_code == 200, answered.json
    assert (answered.json["state"], answered.json["decided_by"]["name"]) == ("accepted", "姓名manager")
    stored = record(world, operation)
    assert (stored.state, stored.quarantine_codes, stored.blockers) == ("accepted", [], [])
    assert (stored.print_closes_at is not None, stored.excepted) == (True, True)
    assert office.waiting() == []
    changes = phone.pull(cursor)["changes"]
    (told,) = [each for each in changes if each["k"] == "receipt"]
    assert (told["status"], told["from"], told["decision"]["state"]) == ("quarantined", "quarantined", "accepted")
    assert (told["decision"]["message"], told["decision"]["reason"]) == ("已由上级采纳", "电话核实无误")
    assert [each["d"]["state"] for each in changes if each.get("e") == "inspection"] == ["accepted"]
    assert office.events("quarantine.accepted")[0]["op_id"] == operation["op_id"]


def test_an_accepted_visit_still_waits_for_its_declared_media(
    phone: Phone, street: Street, office: Office, world: World
) -> None:
    operation = quarantined(phone, street)
    office.decide("manager", operation["op_id"])
    stored = record(world, operation)
    assert (stored.state, stored.blockers, stored.media_waived) == ("submitted", ["media"], False)
    store_media(world)
    assert record(world, operation).state == "extra"


def test_acceptance_waives_media_that_were_never_declared_but_not_the_declared_ones(
    phone: Phone, street: Street, office: Office, world: World
) -> None:
    bare = quarantined(phone, street, media=[])
    office.decide("manager", bare["op_id"])
    assert (record(world, bare).state, record(world, bare).media_waived) == ("extra", True)
    half = quarantined(phone, street, media=[phone.photo("tax_ytd")])
    office.decide("manager", half["op_id"])
    assert (record(world, half).state, record(world, half).blockers) == ("submitted", ["media"])
    store_media(world)
    assert record(world, half).state == "extra"


def test_a_refused_visit_is_kept_and_never_counts(phone: Phone, street: Street, office: Office, world: World) -> None:
    operation = quarantined(phone, street)
    answered = office.decide("branch_manager", operation["op_id"], "refuse", "人不在现场")
    assert (answered.status_code, answered.json["state"], answered.json["reason"]) == (200, "refused", "人不在现场")
    store_media(world)
    stored = record(world, operation)
    assert (stored.state, stored.blockers, stored.quarantine_codes) == ("refused", [], ["outside"])
    assert not stored.excepted
    assert office.events("quarantine.refused")[0]["entity_id"] == operation["entity_id"]


@pytest.mark.parametrize(
    ("user", "status"), [("auditor", 403), ("officer", 403), ("foreign_manager", 404), ("risk_manager", 403)]
)
def test_others_decide_no_quarantine(phone: Phone, street: Street, office: Office, user: str, status: int) -> None:
    operation = quarantined(phone, street)
    for verb in ("accept", "refuse"):
        assert office.decide(user, operation["op_id"], verb).status_code == status


def test_nobody_decides_on_his_own_visit(client: FlaskClient, world: World, street: Street, office: Office) -> None:
    manager = Phone(client, world, street, username="manager")
    manager.shake_hands()
    operation = quarantined(manager, street)
    for verb in ("accept", "refuse"):
        refused = office.decide("manager", operation["op_id"], verb)
        assert (refused.status_code, refused.json["code"]) == (403, "four_eyes")
    assert office.decide("second_manager", operation["op_id"]).status_code == 200


def test_a_decision_needs_a_reason(phone: Phone, street: Street, office: Office) -> None:
    operation = quarantined(phone, street)
    assert office.decide("manager", operation["op_id"], reason=" ").status_code == 422


def test_the_second_decision_on_an_operation_learns_of_the_first(
    phone: Phone, street: Street, office: Office, world: World
) -> None:
    operation = quarantined(phone, street)
    office.decide("manager", operation["op_id"], "refuse")
    late = office.decide("approver", operation["op_id"])
    assert (late.status_code, late.json["code"]) == (409, "quarantine_decided")
    assert (late.json["decided_by_name"], late.json["state"]) == ("姓名manager", "refused")
    assert record(world, operation).state == "refused"


def test_what_went_free_by_itself_needs_no_decision(phone: Phone, street: Street, office: Office, world: World) -> None:
    operation = quarantined(phone, street)
    with world.transaction() as ctx:
        ctx.session.execute(update(Inspection).values(quarantine_codes=[], blockers=["media"]))
    assert office.waiting() == []
    late = office.decide("manager", operation["op_id"])
    assert (late.status_code, late.json["code"]) == (409, "not_quarantined")


def test_a_quarantined_draft_is_written_once_it_is_accepted(
    desk: Desk, client: FlaskClient, world: World, street: Street, office: Office
) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    desk.save(phone, **answer("tax_ytd", "5"))
    (found,) = office.waiting()
    assert (found["type"], found["content"]["answers"][0]["value"]) == ("inspection.save", "5")
    assert found["checkpoint_id"] == str(desk.point)
    with world.transaction() as ctx:
        seen = ctx.session.scalar(select(func.max(SyncReceipt.received_at)))
    assert office.decide("manager", found["op_id"]).status_code == 200
    assert (desk.record().state, desk.record().answers["tax_ytd"]) == ("draft", {"value": "5"})
    assert seen is not None


def test_a_refused_draft_leaves_nothing(
    desk: Desk, client: FlaskClient, world: World, street: Street, office: Office
) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    desk.save(phone, note="甲")
    assert office.decide("manager", office.waiting()[0]["op_id"], "refuse").status_code == 200
    phone.approve()
    with world.transaction() as ctx:
        assert ctx.session.get(Inspection, desk.entity) is None
        assert list(ctx.session.scalars(select(SyncQuarantine.state))) == ["refused"]
        (result,) = ctx.session.scalars(select(SyncReceipt.result))
        assert (result["status"], result["decision"]["state"]) == ("quarantined", "refused")


def test_an_accepted_draft_may_clash_like_any_other(
    desk: Desk, phone: Phone, client: FlaskClient, world: World, street: Street, office: Office
) -> None:
    unapproved = Phone(client, world, street, approved=False)
    unapproved.shake_hands()
    desk.save(phone, note="甲")
    desk.save(unapproved, note="乙")
    assert office.decide("manager", office.waiting()[0]["op_id"]).status_code == 200
    (conflict,) = desk.conflicts()
    assert (conflict.device, desk.record().note) == ("乙", "甲")


def test_an_accepted_unlock_request_is_made_in_the_officers_name(
    phone: Phone, client: FlaskClient, world: World, street: Street, office: Office, clock: Clock
) -> None:
    visit = phone.submit(street.add())
    phone.push(visit)
    store_media(world)
    clock.advance(days=9)
    unapproved = Phone(client, world, street, approved=False)
    payload = {
        "inspection_id": visit["entity_id"],
        "reason_code": "missed",
        "reason_text": "出差在外，未能及时打印明白纸",
    }
    (result,) = unapproved.push(unapproved.operation("unlock.request", uuid4(), payload))
    assert result["code"] == "device_unapproved"
    (found,) = office.waiting()
    assert found["checkpoint_name"].startswith("经营场所")
    assert office.decide("manager", found["op_id"]).status_code == 200
    with world.transaction() as ctx:
        (request,) = ctx.session.scalars(select(UnlockRequest))
        assert (request.requested_by, request.status) == (world.people["officer"], "pending")


def test_a_forged_plate_binds_nothing_even_if_accepted(phone: Phone, street: Street, office: Office) -> None:
    point = street.add(bound=False)
    payload = {"qr": "XJ1.forged", "fixes": [fix(1), fix(2), fix(3)], "photo": phone.photo("plate")}
    phone.push(phone.operation("checkpoint.bind", point, payload))
    (found,) = office.waiting()
    assert found["checkpoint_id"] == str(point)
    refused = office.decide("manager", found["op_id"])
    assert (refused.status_code, refused.json["code"], refused.json["reason"]) == (409, "not_acceptable", "qr_invalid")
    assert office.waiting() == [found]
