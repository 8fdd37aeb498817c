"""Bindings, rivals and scans on the database: what is written, and at which cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select

from checkpoints import queries as checkpoint_queries
from checkpoints import service
from checkpoints.coordinates import Point
from checkpoints.models import Checkpoint, CheckpointLocation, CheckpointPlate, CheckpointReset
from checkpoints.rules.binding import Location, LocationStatus, Rivalry
from checkpoints.service import NewBinding
from inspection_api.accounts import service as accounts
from inspection_api.core.permissions import Action, Permission
from tests.factories import recorded
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.factories import World

HOME = Point(114.5149, 38.0428)
NOON = datetime(2026, 3, 10, 1, tzinfo=UTC)
PERFORM = Permission(Action.ONSITE, "perform")


@pytest.fixture
def portfolio(world: World) -> Portfolio:
    return Portfolio(world)


def binding(portfolio: Portfolio, checkpoint_id: UUID, **changes: Any) -> NewBinding:
    rivalry = changes.pop("rivalry", None)
    values: dict[str, Any] = {
        "id": uuid4(),
        "checkpoint_id": checkpoint_id,
        "generation": 1,
        "point": HOME,
        "status": LocationStatus.CONFIRMED,
        "bound_by": portfolio.world.people["officer"],
        "bound_at": NOON,
        **changes,
    }
    values.setdefault("valid_from", values["bound_at"])
    return NewBinding(
        location=Location(**values), device_id=None, reasons=[], fixes=[], photo_media_id=None, rivalry=rivalry
    )


def standing(portfolio: Portfolio, checkpoint_id: UUID) -> tuple[str, float | None, int]:
    with portfolio.world.transaction() as ctx:
        row = ctx.session.get_one(Checkpoint, checkpoint_id)
        return row.state, row.location_lon, row.location_generation


def places(portfolio: Portfolio, checkpoint_id: UUID) -> list[tuple[str, list[str]]]:
    statement = select(CheckpointLocation).where(CheckpointLocation.checkpoint_id == checkpoint_id)
    with portfolio.world.transaction() as ctx:
        return [
            (row.status, row.reasons) for row in ctx.session.scalars(statement.order_by(CheckpointLocation.bound_at))
        ]


def test_a_confirmed_binding_makes_the_checkpoint_active(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint(state="unbound")
    with portfolio.world.transaction() as ctx:
        service.apply_bindings(ctx, [binding(portfolio, point)])
        assert recorded(ctx, "checkpoint.bound")[0]["status"] == "confirmed"
    assert standing(portfolio, point) == ("active", HOME.lon, 1)


def test_a_provisional_binding_waits_for_a_manager(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint(state="unbound")
    with portfolio.world.transaction() as ctx:
        service.apply_bindings(ctx, [binding(portfolio, point, status=LocationStatus.PROVISIONAL)])
    assert standing(portfolio, point) == ("pending_confirm", HOME.lon, 1)


@pytest.mark.parametrize(
    ("rivalry", "offset_min", "lon"), [(Rivalry.TAKES_OVER, -5, 114.6), (Rivalry.STANDS_BESIDE, 5, HOME.lon)]
)
def test_two_rivals_both_wait_and_the_earlier_stands(
    portfolio: Portfolio, rivalry: Rivalry, offset_min: int, lon: float
) -> None:
    point = portfolio.add_checkpoint(state="unbound")
    with portfolio.world.transaction() as ctx:
        service.apply_bindings(ctx, [binding(portfolio, point)])
    rival = binding(
        portfolio,
        point,
        point=Point(114.6, 38.0),
        status=LocationStatus.PROVISIONAL,
        bound_at=NOON + timedelta(minutes=offset_min),
        rivalry=rivalry,
    )
    with portfolio.world.transaction() as ctx:
        service.apply_bindings(ctx, [rival])
    assert standing(portfolio, point) == ("pending_confirm", lon, 1)
    assert places(portfolio, point) == [("provisional", ["rival"])] * 2


def test_a_binding_that_came_too_late_is_kept_and_judges_nothing(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint(state="unbound")
    late = binding(
        portfolio,
        point,
        status=LocationStatus.SUPERSEDED,
        rivalry=Rivalry.TOO_LATE,
        bound_at=NOON - timedelta(minutes=9),
        point=Point(114.6, 38.0),
    )
    with portfolio.world.transaction() as ctx:
        service.apply_bindings(ctx, [binding(portfolio, point), late])
    assert standing(portfolio, point) == ("active", HOME.lon, 1)
    with portfolio.world.transaction() as ctx:
        facts = checkpoint_queries.facts_of(ctx, [point], PERFORM)
    ends = {place.status: place.valid_to for place in facts.locations[point]}
    assert ends == {LocationStatus.CONFIRMED: None, LocationStatus.SUPERSEDED: NOON - timedelta(minutes=9)}


def test_many_bindings_cost_what_one_costs(portfolio: Portfolio, queries: Callable[[], list[str]]) -> None:
    points = [portfolio.add_checkpoint(state="unbound") for _ in range(4)]
    counts = []
    for some in (points[:1], points[1:]):
        with portfolio.world.transaction() as ctx:
            seen = queries()
            service.apply_bindings(ctx, [binding(portfolio, point) for point in some])
            counts.append(len(seen))
    assert counts[0] == counts[1] <= 3


def issue(portfolio: Portfolio, checkpoint_id: UUID, generation: int, **values: Any) -> None:
    with portfolio.world.transaction() as ctx:
        ctx.session.execute(
            insert(CheckpointPlate).values(
                checkpoint_id=checkpoint_id, generation=generation, issued_at=NOON - timedelta(days=2), **values
            )
        )


def test_the_first_scan_of_a_new_plate_ends_the_old_one(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint()
    issue(portfolio, point, 1, revoked_at=NOON + timedelta(days=28))
    issue(portfolio, point, 2)
    for generation in (1, 2, 2):
        with portfolio.world.transaction() as ctx:
            service.note_scans(ctx, [(point, generation), (point, generation)])
            now = ctx.now
    with portfolio.world.transaction() as ctx:
        old, new = sorted(
            checkpoint_queries.facts_of(ctx, [point], PERFORM).plates[point], key=lambda each: each.generation
        )
    assert (old.revoked_at, new.revoked_at, new.first_scanned_at) == (now, None, now)


def test_facts_name_what_the_officer_reaches_in_one_query_or_two_with_a_lock(
    portfolio: Portfolio, queries: Callable[[], list[str]]
) -> None:
    mine, foreign = portfolio.add_checkpoint(), portfolio.add_checkpoint("foreign")
    with portfolio.world.transaction() as ctx:
        accounts.grant(ctx, [(portfolio.world.people["officer"], "checkpoint", mine)])
    with portfolio.world.transaction("officer") as ctx:
        seen = queries()
        assert checkpoint_queries.facts_of(ctx, [mine, foreign, uuid4()], PERFORM).reachable == {mine}
        assert len(seen) == 1
        found = checkpoint_queries.facts_of(ctx, [mine, foreign, uuid4()], PERFORM, bound=[mine])
        assert len(seen) == 3
    assert set(found.checkpoints) == {mine, foreign}
    assert found.reachable == found.bindable == {mine}
    assert found.checkpoints[mine].location_generation == 1


def test_the_resetter_may_not_bind_next(portfolio: Portfolio) -> None:
    point = portfolio.add_checkpoint(state="unbound", location_generation=2)
    with portfolio.world.transaction("manager") as ctx:
        ctx.session.add(
            CheckpointReset(checkpoint_id=point, generation=2, reason="搬迁", reset_by=ctx.user_id, reset_at=ctx.now)
        )
    for user, bindable in (("manager", set()), ("second_manager", {point})):
        with portfolio.world.transaction(user) as ctx:
            assert checkpoint_queries.facts_of(ctx, [point], PERFORM).bindable == bindable


def test_neighbours_of_many_points_come_in_one_query(portfolio: Portfolio, queries: Callable[[], list[str]]) -> None:
    portfolio.add_checkpoint(location_lon=HOME.lon, location_lat=HOME.lat + 0.0005)
    portfolio.add_checkpoint(location_lon=HOME.lon, location_lat=HOME.lat + 0.005)
    with portfolio.world.transaction() as ctx:
        seen = queries()
        near = checkpoint_queries.neighbours_of(ctx.session, [HOME, HOME, Point(110.0, 30.0)])
        assert len(seen) == 1
    assert [place.point.lat for place in near] == [HOME.lat + 0.0005]
