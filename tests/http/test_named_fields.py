"""A refusal names the field that it is about, also where only the database could know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

USCC = "91350100M000100Y43"
ORGANISATION = {"code": "77", "name": "支行", "kind": "sub_branch", "parent_id": "branch"}
USER = {"username": "newcomer", "name": "新人", "password": "a-new-password", "organisation_id": "sub_branch"}
CUSTOMER = {"uscc": USCC, "name": "企业", "organisation_id": "sub_branch"}
LOAN = {"contract_no": "C1", "amount": "1.00", "disbursed_on": "2026-01-01", "matures_on": "2027-01-01"}
RULE = {"name": "月度", "org_type": "sub_branch", "start": "2026-03-01", "organisation_id": "branch"}


@pytest.mark.parametrize(
    ("who", "path", "body", "field", "status"),
    [
        ("administrator", "/organisations", {**ORGANISATION, "parent_id": "?"}, "parent_id", 404),
        ("administrator", "/organisations", {**ORGANISATION, "code": "0001"}, "code", 409),
        ("administrator", "/users", {**USER, "organisation_id": "?"}, "organisation_id", 404),
        ("administrator", "/users", {**USER, "username": "officer"}, "username", 409),
        ("administrator", "/users/officer/roles", {"role": "auditor", "organisation_id": "?"}, "organisation_id", 404),
        ("manager", "/customers", {**CUSTOMER, "organisation_id": "foreign"}, "organisation_id", 404),
        ("manager", "/customers", {**CUSTOMER, "officer_id": "?"}, "officer_id", 409),
        ("manager", "/loans", {**LOAN, "customer_id": "?"}, "customer_id", 404),
        ("manager", "/checkpoints", {"code": "X", "name": "点", "customer_id": "?"}, "customer_id", 404),
        ("branch_manager", "/rules", {**RULE, "organisation_id": "?", "template_id": "?"}, "organisation_id", 404),
        ("branch_manager", "/rules", {**RULE, "template_id": "?"}, "template_id", 409),
        ("administrator", "/meters", {"code": "M", "customer_id": "?", "device_id": "?"}, "customer_id", 404),
        (
            "administrator",
            "/devices/machines",
            {"kind": "gateway", "name": "网关", "organisation_id": "?"},
            "organisation_id",
            404,
        ),
    ],
)
def test_what_a_body_names_in_vain_is_named_back(
    client: FlaskClient, world: World, who: str, path: str, body: dict[str, Any], field: str, status: int
) -> None:
    named = {name: resolved(world, value) if name.endswith("_id") else value for name, value in body.items()}
    path = path.replace("officer", str(world.people["officer"]))
    answer = client.post(f"/api/v1{path}", json=named, headers=world.headers(who))
    assert answer.status_code == status, answer.json
    assert [error["field"] for error in answer.json["errors"]] == [field]


def resolved(world: World, value: str) -> str:
    """Return an organisation's id for its name, and an id of nothing for a question mark."""
    return str(uuid4()) if value == "?" else str(world.organisations.get(value, value))


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/alerts/feed?cursor=x", "cursor"),
        ("/alerts/feed?cursor=eA==", "cursor"),
        ("/users?cursor=x", "cursor"),
        (f"/reports/completion?from=2026-03-01&to=2026-03-31&organisation_id={uuid4()}", "organisation_id"),
    ],
)
def test_what_a_query_names_in_vain_is_named_back(client: FlaskClient, world: World, path: str, field: str) -> None:
    answer = client.get(f"/api/v1{path}", headers=world.headers("province_manager"))
    assert [error["field"] for error in answer.json["errors"]] == [field]
