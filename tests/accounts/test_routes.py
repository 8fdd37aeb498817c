"""Every endpoint of logins, people and devices: anonymous, wrong role, other organisation, invalid, good."""

from __future__ import annotations

import base64
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.factories import PASSWORD, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from tests.fixtures import Clock

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode().rstrip("=")


def login(client: FlaskClient, username: str = "officer", password: str = PASSWORD, bank: str = "demo") -> Any:
    return client.post("/api/v1/sessions", json={"bank": bank, "username": username, "password": password})


def test_login_answers_a_token_that_knows_who_i_am(client: FlaskClient, world: World) -> None:
    answer = login(client)
    assert answer.status_code == 201
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {answer.json['token']}"})
    assert me.json["user"]["username"] == "officer"
    assert [held["role"] for held in me.json["assignments"]] == ["loan_officer"]


@pytest.mark.parametrize(("username", "password"), [("officer", "wrong-password"), ("stranger", PASSWORD)])
def test_a_wrong_login_does_not_say_what_was_wrong(
    client: FlaskClient, world: World, username: str, password: str
) -> None:
    answer = login(client, username, password)
    assert (answer.status_code, answer.json["code"]) == (401, "login_refused")
    assert answer.content_type == "application/problem+json"


def test_failed_logins_pause_this_account_at_this_address_and_nobody_else(
    client: FlaskClient, world: World, clock: Clock
) -> None:
    for _ in range(5):
        assert login(client, password="wrong-password").status_code == 401
    paused = login(client)
    assert (paused.status_code, paused.json["code"]) == (429, "login_throttled")
    assert int(paused.headers["Retry-After"]) >= 1
    assert login(client, "manager").status_code == 201
    clock.advance(minutes=16)
    assert login(client).status_code == 201


@pytest.mark.parametrize("is_ours", [True, False])
def test_guesses_at_once_get_no_more_tries_than_guesses_in_turn(
    committed_app: Flask, committed_world: World, *, is_ours: bool
) -> None:
    bank = committed_world.bank.code if is_ours else f"x{uuid4().hex[:12]}"

    def guess(number: int) -> str:
        password = PASSWORD if number == 17 else f"wrong-password-{number}"
        return str(login(committed_app.test_client(), password=password, bank=bank).json["code"])

    with ThreadPoolExecutor(6) as pool:
        answers = Counter(pool.map(guess, range(18)))
    assert answers == {"login_refused": 5, "login_throttled": 13}


def test_right_passwords_at_once_are_not_slowed(committed_app: Flask, committed_world: World) -> None:
    for _ in range(4):
        login(committed_app.test_client(), password="wrong-password", bank=committed_world.bank.code)

    def enter(username: str) -> int:
        answer = login(committed_app.test_client(), username, bank=committed_world.bank.code)
        return int(answer.status_code)

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(enter, ["officer", "manager"] * 12)) == {201}


def test_a_login_at_an_unknown_bank_is_answered_like_a_wrong_password(
    client: FlaskClient, world: World, clock: Clock
) -> None:
    def answers(bank: str) -> list[dict[str, Any]]:
        tries = [login(client, password="wrong-password", bank=bank) for _ in range(7)]
        return [{**answer.json, "request_id": "", "status": answer.status_code} for answer in tries]

    unknown = answers("nobank")
    assert [answer["code"] for answer in unknown] == ["login_refused"] * 5 + ["login_throttled"] * 2
    assert unknown == answers("demo")
    assert login(client, bank="otherbank").status_code == 401
    clock.advance(minutes=16)
    assert login(client, bank="nobank").status_code == 401


def test_an_address_pauses_at_an_unknown_bank_as_at_a_known_one(client: FlaskClient, world: World) -> None:
    def statuses(bank: str) -> list[int]:
        return [login(client, f"user-{number}", "wrong-password", bank).status_code for number in range(21)]

    assert statuses("nobank") == statuses("demo") == [401] * 20 + [429]


