"""Time that is known only between two ends, and who was responsible then (sync.md §4, §6; domain.md §4.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from checkpoints.models import Checkpoint, CheckpointAssignment, CheckpointLocation, CheckpointPlate
from inspection_api.accounts import service as accounts
from inspection_api.inspections.models import Inspection
from tests.sync.operations import bind
from tests.sync.phone import LAT, LON, Phone, Street, fix

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock

AN_HOUR = timedelta(hours=1)


@pytest.fixture
def unsure(phone: Phone, clock: Clock) -> dict[str, Any]:
    """A stamp of a browser page, which has no boot: somewhere in the two hours since the handshake."""
    stamp = {"wall": (clock.now + AN_HOUR).isoformat()}
    clock.advance(hours=2)
    return stamp


def visit_at(phone: Phone, point: UUID, stamp: dict[str, Any]) -> dict[str, Any]:
    payload = phone.visit(point)
    payload["scan"]["at"] = stamp
    return {**phone.operation("inspection.submit", uuid4(), payload), "captured": stamp}


@pytest.mark.parametrize(
    ("hours_ago", "codes"),
    [(3, ["qr_revoked"]), (1.5, ["time_bounded"]), (0.5, ["time_bounded"]), (-1, [])],
)
def test_a_plate_that_ended_within_the_bound_is_judged_by_a_person(
    phone: Phone, street: Street, world: World, clock: Clock, unsure: dict[str, Any], hours_ago: float, codes: list[str]
) -> None:
    point = street.add()
    with world.transaction() as ctx:
        ended = clock.now - timedelta(hours=hours_ago)
        ctx.session.execute(update(CheckpointPlate).values(revoked_at=ended))
    (result,) = phone.push(visit_at(phone, point, unsure))
    assert result.get("codes", []) == codes


def move(world: World, point: UUID, at: Any, bound_by: UUID) -> None:
    """Give the checkpoint its second place, a few metres on, from ``at``."""
    with world.transaction() as ctx:
        ctx.session.execute(
            update(CheckpointLocation)
            .where(CheckpointLocation.checkpoint_id == point)
            .values(status="superseded", valid_to=at)
        )
        ctx.session.add(
            CheckpointLocation(
                checkpoint_id=point,
                generation=2,
                lon=LON,
                lat=LAT,
                status="confirmed",
                bound_by=bound_by,
                bound_at=at,
                fixes=[],
                valid_from=at,
            )
        )


@pytest.mark.parametrize(("hours_ago", "codes"), [(3, []), (1.5, ["time_bounded"]), (0.5, ["time_bounded"]), (-1, [])])
def test_a_place_that_moved_within_the_bound_is_judged_by_a_person(
    phone: Phone, street: Street, world: World, clock: Clock, unsure: dict[str, Any], hours_ago: float, codes: list[str]
) -> None:
    point = street.add()
    move(world, point, clock.now - timedelta(hours=hours_ago), world.people["officer"])
    (result,) = phone.push(visit_at(phone, point, unsure))
    assert result.get("codes", []) == codes


def test_ones_own_first_binding_leaves_no_doubt_about_the_place(
    phone: Phone, street: Street, unsure: dict[str, Any]
) -> None:
    point = street.add(bound=False)
    payload = {"qr": street.plate(point), "fixes": [fix(1), fix(2), fix(3)], "photo": phone.photo("plate")}
    binding = {**phone.operation("checkpoint.bind", point, payload), "captured": unsure}
    results = phone.push(binding, visit_at(phone, point, unsure))
    assert [result["status"] for result in results] == ["applied", "extra"]


def test_a_place_that_somebody_else_bound_within_the_bound_is_judged_by_a_person(
    phone: Phone, street: Street, world: World, clock: Clock, unsure: dict[str, Any]
) -> None:
    point = street.add(bound=False)
    move(world, point, clock.now - timedelta(minutes=50), world.people["colleague"])
    (result,) = phone.push(visit_at(phone, point, unsure))
    assert set(result["codes"]) == {"time_bounded"}


def test_a_place_that_was_bound_only_at_the_end_of_the_bound_is_unknown_at_the_best_guess(
    phone: Phone, street: Street, world: World, clock: Clock, unsure: dict[str, Any]
) -> None:
    point = street.add(bound=False)
    early = {"wall": (clock.now - 2 * AN_HOUR).isoformat()}
    move(world, point, clock.now - timedelta(minutes=1), world.people["officer"])
    (result,) = phone.push(visit_at(phone, point, early))
    assert set(result["codes"]) == {"not_bound", "time_bounded"}


def reassign(world: World, point: UUID, at: Any, former: str = "officer", latter: str = "colleague") -> None:
    """Let another officer be responsible from ``at``, as `checkpoints.assign` does."""
    ids = world.people
    with world.transaction() as ctx:
        ctx.session.execute(
            update(CheckpointAssignment).where(CheckpointAssignment.checkpoint_id == point).values(valid_to=at)
        )
        ctx.session.add(CheckpointAssignment(checkpoint_id=point, officer_id=ids[latter], valid_from=at))
        accounts.revoke(ctx, [(ids[former], "checkpoint", point)])
        accounts.grant(ctx, [(ids[latter], "checkpoint", point)])


@pytest.mark.parametrize(
    ("hours_ago", "codes", "flags"),
    [(3, ["not_assigned"], []), (1, ["time_bounded"], []), (-1, [], [])],
)
def test_a_reassignment_within_the_bound_is_judged_by_a_person(
    phone: Phone,
    street: Street,
    world: World,
    clock: Clock,
    unsure: dict[str, Any],
    hours_ago: float,
    codes: list[str],
    flags: list[str],
) -> None:
    point = street.add()
    reassign(world, point, clock.now - timedelta(hours=hours_ago))
    (result,) = phone.push(visit_at(phone, point, unsure))
    assert (result.get("codes", []), result.get("flags", [])) == (codes, flags)


def test_what_was_captured_before_the_reassignment_counts_for_its_performer(
    phone: Phone, street: Street, world: World, clock: Clock
) -> None:
    point = street.add()
    early = phone.submit(point)
    clock.advance(hours=2)
    reassign(world, point, clock.now - AN_HOUR)
    (result,) = phone.push(early)
    assert (result["status"], result["flags"]) == ("extra", ["late"])
    with world.transaction() as ctx:
        record = ctx.session.scalars(select(Inspection)).one()
        assert record.officer_id == world.people["officer"]


@pytest.mark.parametrize(("hours_ago", "codes"), [(1, []), (3, ["not_assigned"])])
def test_a_binding_is_authorised_at_its_capture(
    phone: Phone, street: Street, world: World, clock: Clock, hours_ago: float, codes: list[str]
) -> None:
    point = street.add(bound=False)
    early = bind(phone, street, point)
    clock.advance(hours=2)
    reassign(world, point, clock.now - hours_ago * AN_HOUR)
    (result,) = phone.push(early)
    assert result.get("codes", []) == codes
    with world.transaction() as ctx:
        place = ctx.session.scalars(
            select(CheckpointLocation.status).where(CheckpointLocation.checkpoint_id == point)
        ).all()
    assert place == ([] if codes else ["confirmed"])


def test_a_binding_that_may_lie_behind_the_reassignment_waits_for_a_manager(
    phone: Phone, street: Street, world: World, clock: Clock, unsure: dict[str, Any]
) -> None:
    point = street.add(bound=False)
    reassign(world, point, clock.now - AN_HOUR)
    (result,) = phone.push({**bind(phone, street, point), "captured": unsure})
    assert set(result["codes"]) == {"time_bounded", "binding_pending"}


def test_whose_a_checkpoint_never_was_binds_nothing(phone: Phone, street: Street, world: World) -> None:
    (result,) = phone.push(bind(phone, street, street.add("foreign_officer", "foreign", bound=False)))
    assert (result["status"], result["code"]) == ("rejected", "forbidden_or_unknown")


def test_the_new_officer_is_not_responsible_for_what_he_did_before_the_reassignment(
    client: FlaskClient, street: Street, world: World, clock: Clock
) -> None:
    point = street.add("colleague")
    phone = Phone(client, world, street)
    phone.shake_hands()
    early = phone.submit(point)
    clock.advance(hours=2)
    reassign(world, point, clock.now - AN_HOUR, former="colleague", latter="officer")
    late = {**phone.visit(point)}
    phone.mono_ms += 2 * 3_600_000
    late["scan"]["at"] = phone.stamp(5)
    results = phone.push(early, {**phone.operation("inspection.submit", uuid4(), late), "captured": phone.stamp()})
    assert (results[0]["status"], results[0]["code"]) == ("quarantined", "not_assigned")
    assert "not_assigned" not in results[1].get("codes", [])
    assert "late" not in results[1].get("flags", [])


def test_a_managers_reach_does_not_depend_on_any_assignment(
    client: FlaskClient, world: World, street: Street, clock: Clock
) -> None:
    manager = Phone(client, world, street, username="manager")
    manager.shake_hands()
    visit = manager.submit(street.add())
    (result,) = manager.push(visit)
    assert (result["status"], result.get("flags", [])) == ("extra", [])


def test_a_binding_that_may_lie_before_the_last_reset_waits_for_a_manager(
    phone: Phone, street: Street, world: World, clock: Clock, unsure: dict[str, Any]
) -> None:
    point = street.add()
    later = {"wall": clock.now.isoformat()}
    clock.advance(hours=1)
    reset = {"reason": "仓库搬迁到新址，需要重新绑定"}
    headers = world.headers("branch_manager")
    assert phone.client.post(f"/api/v1/checkpoints/{point}/reset", json=reset, headers=headers).status_code == 200
    clock.advance(hours=1)
    phone.headers = world.headers("officer")
    payload = {"qr": street.plate(point), "fixes": [fix(1), fix(2), fix(3)], "photo": phone.photo("plate")}
    (result,) = phone.push({**phone.operation("checkpoint.bind", point, payload), "captured": later})
    assert (result["status"], set(result["codes"])) == ("quarantined", {"time_bounded", "binding_pending"})
    with world.transaction() as ctx:
        assert ctx.session.get(Checkpoint, point).state == "pending_confirm"
        waiting = select(CheckpointLocation.reasons).where(CheckpointLocation.status == "provisional")
        assert ctx.session.scalars(waiting).one() == ["time_bounded"]
