"""作废 over HTTP: an original goes with its copies, its number never comes again, and a new original may follow."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from uuid import UUID

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.fixtures import Clock
    from tests.kiosk_print.conftest import Desk


def void(client: FlaskClient, desk: Desk, print_id: str, user: str = "manager", reason: str = "打印时纸张破损") -> Any:
    path = f"/api/v1/prints/{print_id}/void"
    return client.post(path, json={"reason": reason}, headers=desk.world.headers(user))


def printed(client: FlaskClient, desk: Desk, copies: int = 1) -> tuple[UUID, list[Any]]:
    visit_id = desk.accept()
    return visit_id, [desk.print(client, visit_id).json for _ in range(copies)]


def test_an_original_goes_with_its_copies_and_says_who_and_why(client: FlaskClient, desk: Desk) -> None:
    visit_id, (_, second) = printed(client, desk, copies=2)
    answer = void(client, desk, second["id"])
    assert (answer.status_code, answer.json["status"]) == (200, "voided")
    prints = desk.paper(client, visit_id)["prints"]
    told = {(each["status"], each["voided_by"], each["void_reason"]) for each in prints}
    assert told == {("voided", str(desk.world.people["manager"]), "打印时纸张破损")}


def test_inside_the_window_a_new_original_with_the_next_number_follows(client: FlaskClient, desk: Desk) -> None:
    visit_id, (first,) = printed(client, desk)
    void(client, desk, first["id"])
    again = desk.print(client, visit_id)
    assert (again.status_code, again.json["copy"]) == (201, 1)
    assert [each["number"].split("-")[3] for each in (first, again.json)] == ["000001", "000002"]


def test_after_the_window_it_is_voided_but_nothing_follows(client: FlaskClient, desk: Desk, clock: Clock) -> None:
    visit_id, (first,) = printed(client, desk)
    clock.advance(days=30)
    assert void(client, desk, first["id"]).status_code == 200
    assert desk.print(client, visit_id).json["code"] == "locked"


def test_a_voided_print_is_not_voided_twice(client: FlaskClient, desk: Desk) -> None:
    _, (first,) = printed(client, desk)
    void(client, desk, first["id"])
    again = void(client, desk, first["id"], "second_manager")
    assert (again.status_code, again.json["code"], again.json["current"]) == (409, "not_voidable", "voided")


@pytest.mark.parametrize(
    ("user", "status", "code"),
    [
        ("officer", 403, "forbidden"),
        ("province_manager", 403, "forbidden"),
        ("auditor", 403, "forbidden"),
        ("foreign_manager", 404, "not_found"),
        ("foreign_branch_manager", 404, "not_found"),
    ],
)
def test_only_managers_above_the_record_void(
    client: FlaskClient, desk: Desk, user: str, status: int, code: str
) -> None:
    _, (first,) = printed(client, desk)
    refused = void(client, desk, first["id"], user)
    assert (refused.status_code, refused.json["code"]) == (status, code)


def test_who_printed_a_copy_does_not_void_it(client: FlaskClient, desk: Desk) -> None:
    visit_id, (first,) = printed(client, desk)
    assert desk.print(client, visit_id, "manager").status_code == 201
    refused = void(client, desk, first["id"])
    assert (refused.status_code, refused.json["code"]) == (403, "own_print")
    assert void(client, desk, first["id"], "second_manager").status_code == 200


def test_a_reason_is_asked_for(client: FlaskClient, desk: Desk) -> None:
    _, (first,) = printed(client, desk)
    refused = void(client, desk, first["id"], reason="  ")
    assert (refused.status_code, [each["field"] for each in refused.json["errors"]]) == (422, ["reason"])


def test_of_a_void_and_a_print_at_once_no_two_originals_live(committed_app: Flask, committed_desk: Desk) -> None:
    for _ in range(5):
        visit_id, (first,) = printed(committed_app.test_client(), committed_desk)
        with ThreadPoolExecutor(2) as pool:
            voided = pool.submit(void, committed_app.test_client(), committed_desk, first["id"])
            second = pool.submit(committed_desk.print, committed_app.test_client(), visit_id)
            assert (voided.result().status_code, second.result().status_code) == (200, 201)
        prints = committed_desk.paper(committed_app.test_client(), visit_id)["prints"]
        living = [each for each in prints if each["status"] == "valid"]
        assert [each["copy"] for each in living] in ([], [1])
        assert all(each["number"] != first["number"] for each in living)