def test_a_token_ends_after_twelve_hours_and_at_logout(client: FlaskClient, world: World, clock: Clock) -> None:
    headers = world.headers("officer")
    assert client.delete("/api/v1/sessions/current", headers=headers).status_code == 204
    assert client.get("/api/v1/me", headers=headers).status_code == 401
    headers = world.headers("officer")
    clock.advance(hours=12)
    assert client.get("/api/v1/me", headers=headers).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic eDp5", "Bearer xj.00000000." + "a" * 43])
def test_no_token_of_ours_is_anonymous(client: FlaskClient, world: World, header: str) -> None:
    answer = client.get("/api/v1/me", headers={"Authorization": header})
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")


def test_a_token_of_one_bank_means_nothing_in_another(client: FlaskClient, world: World, other_world: World) -> None:
    token = world.headers("officer")["Authorization"]
    _, _, secret = token.removeprefix("Bearer ").split(".")
    forged = {"Authorization": f"Bearer xj.{other_world.bank.tag}.{secret}"}
    assert client.get("/api/v1/me", headers=forged).status_code == 401


def test_disabling_a_user_works_on_the_next_request(client: FlaskClient, world: World) -> None:
    headers = world.headers("officer")
    path = f"/api/v1/users/{world.people['officer']}/disable"
    assert client.post(path, headers=world.headers("administrator")).status_code == 200
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_a_role_change_works_on_the_next_request(client: FlaskClient, world: World) -> None:
    headers = world.headers("nobody")
    assert client.get("/api/v1/users", headers=headers).status_code == 403
    role = {"role": "auditor", "organisation_id": str(world.organisations["branch"])}
    admin = world.headers("administrator")
    given = client.post(f"/api/v1/users/{world.people['nobody']}/roles", json=role, headers=admin)
    assert given.status_code == 201
    assert client.get("/api/v1/users", headers=headers).status_code == 200
    client.delete(f"/api/v1/users/{world.people['nobody']}/roles/{given.json['id']}", headers=admin)
    assert client.get("/api/v1/users", headers=headers).status_code == 403


def test_a_role_counts_only_between_its_dates(client: FlaskClient, world: World, clock: Clock) -> None:
    role = {
        "role": "auditor",
        "organisation_id": str(world.organisations["branch"]),
        "valid_from": "2026-03-11",
        "valid_to": "2026-03-11",
    }
    admin = world.headers("administrator")
    client.post(f"/api/v1/users/{world.people['nobody']}/roles", json=role, headers=admin)
    assert client.get("/api/v1/users", headers=world.headers("nobody")).status_code == 403
    clock.advance(days=1)
    assert client.get("/api/v1/users", headers=world.headers("nobody")).status_code == 200
    clock.advance(days=1)
    assert client.get("/api/v1/users", headers=world.headers("nobody")).status_code == 403


def test_nobody_gives_himself_a_role(client: FlaskClient, world: World) -> None:
    role = {"role": "province_manager", "organisation_id": str(world.organisations["province"])}
    path = f"/api/v1/users/{world.people['administrator']}/roles"
    answer = client.post(path, json=role, headers=world.headers("administrator"))
    assert (answer.status_code, answer.json["code"]) == (403, "four_eyes")


@pytest.mark.parametrize(
    ("user", "status"), [("administrator", 201), ("province_manager", 403), ("officer", 403), (None, 401)]
)
def test_only_the_administrator_creates_users(client: FlaskClient, world: World, user: str | None, status: int) -> None:
    body = {
        "username": "newcomer",
        "name": "新人",
        "organisation_id": str(world.organisations["sub_branch"]),
        "password": "a-new-password",
    }
    headers = world.headers(user) if user else {}
    assert client.post("/api/v1/users", json=body, headers=headers).status_code == status


