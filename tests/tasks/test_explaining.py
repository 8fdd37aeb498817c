"""`GET /tasks/{id}/explain`: the story is told from what was written down."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from inspection_api.tasks import service
from tests.portfolio import Portfolio
from tests.tasks.test_leaving import announce, edit, leave, move
from tests.tasks.test_service import close, visit

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from inspection_api.plans.models import InspectionRule
    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


@pytest.fixture
def point(portfolio: Portfolio) -> UUID:
    return portfolio.add_checkpoint()


@pytest.fixture
def rule(portfolio: Portfolio, point: UUID) -> InspectionRule:
    made = portfolio.create_rule("branch", exit_interval=1, exit_unit="month", exit_count=1)
    portfolio.generate()
    assert portfolio.tasks(point)
    return made


def codes(client: FlaskClient, portfolio: Portfolio, point: UUID, index: int = 0) -> list[str]:
    return [line["code"] for line in lines(client, portfolio, point, index)][4:]


def lines(client: FlaskClient, portfolio: Portfolio, point: UUID, index: int = 0) -> list[dict[str, Any]]:
    path = f"/api/v1/tasks/{portfolio.tasks(point)[index].id}/explain"
    answer = client.get(path, headers=portfolio.world.headers("manager"))
    assert answer.status_code == 200, answer.json
    found: list[dict[str, Any]] = answer.json["lines"]
    return found


@pytest.mark.usefixtures("rule")
def test_a_waiting_task_tells_its_rule_period_plan_and_origin(
    client: FlaskClient, portfolio: Portfolio, point: UUID
) -> None:
    told = lines(client, portfolio, point)
    assert [line["code"] for line in told] == ["rule_version", "period", "due", "membership", "made", "open"]
    assert told[1]["text"].endswith("本期为第 3 期：2026-03-01 至 2026-03-31")


@pytest.mark.usefixtures("rule")
def test_no_task_is_said_to_be_made_after_what_happened_to_it(
    client: FlaskClient, portfolio: Portfolio, point: UUID
) -> None:
    """Ids are given by the real clock; the tests', as the one of a demo bank's past, stands far behind."""
    close(portfolio, visit(point, "2026-03-09"))
    made = lines(client, portfolio, point)[4]
    assert (made["code"], made["text"], made["at"]) == ("made", "系统自动生成", None)


@pytest.mark.usefixtures("rule")
def test_exit_return_and_the_check_after_it(client: FlaskClient, portfolio: Portfolio, point: UUID) -> None:
    leave(portfolio, point, "2026-03-10")
    portfolio.generate()
    assert codes(client, portfolio, point) == ["made", "cancelled_exit"]
    assert codes(client, portfolio, point, 1) == ["made", "open"]
    announce(portfolio, "checkpoint.reactivated", point, effective_on="2026-03-10")
    assert codes(client, portfolio, point, 1) == ["made", "cancelled_reactivated"]


@pytest.mark.usefixtures("rule")
def test_an_exit_called_off_restores(client: FlaskClient, portfolio: Portfolio, point: UUID) -> None:
    leave(portfolio, point, "2026-03-20")
    announce(portfolio, "checkpoint.exit_withdrawn", point)
    portfolio.generate()
    assert codes(client, portfolio, point) == ["made", "cancelled_exit", "restored", "open"]


@pytest.mark.usefixtures("rule")
def test_a_transfer_without_a_plan_there(client: FlaskClient, portfolio: Portfolio, point: UUID) -> None:
    move(portfolio, point, "other_branch")
    assert codes(client, portfolio, point) == ["made", "cancelled_transferred"]


def test_an_earlier_end_names_the_day(
    client: FlaskClient, portfolio: Portfolio, point: UUID, rule: InspectionRule
) -> None:
    edit(portfolio, rule, end_on=date(2026, 3, 31))
    portfolio.generate()
    assert codes(client, portfolio, point, 1) == ["made", "cancelled_plan_ended"]
    assert "2026-03-31" in lines(client, portfolio, point, 1)[-1]["text"]


def test_an_edit_is_told_with_its_author(
    client: FlaskClient, portfolio: Portfolio, point: UUID, rule: InspectionRule
) -> None:
    edit(portfolio, rule, interval=3)
    portfolio.generate()
    told = lines(client, portfolio, point, 1)
    assert "第 2 版产生，姓名branch_manager修改，自 2026-04-01" in told[0]["text"]
    assert [line["code"] for line in told][4:] == ["made", "cancelled_rule_changed", "restored", "open"]


@pytest.mark.usefixtures("rule")
@pytest.mark.parametrize(("day", "code"), [("2026-03-09", "done"), ("2026-02-20", "exempt")])
def test_a_visit_closes_or_exempts(client: FlaskClient, portfolio: Portfolio, point: UUID, day: str, code: str) -> None:
    close(portfolio, visit(point, day))
    assert codes(client, portfolio, point) == ["made", code]


def test_an_earlier_visit_exempts_as_the_task_is_made(client: FlaskClient, portfolio: Portfolio, point: UUID) -> None:
    close(portfolio, visit(point, "2026-02-20"))
    portfolio.create_rule("branch")
    portfolio.generate()
    assert codes(client, portfolio, point) == ["made", "exempt"]


@pytest.mark.usefixtures("rule")
def test_what_nobody_did_is_overdue_then_missed(
    client: FlaskClient, portfolio: Portfolio, point: UUID, clock: Clock
) -> None:
    clock.now = datetime(2026, 4, 1, tzinfo=UTC)
    assert codes(client, portfolio, point) == ["made", "overdue"]
    clock.now = datetime(2026, 4, 10, tzinfo=UTC)
    with portfolio.world.transaction() as ctx:
        service.sweep(ctx)
    assert codes(client, portfolio, point) == ["made", "missed"]


@pytest.mark.usefixtures("rule")
def test_another_officer_is_named(client: FlaskClient, portfolio: Portfolio, point: UUID) -> None:
    world = portfolio.world
    body = {"officer_id": str(world.people["colleague"])}
    headers = world.headers("manager")
    assert client.post(f"/api/v1/checkpoints/{point}/assign", json=body, headers=headers).status_code == 200
    told = lines(client, portfolio, point)[5]
    assert (told["code"], told["actor_id"]) == ("reassigned", str(world.people["manager"]))
    assert told["text"].endswith("姓名manager：任务改派给姓名colleague")


@pytest.mark.usefixtures("rule")
def test_a_task_out_of_scope_has_no_story(client: FlaskClient, portfolio: Portfolio, point: UUID) -> None:
    path = f"/api/v1/tasks/{portfolio.tasks(point)[0].id}/explain"
    assert client.get(path, headers=portfolio.world.headers("foreign_manager")).status_code == 404
