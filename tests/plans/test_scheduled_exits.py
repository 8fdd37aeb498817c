"""Plans that begin, and points that move, while an approved exit's day is still to come (domain.md §1.3, §1.5)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from checkpoints import service as checkpoints
from checkpoints.errors import StateForbids
from inspection_api.plans import queries
from inspection_api.plans.models import PlanMembership
from inspection_api.tasks.rules import State
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from uuid import UUID

    from tests.factories import World
    from tests.fixtures import Clock

LEAVES_ON = date(2026, 4, 20)


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def schedule_exit(world: World, point: UUID) -> UUID:
    with world.transaction("manager") as ctx:
        wanted = {"exit_type": "settled", "reason": "贷款已结清", "effective_on": LEAVES_ON}
        exit_id = checkpoints.propose_exit(ctx, point, **wanted).id
    with world.transaction("approver") as ctx:
        checkpoints.approve_exit(ctx, exit_id)
    return exit_id


def episodes(world: World) -> list[tuple[date, date | None]]:
    with world.transaction() as ctx:
        rows = ctx.session.scalars(select(PlanMembership).order_by(PlanMembership.joined_on, PlanMembership.id))
        return [(row.joined_on, row.left_on) for row in rows]


def open_tasks(portfolio: Portfolio) -> list[date]:
    return [task.period_start for task in portfolio.tasks() if task.state in {State.PENDING, State.IN_PROGRESS}]


def live_until(portfolio: Portfolio, clock: Clock, day: date) -> None:
    while clock.now.date() < day:
        clock.advance(days=1)
        with portfolio.world.transaction() as ctx:
            checkpoints.let_exits_take_effect(ctx)
        portfolio.generate()


def test_a_plan_that_begins_before_the_day_loses_the_point_on_it(portfolio: Portfolio, clock: Clock) -> None:
    point = portfolio.add_checkpoint()
    schedule_exit(portfolio.world, point)
    portfolio.create_rule()
    portfolio.generate()
    assert date(2026, 3, 1) in open_tasks(portfolio), "in force until its day, so it is visited"
    live_until(portfolio, clock, date(2026, 6, 15))
    assert episodes(portfolio.world) == [(date(2026, 1, 1), LEAVES_ON)]
    assert max(open_tasks(portfolio), default=date.min) <= date(2026, 3, 1)


def test_joining_again_makes_no_second_episode(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    schedule_exit(portfolio.world, point)
    with portfolio.world.transaction() as ctx:
        queries.join_members(ctx.session, date(2026, 3, 10), checkpoint_ids=[point])
    assert episodes(portfolio.world) == [(date(2026, 1, 1), LEAVES_ON)]


def test_nobody_moves_while_an_exit_is_open(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint(officer=None)
    exit_id = schedule_exit(portfolio.world, point)
    away = portfolio.world.organisations["sibling"]
    with portfolio.world.transaction("branch_manager") as ctx, pytest.raises(StateForbids):
        checkpoints.transfer(ctx, checkpoint_ids=[point], organisation_id=away)
    with portfolio.world.transaction("approver") as ctx:
        checkpoints.call_off_exit(ctx, exit_id, reason="客户续贷")
    with portfolio.world.transaction("branch_manager") as ctx:
        assert checkpoints.transfer(ctx, checkpoint_ids=[point], organisation_id=away) == 1
