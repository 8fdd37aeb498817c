"""Every endpoint of customers: anonymous, wrong role, other organisation, invalid, good."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from inspection_api.accounts import service as accounts
from inspection_api.customers import service
from inspection_api.customers.rules import next_uscc
from inspection_api.customers.service import NewCustomer
from tests.factories import World, pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

PATH = "/api/v1/customers"


def body(world: World, **changes: Any) -> dict[str, Any]:
    return {
        "uscc": next_uscc(1),
        "name": "石家庄云帆机械有限公司",
        "organisation_id": str(world.organisations["sub_branch"]),
        **changes,
    }


def create(client: FlaskClient, world: World, user: str = "manager", **changes: Any) -> Any:
    data = json.dumps(body(world, **changes))
    return client.post(PATH, data=data, headers=world.headers(user), content_type="application/json")


def add_customers(world: World, count: int, organisation: str = "sub_branch") -> None:
    owner = world.organisations[organisation]
    with world.transaction() as ctx:
        rows = [NewCustomer(uscc=next_uscc(n), name=f"企业{n:04d}", organisation_id=owner) for n in range(count)]
        service.create_many(ctx, rows)


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("officer", 403),
        ("administrator", 403),
        ("auditor", 403),
        ("foreign_manager", 404),
        ("manager", 201),
        ("branch_manager", 201),
    ],
)
def test_managers_take_in_customers_of_their_subtree(
    client: FlaskClient, world: World, user: str | None, status: int
) -> None:
    answer = client.post(PATH, json=body(world), headers=world.headers(user) if user else {})
    assert answer.status_code == status
    assert answer.json.get("uscc", next_uscc(1)) == next_uscc(1)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"uscc": "91610100MA6U8QXT5"}, "uscc_invalid"),
        ({"uscc": next_uscc(1)[:-1] + ("0" if next_uscc(1)[-1] != "0" else "1")}, "uscc_invalid"),
        ({"name": ""}, "invalid"),
        ({"name": "甲\x00乙"}, "invalid"),
        ({"name": "\ud800"}, "invalid"),
        ({"balance": 1}, "invalid"),
    ],
)
def test_bad_customers_are_refused(client: FlaskClient, world: World, changes: dict[str, Any], code: str) -> None:
    answer = create(client, world, **changes)
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert answer.content_type == "application/problem+json"


def test_a_code_is_stored_in_capitals_and_belongs_to_one_customer(client: FlaskClient, world: World) -> None:
    made = create(client, world, uscc=f" {next_uscc(7).lower()} ")
    assert made.json["uscc"] == next_uscc(7)
    again = create(client, world, uscc=next_uscc(7))
    assert (again.status_code, again.json["existing_id"]) == (409, made.json["id"])
    elsewhere = create(
        client, world, "foreign_manager", uscc=next_uscc(7), organisation_id=str(world.organisations["foreign"])
    )
    assert (elsewhere.json["code"], elsewhere.json.get("existing_id")) == ("uscc_taken", None)


def test_the_officer_holds_the_customer_from_the_beginning(client: FlaskClient, world: World) -> None:
    made = create(client, world, officer_id=str(world.people["officer"]))
    path = f"{PATH}/{made.json['id']}"
    assert client.get(path, headers=world.headers("officer")).json["officer_id"] == str(world.people["officer"])
    assert client.get(path, headers=world.headers("colleague")).status_code == 404


@pytest.mark.parametrize("officer", ["foreign_officer", "auditor", "nobody", None])
def test_who_visits_nobody_there_serves_no_customer(client: FlaskClient, world: World, officer: str | None) -> None:
    officer_id = world.people[officer] if officer else uuid4()
    answer = create(client, world, officer_id=str(officer_id))
    assert (answer.status_code, answer.json["code"]) == (409, "officer_unfit")


def test_a_disabled_officer_serves_no_customer(client: FlaskClient, world: World) -> None:
    with world.transaction("administrator") as ctx:
        accounts.disable_user(ctx, world.people["officer"])
    assert create(client, world, officer_id=str(world.people["officer"])).json["code"] == "officer_unfit"


def test_a_customer_is_seen_in_its_subtree_only(client: FlaskClient, world: World) -> None:
    path = f"{PATH}/{create(client, world).json['id']}"
    assert client.get(path).status_code == 401
    seen = {
        user: client.get(path, headers=world.headers(user)).status_code
        for user in ("manager", "branch_manager", "risk_manager", "administrator", "foreign_manager", "officer")
    }
    assert seen == {
        "manager": 200,
        "branch_manager": 200,
        "risk_manager": 200,
        "administrator": 403,
        "foreign_manager": 404,
        "officer": 404,
    }


def test_the_list_is_narrowed_and_paged(client: FlaskClient, world: World) -> None:
    add_customers(world, 5)
    headers = world.headers("branch_manager")
    names = [item["name"] for item in pages(client, PATH, headers, limit=2)]
    assert names == [f"企业{n:04d}" for n in range(5)]

    def listed(**query: Any) -> list[str]:
        return [item["name"] for item in pages(client, PATH, headers, **query)]

    assert listed(name="0003") == ["企业0003"]
    assert listed(name="%") == []
    assert listed(uscc=next_uscc(2).lower()) == ["企业0002"]
    assert len(listed(organisation_id=world.organisations["branch"])) == 5
    assert listed(organisation_id=world.organisations["sibling"]) == []
    assert listed(organisation_id=world.organisations["foreign"]) == []
    assert client.get(f"{PATH}?limit=0", headers=headers).status_code == 422
    assert client.get(f"{PATH}?cursor=AAAA", headers=headers).json["code"] == "cursor_invalid"


def test_a_list_of_another_branch_is_empty(client: FlaskClient, world: World) -> None:
    add_customers(world, 2)
    headers = world.headers("foreign_manager")
    assert client.get(PATH, headers=headers).json["items"] == []
    query = {"organisation_id": world.organisations["sub_branch"]}
    assert client.get(PATH, headers=headers, query_string=query).json["items"] == []


def test_listing_costs_the_same_for_any_number(
    client: FlaskClient, world: World, queries: Callable[[], list[str]]
) -> None:
    headers = world.headers("manager")
    counts = []
    for limit in (1, 200):
        add_customers(world, 1) if limit == 1 else None
        seen = queries()
        client.get(PATH, query_string={"limit": limit}, headers=headers)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4


def test_an_edit_needs_the_version_that_it_was_based_on(client: FlaskClient, world: World) -> None:
    made = create(client, world).json
    path, headers = f"{PATH}/{made['id']}", world.headers("manager")
    match = {**headers, "If-Match": f'"{made["version"]}"'}
    edited = client.patch(path, json={"phone": "0311-5550100"}, headers=match)
    assert (edited.status_code, edited.json["phone"], edited.json["version"]) == (
        200,
        "0311-5550100",
        made["version"] + 1,
    )
    stale = client.patch(path, json={"name": "新名"}, headers=match)
    assert (stale.status_code, stale.json["current_version"]) == (412, made["version"] + 1)
    assert client.patch(path, json={"name": "新名"}, headers=headers).status_code == 422
    assert client.patch(path, json={"uscc": next_uscc(9)}, headers=match).status_code == 422
    assert client.patch(path, json={}, headers=world.headers("officer") | {"If-Match": '"1"'}).status_code == 403
    foreign = world.headers("foreign_manager") | {"If-Match": '"1"'}
    assert client.patch(path, json={"name": "新名"}, headers=foreign).status_code == 404
    assert client.patch(path, json={}).status_code == 401


def test_what_one_held_as_an_officer_does_not_follow_him_into_another_role(client: FlaskClient, world: World) -> None:
    """A grant reaches as far as the role that it was given to: a manager elsewhere edits nothing here (§6)."""
    made = create(client, world, officer_id=str(world.people["officer"])).json
    with world.transaction("administrator") as ctx:
        accounts.assign_role(
            ctx, world.people["officer"], role="sub_branch_manager", organisation_id=world.organisations["foreign"]
        )
    path = f"{PATH}/{made['id']}"
    headers = world.headers("officer")
    assert client.get(path, headers=headers).status_code == 200
    edited = client.patch(path, json={"name": "改名"}, headers={**headers, "If-Match": f'"{made["version"]}"'})
    assert edited.status_code == 404
