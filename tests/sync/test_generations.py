"""A pulled checkpoint tells the plates and places that it has and had, and always as they stand (sync.md §5, Scope)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text

from checkpoints.models import Checkpoint, CheckpointLocation
from tests.sync.operations import bind
from tests.sync.phone import LAT, LON, Phone, Street, fix
from tests.sync.test_pull import mirror

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


class Holder:
    """A phone that pulls on from where it stood, and what a phone that begins anew would hold."""

    def __init__(self, phone: Phone, point: UUID) -> None:
        self.phone, self.point = phone, point
        self.key = ("checkpoint", str(point))
        page = phone.pull()
        self.cursor = page["cursor"]
        self.row = self._of(page)

    def _of(self, page: dict[str, Any]) -> dict[str, Any] | None:
        rows = [each for each in page["changes"] if (each.get("e"), each.get("id")) == self.key]
        return rows[-1] if rows else None

    def pull(self) -> dict[str, Any]:
        """Return the row as this phone holds it now; it is what a new one would hold."""
        page = self.phone.pull(self.cursor)
        self.cursor, self.row = page["cursor"], self._of(page) or self.row
        assert self.row == mirror(self.phone)[self.key]
        return dict((self.row or {})["d"])


def call(client: FlaskClient, world: World, path: str, user: str = "manager", **body: Any) -> None:
    answer = client.post(f"/api/v1/checkpoints/{path}", json=body or None, headers=world.headers(user))
    assert answer.status_code in {200, 201}, answer.json


def test_a_new_plate_tells_until_when_the_old_one_may_count_and_no_secret(
    phone: Phone, street: Street, world: World, client: FlaskClient, clock: Clock
) -> None:
    point = street.add()
    holder = Holder(phone, point)
    assert [each["generation"] for each in holder.pull()["plates"]] == [1]
    call(client, world, f"{point}/plates")
    old, new = holder.pull()["plates"]
    assert old.keys() == new.keys() == {"generation", "issued_at", "valid_until"}
    assert (old["generation"], old["valid_until"]) == (1, "2026-04-09T02:00:00+00:00")
    assert (new["generation"], new["issued_at"], new["valid_until"]) == (2, "2026-03-10T02:00:00+00:00", None)


def test_the_first_scan_of_a_new_plate_changes_nothing_that_was_told(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add()
    call(client, world, f"{point}/plates")
    holder = Holder(phone, point)
    before = holder.pull()
    visit = phone.visit(point)
    visit["scan"]["qr"] = street.plate(point, 2)
    phone.push(phone.operation("inspection.submit", point, visit))
    assert holder.pull() == before


def test_places_of_all_generations_are_told_with_the_time_in_which_they_judge(
    phone: Phone, street: Street, world: World, client: FlaskClient, clock: Clock
) -> None:
    point = street.add()
    holder = Holder(phone, point)
    clock.advance(hours=1)
    call(client, world, f"{point}/reset", reason="企业迁址")
    (first,) = holder.pull()["locations"]
    assert first == {
        "generation": 1,
        "lon": LON,
        "lat": LAT,
        "status": "superseded",
        "valid_from": "2026-01-01T00:00:00+00:00",
        "valid_to": "2026-03-10T03:00:00+00:00",
    }
    clock.advance(hours=1)
    phone.mono_ms += 2 * 3_600_000
    phone.push(bind(phone, street, point))
    told = holder.pull()["locations"]
    assert [(each["generation"], each["valid_to"]) for each in told] == [(1, first["valid_to"]), (2, None)]


@pytest.mark.parametrize(("step", "remaining"), [("confirm", 1), ("reject", 0)])
def test_the_decision_on_a_doubtful_place_is_told(
    phone: Phone, street: Street, world: World, client: FlaskClient, step: str, remaining: int
) -> None:
    point = street.add(bound=False)
    holder = Holder(phone, point)
    assert holder.pull()["locations"] == []
    unapproved = Phone(client, world, street, approved=False)
    unapproved.push(bind(unapproved, street, point))
    assert [each["status"] for each in holder.pull()["locations"]] == ["provisional"]
    decide(client, world, point, step)
    assert len(holder.pull()["locations"]) == remaining


@pytest.mark.parametrize(("step", "status"), [("confirm", "confirmed"), ("reject", "provisional")])
def test_the_decision_between_two_places_is_told(
    phone: Phone, second: Phone, street: Street, world: World, client: FlaskClient, clock: Clock, step: str, status: str
) -> None:
    point = street.add(bound=False)
    holder = Holder(phone, point)
    phone.push(bind(phone, street, point))
    clock.advance(minutes=10)
    second.mono_ms += 600_000
    second.push(bind(second, street, point, fixes=[fix(80), fix(81), fix(82)]))
    assert [each["status"] for each in holder.pull()["locations"]] == ["provisional"] * 2
    decide(client, world, point, step)
    assert [each["status"] for each in holder.pull()["locations"]] == [status]


def test_a_place_that_was_bound_too_late_is_not_told(
    phone: Phone, street: Street, world: World, client: FlaskClient, clock: Clock
) -> None:
    point = street.add()
    late = bind(phone, street, point)
    clock.advance(hours=1)
    call(client, world, f"{point}/reset", reason="企业迁址")
    holder = Holder(phone, point)
    before = holder.pull()
    assert phone.push(late)[0]["status"] == "superseded"
    assert holder.pull()["locations"] == before["locations"]


def decide(client: FlaskClient, world: World, point: UUID, step: str) -> None:
    """Decide on the earliest doubtful place of a checkpoint."""
    doubtful = select(CheckpointLocation.id).where(
        CheckpointLocation.checkpoint_id == point, CheckpointLocation.status == "provisional"
    )
    with world.transaction() as ctx:
        first = ctx.session.scalars(doubtful.order_by(CheckpointLocation.bound_at)).first()
    call(client, world, f"{point}/locations/{first}/{step}")


def run(world: World, statement: str, **values: Any) -> None:
    with world.transaction() as ctx:
        ctx.session.execute(text(statement), values)


def test_plates_and_places_that_an_administrator_changes_by_hand_are_told(
    phone: Phone, street: Street, world: World
) -> None:
    point = street.add()
    holder = Holder(phone, point)
    plate = "UPDATE checkpoint_plate SET issued_at = issued_at - interval '1 day' WHERE checkpoint_id = :point"
    run(world, plate, point=point)
    assert [each["issued_at"] for each in holder.pull()["plates"]] == ["2025-12-31T00:00:00+00:00"]
    run(world, "UPDATE checkpoint_location SET lon = lon + 1 WHERE checkpoint_id = :point", point=point)
    assert [each["lon"] for each in holder.pull()["locations"]] == [LON + 1]
    issue = "INSERT INTO checkpoint_plate (checkpoint_id, generation, issued_at) VALUES (:point, 2, now())"
    run(world, issue, point=point)
    assert [each["generation"] for each in holder.pull()["plates"]] == [1, 2]
    run(world, "DELETE FROM checkpoint_plate WHERE checkpoint_id = :point AND generation = 2", point=point)
    run(world, "DELETE FROM checkpoint_location WHERE checkpoint_id = :point", point=point)
    left = holder.pull()
    assert ([each["generation"] for each in left["plates"]], left["locations"]) == ([1], [])


def test_a_place_that_is_moved_to_another_checkpoint_is_told_of_both(
    phone: Phone, street: Street, world: World
) -> None:
    former, latter = Holder(phone, street.add()), Holder(phone, street.add(bound=False))
    move = "UPDATE checkpoint_location SET checkpoint_id = :latter WHERE checkpoint_id = :former"
    run(world, move, former=former.point, latter=latter.point)
    assert [len(holder.pull()["locations"]) for holder in (former, latter)] == [0, 1]


def test_what_changes_with_its_checkpoint_is_told_once(committed_world: World) -> None:
    point = Street(committed_world).add()
    with committed_world.transaction() as ctx:
        before = ctx.session.get_one(Checkpoint, point).version
        ctx.session.execute(text("UPDATE checkpoint SET plate_generation = 2 WHERE id = :point"), {"point": point})
        issue = "INSERT INTO checkpoint_plate (checkpoint_id, generation, issued_at) VALUES (:point, 2, now())"
        ctx.session.execute(text(issue), {"point": point})
    with committed_world.transaction() as ctx:
        assert ctx.session.get_one(Checkpoint, point).version == before + 1
