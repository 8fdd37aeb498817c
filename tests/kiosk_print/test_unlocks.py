"""Unlocks over HTTP: asked, decided once by the right superior, withdrawn, expired."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError

from inspection_api.accounts import service as accounts
from inspection_api.core.permissions import Role
from kiosk_print import service
from kiosk_print.models import UnlockRequest
from kiosk_print.rules.unlock import UnlockAsked
from kiosk_print.rules.window import open_window
from tests.factories import PASSWORD
from tests.kiosk_print.conftest import WORDS

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from tests.fixtures import Clock
    from tests.kiosk_print.conftest import Desk


@pytest.fixture
def locked(desk: Desk, clock: Clock) -> UUID:
    """A visit whose print window has passed (the clock stands at Friday, 20 March 2026)."""
    visit_id = desk.accept()
    clock.advance(days=10)
    return visit_id


def test_an_unlock_opens_a_new_window_and_is_counted(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    request = desk.ask(client, locked)
    assert (request.status_code, request.json["status"]) == (201, "pending")
    assert desk.paper(client, locked)["state"] == "unlock_requested"
    decided = desk.decide(client, request.json["id"], "manager")
    assert (decided.status_code, decided.json["status"], decided.json["days"]) == (200, "approved", 3)
    paper = desk.paper(client, locked)
    assert (paper["state"], paper["unlock_count"], len(paper["windows"])) == ("open", 1, 2)
    assert paper["last_unlocked_by"] == {"id": str(desk.world.people["manager"]), "name": "姓名manager"}
    assert paper["last_unlocked_at"] is not None
    assert desk.print(client, locked).status_code == 201
    clock.now = open_window(2, clock.now, 3).closes_at
    assert desk.print(client, locked).status_code == 423


def test_an_open_paper_cannot_be_asked_for(client: FlaskClient, desk: Desk) -> None:
    answer = desk.ask(client, desk.accept())
    assert (answer.status_code, answer.json["code"]) == (409, "not_locked")


def test_one_request_at_a_time(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    first = desk.ask(client, locked)
    second = desk.ask(client, locked, "manager")
    assert (second.status_code, second.json["existing_id"]) == (409, first.json["id"])


def test_requester_and_inspector_never_decide(client: FlaskClient, desk: Desk, clock: Clock, locked: UUID) -> None:
    request = desk.ask(client, locked, "manager").json
    own = desk.decide(client, request["id"], "manager")
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    with desk.world.transaction() as ctx:
        organisation_id = desk.world.organisations["sub_branch"]
        accounts.assign_role(
            ctx, desk.world.people["officer"], role=Role.SUB_BRANCH_MANAGER, organisation_id=organisation_id
        )
    inspector = desk.decide(client, request["id"], "officer")
    assert (inspector.status_code, inspector.json["code"]) == (403, "four_eyes")
    assert desk.decide(client, request["id"], "second_manager").status_code == 200


def test_the_author_of_the_opinion_never_decides(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    visit_id = desk.accept()
    path = f"/api/v1/inspections/{visit_id}/paper/opinion"
    assert client.post(path, json={"text": "同意"}, headers=desk.world.headers("approver")).status_code == 201
    clock.advance(days=10)
    request = desk.ask(client, visit_id).json
    refused = desk.decide(client, request["id"], "approver")
    assert (refused.status_code, refused.json["code"]) == (403, "four_eyes")


def test_a_higher_level_is_told_that_another_one_decides(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    request = desk.ask(client, locked).json
    refused = desk.decide(client, request["id"], "branch_manager")
    assert (refused.status_code, refused.json["code"]) == (403, "unlock_not_yours")
    people = desk.world.people
    assert set(refused.json["deciders"]) == {str(people["manager"]), str(people["second_manager"])}


def test_after_two_workdays_the_next_level_may_decide_too(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    request = desk.ask(client, locked).json
    clock.advance(days=5)
    assert desk.decide(client, request["id"], "branch_manager").status_code == 200


def test_if_nobody_at_the_level_may_decide_the_next_one_does_at_once(
    client: FlaskClient, desk: Desk, locked: UUID
) -> None:
    with desk.world.transaction("administrator") as ctx:
        accounts.disable_user(ctx, desk.world.people["second_manager"])
    request = desk.ask(client, locked, "manager").json
    assert desk.decide(client, request["id"], "province_manager").status_code == 403
    assert desk.decide(client, request["id"], "approver").status_code == 200


def test_the_second_unlock_is_decided_at_the_branch_and_the_third_at_the_province(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    for decider, wrong in [
        ("manager", "branch_manager"),
        ("branch_manager", "manager"),
        ("province_manager", "manager"),
    ]:
        request = desk.ask(client, locked).json
        assert desk.decide(client, request["id"], wrong).status_code == 403
        assert desk.decide(client, request["id"], decider).status_code == 200
        clock.advance(days=5)
    assert desk.paper(client, locked)["unlock_count"] == 3


def test_a_rejection_keeps_the_paper_locked_and_says_why(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    request = desk.ask(client, locked).json
    assert desk.decide(client, request["id"], "manager", approved=False).json["code"] == "unlock_terms_invalid"
    rejected = desk.decide(client, request["id"], "manager", approved=False, reason="理由不充分").json
    assert (rejected["status"], rejected["decision_reason"], rejected["days"]) == ("rejected", "理由不充分", None)
    assert desk.paper(client, locked)["state"] == "locked"
    assert desk.ask(client, locked).status_code == 201


def test_a_decided_request_names_who_decided(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    request = desk.ask(client, locked).json
    desk.decide(client, request["id"], "manager")
    late = desk.decide(client, request["id"], "second_manager", approved=False, reason="不同意")
    assert (late.status_code, late.json["code"]) == (409, "unlock_decided")
    assert (late.json["decided_by_name"], late.json["current"]) == ("姓名manager", "approved")


def test_the_request_of_a_voided_visit_is_not_decided(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    request = desk.ask(client, locked).json
    desk.void(locked)
    refused = desk.decide(client, request["id"], "manager")
    assert (refused.status_code, refused.json["code"]) == (410, "paper_voided")
    assert desk.ask(client, locked).json["code"] == "paper_voided"


def test_only_the_requester_withdraws_and_only_while_it_is_open(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    request = desk.ask(client, locked).json
    path = f"/api/v1/unlock-requests/{request['id']}/withdraw"
    assert client.post(path).status_code == 401
    assert client.post(path, headers=desk.world.headers("auditor")).status_code == 403
    assert client.post(path, headers=desk.world.headers("manager")).status_code == 404
    assert client.post(path, headers=desk.world.headers("officer")).json["status"] == "withdrawn"
    again = client.post(path, headers=desk.world.headers("officer"))
    assert (again.status_code, again.json["current"]) == (409, "withdrawn")
    decided = desk.decide(client, request["id"], "manager")
    assert (decided.status_code, decided.json["decided_by_name"]) == (409, None)


def test_a_request_expires_by_time_alone_and_another_may_follow(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    request = desk.ask(client, locked).json
    clock.advance(days=20)
    assert desk.paper(client, locked)["state"] == "locked"
    assert desk.decide(client, request["id"], "manager").json["current"] == "expired"
    assert desk.ask(client, locked).status_code == 201
    clock.advance(days=20)
    with desk.world.transaction() as ctx:
        service.sweep(ctx)
        assert "unlock.expired" in {event.kind for event in ctx.pending}
    statuses = [each["status"] for each in desk.paper(client, locked)["requests"]]
    assert statuses == ["expired", "expired"]


def test_the_same_request_sent_again_by_the_device_is_the_same_request(desk: Desk, locked: UUID) -> None:
    values = {"reason_code": "missed", "reason": "客户经理出差在外，未能按时打印"}
    asked = UnlockAsked(id=uuid4(), inspection_id=locked, **values)
    for _ in range(2):
        with desk.world.transaction("officer") as ctx:
            first, again = service.request_unlocks(ctx, [asked, asked])
            assert first.id == again.id == asked.id
            assert ctx.session.scalar(select(func.count()).select_from(UnlockRequest)) == 1


def test_requests_are_listed_inside_the_scope(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    desk.ask(client, locked)
    seen = {
        user: len(client.get("/api/v1/unlock-requests?status=pending", headers=desk.world.headers(user)).json["items"])
        for user in ("officer", "manager", "branch_manager", "auditor", "colleague", "foreign_manager")
    }
    assert seen == {
        "officer": 1, "manager": 1, "branch_manager": 1, "auditor": 1, "colleague": 0, "foreign_manager": 0,
    }  # fmt: skip
    assert client.get("/api/v1/unlock-requests").status_code == 401
    assert client.get("/api/v1/unlock-requests", headers=desk.world.headers("administrator")).status_code == 403
    assert client.get("/api/v1/unlock-requests?status=x", headers=desk.world.headers("officer")).status_code == 422


@pytest.mark.parametrize(
    "change", [{"reason": "太短"}, {"reason_code": "because"}, {"days": 3}, {"reason": "一 二 三 四 五 六"}]
)
def test_a_malformed_request_is_refused(client: FlaskClient, desk: Desk, locked: UUID, change: dict[str, Any]) -> None:
    assert desk.ask(client, locked, **change).status_code == 422


@pytest.mark.parametrize("change", [{"days": 8}, {"days": 0}, {"days": "3"}, {"approved": "yes"}, {"level": 1}])
def test_a_malformed_decision_is_refused(client: FlaskClient, desk: Desk, locked: UUID, change: dict[str, Any]) -> None:
    request = desk.ask(client, locked).json
    assert desk.decide(client, request["id"], "manager", **change).status_code == 422


def test_anonymous_wrong_role_and_other_organisation_neither_ask_nor_decide(
    client: FlaskClient, desk: Desk, locked: UUID
) -> None:
    ask = f"/api/v1/inspections/{locked}/unlock-requests"
    assert client.post(ask, json={}).status_code == 401
    assert desk.ask(client, locked, "branch_manager").status_code == 403
    assert desk.ask(client, locked, "foreign_officer").status_code == 404
    assert desk.ask(client, locked, "colleague").status_code == 404
    request = desk.ask(client, locked).json
    assert client.post(f"/api/v1/unlock-requests/{request['id']}/decision", json={}).status_code == 401
    assert desk.decide(client, request["id"], "officer").status_code == 403
    assert desk.decide(client, request["id"], "foreign_manager").status_code == 404
    assert desk.decide(client, str(uuid4()), "manager").status_code == 404


def test_the_database_refuses_a_second_open_request(client: FlaskClient, desk: Desk, locked: UUID) -> None:
    desk.ask(client, locked)
    with desk.world.transaction() as ctx:
        table = UnlockRequest.__table__
        row = ctx.session.execute(table.select().where(table.c.inspection_id == locked)).one()._asdict()
        with pytest.raises(IntegrityError, match="uq_unlock_request_pending"), ctx.session.begin_nested():
            ctx.session.execute(insert(table).values(**row | {"id": uuid4()}))


def test_of_two_approvers_at_once_one_wins_and_the_other_learns_his_name(
    committed_app: Flask, committed_desk: Desk, clock: Clock
) -> None:
    visit_id = committed_desk.accept()
    clock.now += timedelta(days=10)
    request = committed_desk.ask(committed_app.test_client(), visit_id).json
    managers = ["manager", "second_manager"]

    def decide(user: str) -> Any:
        return committed_desk.decide(committed_app.test_client(), request["id"], user)

    with ThreadPoolExecutor(2) as pool:
        answers = dict(zip(managers, pool.map(decide, managers), strict=True))
    [winner] = [user for user, answer in answers.items() if answer.status_code == 200]
    [loser] = [answer for user, answer in answers.items() if user != winner]
    assert (loser.status_code, loser.json["decided_by_name"]) == (409, f"姓名{winner}")
    assert len(committed_desk.paper(committed_app.test_client(), visit_id)["windows"]) == 2


def test_an_expired_request_keeps_nobody_from_the_next_one(
    client: FlaskClient, desk: Desk, clock: Clock, locked: UUID
) -> None:
    request = desk.ask(client, locked, "manager").json
    clock.now = datetime.fromisoformat(request["expires_at"])
    paper = desk.paper(client, locked)
    assert paper["state"] == "locked"
    assert {each["name"] for each in paper["deciders"]} == {"姓名manager", "姓名second_manager"}
    refused = desk.print(client, locked).json
    assert (refused["code"], refused["unlock"]["request_id"]) == ("locked", None)


OURS = {"X-Xunji-Page": "1", "Origin": "http://localhost"}


def browse(browser: FlaskClient, user: str) -> None:
    """Log ``user`` in on a page, in a browser that others have used before."""
    body = {"bank": "demo", "username": user, "password": PASSWORD}
    assert browser.post("/api/v1/sessions/page", json=body, headers=OURS).status_code == 201


def test_nobody_decides_in_the_browser_in_which_the_unlock_was_asked_for(
    app: Flask, desk: Desk, clock: Clock, locked: UUID
) -> None:
    shared, own = app.test_client(), app.test_client()
    browse(shared, "officer")
    asked = shared.post(f"/api/v1/inspections/{locked}/unlock-requests", json=WORDS, headers=OURS)
    decide = {"path": f"/api/v1/unlock-requests/{asked.json['id']}/decision", "json": {"approved": True}}
    browse(shared, "manager")
    refused = shared.post(**decide, headers=OURS)
    assert (refused.status_code, refused.json["code"]) == (403, "same_device")
    browse(own, "manager")
    assert own.post(**decide, headers=OURS).status_code == 200


def test_nobody_decides_on_the_phone_that_the_inspector_enrolled(
    app: Flask, client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    phone, program = uuid4(), str(uuid4())
    device_id = enrol_from(app, phone, program)
    visit_id = desk.accept(device_id=device_id)
    clock.advance(days=10)
    request = desk.ask(client, visit_id).json
    for installation, answer in ((program, (403, "same_device")), (str(uuid4()), (200, None))):
        body = {"bank": "demo", "username": "manager", "password": PASSWORD, "installation_id": installation}
        token = app.test_client().post("/api/v1/sessions", json=body).json["token"]
        path, headers = f"/api/v1/unlock-requests/{request['id']}/decision", {"Authorization": f"Bearer {token}"}
        decided = client.post(path, json={"approved": True}, headers=headers)
        assert (decided.status_code, decided.json.get("code")) == answer


def enrol_from(app: Flask, device_id: UUID, installation: str) -> UUID:
    """Enrol an officer's phone by a program that is installed on it."""
    body = {"bank": "demo", "username": "officer", "password": PASSWORD, "installation_id": installation}
    token = app.test_client().post("/api/v1/sessions", json=body).json["token"]
    key = urlsafe_b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode().rstrip("=")
    phone = {"id": str(device_id), "name": "手机", "public_key": key}
    answer = app.test_client().post("/api/v1/devices", json=phone, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 201
    return device_id


def test_nobody_decides_by_a_second_account_of_his(client: FlaskClient, desk: Desk, clock: Clock, locked: UUID) -> None:
    for user in ("officer", "manager"):
        path = f"/api/v1/users/{desk.world.people[user]}/staff-number"
        answer = client.put(path, json={"staff_number": "6101-0042"}, headers=desk.world.headers("administrator"))
        assert (answer.status_code, answer.json["staff_number"]) == (200, "6101-0042")
    request = desk.ask(client, locked).json
    assert [each["name"] for each in desk.paper(client, locked)["deciders"]] == ["姓名second_manager"]
    own = desk.decide(client, request["id"], "manager")
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    assert desk.decide(client, request["id"], "second_manager").status_code == 200
