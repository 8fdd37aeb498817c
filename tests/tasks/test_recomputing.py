"""Retroactive edits of rules, by two persons and through HTTP (domain.md §1.10.3)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from inspection_api.core.periods import Period
from inspection_api.plans import service as plans
from inspection_api.reports.queries import conditions
from inspection_api.reports.rules import Measure
from inspection_api.tasks.models import Task
from tests.portfolio import Portfolio
from tests.tasks.test_service import close, visit

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

API = "/api/v1"
TODAY = date(2026, 3, 10)


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def every_second_month(portfolio: Portfolio, clock: Clock) -> tuple[UUID, UUID, UUID]:
    """Return a rule that was monthly until March, a point that was visited in February, and one that was not."""
    clock.now = datetime(2026, 1, 5, tzinfo=UTC)
    visited, other = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    rule = portfolio.create_rule("branch")
    portfolio.generate()
    clock.now = datetime(2026, 3, 10, tzinfo=UTC)
    portfolio.generate()
    close(portfolio, visit(visited, "2026-02-10"))
    with portfolio.world.transaction("branch_manager") as ctx:
        plans.edit_rule(ctx, rule.id, version=1, effective_from=TODAY, interval=2)
    portfolio.generate()
    return rule.id, visited, other


def post(client: FlaskClient, portfolio: Portfolio, user: str, path: str, **body: Any) -> Any:
    return client.post(API + path, json=body or None, headers=portfolio.world.headers(user))


def propose(client: FlaskClient, portfolio: Portfolio, rule_id: UUID, since: str = "2026-01-20") -> Any:
    path = f"/rules/{rule_id}/recomputes"
    return post(client, portfolio, "branch_manager", path, since=since, reason="总行要求追溯调整")


def days(portfolio: Portfolio, point: UUID) -> list[tuple[str, str, str, bool]]:
    return [
        (task.period_start.isoformat(), task.period_end.isoformat(), task.state, task.backfilled)
        for task in portfolio.tasks(point)
        if task.state != "cancelled"
    ]


def test_the_difference_is_shown_and_nothing_changes(client: FlaskClient, portfolio: Portfolio, clock: Clock) -> None:
    rule_id, visited, other = every_second_month(portfolio, clock)
    before = days(portfolio, visited), days(portfolio, other)
    answer = propose(client, portfolio, rule_id)
    assert (answer.status_code, answer.json["since"], answer.json["status"]) == (201, "2026-01-01", "proposed")
    shown = answer.json["difference"]
    assert (shown["create"], shown["cancel"], shown["keep"]) == (5, 7, 1)
    assert len(shown["items"]) == 12
    portfolio.generate()
    assert (days(portfolio, visited), days(portfolio, other)) == before
    listed = client.get(f"{API}/recomputes", headers=portfolio.world.headers("branch_manager")).json["items"]
    one = client.get(f"{API}/recomputes/{listed[0]['id']}", headers=portfolio.world.headers("branch_manager")).json
    assert one == listed[0] == answer.json


def test_a_second_person_has_it_made_without_touching_what_is_done(
    client: FlaskClient, portfolio: Portfolio, clock: Clock
) -> None:
    rule_id, visited, other = every_second_month(portfolio, clock)
    path = f"/recomputes/{propose(client, portfolio, rule_id).json['id']}"
    own = post(client, portfolio, "branch_manager", f"{path}/approve")
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    assert post(client, portfolio, "province_manager", f"{path}/approve").json["status"] == "approved"
    assert portfolio.generate().created == 5
    ahead = [("2026-03-01", "2026-04-30", "pending", False), ("2026-05-01", "2026-06-30", "pending", False)]
    assert days(portfolio, visited) == [("2026-02-01", "2026-02-28", "done", False), *ahead]
    assert days(portfolio, other) == [("2026-01-01", "2026-02-28", "pending", True), *ahead]
    assert portfolio.generate().created == 0
    again = post(client, portfolio, "province_manager", f"{path}/approve")
    assert (again.status_code, again.json["code"]) == (409, "recompute_settled")
    assert (again.json["current"], again.json["decided_by_name"]) == ("approved", "姓名province_manager")


def test_a_backfilled_task_is_in_no_rate(client: FlaskClient, portfolio: Portfolio, clock: Clock) -> None:
    rule_id, *_ = every_second_month(portfolio, clock)
    path = f"/recomputes/{propose(client, portfolio, rule_id).json['id']}/approve"
    assert post(client, portfolio, "province_manager", path).status_code == 200
    portfolio.generate()
    window = Period(start=date(2026, 1, 1), end=date(2026, 2, 28))
    with portfolio.world.transaction() as ctx:
        due = select(func.count()).select_from(Task).where(conditions(window, TODAY)[Measure.DUE])
        assert ctx.session.scalar(due) == 1


def test_what_changed_since_it_was_shown_is_to_be_proposed_anew(
    client: FlaskClient, portfolio: Portfolio, clock: Clock
) -> None:
    rule_id, _, other = every_second_month(portfolio, clock)
    path = f"/recomputes/{propose(client, portfolio, rule_id).json['id']}"
    close(portfolio, visit(other, "2026-01-10"))
    late = post(client, portfolio, "province_manager", f"{path}/approve")
    assert (late.status_code, late.json["code"]) == (409, "recompute_outdated")
    assert post(client, portfolio, "province_manager", f"{path}/refuse").json["status"] == "refused"


@pytest.mark.parametrize("since", ["2026-03-11", "2025-12-31"])
def test_only_days_of_the_rule_that_have_begun_are_recomputed(
    client: FlaskClient, portfolio: Portfolio, clock: Clock, since: str
) -> None:
    rule_id, *_ = every_second_month(portfolio, clock)
    answer = propose(client, portfolio, rule_id, since)
    assert (answer.status_code, answer.json["code"]) == (422, "recompute_day_invalid")
    assert "since" in str(answer.json)


def test_a_rule_out_of_scope_is_not_found(client: FlaskClient, portfolio: Portfolio, clock: Clock) -> None:
    rule_id, *_ = every_second_month(portfolio, clock)
    mine = propose(client, portfolio, rule_id).json["id"]
    body = {"since": "2026-01-20", "reason": "追溯"}
    assert post(client, portfolio, "foreign_branch_manager", f"/rules/{rule_id}/recomputes", **body).status_code == 404
    assert post(client, portfolio, "foreign_branch_manager", f"/recomputes/{mine}/approve").status_code == 404


def test_a_plan_that_begins_earlier_after_all_gives_no_day_to_two_tasks(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule("branch", start_on=date(2026, 3, 5))
    portfolio.generate()
    plan_id = portfolio.tasks(point)[0].plan_id
    with portfolio.world.transaction("manager") as ctx:
        plans.edit_plan(ctx, plan_id, start_on=date(2026, 3, 1), end_on=None)
    portfolio.generate()
    assert [start for start, *_ in days(portfolio, point)] == ["2026-03-05", "2026-04-01"]