def test_an_unknown_field_is_refused_by_name(client: FlaskClient, world: World) -> None:
    body = {
        "username": "newcomer",
        "name": "新人",
        "organisation_id": str(uuid4()),
        "password": "x" * 12,
        "is_admin": 1,
    }
    answer = client.post("/api/v1/users", json=body, headers=world.headers("administrator"))
    assert answer.status_code == 422
    assert answer.json["errors"] == [{"field": "is_admin", "message": "未知字段"}]


def test_a_weak_password_and_a_taken_name_are_refused(client: FlaskClient, world: World) -> None:
    body = {"username": "officer", "name": "新人", "organisation_id": str(world.organisations["branch"])}
    admin = world.headers("administrator")
    weak = client.post("/api/v1/users", json={**body, "password": "officer-123"}, headers=admin)
    assert (weak.status_code, weak.json["code"]) == (422, "password_weak")
    taken = client.post("/api/v1/users", json={**body, "password": "a-new-password"}, headers=admin)
    assert (taken.status_code, taken.json["code"]) == (409, "username_taken")


def test_a_manager_sees_the_users_of_his_subtree_only(client: FlaskClient, world: World) -> None:
    listed = client.get("/api/v1/users", headers=world.headers("branch_manager")).json["items"]
    names = {user["username"] for user in listed}
    assert {"officer", "manager", "branch_manager"} <= names
    assert not names & {"foreign_officer", "province_manager"}
    foreign = f"/api/v1/users/{world.people['foreign_officer']}"
    assert client.get(foreign, headers=world.headers("branch_manager")).status_code == 404


def test_listing_users_takes_the_same_queries_for_any_number(
    client: FlaskClient, world: World, queries: Callable[[], list[str]]
) -> None:
    headers = world.headers("province_manager")
    seen = queries()
    client.get("/api/v1/users?limit=2", headers=headers)
    few = len(seen)
    seen = queries()
    client.get("/api/v1/users?limit=200", headers=headers)
    assert len(seen) == few <= 4


def test_organisations_are_created_below_their_parents_kind(client: FlaskClient, world: World) -> None:
    body = {"code": "9901", "name": "新支行", "kind": "sub_branch", "parent_id": str(world.organisations["branch"])}
    admin = world.headers("administrator")
    made = client.post("/api/v1/organisations", json=body, headers=admin)
    assert made.status_code == 201
    again = client.post("/api/v1/organisations", json=body, headers=admin)
    assert (again.status_code, again.json["existing_id"]) == (409, made.json["id"])
    in_capitals = [
        client.post("/api/v1/organisations", json={**body, "code": code}, headers=admin) for code in ("b1", "B1")
    ]
    assert [answer.status_code for answer in in_capitals] == [201, 409]
    upside = {**body, "code": "9902", "kind": "province"}
    assert client.post("/api/v1/organisations", json=upside, headers=admin).status_code == 422
    listed = client.get("/api/v1/organisations?kind=sub_branch", headers=world.headers("branch_manager")).json["items"]
    assert {item["name"] for item in listed} == {"sub_branch", "sibling", "新支行"}


def test_an_organisation_is_renamed_and_changes_its_kind_between_those_above_and_below(
    client: FlaskClient, world: World
) -> None:
    path, admin = f"/api/v1/organisations/{world.organisations['sub_branch']}", world.headers("administrator")

    def change(where: str = path, version: int = 1, headers: dict[str, str] = admin, **body: str) -> Any:
        return client.patch(where, json=body, headers=headers | {"If-Match": f'"{version}"'})

    changed = change(name="城东支行", kind="outlet")
    assert (changed.status_code, changed.json["name"], changed.json["kind"]) == (200, "城东支行", "outlet")
    assert change(name="城西支行").status_code == 412
    assert change(version=2, kind="sub_branch").json["kind"] == "sub_branch"
    for kind in ("branch", "province"):
        refused = change(version=3, kind=kind)
        assert (refused.status_code, refused.json["code"]) == (422, "organisation_kind_invalid")
    branch = f"/api/v1/organisations/{world.organisations['branch']}"
    assert change(branch, kind="sub_branch").json["code"] == "organisation_kind_invalid"
    assert change(headers=world.headers("branch_manager"), version=3, name="城西").status_code == 403
    assert change(f"/api/v1/organisations/{uuid4()}", name="城西").status_code == 404


