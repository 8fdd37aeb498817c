"""Visits that came before their task was made (domain.md §1.7, §1.8, §1.10.1)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from inspection_api.plans import service as plans
from inspection_api.tasks.models import Visit as VisitRow
from tests.portfolio import Portfolio
from tests.tasks.test_leaving import announce, leave
from tests.tasks.test_service import close, visit

if TYPE_CHECKING:
    from uuid import UUID

    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


@pytest.fixture
def point(portfolio: Portfolio) -> UUID:
    return portfolio.add_checkpoint()


def states(portfolio: Portfolio, point: UUID) -> dict[str, str]:
    """Return what became of each period, by its first day."""
    return {task.period_start.isoformat(): task.state for task in portfolio.tasks(point)}


def test_a_visit_before_the_first_run_closes_its_period(portfolio: Portfolio, point: UUID) -> None:
    portfolio.create_rule()
    done = visit(point, "2026-03-09")
    assert close(portfolio, done)[0].task_id is None
    portfolio.generate()
    march, april = portfolio.tasks(point)
    assert (march.state, march.closed_by, march.performed_on) == ("done", done.inspection_id, date(2026, 3, 9))
    assert april.state == "pending"
    with portfolio.world.transaction() as ctx:
        row = ctx.session.scalars(select(VisitRow)).one()
    assert (row.task_id, row.counted) == (march.id, True)


def test_ten_days_of_downtime_lose_no_days_work(portfolio: Portfolio, point: UUID, clock: Clock) -> None:
    portfolio.create_rule(unit="day", history_valid=0)
    portfolio.generate()
    clock.now = datetime(2026, 3, 20, 2, tzinfo=UTC)
    days = [f"2026-03-{number}" for number in range(11, 21)]
    close(portfolio, *(visit(point, each) for each in days))
    portfolio.generate()
    told = states(portfolio, point)
    assert [told[each] for each in days] == ["done"] * 10
    assert told["2026-03-21"] == "pending"


def test_one_visit_repairs_no_two_periods_and_closes_nothing_again(portfolio: Portfolio, point: UUID) -> None:
    portfolio.create_rule(unit="day", history_valid=0)
    portfolio.generate()
    close(portfolio, visit(point, "2026-03-10"), visit(point, "2026-03-10"))
    portfolio.generate(date(2026, 3, 12))
    assert states(portfolio, point) == {
        "2026-03-10": "done", "2026-03-11": "pending", "2026-03-12": "pending", "2026-03-13": "pending"
    }  # fmt: skip


def test_the_first_accepted_wins(portfolio: Portfolio, point: UUID, clock: Clock) -> None:
    portfolio.create_rule()
    late, first = visit(point, "2026-03-01"), visit(point, "2026-03-09")
    close(portfolio, first)
    clock.advance(hours=1)
    close(portfolio, late)
    portfolio.generate()
    assert portfolio.tasks(point)[0].closed_by == first.inspection_id


@pytest.mark.parametrize("changes", [{"channel": "remote"}, {"template_family": "other"}])
def test_what_would_not_have_closed_it_does_not_now(portfolio: Portfolio, point: UUID, changes: dict[str, Any]) -> None:
    portfolio.create_rule()
    close(portfolio, visit(point, "2026-03-09", **changes))
    portfolio.generate()
    assert set(states(portfolio, point).values()) == {"pending"}


def test_a_role_is_asked_for_as_on_the_day(portfolio: Portfolio) -> None:
    people, points = portfolio.world.people, [portfolio.add_checkpoint() for _ in range(2)]
    portfolio.create_rule(performing_role="branch_manager")
    for point, who in zip(points, ("officer", "branch_manager"), strict=True):
        close(portfolio, visit(point, "2026-03-09", officer_id=people[who]))
    portfolio.generate()
    assert [states(portfolio, point)["2026-03-01"] for point in points] == ["pending", "done"]


def test_a_visit_while_a_task_was_cancelled_counts_when_it_comes_back(portfolio: Portfolio, point: UUID) -> None:
    portfolio.create_rule()
    portfolio.generate()
    leave(portfolio, point, "2026-03-20")
    assert states(portfolio, point)["2026-03-01"] == "cancelled"
    close(portfolio, visit(point, "2026-03-10"))
    announce(portfolio, "checkpoint.exit_withdrawn", point)
    portfolio.generate()
    assert states(portfolio, point)["2026-03-01"] == "done"


def test_a_visit_counts_in_a_second_rule_that_begins_later(portfolio: Portfolio, point: UUID) -> None:
    portfolio.create_rule()
    portfolio.generate()
    done = visit(point, "2026-03-09")
    close(portfolio, done)
    quarterly = portfolio.create_rule(name="季度检查", interval=3)
    portfolio.generate()
    made = {task.period_start: task for task in portfolio.tasks(point) if task.rule_id == quarterly.id}
    assert made[date(2026, 1, 1)].closed_by == done.inspection_id
    with portfolio.world.transaction() as ctx:
        row = ctx.session.scalars(select(VisitRow)).one()
        [march] = [task for task in portfolio.tasks(point) if task.id == row.task_id]
    assert march.rule_id != quarterly.id


def test_a_visit_is_told_of_once(portfolio: Portfolio, point: UUID) -> None:
    rule = portfolio.create_rule(interval=3)
    close(portfolio, visit(point, "2026-03-09"))
    portfolio.generate()
    with portfolio.world.transaction("province_manager") as ctx:
        plans.edit_rule(ctx, rule.id, version=1, effective_from=date(2026, 3, 10), interval=1)
    assert portfolio.generate().created == 1
    assert states(portfolio, point) == {"2026-01-01": "done", "2026-04-01": "pending"}
