"""Visits from before the system: they spare checkpoints their first task, once, and count for nothing else (§1.7)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from inspection_api.core.events import Event
from inspection_api.customers.models import Customer
from inspection_api.tasks.models import Task, Visit
from tests.imports.tables import Desk, book, checkpoint, customer, earlier, packed
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from uuid import UUID

    from tests.factories import World

BRANCH = "branch_manager"


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    made = Portfolio(world)
    made.create_rule(first_rule="next")
    return made


def bring(desk: Desk, *numbers: int, **sheets: list[list[Any]]) -> None:
    """Bring customers with a checkpoint each, and what else stands in the file."""
    given = {"customers": [customer(n) for n in numbers], "checkpoints": [checkpoint(n) for n in numbers]}
    desk.counts(packed(book(**given, **sheets)), user=BRANCH)


def grow_old(desk: Desk) -> None:
    """Let all customers have come into the system four weeks ago."""
    with desk.world.transaction() as ctx:
        ctx.session.execute(update(Customer).values(created_at=ctx.now - timedelta(days=28)))


def first_tasks(portfolio: Portfolio) -> list[Task]:
    return [task for task in portfolio.tasks() if task.period_start == date(2026, 4, 1)]


def story(desk: Desk, task_id: UUID) -> dict[str, str]:
    answer = desk.client.get(f"/api/v1/tasks/{task_id}/explain", headers=desk.world.headers("manager"))
    return {line["code"]: line["text"] for line in answer.json["lines"]}


def test_a_file_brings_a_checkpoint_and_the_visit_that_spares_its_first_task(desk: Desk, portfolio: Portfolio) -> None:
    bring(desk, 1, 2, visits=[earlier(1, "2026-03-09")])
    portfolio.generate()
    spared, open_one = sorted(first_tasks(portfolio), key=lambda task: task.state)
    assert (spared.state, spared.reason, spared.performed_on) == ("exempt", "history", date(2026, 3, 9))
    assert open_one.state == "pending"
    told = story(desk, spared.id)["exempt_history"]
    assert told.startswith("2026-03-09 的导入的历史检查在历史检查有效期（2026-03-01 至 2026-03-31）内")
    later = [task for task in portfolio.tasks(spared.checkpoint_id) if task.id != spared.id]
    assert {task.state for task in later} <= {"pending"}
    with desk.world.transaction() as ctx:
        assert ctx.session.scalars(select(Visit)).all() == []


def test_a_task_that_is_open_already_is_spared_when_the_file_comes(desk: Desk, portfolio: Portfolio) -> None:
    bring(desk, 1, 2, 3)
    portfolio.generate()
    grow_old(desk)
    content = packed(book(visits=[earlier(1, "2026-02-01"), earlier(1, "2026-02-02"), earlier(3, "2026-01-31")]))
    assert [task.state for task in first_tasks(portfolio)] == ["pending"] * 3
    with desk.world.transaction() as ctx:  # the credit of April reaches back into February
        firsts = update(Task).where(Task.period_start == date(2026, 4, 1))
        ctx.session.execute(firsts.values(credit_from=date(2026, 2, 1)))
    assert desk.counts(content, user=BRANCH, dry_run=True)["visits"] == (3, 0, 0)
    assert [task.state for task in first_tasks(portfolio)] == ["pending"] * 3
    assert desk.counts(content, user=BRANCH)["visits"] == (3, 0, 0)
    assert sorted((task.state, task.performed_on) for task in first_tasks(portfolio) if task.performed_on) == [
        ("exempt", date(2026, 2, 2))
    ]
    assert desk.counts(content, user=BRANCH)["visits"] == (0, 0, 3)
    with desk.world.transaction() as ctx:
        told = ctx.session.scalars(select(Event.data).where(Event.kind == "visits.imported")).all()
        assert [each["visits"] for each in told] == [3]


@pytest.mark.usefixtures("portfolio")
def test_a_csv_of_them_comes_in_too(desk: Desk) -> None:
    bring(desk, 1)
    content = "检查点编号,检查日期,检查方式\nCP-1,2026/3/9,远程巡检\n".encode()
    counted = desk.counts(content, user=BRANCH, mime="text/csv", table="visits")
    assert counted["visits"] == (1, 0, 0)


@pytest.mark.usefixtures("portfolio")
def test_nobody_spares_himself_and_nothing_of_the_systems_own_time(desk: Desk) -> None:
    bring(desk, 1)
    content = packed(book(visits=[earlier(1, "2026-03-09"), earlier(1, "2026-03-10"), earlier(2)]))
    assert desk.faults(content, user="manager") == [
        ("历史检查", 2, "A", "approver_needed"),
        ("历史检查", 3, "A", "approver_needed"),
        ("历史检查", 3, "B", "not_before_system"),
        ("历史检查", 4, "A", "unknown_checkpoint"),
    ]
    assert [code for *_, code in desk.faults(content, user="foreign_branch_manager")] == ["unknown_checkpoint"] * 3
    assert [code for *_, code in desk.faults(content, user=BRANCH)] == ["not_before_system", "unknown_checkpoint"]
