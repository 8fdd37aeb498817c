"""Generation while checkpoints are handed over or leave: no task twice, none too many (domain.md §1.3, §1.5, §1.10)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from checkpoints import service as checkpoints
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.factories import World

ROUNDS, POINTS = 20, 12
_OVERLAPS = text(
    """
    SELECT count(*) FROM task a JOIN task b ON b.checkpoint_id = a.checkpoint_id AND b.rule_id = a.rule_id
         AND b.kind = a.kind AND b.id > a.id AND a.period_start <= b.period_end AND b.period_start <= a.period_end
    WHERE a.state <> 'cancelled' AND b.state <> 'cancelled'
    """
)
_HELD = text(
    """
    SELECT o.name AS place, t.period_start, count(*) AS held
    FROM task t JOIN plan p ON p.id = t.plan_id AND p.organisation_id = t.organisation_id
    JOIN plan_membership m ON m.id = t.episode_id AND m.plan_id = p.id AND m.checkpoint_id = t.checkpoint_id
    JOIN organisation o ON o.id = t.organisation_id
    WHERE t.checkpoint_id = ANY (CAST(:points AS uuid[])) AND t.state = 'pending'
    GROUP BY o.name, t.period_start ORDER BY t.period_start
    """
)


def at_once(*calls: Callable[[], Any]) -> None:
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> None:
        barrier.wait(timeout=10)
        call()

    with ThreadPoolExecutor(len(calls)) as pool:
        list(pool.map(run, calls))


def new_points(portfolio: Portfolio, number: int) -> list[UUID]:
    """Return new checkpoints; in every other round they have tasks already."""
    points = [portfolio.add_checkpoint(officer=None) for _ in range(POINTS)]
    if number % 2:
        portfolio.generate()
    return points


def held(world: World, points: list[UUID]) -> list[int]:
    """Return how many of the points hold an open task of each period, after making sure that nothing overlaps."""
    with world.transaction() as ctx:
        assert ctx.session.scalar(_OVERLAPS) == 0
        rows = ctx.session.execute(_HELD, {"points": points}).all()
    assert len({row.place for row in rows}) <= 1
    return [row.held for row in rows]


def test_generation_during_a_transfer_gives_each_point_each_period_once(committed_world: World) -> None:
    portfolio = Portfolio(committed_world)
    portfolio.create_rule()
    sibling = committed_world.organisations["sibling"]

    for number in range(ROUNDS):
        points = new_points(portfolio, number)

        def transfer(points: list[UUID] = points) -> None:
            with committed_world.transaction("province_manager") as ctx:
                checkpoints.transfer(ctx, checkpoint_ids=points, organisation_id=sibling)

        at_once(transfer, portfolio.generate, portfolio.generate)
        portfolio.generate()
        assert held(committed_world, points) == [POINTS, POINTS]


def test_generation_during_exits_leaves_no_open_task_of_who_left(committed_world: World) -> None:
    portfolio = Portfolio(committed_world)
    portfolio.create_rule()
    for number in range(ROUNDS):
        points = new_points(portfolio, number)
        exits = [_proposed(committed_world, point) for point in points]

        def approve(exits: list[UUID] = exits) -> None:
            for exit_id in exits:
                with committed_world.transaction("second_province_manager") as ctx:
                    checkpoints.approve_exit(ctx, exit_id)

        at_once(approve, portfolio.generate)
        portfolio.generate()
        assert held(committed_world, points) == []


def _proposed(world: World, point: UUID) -> UUID:
    with world.transaction("province_manager") as ctx:
        day = ctx.now.date()
        return checkpoints.propose_exit(ctx, point, exit_type="settled", reason="贷款已结清", effective_on=day).id
