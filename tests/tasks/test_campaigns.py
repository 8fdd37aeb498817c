"""专项检查 through HTTP: previewed, made, visited, moved, left and cancelled as a whole (issue 4 §3)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import AccessGrant, UserAccount
from inspection_api.core.periods import Period
from inspection_api.loans.models import Loan
from inspection_api.reports.queries import conditions
from inspection_api.reports.rules import Measure
from inspection_api.tasks import service
from inspection_api.tasks.models import Task
from tests.portfolio import Portfolio
from tests.tasks.test_leaving import announce, leave, move
from tests.tasks.test_service import close, visit

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

API = "/api/v1"


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def call(client: FlaskClient, portfolio: Portfolio, path: str, user: str = "branch_manager", **body: Any) -> Any:
    headers = portfolio.world.headers(user)
    return client.post(API + path, json=body, headers=headers) if body else client.get(API + path, headers=headers)


def create(client: FlaskClient, portfolio: Portfolio, **changes: Any) -> Any:
    values = {
        "organisation_id": str(portfolio.world.organisations["branch"]),
        "name": "节前专项",
        "template_id": str(portfolio.template_id),
        "start_on": "2026-03-10",
        "due_on": "2026-03-20",
    }
    return call(client, portfolio, "/campaigns", **{**values, **changes})


def made(client: FlaskClient, portfolio: Portfolio, **changes: Any) -> str:
    answer = create(client, portfolio, **changes)
    assert answer.status_code == 201, answer.json
    campaign_id: str = answer.json["id"]
    return campaign_id


def codes(client: FlaskClient, portfolio: Portfolio, task: Task) -> list[str]:
    return [line["code"] for line in call(client, portfolio, f"/tasks/{task.id}/explain").json["lines"]]


def only(portfolio: Portfolio, point: UUID) -> Task:
    [task] = portfolio.tasks(point)
    return task


def test_a_preview_counts_per_officer_and_makes_nothing(client: FlaskClient, portfolio: Portfolio) -> None:
    for officer in ("officer", "officer", None):
        portfolio.add_checkpoint(officer=officer)
    body = {"organisation_id": str(portfolio.world.organisations["branch"])}
    officer = str(portfolio.world.people["officer"])
    with portfolio.world.transaction() as ctx:
        name = ctx.session.get_one(UserAccount, portfolio.world.people["officer"]).name
    assert call(client, portfolio, "/campaigns/preview", **body).json == {
        "tasks": 3,
        "officers": [
            {"officer_id": officer, "officer_name": name, "tasks": 2},
            {"officer_id": None, "officer_name": None, "tasks": 1},
        ],
    }
    narrowed = call(client, portfolio, "/campaigns/preview", **body, filters={"officer_id": officer})
    assert narrowed.json["tasks"] == 2
    assert portfolio.tasks() == []


def test_the_filters_choose_among_the_points_in_force(client: FlaskClient, portfolio: Portfolio) -> None:
    chosen = portfolio.add_checkpoint(tags=["节前"], kind="warehouse")
    portfolio.add_checkpoint(tags=["节前"], state="exited", kind="warehouse")
    portfolio.add_checkpoint(kind="warehouse")
    portfolio.add_checkpoint(tags=["节前"])
    made(client, portfolio, filters={"tag": "节前", "kind": "warehouse", "state": "active"})
    assert [task.checkpoint_id for task in portfolio.tasks()] == [chosen]


def test_the_class_of_a_loan_chooses_its_customers_points(client: FlaskClient, portfolio: Portfolio) -> None:
    chosen = portfolio.add_checkpoint()
    portfolio.add_checkpoint()
    with portfolio.world.transaction() as ctx:
        point = ctx.session.get_one(Checkpoint, chosen)
        ctx.session.add(
            Loan(
                customer_id=point.customer_id,
                contract_no="C1",
                amount=Decimal(1),
                disbursed_on=date(2026, 1, 1),
                matures_on=date(2027, 1, 1),
                five_class="doubtful",
                rate=Decimal("0.05"),
                repayment_method="bullet",
            )
        )
    made(client, portfolio, filters={"five_class": "doubtful"})
    assert [task.checkpoint_id for task in portfolio.tasks()] == [chosen]


def test_a_task_is_the_officers_and_tells_its_campaign(client: FlaskClient, portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    campaign_id = made(client, portfolio)
    task = only(portfolio, point)
    assert (task.kind, task.inspection_type, task.due_on) == ("campaign", "special", date(2026, 3, 20))
    assert task.organisation_id == portfolio.world.organisations["sub_branch"]
    seen = call(client, portfolio, f"/tasks?campaign_id={campaign_id}", "officer").json["items"]
    assert [(item["id"], item["rule_id"]) for item in seen] == [(str(task.id), None)]
    with portfolio.world.transaction() as ctx:
        held = ctx.session.get(AccessGrant, (portfolio.world.people["officer"], "task", task.id))
        assert held is not None
    assert codes(client, portfolio, task) == ["campaign", "period", "due", "open"]


def test_two_campaigns_and_a_rule_ask_for_the_same_point(client: FlaskClient, portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    before = len(portfolio.tasks(point))
    for name in ("一", "二"):
        made(client, portfolio, name=name)
    assert len(portfolio.tasks(point)) == before + 2
    assert portfolio.generate().created == 0


def test_a_visit_closes_it_once_and_the_progress_says_so(client: FlaskClient, portfolio: Portfolio) -> None:
    point, _ = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    campaign_id = made(client, portfolio)
    first = close(portfolio, visit(point, "2026-03-12"))
    assert [closing.state for closing in first] == ["done"]
    assert [closing.state for closing in close(portfolio, visit(point, "2026-03-13"))] == [None]
    progress = call(client, portfolio, f"/campaigns/{campaign_id}/progress").json
    assert progress == {"states": {"done": 1, "pending": 1}}
    assert codes(client, portfolio, only(portfolio, point))[3:] == ["done"]


def test_what_nobody_did_is_missed_without_a_makeup(client: FlaskClient, portfolio: Portfolio, clock: Clock) -> None:
    point = portfolio.add_checkpoint()
    made(client, portfolio)
    task = only(portfolio, point)
    clock.now = datetime(2026, 3, 22, tzinfo=UTC)
    assert codes(client, portfolio, task)[3:] == ["overdue"]
    refused = call(client, portfolio, f"/tasks/{task.id}/makeup", reason="出差")
    assert refused.json["code"] == "makeup_forbidden"
    clock.now = datetime(2026, 3, 25, tzinfo=UTC)
    with portfolio.world.transaction() as ctx:
        assert service.sweep(ctx) == 1
    assert codes(client, portfolio, task)[3:] == ["missed"]


def test_cancelled_as_a_whole_it_keeps_what_is_done(client: FlaskClient, portfolio: Portfolio) -> None:
    visited, other = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    path = f"/campaigns/{made(client, portfolio)}"
    close(portfolio, visit(visited, "2026-03-12"))
    answer = call(client, portfolio, f"{path}/cancel", reason="任务合并")
    assert (answer.status_code, answer.json["status"]) == (200, "cancelled")
    assert (only(portfolio, visited).state, only(portfolio, other).reason) == ("done", "campaign_cancelled")
    assert codes(client, portfolio, only(portfolio, other))[3:] == ["cancelled_campaign_cancelled"]
    again = call(client, portfolio, f"{path}/cancel", reason="任务合并")
    assert (again.status_code, again.json["code"]) == (409, "campaign_cancelled")
    assert call(client, portfolio, path).json["cancel_reason"] == "任务合并"
    assert [item["id"] for item in call(client, portfolio, "/campaigns").json["items"]] == [answer.json["id"]]


def test_a_big_campaign_is_made_and_cancelled_in_portions(
    client: FlaskClient, portfolio: Portfolio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inspection_api.tasks.service.campaigns.MOST_AT_ONCE", 2)
    for _ in range(5):
        portfolio.add_checkpoint()
    campaign_id = made(client, portfolio)
    assert len(portfolio.tasks()) == 2
    assert advance(portfolio) == 2
    assert len({task.checkpoint_id for task in portfolio.tasks()}) == len(portfolio.tasks()) == 5
    answer = call(client, portfolio, f"/campaigns/{campaign_id}/cancel", reason="任务合并")
    assert answer.json["status"] == "cancelling"
    assert advance(portfolio) == 2
    assert {task.state for task in portfolio.tasks()} == {"cancelled"}
    assert call(client, portfolio, f"/campaigns/{campaign_id}").json["status"] == "cancelled"


def advance(portfolio: Portfolio) -> int:
    """Return how many portions of two there were to do."""
    portions = 0
    while True:
        with portfolio.world.transaction() as ctx:
            if not service.advance_campaigns(ctx, at_most=2):
                return portions
        portions += 1


def test_an_exit_in_effect_cancels_by_the_table_and_a_scheduled_one_waits(
    client: FlaskClient, portfolio: Portfolio
) -> None:
    left, scheduled = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    made(client, portfolio)
    leave(portfolio, left, "2026-03-10")
    leave(portfolio, scheduled, "2026-03-15")
    assert (only(portfolio, left).state, only(portfolio, left).reason) == ("cancelled", "exit")
    assert only(portfolio, scheduled).state == "pending"
    assert codes(client, portfolio, only(portfolio, left))[3:] == ["cancelled_exit"]


def test_a_back_dated_exit_erases_no_overdue_task(client: FlaskClient, portfolio: Portfolio, clock: Clock) -> None:
    point = portfolio.add_checkpoint()
    made(client, portfolio)
    clock.now = datetime(2026, 3, 22, tzinfo=UTC)
    leave(portfolio, point, "2026-03-12", "2026-03-22")
    assert only(portfolio, point).state == "pending"


def test_the_task_follows_its_point(client: FlaskClient, portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    made(client, portfolio)
    move(portfolio, point, "sibling")
    target = portfolio.world.organisations["sibling"]
    assert (only(portfolio, point).organisation_id, only(portfolio, point).state) == (target, "pending")


def test_a_new_officer_takes_it_over(client: FlaskClient, portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    made(client, portfolio)
    for officer_id in (portfolio.world.people["manager"], None):
        with portfolio.world.transaction() as ctx:
            ctx.session.get_one(Checkpoint, point).officer_id = officer_id
        announce(portfolio, "checkpoint.assigned", point)
        assert only(portfolio, point).officer_id == officer_id
    assert codes(client, portfolio, only(portfolio, point))[3:] == ["reassigned", "unassigned", "open"]


def test_campaigns_are_shown_apart_from_completion(client: FlaskClient, portfolio: Portfolio, clock: Clock) -> None:
    visited, _ = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    made(client, portfolio)
    close(portfolio, visit(visited, "2026-03-12"))
    clock.now = datetime(2026, 3, 25, tzinfo=UTC)
    window = Period(start=date(2026, 3, 1), end=date(2026, 3, 31))
    counted = conditions(window, date(2026, 3, 25))
    with portfolio.world.transaction() as ctx:
        numbers = {
            measure: ctx.session.scalar(select(func.count()).select_from(Task).where(condition))
            for measure, condition in counted.items()
        }
    assert (numbers[Measure.SPECIAL], numbers[Measure.SPECIAL_COMPLETED], numbers[Measure.DUE]) == (2, 1, 0)


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"start_on": "2026-03-09"}, 422, "campaign_days_invalid"),
        ({"due_on": "2026-03-09"}, 422, "campaign_days_invalid"),
        ({"name": "已有"}, 409, "campaign_name_taken"),
        ({"template_id": "00000000-0000-4000-8000-000000000000"}, 409, "template_unpublished"),
        ({"filters": {"state": "exited"}}, 422, "invalid"),
        ({"filters": {"unknown": "x"}}, 422, "invalid"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_made(
    client: FlaskClient, portfolio: Portfolio, changes: dict[str, Any], status: int, code: str
) -> None:
    made(client, portfolio, name="已有")
    portfolio.add_checkpoint()
    answer = create(client, portfolio, **changes)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert portfolio.tasks() == []


def test_out_of_scope_there_is_no_campaign(client: FlaskClient, portfolio: Portfolio) -> None:
    province = str(portfolio.world.organisations["province"])
    assert create(client, portfolio, organisation_id=province).status_code == 404
    body = {"organisation_id": province}
    assert call(client, portfolio, "/campaigns/preview", **body).status_code == 404
