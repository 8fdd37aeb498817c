"""Requests to void over HTTP: asked once, decided once by somebody without a part in it, told, escalated, overtaken."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from inspection_api.accounts import service as accounts
from inspection_api.core.permissions import Role
from kiosk_print import service
from kiosk_print.models import VoidRequest
from tests.factories import PASSWORD, recorded
from tests.kiosk_print.conftest import VOID_WORDS
from tests.waiting import deliver_all

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.fixtures import Clock
    from tests.kiosk_print.conftest import Desk

API = "/api/v1"


def printed(client: FlaskClient, desk: Desk, user: str = "officer") -> tuple[UUID, Any]:
    visit_id = desk.accept()
    return visit_id, desk.print(client, visit_id, user).json


def void(client: FlaskClient, desk: Desk, print_id: str, user: str = "second_manager") -> Any:
    path = f"{API}/prints/{print_id}/void"
    return client.post(path, json={"reason": "打印时纸张破损"}, headers=desk.world.headers(user))


def withdraw(client: FlaskClient, desk: Desk, request_id: str, user: str = "officer") -> Any:
    return client.post(f"{API}/void-requests/{request_id}/withdraw", headers=desk.world.headers(user))


def told(client: FlaskClient, desk: Desk, user: str) -> list[tuple[str, str, bool]]:
    """Return what of a request to void is in somebody's inbox, the newest first: code, sentence, still asking."""
    deliver_all(desk.world)
    items = client.get(f"{API}/inbox", headers=desk.world.headers(user)).json["items"]
    return [
        (each["code"], each["text"], each["asks"] and not each["is_settled"])
        for each in items
        if each["code"].startswith(("void.", "paper.voided"))
    ]


def test_an_approved_request_voids_the_original_and_its_copies(client: FlaskClient, desk: Desk) -> None:
    visit_id, first = printed(client, desk)
    desk.print(client, visit_id)
    asked = desk.ask_void(client, first["id"])
    assert (asked.status_code, asked.json["status"], asked.json["number"]) == (201, "pending", first["number"])
    decided = desk.decide_void(client, asked.json["id"], "manager")
    assert (decided.status_code, decided.json["status"]) == (200, "approved")
    paper = desk.paper(client, visit_id)
    manager = str(desk.world.people["manager"])
    reason = "内容有误：" + VOID_WORDS["reason"]
    assert {(each["status"], each["voided_by"], each["void_reason"]) for each in paper["prints"]} == {
        ("voided", manager, reason)
    }
    (request,) = paper["void_requests"]
    assert (request["decided_by"], request["decided_at"] is not None) == (manager, True)
    assert manager in {each["id"] for each in paper["people"]}
    again = desk.print(client, visit_id).json
    assert (again["copy"], again["number"] != first["number"]) == (1, True)


def test_a_rejection_says_why_and_the_paper_stays_valid(client: FlaskClient, desk: Desk) -> None:
    visit_id, first = printed(client, desk)
    request = desk.ask_void(client, first["id"]).json
    refused = desk.decide_void(client, request["id"], "manager", approved=False)
    assert (refused.status_code, refused.json["code"]) == (422, "void_reason_invalid")
    rejected = desk.decide_void(client, request["id"], "manager", approved=False, reason="内容无误，不必作废")
    assert (rejected.json["status"], rejected.json["decision_reason"]) == ("rejected", "内容无误，不必作废")
    assert [each["status"] for each in desk.paper(client, visit_id)["prints"]] == ["valid"]
    assert desk.ask_void(client, first["id"]).status_code == 201


def test_the_same_key_is_the_same_request(client: FlaskClient, desk: Desk) -> None:
    visit_id, first = printed(client, desk)
    one, same = (desk.ask_void(client, first["id"], key="intention") for _ in range(2))
    assert (one.status_code, same.status_code, same.json["id"]) == (201, 201, one.json["id"])
    desk.decide_void(client, one.json["id"], "manager")
    late = desk.ask_void(client, first["id"], key="intention")
    assert (late.status_code, late.json["status"]) == (201, "approved")
    assert len(desk.paper(client, visit_id)["void_requests"]) == 1
    _, other = printed(client, desk)
    reused = desk.ask_void(client, other["id"], key="intention")
    assert (reused.status_code, reused.json["code"]) == (409, "idempotency_key_reused")


