"""Every endpoint of rules and plans: anonymous, wrong role, other organisation, invalid, good."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def form(portfolio: Portfolio, owner: str = "branch", **changes: Any) -> dict[str, Any]:
    organisation_id = str(portfolio.world.organisations[owner])
    template_id = str(portfolio.template_id)
    required = {"organisation_id": organisation_id, "name": "支行检查", "org_type": "sub_branch", "start": "2026-01-01"}
    return {**required, "template_id": template_id, **changes}


def test_a_rule_needs_only_what_has_no_default_and_reads_the_bold_defaults_back(
    client: FlaskClient, portfolio: Portfolio
) -> None:
    headers = portfolio.world.headers("branch_manager")
    made = client.post("/api/v1/rules", json=form(portfolio), headers=headers)
    assert made.status_code == 201
    defaults = {
        "end": None, "unit": "month", "interval": 1, "window_mode": "calendar", "auto_join": True,
        "auto_create_plan": True, "first_rule": "next", "first_grace_days": 0, "exit_rule": "current",
        "history_valid": 1, "history_unit": "month", "min_gap_days": 0, "late_sync_hours": 72,
        "channels": ["onsite"], "version": 1, "inspection_type": "existing", "exit_interval": 0, "exit_unit": "month",
        "exit_count": 0, "exit_overrides": {}, "due_roll": "none", "makeup_days": 0, "new_within_days": 15,
        "per_loan": False, "performing_role": None,
    }  # fmt: skip
    assert defaults.items() <= made.json.items()
    assert client.get(f"/api/v1/rules/{made.json['id']}", headers=headers).json == made.json


@pytest.mark.parametrize(
    ("user", "status"),
    [(None, 401), ("administrator", 403), ("manager", 403), ("officer", 403), ("foreign_branch_manager", 404)],
)
def test_only_managers_above_create_rules(
    client: FlaskClient, portfolio: Portfolio, user: str | None, status: int
) -> None:
    headers = portfolio.world.headers(user) if user else {}
    assert client.post("/api/v1/rules", json=form(portfolio), headers=headers).status_code == status


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"interval": 0}, "interval"),
        ({"interval": -1}, "interval"),
        ({"interval": 367}, "interval"),
        ({"end": "2025-12-31"}, "end"),
        ({"start": "1999-12-31"}, "start"),
        ({"unit": "hour"}, "unit"),
        ({"name": ""}, "name"),
        ({"name": "长" * 61}, "name"),
        ({"name": "a\u0000b"}, "name"),
        ({"channels": []}, "channels"),
        ({"history_valid": -1}, "history_valid"),
        ({"due_roll": "workday"}, "due_roll"),
        ({"exit_count": 2}, "exit_interval"),
        ({"exit_overrides": {"settled": {"interval": 0, "unit": "month", "count": 1}}}, "exit_overrides.settled"),
        ({"exit_overrides": {"moved": {"interval": 1, "unit": "month", "count": 1}}}, "exit_overrides.moved"),
        ({"inspection_type": "special"}, "inspection_type"),
        ({"org_type": "province"}, "org_type"),
    ],
)
def test_a_broken_form_is_refused_with_the_field(
    client: FlaskClient, portfolio: Portfolio, change: dict[str, Any], field: str
) -> None:
    headers = portfolio.world.headers("branch_manager")
    answer = client.post("/api/v1/rules", json=form(portfolio, **change), headers=headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field]


def test_two_rules_of_one_name_are_a_conflict_that_names_the_first(client: FlaskClient, portfolio: Portfolio) -> None:
    headers = portfolio.world.headers("branch_manager")
    made = client.post("/api/v1/rules", json=form(portfolio), headers=headers)
    again = client.post("/api/v1/rules", json=form(portfolio), headers=headers)
    assert (again.status_code, again.json["code"]) == (409, "rule_name_taken")
    assert again.json["existing_id"] == made.json["id"]


def test_a_rule_is_seen_by_those_below_it_and_not_beside_it(client: FlaskClient, portfolio: Portfolio) -> None:
    rule = portfolio.create_rule("branch")
    seen = {"branch_manager": 200, "province_manager": 200, "manager": 200, "officer": 200, "auditor": 200}
    hidden = {"foreign_branch_manager": 404, "foreign_manager": 404, "administrator": 403}
    for user, status in (seen | hidden).items():
        headers = portfolio.world.headers(user)
        assert client.get(f"/api/v1/rules/{rule.id}", headers=headers).status_code == status, user
    listed = client.get("/api/v1/rules", headers=portfolio.world.headers("manager")).json["items"]
    assert [item["id"] for item in listed] == [str(rule.id)]
    assert client.get("/api/v1/rules", headers=portfolio.world.headers("foreign_manager")).json["items"] == []
    assert client.get("/api/v1/rules").status_code == 401
    assert client.get(f"/api/v1/rules/{rule.id}").status_code == 401


def test_plans_are_listed_and_shown_inside_the_subtree(client: FlaskClient, portfolio: Portfolio) -> None:
    rule = portfolio.create_rule("province")
    own = client.get("/api/v1/plans", headers=portfolio.world.headers("manager")).json["items"]
    assert [plan["organisation_id"] for plan in own] == [str(portfolio.world.organisations["sub_branch"])]
    path = f"/api/v1/plans/{own[0]['id']}"
    assert client.get(path, headers=portfolio.world.headers("manager")).json == own[0]
    assert client.get(path, headers=portfolio.world.headers("foreign_manager")).status_code == 404
    assert client.get(path, headers=portfolio.world.headers("administrator")).status_code == 403
    assert client.get(path).status_code == 401
    query = {"rule_id": str(rule.id), "organisation_id": str(portfolio.world.organisations["foreign"])}
    narrowed = client.get("/api/v1/plans", query_string=query, headers=portfolio.world.headers("province_manager"))
    assert [plan["organisation_id"] for plan in narrowed.json["items"]] == [query["organisation_id"]]
    wrong = client.get("/api/v1/plans?rule_id=x", headers=portfolio.world.headers("province_manager"))
    assert wrong.status_code == 422


def test_a_point_is_put_into_a_plan_by_hand(client: FlaskClient, portfolio: Portfolio) -> None:
    point, foreign = portfolio.add_checkpoint(), portfolio.add_checkpoint("foreign")
    portfolio.create_rule("branch", auto_join=False)
    manager = portfolio.world.headers("branch_manager")
    organisation_id = str(portfolio.world.organisations["sub_branch"])
    [plan] = client.get(f"/api/v1/plans?organisation_id={organisation_id}", headers=manager).json["items"]
    path, body = f"/api/v1/plans/{plan['id']}/checkpoints", {"checkpoint_id": str(point)}
    assert client.post(path, json=body).status_code == 401
    assert client.post(path, json=body, headers=portfolio.world.headers("manager")).status_code == 403
    assert client.post(path, json=body, headers=portfolio.world.headers("foreign_branch_manager")).status_code == 404
    assert client.post(path, json={}, headers=manager).status_code == 422
    for stranger in (foreign, uuid4()):
        assert client.post(path, json={"checkpoint_id": str(stranger)}, headers=manager).status_code == 404
    assert client.post(path, json=body, headers=manager).status_code == 201
    assert client.post(path, json=body, headers=manager).json["code"] == "already_member"


def test_the_members_of_a_plan_are_listed_by_code(client: FlaskClient, portfolio: Portfolio) -> None:
    first, second = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    portfolio.add_checkpoint("sibling", "colleague")
    portfolio.create_rule("branch")
    manager = portfolio.world.headers("branch_manager")
    query = {"organisation_id": str(portfolio.world.organisations["sub_branch"])}
    [plan] = client.get("/api/v1/plans", query_string=query, headers=manager).json["items"]
    path = f"/api/v1/plans/{plan['id']}/checkpoints"
    assert client.delete(f"{path}/{first}", headers=manager).status_code == 200
    listed = client.get(path, headers=portfolio.world.headers("manager")).json["items"]
    assert [(row["checkpoint_id"], row["left_reason"]) for row in listed] == [
        (str(first), "removed"),
        (str(second), None),
    ]
    assert [row["checkpoint_code"] for row in listed] == ["CP000000", "CP000001"]
    for former, expected in (("false", [second]), ("true", [first])):
        narrowed = client.get(path, query_string={"former": former}, headers=manager).json["items"]
        assert [row["checkpoint_id"] for row in narrowed] == [str(each) for each in expected]
    page = client.get(f"{path}?limit=1", headers=manager).json
    rest = client.get(path, query_string={"cursor": page["next_cursor"]}, headers=manager).json["items"]
    assert [row["checkpoint_id"] for row in rest] == [str(second)]
    assert client.get(path, headers=portfolio.world.headers("foreign_manager")).status_code == 404
    assert client.get(path).status_code == 401


def test_what_a_new_organisation_gets_may_be_edited(client: FlaskClient, portfolio: Portfolio) -> None:
    manager = portfolio.world.headers("branch_manager")
    made = client.post("/api/v1/rules", json=form(portfolio), headers=manager).json
    fixed = {"id", "organisation_id", "org_type", "version"}
    body = {name: value for name, value in made.items() if name not in fixed}
    edited = client.put(
        f"/api/v1/rules/{made['id']}",
        json=body | {"auto_create_plan": False, "effective_from": "2026-03-10"},
        headers=manager | {"If-Match": '"1"'},
    )
    assert (edited.status_code, edited.json["auto_create_plan"]) == (200, False)


def test_a_point_that_is_no_longer_in_force_joins_no_plan(client: FlaskClient, portfolio: Portfolio) -> None:
    exited, archived = portfolio.add_checkpoint(state="exited"), portfolio.add_checkpoint(archived_at=datetime.now(UTC))
    portfolio.create_rule("branch", auto_join=False)
    manager = portfolio.world.headers("branch_manager")
    query = {"organisation_id": str(portfolio.world.organisations["sub_branch"])}
    [plan] = client.get("/api/v1/plans", query_string=query, headers=manager).json["items"]
    for point in (exited, archived):
        body = {"checkpoint_id": str(point)}
        answer = client.post(f"/api/v1/plans/{plan['id']}/checkpoints", json=body, headers=manager)
        assert (answer.status_code, answer.json["code"]) == (409, "checkpoint_state")


@pytest.mark.parametrize("path", ["/api/v1/rules", "/api/v1/plans"])
def test_a_list_takes_the_same_queries_for_any_number(
    client: FlaskClient, portfolio: Portfolio, queries: Callable[[], list[str]], path: str
) -> None:
    for number in range(3):
        portfolio.create_rule("province", name=f"规则{number}")
    headers = portfolio.world.headers("province_manager")
    counts = []
    for limit in (1, 100):
        seen = queries()
        assert client.get(f"{path}?limit={limit}", headers=headers).status_code == 200
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4
