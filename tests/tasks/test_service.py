"""Tasks on the database: generated once, assigned, closed, exempted, missed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Barrier
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from checkpoints.models import Checkpoint, CheckpointLoan
from inspection_api.accounts.models import AccessGrant, RoleAssignment
from inspection_api.core.periods import Period
from inspection_api.loans.models import Loan
from inspection_api.plans.models import InspectionRule, Plan, PlanMembership
from inspection_api.tasks import queries as reads
from inspection_api.tasks import service
from inspection_api.tasks.models import Task
from inspection_api.tasks.models import Visit as VisitRow
from inspection_api.tasks.rules import Closing, State, Visit
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def periods(portfolio: Portfolio, point: UUID | None = None) -> list[str]:
    return [task.period_start.isoformat() for task in portfolio.tasks(point)]


def visit(point: UUID, day: str, **changes: Any) -> Visit:
    values: dict[str, Any] = {
        "inspection_id": uuid4(),
        "checkpoint_id": point,
        "performed_on": date.fromisoformat(day),
        "template_family": "plain_paper",
        "channel": "onsite",
    }
    return Visit(**{**values, **changes})


def close(portfolio: Portfolio, *visits: Visit) -> list[Closing]:
    with portfolio.world.transaction() as ctx:
        return service.close(ctx, visits)


def test_a_run_makes_the_running_and_the_next_month(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    rule = portfolio.create_rule()
    made = portfolio.generate()
    assert (made.created, made.complete) == (2, True)
    march, april = portfolio.tasks()
    assert (march.period_start, march.period_end) == (date(2026, 3, 1), date(2026, 3, 31))
    assert (march.due_on, march.window_end_on) == (date(2026, 3, 31), date(2026, 3, 31))
    assert (april.period_start, april.credit_from) == (date(2026, 4, 1), None)
    assert (march.state, march.kind, march.rule_version) == ("pending", "regular", 1)
    assert (march.checkpoint_id, march.rule_id) == (point, rule.id)
    assert march.organisation_id == portfolio.world.organisations["sub_branch"]
    assert march.template_version_id == portfolio.version_id
    assert march.credit_from == date(2026, 2, 1)


@pytest.mark.parametrize(("first_rule", "first"), [("current", "2026-03-01"), ("next", "2026-04-01")])
def test_a_newcomer_starts_by_the_first_visit_rule(portfolio: Portfolio, first_rule: str, first: str) -> None:
    portfolio.create_rule(first_rule=first_rule)
    portfolio.add_checkpoint(effective_from=date(2026, 3, 10))
    portfolio.generate()
    assert periods(portfolio)[0] == first


def test_running_again_changes_nothing(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    before = [task.id for task in portfolio.tasks()]
    assert portfolio.generate().created == 0
    assert [task.id for task in portfolio.tasks()] == before


def test_ten_weeks_of_downtime_lose_no_period(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    assert portfolio.generate(date(2026, 5, 20)).created == 2
    assert periods(portfolio) == ["2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"]


def test_a_run_may_stop_and_go_on_in_the_next_transaction(portfolio: Portfolio) -> None:
    for _ in range(3):
        portfolio.add_checkpoint()
    portfolio.create_rule()
    results = [portfolio.generate(at_most=4) for _ in range(3)]
    assert [(made.created, made.complete) for made in results] == [(4, False), (2, True), (0, True)]
    assert len(portfolio.tasks()) == 6


def test_a_new_points_tasks_come_with_the_next_run_and_the_old_ones_stay(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    portfolio.add_checkpoint(effective_from=date(2026, 3, 10))
    assert portfolio.generate().created == 2


def test_an_inactive_plan_and_an_ended_stay_make_nothing(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule()
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(update(PlanMembership).values(left_on=date(2026, 3, 20), left_reason="removed"))
    assert portfolio.generate().created == 0
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(update(PlanMembership).values(left_on=None, left_reason=None))
        ctx.session.execute(update(Plan).values(active=False))
    assert portfolio.generate().created == 0


def test_an_archived_point_gets_no_task(portfolio: Portfolio) -> None:
    portfolio.create_rule()
    portfolio.add_checkpoint(archived_at=datetime(2026, 3, 9, tzinfo=UTC))
    point = portfolio.add_checkpoint()
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(
            update(Checkpoint).where(Checkpoint.id == point).values(archived_at=datetime(2026, 3, 10, tzinfo=UTC))
        )
    assert portfolio.generate().created == 0


def test_a_point_in_two_plans_of_one_rule_has_one_open_task_per_period(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    with portfolio.world.transaction() as ctx:
        stay = ctx.session.scalars(select(PlanMembership)).one()
        other = ctx.session.scalars(select(Plan).where(Plan.id != stay.plan_id).limit(1)).one()
        twin = {"plan_id": other.id, "source": "manual", "joined_on": stay.joined_on, "recorded_on": stay.recorded_on}
        ctx.session.add(PlanMembership(checkpoint_id=point, **twin))
    assert portfolio.generate().created == 2
    assert portfolio.generate(at_most=1) == service.Generated(created=0, complete=True)


def held_by(portfolio: Portfolio, user: str) -> set[UUID]:
    person = portfolio.world.people[user]
    granted = select(AccessGrant.entity_id).where(AccessGrant.user_id == person, AccessGrant.entity == "task")
    with portfolio.world.transaction() as ctx:
        return set(ctx.session.scalars(granted))


@pytest.mark.parametrize(("former", "officer"), [("officer", "colleague"), (None, "officer"), ("officer", None)])
def test_open_tasks_follow_the_point_to_its_new_officer(
    portfolio: Portfolio, former: str | None, officer: str | None
) -> None:
    people = {None: None, **portfolio.world.people}
    point = portfolio.add_checkpoint(officer=former)
    portfolio.create_rule()
    portfolio.generate()
    close(portfolio, visit(point, "2026-03-10"))
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).where(Checkpoint.id == point).values(officer_id=people[officer]))
        ctx.record("checkpoint.assigned", checkpoint_id=str(point))
    march, april = portfolio.tasks()
    assert (march.officer_id, april.officer_id) == (people[former], people[officer])
    for user, held in ((former, {march.id}), (officer, {april.id})):
        assert user is None or held_by(portfolio, user) == held


def test_the_points_officer_gets_the_task_and_a_grant_on_it(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.add_checkpoint(officer=None)
    portfolio.create_rule()
    portfolio.generate()
    officer = portfolio.world.people["officer"]
    held = held_by(portfolio, "officer")
    assert held == {task.id for task in portfolio.tasks() if task.officer_id == officer}
    assert len(held) == 2


def test_a_run_takes_the_same_queries_for_any_number_of_points(
    portfolio: Portfolio, queries: Callable[[], list[str]]
) -> None:
    portfolio.create_rule("branch")
    counts = []
    for more in (1, 20):
        for _ in range(more):
            portfolio.add_checkpoint()
        seen = queries()
        assert portfolio.generate().created == 2 * more
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 13


def test_a_visit_in_the_window_completes_its_task(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    done = visit(point, "2026-03-10")
    with portfolio.world.transaction() as ctx:
        [closing] = service.close(ctx, [done])
        assert [event.kind for event in ctx.pending] == ["task.closed"]
    march, april = portfolio.tasks()
    assert (closing.task_id, closing.state, closing.is_extra) == (march.id, State.DONE, False)
    assert (march.state, march.closed_by, march.performed_on) == ("done", done.inspection_id, date(2026, 3, 10))
    assert march.version == 2
    assert april.state == "pending"
    with portfolio.world.transaction() as ctx:
        row = ctx.session.scalars(select(VisitRow)).one()
    assert (row.inspection_id, row.task_id, row.counted) == (done.inspection_id, march.id, True)


def test_the_second_visit_of_a_month_is_extra_and_written_down(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    first, second = close(portfolio, visit(point, "2026-03-10"), visit(point, "2026-03-11"))
    third = close(portfolio, visit(point, "2026-03-12"))[0]
    assert (first.is_extra, second.is_extra, third.is_extra) == (False, True, True)
    assert second.flags == third.flags == ("task_done",)
    with portfolio.world.transaction() as ctx:
        assert sorted(ctx.session.scalars(select(VisitRow.counted))) == [False, False, True]


def test_closing_takes_the_same_queries_for_any_number_of_visits(
    portfolio: Portfolio, queries: Callable[[], list[str]]
) -> None:
    points = [portfolio.add_checkpoint() for _ in range(6)]
    portfolio.create_rule()
    portfolio.generate()
    counts = []
    for batch in (points[:1], points[1:]):
        seen = queries()
        close(portfolio, *(visit(point, "2026-03-10") for point in batch))
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert close(portfolio) == []


def test_an_earlier_visit_exempts_the_first_task_when_it_is_generated(portfolio: Portfolio) -> None:
    portfolio.create_rule(first_rule="next")
    point = portfolio.add_checkpoint(effective_from=date(2026, 3, 5))
    early = visit(point, "2026-03-09")
    assert close(portfolio, visit(point, "2026-02-27"), early)[1].task_id is None
    portfolio.generate(date(2026, 4, 2))
    april, may = portfolio.tasks()
    assert (april.state, april.reason, april.closed_by) == ("exempt", "history", early.inspection_id)
    assert may.state == "pending"
    with portfolio.world.transaction() as ctx:
        credited = ctx.session.scalars(select(VisitRow).where(VisitRow.inspection_id == early.inspection_id)).one()
    assert (credited.task_id, credited.counted) == (april.id, True)


def test_a_visit_accepted_while_the_first_task_is_open_exempts_it(portfolio: Portfolio) -> None:
    portfolio.create_rule(first_rule="next")
    point = portfolio.add_checkpoint(effective_from=date(2026, 3, 5))
    portfolio.generate()
    early = visit(point, "2026-03-09")
    assert close(portfolio, early)[0].is_extra
    task = portfolio.tasks()[0]
    assert (task.state, task.reason, task.closed_by) == ("exempt", "history", early.inspection_id)


def test_a_rule_without_credit_exempts_nothing(portfolio: Portfolio) -> None:
    portfolio.create_rule(first_rule="next", history_valid=0)
    point = portfolio.add_checkpoint(effective_from=date(2026, 3, 5))
    close(portfolio, visit(point, "2026-03-09"))
    portfolio.generate()
    assert portfolio.tasks()[0].state == "pending"


def test_a_minimum_gap_looks_at_the_visit_before(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule(min_gap_days=2)
    portfolio.generate()
    close(portfolio, visit(point, "2026-03-31"))
    assert close(portfolio, visit(point, "2026-04-01"))[0].flags == ("min_gap",)
    assert close(portfolio, visit(point, "2026-04-02"))[0].state is State.DONE


def test_a_task_is_missed_72_hours_after_its_window(portfolio: Portfolio, clock: Clock) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    clock.now = datetime(2026, 4, 3, 15, 59, 59, tzinfo=UTC)
    with portfolio.world.transaction() as ctx:
        assert service.sweep(ctx) == 0
    clock.now = datetime(2026, 4, 3, 16, 0, tzinfo=UTC)
    with portfolio.world.transaction() as ctx:
        assert service.sweep(ctx) == 1
        assert service.sweep(ctx) == 0
        assert [event.kind for event in ctx.pending] == ["task.missed"]
    assert [task.state for task in portfolio.tasks()] == ["missed", "pending"]
    assert close(portfolio, visit(point, "2026-03-31"))[0].state is State.DONE


def test_a_sweep_may_go_on_in_the_next_transaction(portfolio: Portfolio, clock: Clock) -> None:
    for _ in range(3):
        portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    clock.advance(days=30)
    swept = []
    for _ in range(3):
        with portfolio.world.transaction() as ctx:
            swept.append(service.sweep(ctx, at_most=2))
    assert swept == [2, 1, 0]


def test_a_draft_starts_a_pending_task_and_nothing_else(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    close(portfolio, visit(point, "2026-03-10"))
    task_ids = [task.id for task in portfolio.tasks()]
    with portfolio.world.transaction() as ctx:
        service.start(ctx, task_ids)
    assert [task.state for task in portfolio.tasks()] == ["done", "in_progress"]


def test_locking_finds_tasks_by_id_and_by_checkpoint_in_id_order(portfolio: Portfolio) -> None:
    point, other = portfolio.add_checkpoint(), portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    named = portfolio.tasks(other)[1]
    march = Period(start=date(2026, 3, 10), end=date(2026, 3, 10))
    with portfolio.world.transaction() as ctx:
        locked = reads.lock_tasks(ctx.session, days=march, checkpoint_ids=[point], task_ids=[named.id])
    assert [task.terms.id for task in locked] == sorted([portfolio.tasks(point)[0].id, named.id])
    task = next(task for task in locked if task.terms.id == named.id)
    assert task.terms.officer_id == portfolio.world.people["officer"]
    assert task.terms.template_family == "plain_paper"


def test_two_generators_at_once_make_every_task_once(committed_world: World) -> None:
    portfolio = Portfolio(committed_world)
    portfolio.add_checkpoint()
    portfolio.create_rule()
    together = Barrier(2)

    def run() -> int:
        with committed_world.transaction() as ctx:
            together.wait(timeout=10)
            return service.generate(ctx, date(2026, 3, 10)).created

    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(run) for _ in range(2)]
    assert sum(ran.result() for ran in runs) == 2
    assert len(portfolio.tasks()) == 2


@pytest.mark.parametrize(
    "change",
    [
        {"state": "overdue"},
        {"kind": "special"},
        {"period_end": date(2026, 2, 1)},
        {"state": "done"},
    ],
)
def test_the_schema_itself_refuses_a_broken_task(portfolio: Portfolio, change: dict[str, object]) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    with portfolio.world.transaction() as ctx, pytest.raises(IntegrityError), ctx.session.begin_nested():
        ctx.session.execute(update(Task).values(**change))


def test_the_schema_itself_refuses_a_second_task_of_one_period(portfolio: Portfolio) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.generate()
    task = portfolio.tasks()[0]
    same = {
        column.key: getattr(task, column.key)
        for column in Task.__table__.columns
        if column.key not in {"id", "version"}
    }
    with portfolio.world.transaction() as ctx:
        with pytest.raises(IntegrityError), ctx.session.begin_nested():
            ctx.session.execute(insert(Task).values(**same))
        stay = ctx.session.scalars(select(PlanMembership)).one()
        ctx.session.execute(update(PlanMembership).values(left_on=date(2026, 3, 1), left_reason="removed"))
        again = PlanMembership(
            plan_id=stay.plan_id, checkpoint_id=stay.checkpoint_id, joined_on=date(2026, 3, 2), source="auto",
            recorded_on=date(2026, 3, 2),
        )  # fmt: skip
        ctx.session.add(again)
        ctx.session.flush()
        with pytest.raises(IntegrityError), ctx.session.begin_nested():
            ctx.session.execute(insert(Task).values(**{**same, "episode_id": again.id}))


def test_the_schema_itself_refuses_a_second_visit_row_of_one_inspection(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    once = visit(point, "2026-03-10")
    close(portfolio, once)
    with portfolio.world.transaction() as ctx, pytest.raises(IntegrityError), ctx.session.begin_nested():
        service.close(ctx, [once])


def test_rules_leave_different_hours_for_late_phones(portfolio: Portfolio, clock: Clock) -> None:
    portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.create_rule(name="急", late_sync_hours=0)
    portfolio.generate()
    clock.now = datetime(2026, 3, 31, 16, 0, tzinfo=UTC)
    with portfolio.world.transaction() as ctx:
        assert service.sweep(ctx) == 1
        missed = ctx.session.scalars(
            select(InspectionRule.name).join(Task, Task.rule_id == InspectionRule.id).where(Task.state == "missed")
        ).one()
    assert missed == "急"


def test_one_visit_completes_a_task_of_each_rule_and_is_written_down_once(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    portfolio.create_rule()
    portfolio.create_rule(owner="branch", name="季度检查", interval=3, history_valid=0)
    portfolio.generate()
    march, quarter = (task for task in portfolio.tasks(point) if task.period_start <= date(2026, 3, 10))
    [closing] = close(portfolio, visit(point, "2026-03-09", task_id=march.id))
    assert (closing.task_id, set(closing.outcomes)) == (march.id, {march.id, quarter.id})
    closed = [task for task in portfolio.tasks(point) if task.state == "done"]
    assert {(task.id, task.closed_by) for task in closed} == {
        (march.id, closing.inspection_id),
        (quarter.id, closing.inspection_id),
    }
    with portfolio.world.transaction() as ctx:
        assert ctx.session.scalars(select(VisitRow.task_id)).all() == [march.id]


def test_an_earlier_visit_exempts_the_task_of_one_loan_only(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint(effective_from=date(2026, 2, 10))
    with portfolio.world.transaction() as ctx:
        customer_id = ctx.session.get_one(Checkpoint, point).customer_id
        for number in range(2):
            owed = Loan(
                contract_no=f"J{number}", customer_id=customer_id, amount=Decimal(1), disbursed_on=date(2026, 1, 1),
                matures_on=date(2030, 1, 1), five_class="normal",
            )  # fmt: skip
            ctx.session.add(owed)
            ctx.session.flush()
            ctx.session.add(CheckpointLoan(checkpoint_id=point, loan_id=owed.id))
    close(portfolio, visit(point, "2026-02-20"))
    portfolio.create_rule(start_on=date(2026, 3, 1), first_rule="next", per_loan=True)
    portfolio.generate()
    assert sorted(task.state for task in portfolio.tasks(point) if task.period_start == date(2026, 3, 1)) == [
        "exempt",
        "pending",
    ]


@pytest.mark.parametrize(
    ("user", "held", "state"),
    [
        ("officer", None, "pending"),
        (None, None, "pending"),
        ("branch_manager", None, "exempt"),  # whose the task is, whatever he was then
        ("foreign_branch_manager", None, "pending"),  # he has the role since March
        ("foreign_branch_manager", (date(2026, 2, 20), date(2026, 2, 20)), "exempt"),
        ("foreign_branch_manager", (date(2026, 2, 1), None), "exempt"),
        ("foreign_branch_manager", (date(2026, 2, 1), date(2026, 2, 19)), "pending"),
        ("foreign_branch_manager", (date(2026, 2, 21), None), "pending"),
    ],
)
def test_a_visit_before_a_rule_for_a_role_exempts_if_it_was_made_in_the_role(
    portfolio: Portfolio, user: str | None, held: tuple[date, date | None] | None, state: str
) -> None:
    point = portfolio.add_checkpoint(effective_from=date(2026, 2, 10))
    people = portfolio.world.people
    if held:
        of_another = RoleAssignment.user_id == people["foreign_branch_manager"]
        with portfolio.world.transaction() as ctx:
            ctx.session.execute(update(RoleAssignment).where(of_another).values(valid_from=held[0], valid_to=held[1]))
    close(portfolio, visit(point, "2026-02-20", officer_id=people[user] if user else None))
    portfolio.create_rule(start_on=date(2026, 3, 1), first_rule="next", performing_role="branch_manager")
    portfolio.generate()
    march, *later = portfolio.tasks(point)
    assert march.officer_id == people["branch_manager"]
    assert (march.state, {task.state for task in later}) == (state, {"pending"})
