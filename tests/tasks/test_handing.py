"""Tasks change hands: by a manager, because an officer leaves, and when an organisation is closed (§1.10.4)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from checkpoints import service as checkpoints
from inspection_api.accounts.models import AccessGrant, RoleAssignment
from inspection_api.core.permissions import Role
from inspection_api.plans.models import Plan
from tests.factories import pages
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

API = "/api/v1"


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    made = Portfolio(world)
    made.create_rule()
    return made


def officers(portfolio: Portfolio, point: UUID) -> set[UUID | None]:
    return {task.officer_id for task in portfolio.tasks(point)}


def held(portfolio: Portfolio, user: str) -> set[UUID]:
    with portfolio.world.transaction() as ctx:
        mine = select(AccessGrant.entity_id).where(AccessGrant.user_id == portfolio.world.people[user])
        return set(ctx.session.scalars(mine))


def disable(client: FlaskClient, world: World, user: str) -> None:
    path = f"{API}/users/{world.people[user]}/disable"
    assert client.post(path, headers=world.headers("administrator")).status_code == 200


def reassign(client: FlaskClient, world: World, user: str, ids: list[UUID], officer: str = "colleague") -> Any:
    body = {"task_ids": [str(each) for each in ids], "officer_id": str(world.people[officer])}
    return client.post(f"{API}/tasks/reassign", json=body, headers=world.headers(user))


def test_who_leaves_is_followed_by_the_backup_or_by_nobody(client: FlaskClient, portfolio: Portfolio) -> None:
    world = portfolio.world
    backed = portfolio.add_checkpoint(backup_officer_id=world.people["colleague"])
    unfit = portfolio.add_checkpoint(backup_officer_id=world.people["foreign_officer"])
    alone, other = portfolio.add_checkpoint(), portfolio.add_checkpoint(officer="colleague")
    portfolio.generate()
    disable(client, world, "officer")
    assert officers(portfolio, backed) == officers(portfolio, other) == {world.people["colleague"]}
    assert officers(portfolio, unfit) == officers(portfolio, alone) == {None}
    assert {backed, *(task.id for task in portfolio.tasks(backed))} <= held(portfolio, "colleague")
    assert held(portfolio, "officer").isdisjoint({backed, alone, *(task.id for task in portfolio.tasks())})


def role_of(world: World, user: str) -> UUID:
    with world.transaction() as ctx:
        mine = select(RoleAssignment.id).where(RoleAssignment.user_id == world.people[user])
        return ctx.session.scalars(mine).one()


def end_role(client: FlaskClient, world: World, assignment_id: UUID | str) -> None:
    path = f"{API}/users/{world.people['officer']}/roles/{assignment_id}"
    assert client.delete(path, headers=world.headers("administrator")).status_code == 204


def give_role(client: FlaskClient, world: World, organisation: str, **dates: str) -> str:
    body = {"role": "loan_officer", "organisation_id": str(world.organisations[organisation]), **dates}
    path = f"{API}/users/{world.people['officer']}/roles"
    answer = client.post(path, json=body, headers=world.headers("administrator"))
    assert answer.status_code == 201
    made: str = answer.json["id"]
    return made


@pytest.mark.parametrize("elsewhere", [None, "foreign"])
def test_who_loses_his_role_or_moves_elsewhere_hands_on_what_he_had(
    client: FlaskClient, portfolio: Portfolio, elsewhere: str | None
) -> None:
    world = portfolio.world
    backed = portfolio.add_checkpoint(backup_officer_id=world.people["colleague"])
    alone = portfolio.add_checkpoint()
    portfolio.generate()
    first, second = role_of(world, "officer"), give_role(client, world, "sub_branch")
    end_role(client, world, first)
    assert officers(portfolio, alone) == {world.people["officer"]}, "he has the role still"
    if elsewhere:
        give_role(client, world, elsewhere)
    end_role(client, world, second)
    assert officers(portfolio, backed) == {world.people["colleague"]}
    assert officers(portfolio, alone) == {None}
    assert held(portfolio, "officer").isdisjoint({backed, alone, *(task.id for task in portfolio.tasks())})


def test_a_role_that_runs_out_hands_on_what_its_holder_had(
    client: FlaskClient, portfolio: Portfolio, clock: Clock
) -> None:
    world = portfolio.world
    backed = portfolio.add_checkpoint(backup_officer_id=world.people["colleague"])
    portfolio.generate()
    first = role_of(world, "officer")
    give_role(client, world, "sub_branch", valid_to="2026-03-12")
    end_role(client, world, first)
    clock.now += timedelta(days=2)
    with world.transaction() as ctx:
        assert checkpoints.hand_on_expired(ctx) is False
    assert officers(portfolio, backed) == {world.people["officer"]}, "the last day is one of his"
    clock.now += timedelta(days=1)
    with world.transaction() as ctx:
        checkpoints.hand_on_expired(ctx)
    assert officers(portfolio, backed) == {world.people["colleague"]}


def test_handing_on_costs_the_same_for_any_number(portfolio: Portfolio, queries: Callable[[], list[str]]) -> None:
    counts = []
    for number, user in ((1, "officer"), (5, "foreign_officer")):
        organisation = "foreign" if user == "foreign_officer" else "sub_branch"
        for _ in range(number):
            portfolio.add_checkpoint(organisation, officer=user)
        with portfolio.world.transaction() as ctx:
            ended = update(RoleAssignment).where(RoleAssignment.user_id == portfolio.world.people[user])
            ctx.session.execute(ended.values(valid_from=date(2026, 1, 1), valid_to=date(2026, 3, 9)))
        with portfolio.world.transaction() as ctx:
            seen = queries()
            checkpoints.hand_on_expired(ctx)
            counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_disabled_backup_takes_nothing_over(client: FlaskClient, portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint(backup_officer_id=portfolio.world.people["colleague"])
    portfolio.generate()
    disable(client, portfolio.world, "colleague")
    disable(client, portfolio.world, "officer")
    assert officers(portfolio, point) == {None}


def test_the_managers_see_what_was_handed_over_and_what_waits_for_somebody(
    client: FlaskClient, portfolio: Portfolio, clock: Clock
) -> None:
    world = portfolio.world
    backed = portfolio.add_checkpoint(officer=None, backup_officer_id=world.people["colleague"])
    alone = portfolio.add_checkpoint(officer=None)
    body = {"checkpoint_ids": [str(backed), str(alone)], "officer_id": str(world.people["officer"])}
    path, headers = f"{API}/checkpoints/assign", world.headers("manager")
    assert client.post(path, json=body, headers=headers).status_code == 200
    portfolio.generate()
    clock.now += timedelta(days=1)
    disable(client, world, "officer")
    path, headers = f"{API}/users/{world.people['officer']}/handovers", world.headers("manager")
    first = next(pages(client, path, headers))
    assert first["successor_id"] == first["current_id"]
    told = {row["checkpoint_id"]: row for row in pages(client, path, headers)}
    assert told[str(backed)]["successor_name"] == told[str(backed)]["current_name"] == "姓名colleague"
    assert told[str(alone)]["successor_name"] is told[str(alone)]["current_name"] is None
    assert told[str(backed)]["checkpoint_code"].startswith("CP")
    assert told[str(backed)]["checkpoint_name"].startswith("经营场所")
    successors = {row["checkpoint_id"]: row["current_id"] for row in pages(client, path, headers)}
    assert successors == {str(backed): str(world.people["colleague"]), str(alone): None}
    waiting = list(pages(client, path, headers, unassigned="true"))
    assert [row["checkpoint_id"] for row in waiting] == [str(alone)]
    queue = list(pages(client, f"{API}/tasks", headers, unassigned="true"))
    assert {row["checkpoint_id"] for row in queue} == {str(alone)}
    assert client.get(path, headers=world.headers("foreign_manager")).status_code == 404


def test_a_manager_hands_tasks_to_another_officer(client: FlaskClient, portfolio: Portfolio) -> None:
    point, other = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    portfolio.generate()
    first = portfolio.tasks(point)[0].id
    answer = reassign(client, portfolio.world, "manager", [first])
    assert (answer.status_code, answer.json) == (200, {"changed": 1})
    assert officers(portfolio, point) == {portfolio.world.people["colleague"]}
    assert officers(portfolio, other) == {portfolio.world.people["officer"]}


def test_a_risk_manager_may_hand_tasks_over_although_he_edits_no_checkpoint(
    client: FlaskClient, portfolio: Portfolio
) -> None:
    point = portfolio.add_checkpoint()
    portfolio.generate()
    assert reassign(client, portfolio.world, "risk_manager", [portfolio.tasks(point)[0].id]).status_code == 200


def test_tasks_go_all_or_none_and_to_somebody_who_visits_there(client: FlaskClient, portfolio: Portfolio) -> None:
    point, foreign = portfolio.add_checkpoint(), portfolio.add_checkpoint("foreign", "foreign_officer")
    portfolio.generate()
    mine, theirs = portfolio.tasks(point)[0].id, portfolio.tasks(foreign)[0].id
    world = portfolio.world
    assert reassign(client, world, "manager", [mine, theirs]).status_code == 404
    assert reassign(client, world, "manager", [mine, uuid4()]).status_code == 404
    assert reassign(client, world, "manager", [mine], "foreign_officer").json["code"] == "officer_unfit"
    assert reassign(client, world, "officer", [mine]).status_code == 403
    assert officers(portfolio, point) == {world.people["officer"]}


def test_a_closed_task_is_not_handed_over(client: FlaskClient, portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.generate()
    with portfolio.world.transaction() as ctx:
        ctx.record("checkpoint.exited", checkpoint_id=str(point), exit_type="settled", effective_on="2026-03-10",
                   approved_on="2026-03-10")  # fmt: skip
    answer = reassign(client, portfolio.world, "manager", [portfolio.tasks(point)[0].id])
    assert (answer.status_code, answer.json["code"]) == (409, "task_closed")


@pytest.mark.parametrize("path", ["assign", "transfer"])
def test_tasks_are_locked_before_their_checkpoints(
    client: FlaskClient, portfolio: Portfolio, queries: Callable[[], list[str]], path: str
) -> None:
    point = portfolio.add_checkpoint()
    portfolio.generate()
    world = portfolio.world
    world.add_user("visitor", Role.LOAN_OFFICER, "sibling")
    officer = "colleague" if path == "assign" else "visitor"
    body = {"checkpoint_ids": [str(point)], "officer_id": str(world.people[officer])}
    place = {"organisation_id": str(world.organisations["sibling"])} if path == "transfer" else {}
    headers, statements = world.headers("branch_manager"), queries()
    assert client.post(f"{API}/checkpoints/{path}", json=body | place, headers=headers).status_code == 200
    locks = [" ".join(each.split()) for each in statements if "FOR NO KEY UPDATE" in each]
    assert " FROM task " in locks[0]
    assert " FROM checkpoint " in locks[1]


def close(client: FlaskClient, world: World, name: str, user: str = "administrator") -> Any:
    path = f"{API}/organisations/{world.organisations[name]}/close"
    return client.post(path, json={"reason": "机构撤并"}, headers=world.headers(user))


def test_an_organisation_closes_when_nothing_is_left_in_it(client: FlaskClient, portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint("sibling", None)
    world = portfolio.world
    assert close(client, world, "branch").json["code"] == "organisation_has_children"
    assert close(client, world, "sibling").json["code"] == "organisation_holds_checkpoints"
    assert close(client, world, "sibling", "manager").status_code == 403
    body = {"checkpoint_ids": [str(point)], "organisation_id": str(world.organisations["sub_branch"]),
            "officer_id": str(world.people["officer"])}  # fmt: skip
    headers = world.headers("branch_manager")
    assert client.post(f"{API}/checkpoints/transfer", json=body, headers=headers).status_code == 200
    answer = close(client, world, "sibling")
    assert (answer.status_code, answer.json["closed_on"]) == (200, "2026-03-10")
    assert close(client, world, "sibling").status_code == 200
    with world.transaction() as ctx:
        plan = ctx.session.scalars(select(Plan).where(Plan.organisation_id == world.organisations["sibling"])).one()
        assert (plan.end_on.isoformat() if plan.end_on else None, plan.detached) == ("2026-03-10", True)
    body["organisation_id"] = str(world.organisations["sibling"])
    back = client.post(f"{API}/checkpoints/transfer", json=body, headers=headers)
    assert (back.status_code, back.json["code"]) == (409, "organisation_closed")
    new = {"code": "N1", "name": "新网点", "kind": "outlet", "parent_id": str(world.organisations["sibling"])}
    refused = client.post(f"{API}/organisations", json=new, headers=world.headers("administrator"))
    assert (refused.status_code, refused.json["code"]) == (409, "organisation_closed")
