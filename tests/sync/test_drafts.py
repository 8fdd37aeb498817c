"""Drafts that two devices of one officer share: nothing that either captured is lost (sync.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from inspection_api.accounts.models import UserAccount
from sync.models import SyncQuarantine
from tests.sync.drafting import Desk, answer
from tests.sync.phone import Phone, Street, calm_answers

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.sync.offices import Office


def test_a_submission_keeps_what_another_device_added_meanwhile(desk: Desk, phone: Phone, second: Phone) -> None:
    assert desk.save(phone, **answer("tax_ytd", "3"))["version"] == 1
    desk.save(second, base_version=1, note="门口有保安", **answer("water_t", "7"))
    result = desk.submit(phone, base_version=1)
    assert result["fields"]["answers.water_t"] == {"outcome": "kept", "server": {"value": "7"}, "server_version": 2}
    stored = desk.record()
    assert (stored.answers["water_t"], stored.answers["tax_ytd"]) == ({"value": "7"}, {"value": "3"})
    assert stored.note == "门口有保安"


def test_a_submission_drops_what_its_author_had_seen_and_left_out(desk: Desk, phone: Phone, second: Phone) -> None:
    desk.save(second, **answer("water_t", "7"))
    desk.submit(phone, base_version=1)
    assert "water_t" not in desk.record().answers


@pytest.mark.parametrize(("content", "note"), [({}, "草稿"), ({"note": None}, None), ({"note": "终稿"}, "终稿")])
def test_a_submission_changes_the_note_only_if_it_names_it(
    desk: Desk, phone: Phone, content: dict[str, Any], note: str | None
) -> None:
    desk.save(phone, note="草稿")
    desk.submit(phone, base_version=1, **content)
    assert desk.record().note == note


def test_a_clashing_note_stays_and_the_other_is_kept_beside_it(desk: Desk, phone: Phone, second: Phone) -> None:
    desk.save(phone, note="甲")
    result = desk.submit(second, note="乙")
    assert (result["status"], result["code"]) == ("conflict", "field_conflict")
    assert desk.record().note == "甲"
    (conflict,) = desk.conflicts()
    assert (conflict.field, conflict.server, conflict.device) == ("note", "甲", "乙")


def test_equal_answers_written_differently_do_not_clash(desk: Desk, phone: Phone, second: Phone) -> None:
    desk.save(phone, **answer("tax_ytd", "5.0"))
    assert desk.save(second, **answer("tax_ytd", "5"))["status"] == "merged"


def test_a_draft_keeps_answers_that_are_not_yet_right(desk: Desk, phone: Phone) -> None:
    desk.save(phone, answers=[{"item": "tax_ytd", "value": "三"}, {"item": "nowhere", "value": 1, "note": "?"}])
    assert desk.record().answers == {"tax_ytd": {"value": "三"}, "nowhere": {"value": 1, "note": "?"}}


def test_a_clash_of_two_drafts_keeps_both_and_blocks_the_submission(desk: Desk, phone: Phone, second: Phone) -> None:
    desk.save(phone, **answer("tax_ytd", "5"))
    result = desk.save(second, **answer("tax_ytd", "6"))
    assert (result["status"], result["code"]) == ("conflict", "field_conflict")
    assert result["message"] == "部分内容与记录中已有的填写不一致，双方内容都已保留"
    (conflict,) = desk.conflicts()
    assert (conflict.server["value"], conflict.device["value"], conflict.state) == ("5", "6", "open")
    assert desk.record().blockers == ["conflict"]
    assert desk.submit(phone, base_version=2, answers=calm_answers(tax_ytd="5"))["status"] == "extra"
    stored = desk.record()
    assert (stored.state, stored.blockers) == ("submitted", ["conflict", "media"])


def test_a_later_clash_of_the_same_device_takes_the_place_of_its_earlier_one(
    desk: Desk, phone: Phone, second: Phone
) -> None:
    desk.save(phone, note="甲")
    for note in ("乙", "乙乙"):
        assert desk.save(second, note=note)["status"] == "conflict"
    assert [each.device for each in desk.conflicts()] == ["乙乙"]


def test_a_clash_and_the_submission_of_one_batch_are_both_kept(desk: Desk, phone: Phone, second: Phone) -> None:
    desk.save(phone, note="甲")
    draft = {
        "checkpoint_id": str(desk.point),
        "template_version_id": str(desk.street.portfolio.version_id),
        "note": "乙",
    }
    second.push(
        second.operation("inspection.save", desk.entity, draft),
        second.operation("inspection.submit", desk.entity, second.visit(desk.point)),
    )
    assert [each.device for each in desk.conflicts()] == ["乙"]
    assert (desk.record().note, "conflict" in desk.record().blockers) == ("甲", True)


def test_wrong_answers_stay_readable_for_the_reviewer(desk: Desk, phone: Phone) -> None:
    result = desk.submit(phone, answers=calm_answers(tax_ytd="三"), media=[])
    assert result["codes"] == ["answers_invalid", "evidence_missing"]
    judgement = desk.record().judgement or {}
    assert judgement["wrong_answers"]["tax_ytd"]["value"] == "三"
    assert {each["item"] for each in judgement["evidence_missing"]} >= {"tax_ytd"}


def test_an_own_draft_that_comes_after_its_submission_is_superseded(desk: Desk, phone: Phone) -> None:
    draft = {
        "checkpoint_id": str(desk.point),
        "template_version_id": str(desk.street.portfolio.version_id),
        "note": "迟到",
    }
    late = phone.operation("inspection.save", desk.entity, draft)
    desk.submit(phone)
    assert phone.push(late)[0]["status"] == "superseded"


def test_an_own_earlier_submission_that_comes_later_waits_for_a_person(desk: Desk, phone: Phone) -> None:
    late = phone.operation("inspection.submit", desk.entity, phone.visit(desk.point))
    desk.submit(phone)
    (result,) = phone.push(late)
    assert (result["status"], result["code"]) == ("quarantined", "already_submitted")


def test_drafts_from_an_unapproved_device_are_kept_and_released_by_the_approval(
    desk: Desk, client: FlaskClient, world: World, street: Street
) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    for content in (answer("tax_ytd", "5"), {"note": "在厂"}):
        assert desk.save(phone, **content)["code"] == "device_unapproved"
    phone.approve()
    stored = desk.record()
    assert (stored.state, stored.answers["tax_ytd"], stored.note) == ("draft", {"value": "5"}, "在厂")
    with world.transaction() as ctx:
        assert set(ctx.session.scalars(select(SyncQuarantine.state))) == {"released"}


def test_a_visit_and_its_draft_are_released_together(
    desk: Desk, client: FlaskClient, world: World, street: Street
) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    desk.save(phone, note="在厂")
    assert desk.submit(phone)["code"] == "device_unapproved"
    phone.approve()
    stored = desk.record()
    assert (stored.state, stored.quarantine_codes, stored.blockers) == ("submitted", [], ["media"])
    with world.transaction() as ctx:
        assert set(ctx.session.scalars(select(SyncQuarantine.state))) == {"released"}


def test_what_is_released_into_a_new_reason_waits_for_a_supervisor(
    desk: Desk, phone: Phone, client: FlaskClient, world: World, street: Street
) -> None:
    unapproved = Phone(client, world, street, approved=False)
    unapproved.shake_hands()
    desk.save(unapproved, note="在厂")
    desk.submit(phone)
    unapproved.approve()
    with world.transaction() as ctx:
        (row,) = ctx.session.scalars(select(SyncQuarantine))
        assert (row.state, row.codes) == ("open", ["already_submitted"])


def test_a_record_that_two_devices_make_at_once_is_asked_for_again(
    desk: Desk, phone: Phone, second: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.save(phone, note="甲")
    with monkeypatch.context() as patch:
        patch.setattr("sync.service.facts._records", lambda *_: {})
        payload = {"checkpoint_id": str(desk.point), "template_version_id": str(desk.street.portfolio.version_id)}
        body = second.batch(second.operation("inspection.save", UUID(str(desk.entity)), {**payload, "note": "乙"}))
        answer = second.send(body)
    assert (answer.status_code, answer.json["code"]) == (503, "record_changed")
    assert second.send(body).json["results"][0]["status"] == "conflict"
    assert desk.record().note == "甲"


def test_the_device_of_a_disabled_user_can_be_approved_and_releases_nothing(
    desk: Desk, client: FlaskClient, world: World, street: Street
) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    desk.save(phone, note="在厂")
    with world.transaction() as ctx:
        ctx.session.get_one(UserAccount, world.people["officer"]).disabled_at = ctx.now
    phone.approve()
    with world.transaction() as ctx:
        assert ctx.session.scalars(select(SyncQuarantine.state)).all() == ["open"]


def test_a_release_is_told_to_the_device(desk: Desk, client: FlaskClient, world: World, street: Street) -> None:
    phone = Phone(client, world, street, approved=False)
    phone.shake_hands()
    op_id = desk.save(phone, note="在厂")["op_id"]
    phone.approve()
    (receipt,) = (each for each in phone.pull()["changes"] if each["k"] == "receipt")
    assert (receipt["op_id"], receipt["status"], receipt["from"]) == (op_id, "quarantined", "quarantined")
    assert receipt["decision"]["state"] == "released"


def test_a_receipt_names_the_conflicts_that_somebody_is_to_decide(
    desk: Desk, phone: Phone, second: Phone, office: Office
) -> None:
    desk.save(phone, note="在厂", **answer("tax_ytd", "5"))
    clash = desk.save(second, note="停工", **answer("tax_ytd", "6"))
    named = {each["field"]: each["id"] for each in office.conflicts()}
    assert len(named) == 2
    assert {name: told["conflict_id"] for name, told in clash["fields"].items()} == named
    assert clash["conflict_id"] in named.values()
    assert {told["base_version"] for told in clash["fields"].values()} == {0}
    again = desk.save(second, note="停产", **answer("water_t", "1"))
    assert (again["conflict_id"], again["fields"]["note"]["conflict_id"]) == (named["note"], named["note"])
    assert "conflict_id" not in again["fields"]["answers.water_t"]
    assert "conflict_id" not in desk.save(second, **answer("gas_m3", "1"))
