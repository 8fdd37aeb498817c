"""What becomes of tasks whose visit is voided (domain.md §0, Inspection)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from checkpoints import service as checkpoints
from inspection_api.tasks import service
from inspection_api.tasks.models import Visit as VisitRow
from tests.portfolio import Portfolio
from tests.tasks.test_campaigns import made
from tests.tasks.test_leaving import leave, move
from tests.tasks.test_service import close, visit

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from inspection_api.tasks.rules import Visit
    from tests.factories import World
    from tests.fixtures import Clock

NEW_YEAR, SPAN = date(2026, 1, 1), 100


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


@pytest.fixture
def point(portfolio: Portfolio) -> UUID:
    return portfolio.add_checkpoint()


def void(portfolio: Portfolio, done: Visit) -> None:
    where = {"checkpoint_id": done.checkpoint_id, "inspection_id": done.inspection_id}
    with portfolio.world.transaction() as ctx:
        service.forget_visit(ctx, service.lock_concerned(ctx, **where), **where)


def first(portfolio: Portfolio, point: UUID) -> tuple[str, str | None, Any, Any]:
    task = portfolio.tasks(point)[0]
    return task.state, task.reason, task.closed_by, task.performed_on


def test_a_task_waits_again_while_its_period_runs(portfolio: Portfolio, point: UUID) -> None:
    portfolio.create_rule()
    portfolio.generate()
    done = visit(point, "2026-03-09")
    close(portfolio, done)
    void(portfolio, done)
    assert first(portfolio, point) == ("pending", None, None, None)
    with portfolio.world.transaction() as ctx:
        assert ctx.session.scalars(select(VisitRow)).all() == []
    void(portfolio, done)
    close(portfolio, visit(point, "2026-03-10"))
    assert first(portfolio, point)[0] == "done"


def test_it_is_missed_once_nobody_can_do_it(portfolio: Portfolio, point: UUID, clock: Clock) -> None:
    portfolio.create_rule()
    portfolio.generate()
    done = visit(point, "2026-03-09")
    close(portfolio, done)
    clock.now = datetime(2026, 4, 1, 2, tzinfo=UTC)
    void(portfolio, done)
    assert first(portfolio, point) == ("missed", None, None, None)


def test_the_earliest_accepted_of_the_others_takes_its_place(portfolio: Portfolio, point: UUID, clock: Clock) -> None:
    portfolio.create_rule()
    portfolio.generate()
    visits = [visit(point, day) for day in ("2026-03-02", "2026-03-09", "2026-03-05")]
    for each in visits:
        close(portfolio, each)
        clock.advance(hours=1)
    void(portfolio, visits[0])
    assert first(portfolio, point) == ("done", None, visits[1].inspection_id, date(2026, 3, 9))
    void(portfolio, visits[1])
    void(portfolio, visits[2])
    assert first(portfolio, point)[0] == "pending"


def test_a_visit_that_came_too_soon_after_it_is_right_now(portfolio: Portfolio, point: UUID, clock: Clock) -> None:
    portfolio.create_rule(unit="week", min_gap_days=5, history_valid=0)
    portfolio.generate()
    clock.advance(days=9)
    portfolio.generate()
    sunday, monday = visit(point, "2026-03-15"), visit(point, "2026-03-16")
    assert [each.flags for each in close(portfolio, sunday, monday)] == [(), ("min_gap",)]
    void(portfolio, sunday)
    told = {task.period_start.isoformat(): task.state for task in portfolio.tasks(point)}
    assert (told["2026-03-09"], told["2026-03-16"]) == ("missed", "done")


def test_what_a_credit_spared_has_to_be_done(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint(effective_from=date(2026, 3, 1))
    portfolio.create_rule()
    older, newer = visit(point, "2026-02-10"), visit(point, "2026-02-20")
    close(portfolio, older)
    close(portfolio, newer)
    portfolio.generate()
    assert first(portfolio, point)[:3] == ("exempt", "history", older.inspection_id)
    void(portfolio, older)
    assert first(portfolio, point)[:3] == ("exempt", "history", newer.inspection_id)
    void(portfolio, newer)
    assert first(portfolio, point)[:3] == ("pending", None, None)


@pytest.mark.parametrize(("left_on", "state"), [("2026-03-10", "cancelled"), ("2026-04-10", "pending")])
def test_what_has_left_meanwhile_is_not_owed(portfolio: Portfolio, point: UUID, left_on: str, state: str) -> None:
    portfolio.create_rule()
    portfolio.generate()
    done = visit(point, "2026-03-09")
    close(portfolio, done)
    leave(portfolio, point, left_on)
    void(portfolio, done)
    assert first(portfolio, point)[0] == state


def test_it_follows_its_point_into_the_other_organisation(portfolio: Portfolio, point: UUID) -> None:
    portfolio.create_rule()
    portfolio.generate()
    done = visit(point, "2026-03-09")
    close(portfolio, done)
    move(portfolio, point, "sibling")
    assert portfolio.tasks(point)[0].organisation_id == portfolio.world.organisations["sub_branch"]
    void(portfolio, done)
    task = portfolio.tasks(point)[0]
    assert (task.state, task.organisation_id) == ("pending", portfolio.world.organisations["sibling"])


def test_a_cancelled_campaign_asks_for_nothing_again(client: FlaskClient, portfolio: Portfolio, point: UUID) -> None:
    campaign_id = made(client, portfolio)
    done = visit(point, "2026-03-10")
    assert close(portfolio, done)[0].state == "done"
    with portfolio.world.transaction("province_manager") as ctx:
        service.cancel_campaign(ctx, UUID(campaign_id), reason="不再需要")
    void(portfolio, done)
    assert first(portfolio, point)[:2] == ("cancelled", "campaign_cancelled")


def test_a_campaign_asks_nothing_of_a_point_that_has_left(
    client: FlaskClient, portfolio: Portfolio, point: UUID
) -> None:
    made(client, portfolio)
    done = visit(point, "2026-03-10")
    close(portfolio, done)
    with portfolio.world.transaction("manager") as ctx:
        proposed = checkpoints.propose_exit(
            ctx, point, exit_type="settled", reason="贷款已结清", effective_on=date(2026, 3, 10)
        )
    with portfolio.world.transaction("branch_manager") as ctx:
        checkpoints.approve_exit(ctx, proposed.id)
    assert first(portfolio, point)[0] == "done"
    void(portfolio, done)
    assert first(portfolio, point)[:2] == ("cancelled", "exit")


DAYS = st.lists(st.tuples(st.integers(0, SPAN), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(days=DAYS, unit=st.sampled_from(["week", "month"]), history=st.integers(0, 2), joined=st.integers(0, 40))
def test_after_voids_it_is_as_if_those_visits_had_never_been(
    portfolio: Portfolio, clock: Clock, days: list[tuple[int, bool]], unit: str, history: int, joined: int
) -> None:
    begin = clock.now
    with portfolio.world.database.connection.begin_nested() as place:  # type: ignore[attr-defined] # the tests' own
        portfolio.create_rule(unit=unit, history_valid=history, history_unit="month")
        points = [portfolio.add_checkpoint(effective_from=NEW_YEAR + timedelta(days=joined)) for _ in range(2)]
        portfolio.generate()
        clock.now = datetime(2026, 1, 1, 2, tzinfo=UTC) + timedelta(days=SPAN)
        portfolio.generate()
        voided, spared = _played(portfolio, clock, points, days)
        place.rollback()
    clock.now = begin
    assert voided == spared


def _played(portfolio: Portfolio, clock: Clock, points: list[UUID], days: list[tuple[int, bool]]) -> Any:
    """Let one point have all the visits and void some; let the other have the rest. Return what became of both."""
    gone = []
    for offset, is_voided in days:
        clock.advance(minutes=1)
        day = (NEW_YEAR + timedelta(days=offset)).isoformat()
        done = visit(points[0], day)
        close(portfolio, done, *([] if is_voided else [visit(points[1], day)]))
        gone += [done] if is_voided else []
    for each in gone:
        void(portfolio, each)
    clock.advance(days=60)
    with portfolio.world.transaction() as ctx:
        service.sweep(ctx)
    return [[(task.period_start, task.state) for task in portfolio.tasks(point)] for point in points]