def enrol(client: FlaskClient, headers: dict[str, str], device_id: str, key: str = KEY) -> Any:
    body = {"id": device_id, "name": "手机", "public_key": key}
    return client.post("/api/v1/devices", json=body, headers=headers)


def test_a_device_is_enrolled_once_and_approved_by_another_person(client: FlaskClient, world: World) -> None:
    device_id, officer = str(uuid4()), world.headers("officer")
    assert enrol(client, officer, device_id).json["status"] == "pending"
    assert enrol(client, officer, device_id).status_code == 201
    assert enrol(client, world.headers("colleague"), device_id).json["code"] == "device_foreign"
    path = f"/api/v1/devices/{device_id}/approve"
    assert client.post(path, headers=officer).status_code == 403
    assert client.post(path, headers=world.headers("foreign_manager")).status_code == 404
    assert client.post(path, headers=world.headers("manager")).json["status"] == "approved"
    second = client.post(path, headers=world.headers("manager")).json
    assert (second["code"], second["decided_by_name"]) == ("device_decided", "姓名manager")


def test_a_manager_does_not_approve_his_own_device(client: FlaskClient, world: World) -> None:
    device_id, manager = str(uuid4()), world.headers("manager")
    enrol(client, manager, device_id)
    answer = client.post(f"/api/v1/devices/{device_id}/approve", headers=manager)
    assert (answer.status_code, answer.json["code"]) == (403, "four_eyes")


def test_a_third_device_and_a_key_that_is_none_are_refused(client: FlaskClient, world: World) -> None:
    officer = world.headers("officer")
    assert enrol(client, officer, str(uuid4()), key="AAAA").json["code"] == "device_key_invalid"
    for _ in range(2):
        assert enrol(client, officer, str(uuid4())).status_code == 201
    assert enrol(client, officer, str(uuid4())).json["code"] == "device_limit"
    assert len(client.get("/api/v1/devices", headers=officer).json["items"]) == 2


def test_the_devices_of_one_owner_are_found_by_any_of_them(client: FlaskClient, world: World) -> None:
    first, second, foreign, manager = (str(uuid4()) for _ in range(4))
    for user, device_id in (("officer", first), ("officer", second), ("colleague", foreign), ("manager", manager)):
        enrol(client, world.headers(user), device_id)

    def found(user: str, **narrowed: str) -> set[str]:
        answer = client.get("/api/v1/devices", query_string=narrowed, headers=world.headers(user))
        return {each["id"] for each in answer.json["items"]}

    def beside(device_id: str, user: str) -> set[str]:
        return found(user, beside=device_id)

    owner = str(world.people["officer"])
    assert found("manager", user_id=owner) == {first, second}
    assert found("foreign_manager", user_id=owner) == set()
    assert beside(first, "manager") == beside(second, "officer") == {first, second}
    assert beside(manager, "manager") == {manager}
    assert beside(first, "foreign_manager") == beside(first, "colleague") == set()


def test_a_revoked_gateway_is_anonymous_at_once(client: FlaskClient, world: World) -> None:
    body = {"kind": "gateway", "name": "网关", "organisation_id": str(world.organisations["sub_branch"])}
    made = client.post("/api/v1/devices/machines", json=body, headers=world.headers("administrator"))
    headers = {"Authorization": f"Bearer {made.json['token']}"}
    assert client.get("/api/v1/organisations", headers=headers).status_code == 200
    path = f"/api/v1/devices/{made.json['device']['id']}/revoke"
    assert client.post(path, headers=world.headers("manager")).json["status"] == "revoked"
    assert client.get("/api/v1/organisations", headers=headers).status_code == 401
