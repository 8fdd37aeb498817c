"""A visit that is accepted and concludes 退出 proposes its checkpoint's exit, pushed or amended (domain.md §0)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint, CheckpointExit
from inspection_api.core.events import Event
from inspection_api.inspections.models import Inspection
from inspection_api.tasks.models import Task
from tests.sync.drafting import answer
from tests.sync.offices import Office, store_media
from tests.sync.phone import calm_answers

if TYPE_CHECKING:
    from tests.factories import World
    from tests.sync.phone import Phone, Street


def react(world: World) -> None:
    """Let the reaction run, as the worker does."""
    with world.transaction() as ctx:
        events = ctx.session.scalars(select(Event).where(Event.kind == "inspection.exit_concluded")).all()
        checkpoints.on_exits_concluded(ctx, events)


def visited(phone: Phone, street: Street, world: World, conclusion: str, *, with_task: bool = True) -> tuple[UUID, Any]:
    point = street.add()
    task = street.make_tasks()[point] if with_task else None
    operation = phone.submit(point, task, answers=calm_answers(conclusion=conclusion))
    (result,) = phone.push(operation)
    assert result["status"] in {"applied", "extra"}, result
    store_media(world)
    return point, UUID(operation["entity_id"])


def exits(world: World) -> list[tuple[Any, ...]]:
    with world.transaction() as ctx:
        columns = (CheckpointExit.checkpoint_id, CheckpointExit.proposed_by, CheckpointExit.inspection_id)
        return [tuple(row) for row in ctx.session.execute(select(*columns))]


@pytest.mark.parametrize(
    ("conclusion", "with_task", "proposed"), [("exit", True, True), ("watch", True, False), ("exit", False, False)]
)
def test_only_an_accepted_visit_that_concludes_exit_proposes_it(
    phone: Phone, street: Street, world: World, conclusion: str, *, with_task: bool, proposed: bool
) -> None:
    point, visit = visited(phone, street, world, conclusion, with_task=with_task)
    react(world)
    react(world)
    assert exits(world) == ([(point, world.people["officer"], visit)] if proposed else [])
    with world.transaction() as ctx:
        assert (ctx.session.get_one(Checkpoint, point).state == "exit_proposed") == proposed


def test_a_visit_whose_task_is_made_after_it_is_accepted_then_and_proposes_its_exit(
    phone: Phone, street: Street, world: World
) -> None:
    """§1.10.1: a run before or after the push leaves the same tasks and records."""
    point, visit = visited(phone, street, world, "exit", with_task=False)
    react(world)
    assert exits(world) == []
    task = street.make_tasks()[point]
    with world.transaction() as ctx:
        record, made = ctx.session.get_one(Inspection, visit), ctx.session.get_one(Task, task)
        assert (record.state, record.task_id) == ("accepted", task)
        assert (made.state, made.closed_by) == ("done", visit)
    react(world)
    assert exits(world) == [(point, world.people["officer"], visit)]


def test_an_amendment_to_exit_proposes_it(phone: Phone, street: Street, world: World, office: Office) -> None:
    point, visit = visited(phone, street, world, "normal")
    change = {"reason": "结论有误", **answer("conclusion", "exit")}
    phone.push(phone.operation("inspection.amend", visit, change))
    assert office.decide("approver", office.waiting()[0]["op_id"]).status_code == 200
    react(world)
    assert exits(world) == [(point, world.people["officer"], visit)]
