"""Exits of the demo's past: a manager who lets one begin in a month that is over knows of what was due in it."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import select

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint, CheckpointExit
from inspection_api.core.permissions import Role
from inspection_api.demo.past import leaving
from inspection_api.demo.past.era import Era
from inspection_api.subscriptions import SUBSCRIPTIONS
from inspection_api.tasks.models import Task
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from tests.factories import World
    from tests.fixtures import Clock


class Moderate(Random):
    """Throws what neither refuses an exit nor dates it from today."""

    def random(self) -> float:
        return 0.2


def test_an_exit_that_begins_before_a_month_end_leaves_what_was_due(world: World, clock: Clock) -> None:
    portfolio = Portfolio(world)
    world.add_user("o0003", Role.LOAN_OFFICER, "sub_branch")
    world.add_user("b00", Role.BRANCH_MANAGER, "branch")
    portfolio.create_rule()
    point = portfolio.add_checkpoint()
    with world.transaction("manager") as ctx:
        checkpoints.assign(ctx, point, officer_id=world.people["o0003"])
    portfolio.generate()
    clock.now += timedelta(days=29)
    with world.transaction() as ctx:
        era = Era(
            ctx=ctx,
            subscriptions=SUBSCRIPTIONS,
            public_url="https://xunji.example",
            today=date(2026, 4, 8),
            now=clock.now - timedelta(days=2),
            random=Moderate(),
        )
        leaving.propose(era, share=1)
        era.now = clock.now
        leaving.decide(era)
        assert ctx.session.get_one(Checkpoint, point).state == "exited"
        assert ctx.session.scalars(select(CheckpointExit.effective_on)).all() == [date(2026, 3, 31)]
        overdue = select(Task.state).where(Task.checkpoint_id == point, Task.due_on == date(2026, 3, 31))
        assert ctx.session.scalars(overdue).all() == ["pending"]
