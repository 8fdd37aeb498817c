"""Every endpoint of loans: anonymous, wrong role, other organisation, invalid, good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from inspection_api.accounts import service as accounts
from inspection_api.customers import service as customers
from inspection_api.customers.rules import next_uscc
from inspection_api.customers.service import NewCustomer
from tests.factories import World, pages

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask.testing import FlaskClient

PATH = "/api/v1/loans"


@pytest.fixture
def customer_id(world: World) -> UUID:
    row = NewCustomer(
        uscc=next_uscc(1),
        name="云帆机械",
        organisation_id=world.organisations["sub_branch"],
        officer_id=world.people["officer"],
    )
    with world.transaction() as ctx:
        customers.create_many(ctx, [row])
    return row.id


def body(customer_id: UUID, **changes: Any) -> dict[str, Any]:
    return {
        "customer_id": str(customer_id),
        "contract_no": "JJ-2026-0001",
        "amount": "1234567.89",
        "disbursed_on": "2026-01-05",
        "matures_on": "2027-01-05",
        **changes,
    }


@pytest.mark.parametrize(
    ("user", "status"),
    [(None, 401), ("officer", 403), ("administrator", 403), ("foreign_manager", 404), ("manager", 201)],
)
def test_managers_enter_loans_of_their_customers(
    client: FlaskClient, world: World, customer_id: UUID, user: str | None, status: int
) -> None:
    answer = client.post(PATH, json=body(customer_id), headers=world.headers(user) if user else {})
    assert answer.status_code == status


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "0"},
        {"amount": "-1"},
        {"amount": "1.005"},
        {"amount": "NaN"},
        {"amount": "1e16"},
        {"amount": "一万"},
        {"matures_on": "2026-01-04"},
        {"disbursed_on": "2026-02-30"},
        {"five_class": "good"},
        {"repayment_method": "later"},
        {"rate": "1000"},
        {"colour": "red"},
    ],
)
def test_bad_loans_are_refused(client: FlaskClient, world: World, customer_id: UUID, changes: dict[str, Any]) -> None:
    answer = client.post(PATH, json=body(customer_id, **changes), headers=world.headers("manager"))
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] in {*changes, "matures_on"}


def test_an_amount_keeps_every_fen(client: FlaskClient, world: World, customer_id: UUID) -> None:
    rich = body(customer_id, amount="9999999999999999.99", rate="4.350001", repayment_method="bullet")
    made = client.post(PATH, json=rich, headers=world.headers("manager")).json
    assert (made["amount"], made["rate"], made["five_class"]) == ("9999999999999999.99", "4.350001", "normal")


def test_a_contract_number_is_used_once(client: FlaskClient, world: World, customer_id: UUID) -> None:
    made = client.post(PATH, json=body(customer_id), headers=world.headers("manager")).json
    again = client.post(PATH, json=body(customer_id), headers=world.headers("manager"))
    assert (again.status_code, again.json["existing_id"]) == (409, made["id"])


def test_the_customers_officer_holds_its_loans(client: FlaskClient, world: World, customer_id: UUID) -> None:
    made = client.post(PATH, json=body(customer_id), headers=world.headers("manager")).json
    path = f"{PATH}/{made['id']}"
    assert client.get(path).status_code == 401
    seen = {
        user: client.get(path, headers=world.headers(user)).status_code
        for user in ("officer", "colleague", "branch_manager", "foreign_manager", "administrator")
    }
    assert seen == {
        "officer": 200,
        "colleague": 404,
        "branch_manager": 200,
        "foreign_manager": 404,
        "administrator": 403,
    }


def test_loans_are_listed_by_customer(
    client: FlaskClient, world: World, customer_id: UUID, queries: Callable[[], list[str]]
) -> None:
    headers = world.headers("manager")
    for number in range(3):
        client.post(PATH, json=body(customer_id, contract_no=f"JJ-{number}"), headers=headers)
    listed = list(pages(client, PATH, headers, customer_id=customer_id, limit=2))
    assert [loan["contract_no"] for loan in listed] == ["JJ-0", "JJ-1", "JJ-2"]
    assert client.get(PATH, headers=world.headers("foreign_manager")).json["items"] == []
    counts = []
    for limit in (1, 200):
        seen = queries()
        client.get(PATH, query_string={"limit": limit}, headers=headers)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4


def test_an_edit_needs_the_version_that_it_was_based_on(client: FlaskClient, world: World, customer_id: UUID) -> None:
    headers = world.headers("manager")
    made = client.post(PATH, json=body(customer_id), headers=headers).json
    path, match = f"{PATH}/{made['id']}", headers | {"If-Match": f'"{made["version"]}"'}
    edited = client.patch(path, json={"five_class": "watch"}, headers=match)
    assert (edited.status_code, edited.json["five_class"]) == (200, "watch")
    assert client.patch(path, json={"five_class": "loss"}, headers=match).status_code == 412
    fresh = headers | {"If-Match": f'"{edited.json["version"]}"'}
    early = client.patch(path, json={"matures_on": "2025-01-01"}, headers=fresh)
    assert (early.status_code, early.json["code"]) == (422, "loan_dates_invalid")
    foreign = world.headers("foreign_manager") | {"If-Match": '"1"'}
    assert client.patch(path, json={"five_class": "loss"}, headers=foreign).status_code == 404
    assert client.patch(path, json={}, headers=world.headers("officer") | {"If-Match": '"1"'}).status_code == 403
    assert client.patch(path, json={}).status_code == 401


def test_an_officer_who_manages_elsewhere_edits_none_of_the_loans_that_he_holds(
    client: FlaskClient, world: World, customer_id: UUID
) -> None:
    made = client.post(PATH, json=body(customer_id), headers=world.headers("manager")).json
    with world.transaction("administrator") as ctx:
        accounts.assign_role(
            ctx, world.people["officer"], role="sub_branch_manager", organisation_id=world.organisations["foreign"]
        )
    headers = world.headers("officer")
    assert client.get(f"{PATH}/{made['id']}", headers=headers).status_code == 200
    change = {**headers, "If-Match": f'"{made["version"]}"'}
    assert client.patch(f"{PATH}/{made['id']}", json={"amount": "1.00"}, headers=change).status_code == 404
