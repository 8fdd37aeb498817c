"""The tally behind the completion figures: whatever happens to tasks, its sums are a full recount."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, text, update

from inspection_api.cli import main
from inspection_api.reports import service as reports
from inspection_api.reports.models import TaskTally
from inspection_api.tasks.models import Task
from inspection_api.tasks.rules import State
from tests.fixtures import SECRET
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from flask import Flask

    from tests.factories import World

DUE = date(2026, 3, 31)
_CHANGES = st.one_of(
    st.fixed_dictionaries({"state": st.sampled_from([state.value for state in State])}),
    st.fixed_dictionaries({"backfilled": st.booleans()}),
    st.fixed_dictionaries({"inspection_type": st.sampled_from(["existing", "new", "special"])}),
    st.fixed_dictionaries({"due_on": st.dates(DUE - timedelta(days=2), DUE)}),
    st.fixed_dictionaries({"organisation_id": st.sampled_from(["sub_branch", "sibling", "foreign"])}),
    st.sampled_from(["delete", "fold"]),
)


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    """Five checkpoints in two organisations, with the tasks of two months."""
    return furnished(world)


def furnished(world: World) -> Portfolio:
    portfolio = Portfolio(world)
    for place, officer in [("sub_branch", "officer")] * 3 + [("sibling", "colleague")] * 2:
        portfolio.add_checkpoint(place, officer)
    portfolio.create_rule()
    portfolio.generate()
    return portfolio


def differences(world: World) -> Any:
    with world.transaction() as ctx:
        return reports.verify(ctx)


def rows(world: World) -> int:
    with world.transaction() as ctx:
        return ctx.session.scalar(select(func.count()).select_from(TaskTally)) or 0


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=st.lists(st.tuples(st.sets(st.integers(0, 9), min_size=1, max_size=6), _CHANGES), max_size=8))
def test_whatever_happens_to_tasks_the_tally_is_a_recount(
    portfolio: Portfolio, steps: list[tuple[set[int], Any]]
) -> None:
    world = portfolio.world
    for numbers, change in steps:
        with world.transaction() as ctx:
            every = ctx.session.scalars(select(Task.id).order_by(Task.id)).all()
            chosen = Task.id.in_([every[number] for number in numbers if number < len(every)])
            apply(ctx, world, chosen, change)
        assert differences(world) == []


def apply(ctx: Any, world: World, chosen: Any, change: Any) -> None:
    if change == "fold":
        assert reports.fold(ctx) is False
    elif change == "delete":
        ctx.session.execute(delete(Task).where(chosen))
    else:
        place = change.get("organisation_id")
        values = {**change, "organisation_id": world.organisations[place]} if place else change
        values = {**values, "closed_by": uuid4(), "performed_on": DUE} if "state" in change else values
        ctx.session.execute(update(Task).where(chosen).values(**values))


def test_a_statement_writes_a_row_for_each_place_and_folding_leaves_one(portfolio: Portfolio) -> None:
    world = portfolio.world
    before = rows(world)
    march = Task.due_on == DUE
    for _ in range(3):
        with world.transaction() as ctx:
            ctx.session.execute(update(Task).where(march).values(state="in_progress", reason="x"))
    assert rows(world) == before, "in progress is as open as pending"
    with world.transaction() as ctx:
        ctx.session.execute(update(Task).where(march).values(state="missed"))
    assert rows(world) == before + 2
    with world.transaction() as ctx:
        reports.fold(ctx)
    assert rows(world) == before
    with world.transaction() as ctx:
        ctx.session.execute(update(Task).where(march).values(state="cancelled", reason="exit"))
    with world.transaction() as ctx:
        reports.fold(ctx)
    assert rows(world) == before - 2
    assert differences(world) == []


def test_two_folds_and_four_writers_at_once_lose_nothing(committed_world: World) -> None:
    portfolio = furnished(committed_world)
    tasks = [task.id for task in portfolio.tasks()]

    def write(number: int) -> None:
        for turn in range(12):
            with committed_world.transaction() as ctx:
                values = {"state": "missed" if turn % 2 else "pending"}
                ctx.session.execute(update(Task).where(Task.id == tasks[number]).values(**values))

    def fold(_: int) -> None:
        for _turn in range(12):
            with committed_world.transaction() as ctx:
                reports.fold(ctx)

    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(write, number) for number in range(4)] + [pool.submit(fold, number) for number in range(2)]
        for job in jobs:
            job.result()
    assert differences(committed_world) == []


def test_a_wrong_tally_is_told_and_mended(portfolio: Portfolio) -> None:
    world = portfolio.world
    with world.transaction() as ctx:
        ctx.session.execute(text("UPDATE task_tally SET open = open + 7 WHERE due_on = :due"), {"due": DUE})
    wrong = differences(world)
    pairs = sorted((row["tallied"], row["counted"]) for row in wrong)
    assert pairs == [([9, 0, 0, 0], [2, 0, 0, 0]), ([10, 0, 0, 0], [3, 0, 0, 0])]
    with world.transaction() as ctx:
        reports.recount(ctx)
    assert differences(world) == []


def test_the_command_tells_what_is_wrong_and_mends_it(
    committed_app: Flask, committed_world: World, database_url: str, redis_url: str
) -> None:
    furnished(committed_world)
    code = committed_world.bank.code
    env = {
        "DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        "XUNJI_MODE": "test",
        "XUNJI_SECRET_KEY": SECRET.decode(),
    }

    def told(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["verify-figures", code, *words], env=env)
        return done.exit_code, done.stdout.splitlines()[-1]

    assert told() == (0, f"{code}：完全一致")
    with committed_world.transaction() as ctx:
        ctx.session.execute(text("DELETE FROM task_tally WHERE due_on = :due"), {"due": DUE})
    assert told() == (1, f"{code}：2 处不符")
    assert told("--mend") == (0, f"{code}：2 处不符，已重算")
    assert told() == (0, f"{code}：完全一致")
