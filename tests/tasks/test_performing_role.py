"""Rules that say in which role their visits are made: whose the tasks are, who holds them, and whose visits count."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from checkpoints import service as checkpoints
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import AccessGrant
from inspection_api.core.permissions import Role
from inspection_api.tasks import service
from inspection_api.tasks.errors import TaskOfRole
from tests.portfolio import Portfolio
from tests.tasks.test_service import close, visit

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from inspection_api.tasks.models import Task
    from tests.factories import World

RISK = "risk_manager"


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def made(portfolio: Portfolio, role: str | None, **changes: object) -> Task:
    """Return the task of March of the one checkpoint that is there, by a rule for ``role``."""
    portfolio.add_checkpoint(**changes)  # type: ignore[arg-type]
    portfolio.create_rule(performing_role=role)
    portfolio.generate()
    return portfolio.tasks()[0]


def holders(portfolio: Portfolio, entity: str, entity_id: UUID) -> set[UUID]:
    with portfolio.world.transaction() as ctx:
        held = select(AccessGrant.user_id).where(AccessGrant.entity == entity, AccessGrant.entity_id == entity_id)
        return set(ctx.session.scalars(held))


@pytest.mark.parametrize(
    ("role", "performer"),
    [(None, "officer"), ("loan_officer", "officer"), ("branch_manager", "branch_manager"), (RISK, "risk_manager")],
)
def test_a_task_is_whose_role_the_rule_names(portfolio: Portfolio, role: str | None, performer: str) -> None:
    task = made(portfolio, role)
    person = portfolio.world.people[performer]
    assert task.officer_id == person
    assert holders(portfolio, "task", task.id) == {person}


def test_whose_task_it_is_holds_the_checkpoint_too(portfolio: Portfolio) -> None:
    task = made(portfolio, "branch_manager")
    person = portfolio.world.people["branch_manager"]
    for entity, entity_id in (("checkpoint", task.checkpoint_id), ("customer", task.customer_id)):
        assert person in holders(portfolio, entity, entity_id)


def test_of_several_in_the_role_the_nearest_has_it(portfolio: Portfolio) -> None:
    world = portfolio.world
    world.add_user("nearest", Role.BRANCH_MANAGER, "sub_branch")
    assert made(portfolio, "branch_manager").officer_id == world.people["nearest"]


def test_a_role_that_nobody_has_leaves_the_task_to_the_managers(portfolio: Portfolio) -> None:
    task = made(portfolio, "exception_handler")
    assert task.officer_id is None


def test_the_tasks_of_the_exception_handler_go_to_the_one_who_is_named(portfolio: Portfolio) -> None:
    world = portfolio.world
    task = made(portfolio, "exception_handler")
    handler = world.people["risk_manager"]
    with world.transaction("manager") as ctx:
        checkpoints.edit(ctx, task.checkpoint_id, version=1, exception_handler_id=handler)
    assert portfolio.tasks()[0].officer_id == handler
    assert handler in holders(portfolio, "task", task.id)


def test_a_visit_counts_only_in_the_role_of_its_day(portfolio: Portfolio) -> None:
    people = portfolio.world.people
    task = made(portfolio, "sub_branch_manager")
    [in_vain] = close(portfolio, visit(task.checkpoint_id, "2026-03-10", officer_id=people["officer"]))
    assert (in_vain.state, in_vain.flags) == (None, ("performing_role",))
    [counts] = close(portfolio, visit(task.checkpoint_id, "2026-03-10", officer_id=people["manager"]))
    assert counts.outcomes == {task.id: "done"}


def test_a_task_of_a_role_does_not_follow_its_checkpoint_and_is_not_handed_over(portfolio: Portfolio) -> None:
    world = portfolio.world
    task = made(portfolio, "branch_manager")
    with world.transaction("manager") as ctx:
        checkpoints.assign(ctx, task.checkpoint_id, officer_id=world.people["colleague"])
    assert portfolio.tasks()[0].officer_id == world.people["branch_manager"]
    with world.transaction("manager") as ctx, pytest.raises(TaskOfRole):
        service.reassign(ctx, task_ids=[task.id], officer_id=world.people["officer"])


def test_the_tasks_of_who_leaves_are_not_his_any_more(portfolio: Portfolio) -> None:
    world = portfolio.world
    task = made(portfolio, "branch_manager")
    with world.transaction("administrator") as ctx:
        accounts.disable_user(ctx, world.people["branch_manager"])
    after = portfolio.tasks()[0]
    assert after.officer_id is None
    assert world.people["branch_manager"] not in holders(portfolio, "task", task.id)


def test_the_form_takes_roles_that_visit_and_foresees_whose_the_work_is(
    client: FlaskClient, portfolio: Portfolio
) -> None:
    world = portfolio.world
    portfolio.add_checkpoint()
    body = {
        "organisation_id": str(world.organisations["branch"]), "name": "支行经理检查", "org_type": "sub_branch",
        "template_id": str(portfolio.template_id), "start": "2026-01-01", "performing_role": "branch_manager",
    }  # fmt: skip
    headers = world.headers("branch_manager")
    foreseen = client.post("/api/v1/rules/preview", json=body, headers=headers).json
    assert [each["officer_id"] for each in foreseen["officers"]] == [str(world.people["branch_manager"])]
    rule = client.post("/api/v1/rules", json=body, headers=headers).json
    assert rule["performing_role"] == "branch_manager"
    assert client.get(f"/api/v1/rules/{rule['id']}/preview", headers=headers).json == foreseen
    wrong = client.post("/api/v1/rules", json=body | {"performing_role": "auditor"}, headers=headers)
    assert (wrong.status_code, [each["field"] for each in wrong.json["errors"]]) == (422, ["performing_role"])
