"""Names that leave by the file: booked whichever way they go, told of from a line on, refused beyond a limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert, select, update

from inspection_api.accounts.models import RoleAssignment
from inspection_api.core.events import Event
from inspection_api.core.periods import local_day
from inspection_api.customers.models import Customer
from inspection_api.customers.rules import next_uscc
from inspection_api.exports.models import PersonalExport
from inspection_api.jobs.models import Job
from inspection_api.worker import Outbox
from tests.notifications.post import Post
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World
    from tests.fixtures import Clock

API = "/api/v1"
REASON = "离职前核对"
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


def fill(world: World, count: int) -> None:
    """Let the sub-branch have ``count`` customers."""
    place = world.organisations["sub_branch"]
    with world.transaction() as ctx:
        rows = [
            {"uscc": next_uscc(n), "name": f"企业{n}", "organisation_id": place, "created_at": ctx.now}
            for n in range(1, count + 1)
        ]
        ctx.session.execute(insert(Customer), rows)


def fill_points(world: World, count: int) -> None:
    """Let it have ``count`` customers with a checkpoint each: twice as many rows of its portfolio."""
    portfolio = Portfolio(world)
    for _ in range(count):
        portfolio.add_checkpoint()


def take(client: FlaskClient, world: World, user: str = "manager", place: str = "sub_branch") -> Any:
    body = {"organisation_id": str(world.organisations[place]), "reason": REASON}
    return client.post(f"{API}/exports/portfolio", json=body, headers=world.headers(user))


def take_list(client: FlaskClient, world: World, user: str = "manager") -> Any:
    query = {"organisation_id": str(world.organisations["sub_branch"]), **MARCH, "measure": "due"}
    path = f"{API}/reports/coverage/checkpoints/exports"
    return client.post(path, query_string=query, json={"reason": REASON}, headers=world.headers(user))


def put(client: FlaskClient, world: World, place: str, user: str = "province_manager", **terms: int) -> Any:
    path = f"{API}/organisations/{world.organisations[place]}/export-terms"
    return client.put(path, json=terms, headers=world.headers(user))


def terms_of(client: FlaskClient, world: World, place: str) -> Any:
    path = f"{API}/organisations/{world.organisations[place]}/export-terms"
    return client.get(path, headers=world.headers("province_manager")).json


def events(world: World, kind: str) -> list[dict[str, Any]]:
    with world.transaction() as ctx:
        return list(ctx.session.scalars(select(Event.data).where(Event.kind == kind).order_by(Event.number)))


@pytest.fixture
def post(client: FlaskClient, world: World) -> Post:
    return Post(client, world)


def test_up_to_the_limit_it_is_given_and_one_row_more_is_not(client: FlaskClient, world: World, clock: Clock) -> None:
    fill(world, 4)
    put(client, world, "province", alert_rows=12, daily_rows=12)
    assert [take(client, world).status_code for _ in range(3)] == [202, 202, 202]
    refused = take(client, world)
    assert (refused.status_code, refused.json["code"]) == (429, "export_quota_exceeded")
    assert {name: refused.json[name] for name in ("rows", "taken", "daily_rows")} == {
        "rows": 4, "taken": 12, "daily_rows": 12,
    }  # fmt: skip
    assert refused.headers["Retry-After"] == str(14 * 3600)  # the clock says 10:00
    clock.advance(seconds=14 * 3600)
    assert take(client, world).status_code == 202


def test_a_list_behind_a_number_counts_with_the_portfolio(client: FlaskClient, world: World) -> None:
    fill_points(world, 4)
    put(client, world, "province", alert_rows=11, daily_rows=11)
    assert take_list(client, world).status_code == 202
    refused = take(client, world)
    assert (refused.json["code"], refused.json["taken"]) == ("export_quota_exceeded", 4)
    assert take_list(client, world, "province_manager").status_code == 202  # everybody has his own


def test_a_report_without_names_counts_nothing(client: FlaskClient, world: World) -> None:
    fill(world, 1)
    put(client, world, "province", alert_rows=1, daily_rows=1)
    query = {"organisation_id": str(world.organisations["sub_branch"]), **MARCH}
    headers = world.headers("manager")
    answers = [
        client.post(f"{API}/reports/completion/exports", query_string=query, json={}, headers=headers) for _ in "12"
    ]
    assert [each.status_code for each in answers] == [202, 202]
    assert take(client, world).status_code == 202


def test_what_failed_gave_nothing(client: FlaskClient, world: World) -> None:
    fill(world, 4)
    put(client, world, "province", alert_rows=4, daily_rows=4)
    take(client, world)
    assert take(client, world).status_code == 429
    with world.transaction() as ctx:
        ctx.session.execute(update(Job).values(status="failed", problem="job_gave_up", finished_at=ctx.now))
    assert take(client, world).status_code == 202


def test_superiors_and_audit_hear_of_a_large_export_once_a_day(
    client: FlaskClient, world: World, post: Post, clock: Clock
) -> None:
    fill(world, 4)
    put(client, world, "province", alert_rows=4, daily_rows=100)
    take(client, world)
    assert post.told("export.large") == post.told("export.large_to_audit") == set()
    for _ in range(3):
        take(client, world)
    assert [each["taken"] for each in events(world, "export.large")] == [8, 12, 16]
    assert post.told("export.large") == {"branch_manager"}
    assert {"auditor"} <= post.told("export.large_to_audit") <= {"auditor", "administrator"}
    (item,) = post.items("branch_manager")
    assert (item["actor_name"], item["target_kind"]) == ("姓名manager", "user")
    assert item["text"] == "有人今日导出的个人信息超过4行，请核实用途"
    assert (item["target_id"], item["asks"]) == (str(world.people["manager"]), False)
    clock.advance(days=1)
    put(client, world, "province", alert_rows=3, daily_rows=100)
    take(client, world)
    assert len(post.items("branch_manager")) == 2


def test_who_wants_more_than_the_limit_is_told_of_although_he_got_nothing(
    client: FlaskClient, world: World, post: Post
) -> None:
    fill(world, 4)
    put(client, world, "province", alert_rows=1, daily_rows=3)
    for _ in range(2):
        assert take(client, world).status_code == 429
    (first, _second) = events(world, "export.refused")
    assert (first["rows"], first["taken"], first["content"]) == (4, 0, "portfolio")
    assert (first["taker_id"], first["exported_organisation_id"]) == (
        str(world.people["manager"]), str(world.organisations["sub_branch"]),
    )  # fmt: skip
    assert post.told("export.refused") == {"branch_manager"}
    assert [each["code"] for each in post.items("branch_manager")] == ["export.refused"]
    with world.transaction() as ctx:
        assert ctx.session.scalars(select(PersonalExport)).all() == []


def test_of_the_highest_the_others_beside_him_hear(client: FlaskClient, world: World, post: Post) -> None:
    fill(world, 4)
    put(client, world, "province", alert_rows=1, daily_rows=100)
    take(client, world, "province_manager")
    told = post.told("export.large") | post.told("export.large_to_audit")
    assert "auditor" in told
    assert "province_manager" not in told


def test_the_nearest_terms_above_a_persons_home_hold(client: FlaskClient, world: World) -> None:
    assert terms_of(client, world, "sub_branch") == {"alert_rows": 5_000, "daily_rows": 50_000}
    put(client, world, "province", alert_rows=10, daily_rows=20)
    put(client, world, "branch", alert_rows=2, daily_rows=3)
    assert terms_of(client, world, "sub_branch") == {"alert_rows": 2, "daily_rows": 3}
    fill(world, 4)
    assert take(client, world, "branch_manager").status_code == 429
    assert take(client, world, "province_manager").status_code == 202


@pytest.mark.parametrize(
    ("place", "user", "terms", "status"),
    [
        ("branch", "branch_manager", {"alert_rows": 1, "daily_rows": 2}, 403),
        ("province", "province_manager", {"alert_rows": 3, "daily_rows": 2}, 422),
        ("province", "province_manager", {"alert_rows": 0, "daily_rows": 2}, 422),
        ("province", "province_manager", {"alert_rows": 1, "daily_rows": 10_000_001}, 422),
        ("province", "province_manager", {"alert_rows": 1}, 422),
        ("branch", "province_manager", {"alert_rows": 1, "daily_rows": 1}, 200),
    ],
)
def test_who_sets_which_terms(
    client: FlaskClient, world: World, place: str, user: str, terms: dict[str, int], status: int
) -> None:
    assert put(client, world, place, user, **terms).status_code == status


def test_the_list_of_exports_is_read_by_those_who_may_export(client: FlaskClient, world: World) -> None:
    fill_points(world, 2)
    take(client, world)
    take_list(client, world, "branch_manager")

    def read(user: str, **query: str) -> list[tuple[str, str, int]]:
        answer = client.get(f"{API}/personal-exports", query_string=query, headers=world.headers(user))
        assert answer.status_code == 200, answer.json
        return [(each["username"], each["content"], each["rows"]) for each in answer.json["items"]]

    of_manager, of_branch = ("manager", "portfolio", 4), ("branch_manager", "coverage/checkpoints", 2)
    assert read("auditor") == read("branch_manager") == [of_branch, of_manager]
    assert read("manager") == [of_manager]
    assert read("foreign_branch_manager") == []
    assert read("auditor", user_id=str(world.people["branch_manager"])) == [of_branch]
    assert read("auditor", to="2026-03-09") == read("auditor", **{"from": "2026-03-11"}) == []
    assert read("auditor", to="2026-03-10", **{"from": "2026-03-10"}) == [of_branch, of_manager]
    for user in ("officer", "administrator"):
        assert client.get(f"{API}/personal-exports", headers=world.headers(user)).status_code == 403


@pytest.mark.parametrize("order", [take, take_list])
def test_a_file_closes_with_the_role_that_made_it(
    client: FlaskClient, world: World, catalogue: BankCatalogue, clock: Clock, order: Callable[..., Any]
) -> None:
    fill_points(world, 1)
    job_id = order(client, world).json["id"]
    Outbox(database=world.database, banks=catalogue).drain(world.bank)

    def fetch() -> int:
        return client.get(f"{API}/jobs/{job_id}/file", headers=world.headers("manager")).status_code

    assert fetch() == 200
    held = RoleAssignment.user_id == world.people["manager"]
    with world.transaction() as ctx:
        ctx.session.execute(update(RoleAssignment).where(held).values(valid_to=local_day(ctx.now)))
    assert fetch() == 200
    clock.advance(hours=16)
    assert fetch() == 404
    with world.transaction() as ctx:
        elsewhere = {"organisation_id": world.organisations["foreign"], "valid_to": None}
        ctx.session.execute(update(RoleAssignment).where(held).values(**elsewhere))
    assert fetch() == 404


def test_two_requests_at_once_do_not_share_a_rest(committed_app: Flask, committed_world: World) -> None:
    world = committed_world
    fill(world, 4)
    put(committed_app.test_client(), world, "province", alert_rows=1, daily_rows=9)
    start = Barrier(4)

    def ask(_number: int) -> int:
        client = committed_app.test_client()
        start.wait()
        return int(take(client, world).status_code)

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [202, 202, 429, 429]
