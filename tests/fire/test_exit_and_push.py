"""A checkpoint leaves while a visit of it arrives: either comes first, and the task is settled once (§1.5, §1.8)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TYPE_CHECKING, Any

from checkpoints import service as checkpoints
from inspection_api.inspections.models import Inspection
from tests.sync.offices import store_media

if TYPE_CHECKING:
    from uuid import UUID

    from tests.factories import World
    from tests.sync.phone import Phone, Street

ROUNDS = 8


def propose(world: World, point: UUID) -> UUID:
    with world.transaction("province_manager") as ctx:
        day = ctx.now.date()
        return checkpoints.propose_exit(ctx, point, exit_type="settled", reason="贷款已结清", effective_on=day).id


def test_of_an_exit_and_a_push_at_once_the_visit_stands_and_its_task_is_settled_once(
    phone: Phone, street: Street, committed_world: World
) -> None:
    for _ in range(ROUNDS):
        point = street.add()
        task_id = street.make_tasks()[point]
        visit, exit_id, barrier = phone.submit(point, task_id), propose(committed_world, point), Barrier(2)

        def approve(exit_id: UUID = exit_id, barrier: Barrier = barrier) -> None:
            barrier.wait(timeout=10)
            with committed_world.transaction("second_province_manager") as ctx:
                checkpoints.approve_exit(ctx, exit_id)

        def push(visit: dict[str, Any] = visit, barrier: Barrier = barrier) -> None:
            barrier.wait(timeout=10)
            phone.push(visit)
            store_media(committed_world, *visit["payload"]["media"])

        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(approve), pool.submit(push)]:
                done.result(timeout=30)
        street.portfolio.generate()
        settled = {task.id: task.state for task in street.portfolio.tasks(point)}
        with committed_world.transaction() as ctx:
            record = ctx.session.get_one(Inspection, visit["entity_id"])
            assert (record.state, settled.pop(task_id)) in {("accepted", "done"), ("extra", "cancelled")}
        assert set(settled.values()) <= {"cancelled"}