def test_an_original_and_its_copies_have_one_open_request(client: FlaskClient, desk: Desk) -> None:
    visit_id, first = printed(client, desk)
    copy = desk.print(client, visit_id, "manager").json
    request = desk.ask_void(client, first["id"]).json
    second = desk.ask_void(client, copy["id"], "manager")
    assert (second.status_code, second.json["code"], second.json["existing_id"]) == (
        409, "void_requested", request["id"],
    )  # fmt: skip


def test_the_database_refuses_a_second_open_request(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    desk.ask_void(client, first["id"])
    with desk.world.transaction() as ctx:
        table = VoidRequest.__table__
        row = ctx.session.execute(table.select()).one()._asdict()
        with pytest.raises(IntegrityError, match="uq_void_request_pending"), ctx.session.begin_nested():
            ctx.session.execute(insert(table).values(**row | {"id": uuid4(), "idempotency_key": "other"}))


def test_a_print_that_no_longer_counts_is_not_asked_for(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    assert void(client, desk, first["id"]).status_code == 200
    refused = desk.ask_void(client, first["id"])
    assert (refused.status_code, refused.json["code"], refused.json["current"]) == (409, "not_voidable", "voided")


def test_who_asked_inspected_or_printed_never_decides(client: FlaskClient, desk: Desk) -> None:
    visit_id, first = printed(client, desk, "manager")
    request = desk.ask_void(client, first["id"], "branch_manager").json
    with desk.world.transaction() as ctx:
        place = desk.world.organisations["sub_branch"]
        accounts.assign_role(ctx, desk.world.people["officer"], role=Role.SUB_BRANCH_MANAGER, organisation_id=place)
    for user, part in (("manager", "printer"), ("branch_manager", "requester"), ("officer", "inspector")):
        for body in ({"approved": True}, {"approved": False, "reason": "内容无误"}):
            refused = desk.decide_void(client, request["id"], user, **body)
            assert (refused.status_code, refused.json["code"]) == (403, "own_print"), part
    assert desk.decide_void(client, request["id"], "second_manager").status_code == 200
    assert desk.paper(client, visit_id)["void_requests"][0]["status"] == "approved"


def test_nobody_decides_by_a_second_account_of_his(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    for user in ("officer", "manager"):
        path = f"{API}/users/{desk.world.people[user]}/staff-number"
        body = {"staff_number": "6101-0042"}
        assert client.put(path, json=body, headers=desk.world.headers("administrator")).status_code == 200
    request = desk.ask_void(client, first["id"]).json
    assert told(client, desk, "manager") == []
    own = desk.decide_void(client, request["id"], "manager")
    assert (own.status_code, own.json["code"]) == (403, "own_print")
    assert desk.decide_void(client, request["id"], "second_manager").status_code == 200


def test_nobody_decides_in_the_browser_in_which_it_was_asked_for(app: Flask, client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    shared, ours = app.test_client(), {"X-Xunji-Page": "1", "Origin": "http://localhost"}
    for user in ("officer", "manager"):
        body = {"bank": "demo", "username": user, "password": PASSWORD}
        assert shared.post(f"{API}/sessions/page", json=body, headers=ours).status_code == 201
        if user == "officer":
            path, headers = f"{API}/prints/{first['id']}/void-requests", ours | {"Idempotency-Key": "intention-1"}
            request = shared.post(path, json=VOID_WORDS, headers=headers).json
    path = f"{API}/void-requests/{request['id']}/decision"
    refused = shared.post(path, json={"approved": True}, headers=ours)
    assert (refused.status_code, refused.json["code"]) == (403, "same_device")
    assert desk.decide_void(client, request["id"], "manager").status_code == 200


@pytest.mark.parametrize(
    ("user", "ask", "decide"),
    [
        ("auditor", 403, 403),
        ("approver", 403, 403),
        ("province_manager", 403, 403),
        ("colleague", 404, 403),
        ("foreign_officer", 404, 403),
        ("foreign_manager", 404, 404),
        ("foreign_branch_manager", 404, 404),
    ],
)
def test_others_neither_ask_nor_decide(client: FlaskClient, desk: Desk, user: str, ask: int, decide: int) -> None:
    _, first = printed(client, desk)
    request = desk.ask_void(client, first["id"]).json
    assert desk.ask_void(client, first["id"], user).status_code == ask
    assert desk.decide_void(client, request["id"], user).status_code == decide


def test_anonymous_and_malformed_calls_are_refused(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    assert client.post(f"{API}/prints/{first['id']}/void-requests", json=VOID_WORDS).status_code == 401
    for change in ({"reason": "太短"}, {"reason": "一 二 三 四 五 六"}, {"reason_code": "because"}, {"days": 3}):
        assert desk.ask_void(client, first["id"], **change).status_code == 422, change
    path = f"{API}/prints/{first['id']}/void-requests"
    assert client.post(path, json=VOID_WORDS, headers=desk.world.headers("officer")).status_code == 422
    request = desk.ask_void(client, first["id"]).json
    for body in ({"approved": "yes"}, {"approved": None}, {"days": 3}):
        assert desk.decide_void(client, request["id"], "manager", **body).status_code == 422, body
    assert desk.decide_void(client, str(uuid4()), "manager").status_code == 404


def test_only_the_requester_withdraws_and_only_while_it_is_open(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    request = desk.ask_void(client, first["id"]).json
    assert withdraw(client, desk, request["id"], "auditor").status_code == 403
    assert withdraw(client, desk, request["id"], "manager").status_code == 404
    assert withdraw(client, desk, request["id"]).json["status"] == "withdrawn"
    again = withdraw(client, desk, request["id"])
    assert (again.status_code, again.json["code"], again.json["current"]) == (409, "void_decided", "withdrawn")
    late = desk.decide_void(client, request["id"], "manager")
    assert (late.status_code, late.json["decided_by_name"]) == (409, None)
    assert told(client, desk, "manager")[0][::2] == ("void.withdrawn", False)
    assert desk.ask_void(client, first["id"]).status_code == 201


def test_each_step_is_told_to_whom_it_concerns_once(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    request = desk.ask_void(client, first["id"]).json
    number = first["number"]
    asked = ("void.to_decide", f"编号{number}的明白纸申请作废，请审批；两个工作日内未处理将上报上一级", True)
    for user, items in {"manager": [asked], "second_manager": [asked], "branch_manager": [], "officer": []}.items():
        assert told(client, desk, user) == items
    desk.decide_void(client, request["id"], "manager")
    assert told(client, desk, "officer") == [("void.approved", f"作废申请已批准，编号{number}的明白纸已作废", False)]
    assert [asking for *_, asking in told(client, desk, "second_manager")] == [False]


def test_a_rejection_is_told_to_whoever_asked(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    request = desk.ask_void(client, first["id"]).json
    desk.decide_void(client, request["id"], "manager", approved=False, reason="内容无误，不必作废")
    assert told(client, desk, "officer") == [
        ("void.rejected", f"作废申请被驳回，编号{first['number']}的明白纸继续有效", False)
    ]


def todos(client: FlaskClient, desk: Desk, user: str) -> list[Any]:
    items = client.get(f"{API}/todos", query_string={"kind": "void"}, headers=desk.world.headers(user)).json["items"]
    return [(each["if_nothing"], each["is_overdue"]) for each in items]


def test_after_two_workdays_the_next_level_is_told_once_and_may_decide_too(
    client: FlaskClient, desk: Desk, clock: Clock
) -> None:
    _, first = printed(client, desk)
    request = desk.ask_void(client, first["id"]).json
    assert (todos(client, desk, "manager"), todos(client, desk, "branch_manager")) == ([("escalates", False)], [])
    clock.advance(days=3)
    for _ in range(2):
        with desk.world.transaction() as ctx:
            service.sweep(ctx)
    assert told(client, desk, "branch_manager") == [(
        "void.escalated_to_you", f"编号{first['number']}的明白纸作废申请下级逾期未处理，已上报至分行，请审批", True,
    )]  # fmt: skip
    assert [code for code, *_ in told(client, desk, "officer")] == ["void.escalated"]
    for user in ("manager", "branch_manager"):
        assert todos(client, desk, user) == [("stays_valid", True)]
    assert desk.decide_void(client, request["id"], "branch_manager").status_code == 200
    assert todos(client, desk, "manager") == todos(client, desk, "branch_manager") == []


def test_if_nobody_at_the_sub_branch_may_decide_the_branch_does_at_once(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk, "manager")
    with desk.world.transaction("administrator") as ctx:
        accounts.disable_user(ctx, desk.world.people["second_manager"])
    desk.ask_void(client, first["id"], "manager")
    assert [code for code, *_ in told(client, desk, "branch_manager")] == ["void.to_decide"]
    assert todos(client, desk, "branch_manager") == [("escalates", False)]


def test_a_paper_that_is_voided_otherwise_closes_its_request(client: FlaskClient, desk: Desk) -> None:
    visit_id, first = printed(client, desk)
    request = desk.ask_void(client, first["id"]).json
    assert void(client, desk, first["id"]).status_code == 200
    assert [each["status"] for each in desk.paper(client, visit_id)["void_requests"]] == ["overtaken"]
    assert ("void.overtaken", False) in [each[::2] for each in told(client, desk, "officer")]
    assert [asking for *_, asking in told(client, desk, "manager")] == [False, False]
    late = desk.decide_void(client, request["id"], "manager")
    assert (late.status_code, late.json["current"]) == (409, "overtaken")


@pytest.mark.parametrize("end", ["amended", "voided"])
def test_a_visit_that_ends_its_papers_closes_their_requests(client: FlaskClient, desk: Desk, end: str) -> None:
    visit_id, first = printed(client, desk)
    desk.ask_void(client, first["id"])
    other_id, other = printed(client, desk)
    desk.ask_void(client, other["id"])
    if end == "voided":
        desk.void(visit_id)
    else:
        with desk.world.transaction() as ctx:
            ctx.record("inspection.amended", inspection_id=str(visit_id))
    with desk.world.transaction() as ctx:
        found = {row.inspection_id: row.status for row in ctx.session.query(VoidRequest)}
    assert found == {visit_id: "overtaken", other_id: "pending"}


def test_every_step_leaves_its_event(client: FlaskClient, desk: Desk) -> None:
    _, first = printed(client, desk)
    with desk.world.transaction("officer") as ctx:
        request = service.request_void(ctx, first["id"], **VOID_WORDS, idempotency_key="once")
        (asked,) = recorded(ctx, "void.requested")
    with desk.world.transaction("manager") as ctx:
        service.decide_void(ctx, request.id, approved=True)
        assert [len(recorded(ctx, kind)) for kind in ("void.approved", "paper.voided")] == [1, 1]
    people = desk.world.people
    assert set(asked["deciders"]) == {str(people["manager"]), str(people["second_manager"])}
    assert (asked["requested_by"], asked["number"]) == (str(people["officer"]), first["number"])


def test_of_two_deciders_at_once_one_wins_and_the_other_learns_his_name(
    committed_app: Flask, committed_desk: Desk
) -> None:
    for approved in (True, False):
        _, first = printed(committed_app.test_client(), committed_desk)
        request = committed_desk.ask_void(committed_app.test_client(), first["id"]).json
        body = {"approved": approved, "reason": "内容无误，不必作废"}
        managers = ["manager", "second_manager"]

        def decide(user: str, request: Any = request, body: Any = body) -> Any:
            return committed_desk.decide_void(committed_app.test_client(), request["id"], user, **body)

        with ThreadPoolExecutor(2) as pool:
            answers = dict(zip(managers, pool.map(decide, managers), strict=True))
        [winner] = [user for user, answer in answers.items() if answer.status_code == 200]
        [loser] = [answer for user, answer in answers.items() if user != winner]
        assert (loser.status_code, loser.json["code"]) == (409, "void_decided")
        assert loser.json["decided_by_name"] == f"姓名{winner}"


def test_of_two_requests_at_once_one_is_made(committed_app: Flask, committed_desk: Desk) -> None:
    visit_id, first = printed(committed_app.test_client(), committed_desk)

    def ask(user: str) -> Any:
        return committed_desk.ask_void(committed_app.test_client(), first["id"], user)

    with ThreadPoolExecutor(2) as pool:
        codes = sorted(each.status_code for each in pool.map(ask, ["officer", "manager"]))
    assert codes == [201, 409]
    paper = committed_desk.paper(committed_app.test_client(), visit_id)
    assert [each["status"] for each in paper["void_requests"]] == ["pending"]


def test_of_a_decision_and_a_void_at_once_the_paper_is_voided_once(committed_app: Flask, committed_desk: Desk) -> None:
    for _ in range(3):
        visit_id, first = printed(committed_app.test_client(), committed_desk)
        request = committed_desk.ask_void(committed_app.test_client(), first["id"]).json
        with ThreadPoolExecutor(2) as pool:
            decided = pool.submit(committed_desk.decide_void, committed_app.test_client(), request["id"], "manager")
            voided = pool.submit(void, committed_app.test_client(), committed_desk, first["id"])
            codes = (decided.result().status_code, voided.result().status_code)
        assert codes in {(200, 409), (409, 200)}
        (now,) = committed_desk.paper(committed_app.test_client(), visit_id)["void_requests"]
        assert now["status"] == ("approved" if codes[0] == 200 else "overtaken")
