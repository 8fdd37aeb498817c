"""A rule that names a role: its performer pulls the checkpoint and completes the task; others' visits are extra."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint
from inspection_api.accounts.models import RoleAssignment
from inspection_api.core.permissions import Role
from inspection_api.inspections.models import Inspection
from inspection_api.tasks.models import Task
from tests.sync.offices import store_media
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World


@pytest.fixture
def handler(client: FlaskClient, world: World, street: Street) -> Phone:
    world.add_user("handler", Role.EXCEPTION_HANDLER, "sub_branch")
    phone = Phone(client, world, street, username="handler")
    phone.shake_hands()
    return phone


def handled(street: Street, world: World) -> tuple[UUID, UUID]:
    """Return an officer's checkpoint with its task of March, which is the exception handler's."""
    point = street.add()
    with world.transaction("manager") as ctx:
        version = ctx.session.get_one(Checkpoint, point).version
        checkpoints.edit(ctx, point, version=version, exception_handler_id=world.people["handler"])
    street.portfolio.create_rule(performing_role="exception_handler")
    street.portfolio.generate()
    return point, next(task.id for task in street.portfolio.tasks(point) if task.period_start.month == 3)


def state_of(world: World, task: UUID) -> Any:
    with world.transaction() as ctx:
        return ctx.session.get_one(Task, task).state


def test_whose_task_it_is_pulls_the_checkpoint_and_completes_it(handler: Phone, street: Street, world: World) -> None:
    point, task = handled(street, world)
    held = {(each["e"], each["id"]) for each in handler.pull()["changes"]}
    assert {("task", str(task)), ("checkpoint", str(point))} <= held
    visit = handler.submit(point, task)
    (result,) = handler.push(visit)
    assert result["status"] == "applied", result
    store_media(world)
    assert state_of(world, task) == "done"


def test_the_officers_own_visit_is_kept_and_leaves_the_task_open(
    handler: Phone, phone: Phone, street: Street, world: World
) -> None:
    point, task = handled(street, world)
    visit = phone.submit(point, task)
    (result,) = phone.push(visit)
    assert result["status"] in {"applied", "extra"}, result
    store_media(world)
    assert state_of(world, task) == "pending"
    with world.transaction() as ctx:
        record = ctx.session.get_one(Inspection, visit["entity_id"])
    assert (record.state, "performing_role" in record.flags) == ("extra", True)
    assert handler.username == "handler"


def test_who_has_lost_the_role_before_the_visit_is_not_assigned(handler: Phone, street: Street, world: World) -> None:
    point, task = handled(street, world)
    with world.transaction() as ctx:
        for row in ctx.session.query(RoleAssignment).filter_by(user_id=world.people["handler"]):
            ctx.session.delete(row)
    (result,) = handler.push(handler.submit(point, task))
    assert result["status"] in {"quarantined", "rejected"}, result
