"""Exits, returns, transfers and edits, from the event to the tasks (domain.md §1.3, §1.5, §1.6, §1.10)."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from checkpoints import service as checkpoints
from checkpoints.models import Checkpoint
from inspection_api.core.errors import NotFound, PreconditionFailed
from inspection_api.plans import service as plans
from inspection_api.plans.errors import StartIsFixed
from inspection_api.plans.models import Plan, PlanMembership
from inspection_api.tasks import service
from inspection_api.tasks.errors import MakeupForbidden
from inspection_api.tasks.models import Task
from tests.portfolio import Portfolio
from tests.tasks.test_service import close, visit

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from inspection_api.plans.models import InspectionRule
    from tests.factories import World
    from tests.fixtures import Clock

QUARTER = {"exit_interval": 1, "exit_unit": "month", "exit_count": 2}


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def announce(portfolio: Portfolio, kind: str, point: UUID, **data: Any) -> None:
    with portfolio.world.transaction() as ctx:
        ctx.record(kind, checkpoint_id=str(point), **data)


def leave(portfolio: Portfolio, point: UUID, left_on: str, approved_on: str = "2026-03-10") -> None:
    announce(portfolio, "checkpoint.exited", point, exit_type="settled", effective_on=left_on, approved_on=approved_on)


def states(portfolio: Portfolio, point: UUID | None = None) -> list[tuple[str, str, str, str | None]]:
    return [(task.kind, task.period_end.isoformat(), task.state, task.reason) for task in portfolio.tasks(point)]


def test_an_exit_cancels_what_ends_on_or_after_the_stop_and_makes_its_checks(portfolio: Portfolio) -> None:
    point, other = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    portfolio.create_rule(**QUARTER)
    portfolio.generate()
    leave(portfolio, point, "2026-03-10")
    assert states(portfolio, point) == [
        ("regular", "2026-03-31", "cancelled", "exit"), ("regular", "2026-04-30", "cancelled", "exit"),
    ]  # fmt: skip
    portfolio.generate()
    assert states(portfolio, point)[1:] == [
        ("exit", "2026-04-10", "pending", None), ("regular", "2026-04-30", "cancelled", "exit"),
    ]  # fmt: skip
    assert {state for _, _, state, _ in states(portfolio, other)} == {"pending"}
    assert portfolio.generate(date(2026, 4, 15)).created == 2
    assert [end for kind, end, *_ in states(portfolio, point) if kind == "exit"] == ["2026-04-10", "2026-05-10"]


def test_an_exit_of_next_months_stop_leaves_the_running_month(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule(exit_rule="next")
    portfolio.generate()
    leave(portfolio, point, "2026-03-10")
    assert [state for _, _, state, _ in states(portfolio, point)] == ["pending", "cancelled"]


@pytest.mark.parametrize("exit_rule", ["current", "next"])
def test_an_approver_is_told_what_his_day_of_the_past_cannot_erase(
    client: FlaskClient, portfolio: Portfolio, clock: Clock, exit_rule: str
) -> None:
    world = portfolio.world
    point = portfolio.add_checkpoint()
    portfolio.create_rule(exit_rule=exit_rule)
    portfolio.generate()
    clock.now = datetime(2026, 4, 2, tzinfo=UTC)
    portfolio.generate()
    with world.transaction("manager") as ctx:
        wanted = {"exit_type": "settled", "reason": "贷款已结清", "effective_on": date(2026, 3, 10)}
        exit_id = checkpoints.propose_exit(ctx, point, **wanted).id
    before, path, approver = states(portfolio, point), f"/api/v1/exits/{exit_id}/approve", world.headers("approver")
    answer = client.post(path, json={}, headers=approver)
    if exit_rule == "current":
        assert (answer.status_code, answer.json["code"], answer.json["tasks"]) == (409, "exit_would_erase", 1)
        assert [each["field"] for each in answer.json["errors"]] == ["effective_on"]
        assert "2026-03-31" in answer.json["errors"][0]["message"]
        assert states(portfolio, point) == before
        assert client.get(f"/api/v1/exits/{exit_id}", headers=approver).json["status"] == "proposed"
        answer = client.post(path, json={"keep_overdue": True}, headers=approver)
    assert answer.status_code == 200
    assert ("regular", "2026-03-31", "pending", None) in states(portfolio, point)


def test_a_back_dated_exit_never_erases_what_was_due_before_its_approval(portfolio: Portfolio, clock: Clock) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    clock.now = datetime(2026, 4, 20, tzinfo=UTC)
    portfolio.generate()
    leave(portfolio, point, "2026-03-15", "2026-04-20")
    assert states(portfolio, point) == [
        ("regular", "2026-03-31", "pending", None),
        ("regular", "2026-04-30", "cancelled", "exit"),
        ("regular", "2026-05-31", "cancelled", "exit"),
    ]
    assert portfolio.generate().created == 0


def test_an_exit_that_is_called_off_brings_the_tasks_back(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    leave(portfolio, point, "2026-03-20")
    announce(portfolio, "checkpoint.exit_withdrawn", point)
    assert portfolio.generate().created == 2
    assert [state for _, _, state, _ in states(portfolio, point)] == ["pending", "pending"]
    with portfolio.world.transaction() as ctx:
        assert ctx.session.scalars(select(PlanMembership)).one().left_on is None


def test_who_comes_back_gets_a_new_episode_and_no_second_task_for_the_same_days(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule(exit_rule="next", **QUARTER)
    portfolio.generate()
    leave(portfolio, point, "2026-03-05")
    portfolio.generate()
    announce(portfolio, "checkpoint.reactivated", point, effective_on="2026-03-10")
    portfolio.generate()
    assert sorted(states(portfolio, point), key=str) == [
        ("exit", "2026-04-30", "cancelled", "reactivated"),
        ("regular", "2026-03-31", "pending", None),
        ("regular", "2026-04-30", "cancelled", "exit"),
        ("regular", "2026-04-30", "pending", None),
    ]


def move(portfolio: Portfolio, point: UUID, organisation: str) -> None:
    target = portfolio.world.organisations[organisation]
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).where(Checkpoint.id == point).values(organisation_id=target))
    announce(
        portfolio,
        "checkpoint.transferred",
        point,
        from_organisation_id=str(portfolio.world.organisations["sub_branch"]),
        to_organisation_id=str(target),
        effective_on="2026-03-10",
    )


def test_open_tasks_follow_into_the_same_rules_plan_and_the_joining_is_not_counted_again(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule("branch", first_rule="next")
    portfolio.generate()
    before = [task.id for task in portfolio.tasks(point)]
    move(portfolio, point, "sibling")
    portfolio.generate()
    after = portfolio.tasks(point)
    assert [task.id for task in after] == before
    assert {task.organisation_id for task in after} == {portfolio.world.organisations["sibling"]}
    assert {task.state for task in after} == {"pending"}


def test_without_a_plan_of_the_rule_the_open_tasks_are_cancelled(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule("branch")
    portfolio.generate()
    move(portfolio, point, "other_branch")
    portfolio.generate()
    assert {(state, reason) for _, _, state, reason in states(portfolio, point)} == {("cancelled", "transferred")}


def test_a_plan_that_covers_both_places_keeps_the_point(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule("province", org_type="branch")
    portfolio.generate()
    move(portfolio, point, "sibling")
    with portfolio.world.transaction() as ctx:
        assert ctx.session.scalars(select(PlanMembership)).one().left_on is None


def edit(portfolio: Portfolio, rule: InspectionRule, user: str = "branch_manager", **changes: Any) -> InspectionRule:
    values = {"version": 1, "effective_from": date(2026, 3, 10), **changes}
    with portfolio.world.transaction(user) as ctx:
        return plans.edit_rule(ctx, rule.id, **values)


def test_an_edit_counts_from_the_next_period_and_replaces_what_has_not_begun(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    rule = portfolio.create_rule("branch")
    portfolio.generate()
    edit(portfolio, rule, interval=3)
    portfolio.generate()
    march, april = portfolio.tasks(point)
    assert (march.rule_version, march.period_end) == (1, date(2026, 3, 31))
    assert (april.rule_version, april.period_end, april.state) == (2, date(2026, 6, 30), "pending")
    assert portfolio.generate().created == 0


def test_an_earlier_end_cancels_what_lies_behind_it(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    rule = portfolio.create_rule("branch")
    portfolio.generate()
    edit(portfolio, rule, end_on=date(2026, 3, 31))
    portfolio.generate()
    assert states(portfolio, point)[1] == ("regular", "2026-04-30", "cancelled", "plan_ended")


def test_an_edit_needs_the_version_that_was_read_and_keeps_the_start(portfolio: Portfolio) -> None:
    rule = portfolio.create_rule("branch")
    with pytest.raises(PreconditionFailed):
        edit(portfolio, rule, version=2, interval=2)
    with pytest.raises(StartIsFixed):
        edit(portfolio, rule, start_on=date(2026, 2, 1))
    with pytest.raises(NotFound):
        edit(portfolio, rule, "foreign_manager", interval=2)
    assert edit(portfolio, rule, name="另一名称").version == 1


def test_a_plan_with_days_of_its_own_does_not_follow_its_rule(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    rule = portfolio.create_rule("branch")
    with portfolio.world.transaction("manager") as ctx:
        stay = ctx.session.scalars(select(PlanMembership)).one()
        plans.edit_plan(ctx, stay.plan_id, start_on=date(2026, 4, 1), end_on=date(2026, 6, 30))
    edit(portfolio, rule, end_on=date(2026, 12, 31))
    with portfolio.world.transaction("manager") as ctx:
        own = ctx.session.get_one(Plan, stay.plan_id)
        assert (own.detached, own.end_on) == (True, date(2026, 6, 30))
        attached = plans.attach_plan(ctx, stay.plan_id)
        assert (attached.detached, attached.start_on, attached.end_on) == (False, date(2026, 1, 1), date(2026, 12, 31))


def test_who_is_taken_out_by_hand_loses_what_is_not_overdue(portfolio: Portfolio, clock: Clock) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule("branch")
    portfolio.generate()
    clock.now = datetime(2026, 4, 10, tzinfo=UTC)
    with portfolio.world.transaction("branch_manager") as ctx:
        stay = ctx.session.scalars(select(PlanMembership)).one()
        plans.remove_member(ctx, stay.plan_id, point)
    assert [(state, reason) for _, _, state, reason in states(portfolio, point)] == [
        ("pending", None), ("cancelled", "removed"),
    ]  # fmt: skip
    assert portfolio.generate().created == 0


def test_a_makeup_completes_a_missed_task_late_within_its_days_only(portfolio: Portfolio, clock: Clock) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule("branch", makeup_days=5)
    portfolio.generate()
    march = portfolio.tasks(point)[0]
    with portfolio.world.transaction("manager") as ctx, pytest.raises(MakeupForbidden):
        service.allow_makeup(ctx, march.id, reason="企业停产")
    clock.now = datetime(2026, 4, 5, tzinfo=UTC)
    with portfolio.world.transaction("manager") as ctx:
        assert service.allow_makeup(ctx, march.id, reason="企业停产").makeup_until == date(2026, 4, 5)
    [closing] = close(portfolio, visit(point, "2026-04-04", task_id=march.id))
    assert (closing.task_id, closing.state) == (march.id, "done_late")


def test_nothing_is_missed_before_the_days_of_a_makeup_are_over(portfolio: Portfolio, clock: Clock) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule("branch", makeup_days=5, late_sync_hours=24)
    portfolio.generate()
    for moment, missed in ((datetime(2026, 4, 6, 15, 59, tzinfo=UTC), 0), (datetime(2026, 4, 6, 16, tzinfo=UTC), 1)):
        clock.now = moment
        with portfolio.world.transaction() as ctx:
            assert service.sweep(ctx) == missed


def test_a_newcomer_is_checked_once(portfolio: Portfolio) -> None:
    portfolio.create_rule("branch", inspection_type="new")
    point = portfolio.add_checkpoint(effective_from=date(2026, 3, 8))
    portfolio.add_checkpoint(effective_from=date(2025, 3, 8))
    portfolio.generate()
    [task] = portfolio.tasks()
    assert (task.checkpoint_id, task.kind, task.inspection_type) == (point, "initial", "new")
    assert task.due_on == date(2026, 3, 23)


def test_tasks_of_one_run_carry_their_type(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule("branch")
    portfolio.generate()
    with portfolio.world.transaction() as ctx:
        assert set(ctx.session.scalars(select(Task.inspection_type))) == {"existing"}
