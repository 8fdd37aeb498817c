"""The endpoints of tasks: anonymous, wrong role, other organisation, invalid, good."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from checkpoints.models import Checkpoint
from inspection_api.customers.models import Customer
from tests.factories import pages
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    """One point of the officer, one of his colleague, one elsewhere; two months each."""
    portfolio = Portfolio(world)
    portfolio.add_checkpoint()
    portfolio.add_checkpoint(officer="colleague")
    portfolio.add_checkpoint("foreign", "foreign_officer")
    portfolio.create_rule()
    portfolio.generate()
    return portfolio


def listed(client: FlaskClient, portfolio: Portfolio, user: str, **query: Any) -> list[dict[str, Any]]:
    return list(pages(client, "/api/v1/tasks", portfolio.world.headers(user), **query))


@pytest.mark.parametrize(
    ("user", "number"),
    [("officer", 2), ("foreign_officer", 2), ("manager", 4), ("branch_manager", 4), ("province_manager", 6)],
)
def test_everybody_sees_his_own_tasks_and_those_of_his_subtree(
    client: FlaskClient, portfolio: Portfolio, user: str, number: int
) -> None:
    assert len(listed(client, portfolio, user)) == number
    assert len(listed(client, portfolio, user, limit=1)) == number


@pytest.mark.parametrize(("user", "status"), [(None, 401), ("administrator", 403), ("nobody", 403)])
def test_without_a_business_role_there_are_no_tasks(
    client: FlaskClient, portfolio: Portfolio, user: str | None, status: int
) -> None:
    headers = portfolio.world.headers(user) if user else {}
    assert client.get("/api/v1/tasks", headers=headers).status_code == status
    assert client.get(f"/api/v1/tasks/{uuid4()}", headers=headers).status_code == status


def test_one_task_is_shown_inside_the_scope_only(client: FlaskClient, portfolio: Portfolio) -> None:
    [task, _] = listed(client, portfolio, "officer")
    path = f"/api/v1/tasks/{task['id']}"
    for user, status in {"officer": 200, "manager": 200, "colleague": 404, "foreign_manager": 404}.items():
        assert client.get(path, headers=portfolio.world.headers(user)).status_code == status
    assert client.get(path, headers=portfolio.world.headers("officer")).json == task


def test_the_list_is_narrowed(client: FlaskClient, portfolio: Portfolio) -> None:
    world = portfolio.world
    narrowed = {
        "organisation_id": (str(world.organisations["branch"]), 4),
        "officer_id": (str(world.people["colleague"]), 2),
        "due_to": ("2026-03-31", 3),
        "due_from": ("2026-04-01", 3),
        "state": ("missed", 0),
        "overdue": ("true", 0),
        "open": ("false", 0),
        "checkpoint_id": (str(portfolio.tasks()[0].checkpoint_id), 2),
    }
    for name, (value, number) in narrowed.items():
        assert len(listed(client, portfolio, "province_manager", **{name: value})) == number, name


def test_a_task_names_whom_and_what_it_is_about(client: FlaskClient, portfolio: Portfolio) -> None:
    first, *_ = listed(client, portfolio, "officer", open="true")
    assert first["officer_name"] == "姓名officer"
    with portfolio.world.transaction() as ctx:
        point = ctx.session.get_one(Checkpoint, UUID(first["checkpoint_id"]))
        customer = ctx.session.get_one(Customer, point.customer_id)
        assert (first["checkpoint_name"], first["customer_name"]) == (point.name, customer.name)


def test_overdue_is_derived_from_the_day(client: FlaskClient, portfolio: Portfolio, clock: Clock) -> None:
    assert not any(task["overdue"] for task in listed(client, portfolio, "officer"))
    clock.advance(days=22)
    march, april = listed(client, portfolio, "officer")
    assert (march["overdue"], march["state"], april["overdue"]) == (True, "pending", False)
    assert [task["id"] for task in listed(client, portfolio, "officer", overdue="true")] == [march["id"]]
    assert [task["id"] for task in listed(client, portfolio, "officer", overdue="false")] == [april["id"]]


@pytest.mark.parametrize("query", ["state=overdue", "due_to=31.3.", "limit=0", "surprise=1", "cursor=x", "overdue=7"])
def test_a_broken_filter_is_refused(client: FlaskClient, portfolio: Portfolio, query: str) -> None:
    answer = client.get(f"/api/v1/tasks?{query}", headers=portfolio.world.headers("officer"))
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == query.partition("=")[0]


def test_a_list_takes_the_same_queries_for_any_number(
    client: FlaskClient, portfolio: Portfolio, queries: Callable[[], list[str]]
) -> None:
    headers = portfolio.world.headers("province_manager")
    counts = []
    for limit in (1, 100):
        seen = queries()
        client.get(f"/api/v1/tasks?limit={limit}", headers=headers)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4
