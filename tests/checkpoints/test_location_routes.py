"""A checkpoint's place, online: bound on the spot, confirmed by another person, given up."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from checkpoints import queries, service
from checkpoints.coordinates import Point
from checkpoints.models import Checkpoint, CheckpointLocation
from checkpoints.rules.binding import Location, LocationStatus, Rivalry
from checkpoints.service import NewBinding
from inspection_api.accounts.models import RoleAssignment
from inspection_api.core.events import Event
from tests.checkpoints.field import LAT, LON, PATH, Field, fix
from tests.notifications.post import Post
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from flask import Flask

    from tests.factories import World
    from tests.fixtures import Clock

COARSE = [fix(0, acc=60), fix(2, acc=60), fix(4, acc=60)]


def places(place: Field, point: UUID) -> list[dict[str, Any]]:
    answer = place.client.get(f"{PATH}/{point}/locations", headers=place.world.headers("manager"))
    found: list[dict[str, Any]] = answer.json["items"]
    return found


def add_rival(place: Field, point: UUID) -> None:
    """Let a second device's offline binding of the same generation arrive."""
    with place.world.transaction("colleague") as ctx:
        rival = Location(
            id=uuid4(),
            checkpoint_id=point,
            generation=1,
            point=Point(LON, LAT + 0.01),
            status=LocationStatus.PROVISIONAL,
            bound_by=place.world.people["colleague"],
            bound_at=ctx.now,
            valid_from=ctx.now,
        )
        made = NewBinding(
            location=rival, device_id=None, reasons=[], fixes=[], photo_media_id=None, rivalry=Rivalry.STANDS_BESIDE
        )
        service.apply_bindings(ctx, [made])


def test_three_good_fixes_bind_at_once(place: Field) -> None:
    point = place.add()
    made = place.bind("officer", point)
    assert (made.status_code, made.json["status"], made.json["generation"]) == (201, "confirmed", 1)
    row = place.get(point)
    assert (row.state, row.location_lon, row.location_lat) == ("active", LON, LAT)


@pytest.mark.parametrize(
    ("fixes", "registered_north", "reason"),
    [
        (COARSE, None, "coarse"),
        ([fix()], None, "coarse"),
        ([fix(), fix(20), fix(40)], None, "coarse"),
        ([fix(), fix(1), fix(2)], 0.0055, "far_from_registered"),
    ],
)
def test_a_doubtful_place_waits_for_a_manager(
    place: Field, fixes: list[dict[str, Any]], registered_north: float | None, reason: str
) -> None:
    registered = {} if registered_north is None else {"registered_lon": LON, "registered_lat": LAT + registered_north}
    point = place.add(**registered)
    made = place.bind("officer", point, *fixes)
    assert (made.json["status"], made.json["reasons"]) == ("provisional", [reason])
    assert place.get(point).state == "pending_confirm"


def test_a_place_beside_another_customers_waits_for_a_manager(place: Field) -> None:
    place.bind("officer", place.add())
    second = place.bind("officer", place.add(), fix(10), fix(11), fix(12))
    assert (second.json["status"], second.json["reasons"]) == ("provisional", ["neighbour"])


def test_a_place_that_waits_is_drawn_with_all_that_speaks_for_and_against_it(place: Field) -> None:
    place.bind("officer", place.add())
    point = place.add(registered_lon=LON, registered_lat=LAT + 0.01)
    place.bind("officer", point, fix(10, acc=60), fix(11, acc=60), fix(12, acc=60))
    add_rival(place, point)
    first, rival = places(place, point)
    assert (first["bound_by_name"], rival["bound_by_name"], first["decided_by_name"]) == (
        "姓名officer",
        "姓名colleague",
        None,
    )
    assert first["reason_texts"] == ["定位精度不足", "距登记地址过远", "紧邻其他客户的检查点"]
    drawn = first["sketch"]
    assert (drawn["lon"], drawn["lat"]) == (first["lon"], first["lat"])
    kinds = [mark["kind"] for mark in drawn["marks"]]
    assert kinds == ["registered", "neighbour", "rival", "fix", "fix", "fix"]
    by_kind = {mark["kind"]: mark for mark in drawn["marks"]}
    assert by_kind["registered"]["north_m"] == pytest.approx(1110 - 11, abs=5)
    assert by_kind["neighbour"]["distance_m"] == pytest.approx(10, abs=2)
    assert by_kind["fix"]["accuracy_m"] == 60
    assert [mark["kind"] for mark in rival["sketch"]["marks"]] == ["registered", "rival"]


def test_the_places_take_the_same_queries_for_any_number(place: Field, queries: Callable[[], list[str]]) -> None:
    point = place.add()
    place.bind("officer", point)
    asked = queries()
    places(place, point)
    one = len(asked)
    add_rival(place, point)
    asked = queries()
    assert len(places(place, point)) == 2
    assert len(asked) == one


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"fixes": [fix(mock=True)]}, 409, "mock"),
        ({"fixes": []}, 409, "stale"),
        ({"fixes": [fix(acc=900)]}, 409, "too_coarse"),
        ({"fixes": [fix(lon=LAT, lat=LON)]}, 422, "axis_swapped"),
        ({"qr": "XJ1.0"}, 422, "qr_invalid"),
        ({"photo_media_id": str(uuid4())}, 404, "media_not_found"),
        ({"photo_media_id": None}, 422, "invalid"),
    ],
)
def test_what_proves_nothing_binds_nothing(place: Field, changes: dict[str, Any], status: int, code: str) -> None:
    point = place.add()
    answer = place.bind("officer", point, **changes)
    assert (answer.status_code, answer.json["code"]) == (status, code)
    assert place.get(point).state == "unbound"


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "audio", "mime": "audio/mpeg"},
        {"bytes": 15_000_001},
        {"status": "refused", "refused_reason": "type_mismatch"},
        {"inspection_id": uuid4()},
    ],
    ids=["a sound", "too large", "refused", "a visit's"],
)
def test_what_is_no_photo_of_the_plate_binds_nothing(place: Field, changes: dict[str, Any]) -> None:
    point = place.add()
    answer = place.bind("officer", point, photo_media_id=str(place.photo("officer", **changes)))
    assert (answer.status_code, answer.json["code"]) == (409, "plate_photo_unfit")
    assert place.get(point).state == "unbound"


def test_bytes_that_a_visit_brought_are_no_photo_of_the_plate(place: Field) -> None:
    sha256 = "ab" * 32
    place.photo("colleague", sha256=sha256, inspection_id=uuid4())
    answer = place.bind("officer", place.add(), photo_media_id=str(place.photo("officer", sha256=sha256)))
    assert answer.json["code"] == "plate_photo_unfit"


def test_another_checkpoints_plate_and_another_persons_photo_bind_nothing(place: Field) -> None:
    point, other = place.add(), place.add()
    assert place.bind("officer", point, qr=place.qr(other)).json["code"] == "qr_invalid"
    photo = str(place.photo("colleague"))
    assert place.bind("officer", point, photo_media_id=photo).json["code"] == "media_not_found"


def test_a_bound_checkpoint_is_not_bound_again(place: Field) -> None:
    point = place.add()
    place.bind("officer", point)
    again = place.bind("manager", point)
    assert (again.status_code, again.json["code"], again.json["state"]) == (409, "already_bound", "active")


@pytest.mark.parametrize(
    ("user", "status"), [("colleague", 404), ("foreign_manager", 404), ("branch_manager", 403), ("manager", 201)]
)
def test_the_officer_or_his_manager_binds(place: Field, user: str, status: int) -> None:
    assert place.bind(user, place.add()).status_code == status


def test_nobody_binds_anonymously(place: Field) -> None:
    assert place.post(None, f"/{place.add()}/bind").status_code == 401


def test_another_person_confirms_and_the_waiting_visits_are_told(place: Field) -> None:
    point = place.add()
    made = place.bind("manager", point, *COARSE).json
    path = f"/{point}/locations/{made['id']}/confirm"
    own = place.post("manager", path)
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    confirmed = place.post("second_manager", path)
    assert (confirmed.status_code, confirmed.json["status"]) == (200, "confirmed")
    assert confirmed.json["decided_by"] == str(place.world.people["second_manager"])
    assert place.get(point).state == "active"
    again = place.post("second_manager", path)
    assert (again.status_code, again.json["code"], again.json["status"]) == (409, "location_decided", 409)
    assert (again.json["current"], again.json["decided_by_name"]) == ("confirmed", "姓名second_manager")
    with place.world.transaction() as ctx:
        event = ctx.session.scalars(select(Event).where(Event.kind == "checkpoint.binding_confirmed")).one()
    assert event.data == {"checkpoint_id": str(point), "location_id": made["id"]}


def test_a_rejected_place_leaves_the_checkpoint_unbound_and_free_to_bind(place: Field) -> None:
    point = place.add()
    made = place.bind("officer", point, *COARSE).json
    rejected = place.post("manager", f"/{point}/locations/{made['id']}/reject")
    assert (rejected.status_code, rejected.json["status"]) == (200, "rejected")
    row = place.get(point)
    assert (row.state, row.location_lon, row.location_generation) == ("unbound", None, 1)
    assert place.bind("officer", point).json["status"] == "confirmed"


@pytest.mark.parametrize(
    ("step", "statuses"), [("confirm", ["confirmed", "rejected"]), ("reject", ["rejected", "provisional"])]
)
def test_between_two_rivals_a_manager_decides(place: Field, clock: Clock, step: str, statuses: list[str]) -> None:
    point = place.add()
    first = place.bind("officer", point).json
    clock.advance(minutes=5)
    add_rival(place, point)
    assert [each["status"] for each in places(place, point)] == ["provisional"] * 2
    assert place.post("manager", f"/{point}/locations/{first['id']}/{step}").status_code == 200
    assert [each["status"] for each in places(place, point)] == statuses
    row = place.get(point)
    expected = ("active", LAT) if step == "confirm" else ("pending_confirm", LAT + 0.01)
    assert (row.state, row.location_lat) == expected


@pytest.mark.parametrize("step", ["confirm", "reject"])
@pytest.mark.parametrize(
    ("user", "status"),
    [(None, 401), ("officer", 403), ("approver", 403), ("foreign_manager", 404), ("foreign_branch_manager", 404)],
)
def test_only_managers_of_the_place_decide(place: Field, step: str, user: str | None, status: int) -> None:
    point = place.add()
    made = place.bind("officer", point, *COARSE).json
    assert place.post(user, f"/{point}/locations/{made['id']}/{step}").status_code == status


def test_where_the_sub_branch_has_no_other_manager_the_next_level_decides(place: Field) -> None:
    with place.world.transaction() as ctx:
        second = RoleAssignment.user_id == place.world.people["second_manager"]
        ctx.session.execute(delete(RoleAssignment).where(second))
    point = place.add()
    made = place.bind("manager", point, *COARSE).json
    assert place.post("manager", f"/{point}/locations/{made['id']}/confirm").json["code"] == "four_eyes"
    headers = place.world.headers("branch_manager")
    waiting = place.client.get("/api/v1/todos", query_string={"kind": "binding"}, headers=headers).json["items"]
    assert [each["id"] for each in waiting] == [made["id"]]
    assert Post(place.client, place.world).told("binding.to_confirm") == {"branch_manager"}
    assert place.post("branch_manager", f"/{point}/locations/{made['id']}/confirm").json["status"] == "confirmed"
    assert place.get(point).state == "active"


def test_another_checkpoints_place_is_not_found(place: Field) -> None:
    made = place.bind("officer", place.add(), *COARSE).json
    assert place.post("manager", f"/{place.add()}/locations/{made['id']}/confirm").status_code == 404


def test_a_reset_opens_the_next_generation_for_another_person(place: Field, clock: Clock) -> None:
    point = place.add()
    place.bind("officer", point)
    clock.advance(days=1)
    given_up = place.post("manager", f"/{point}/reset", {"reason": "企业搬迁新址"})
    assert (given_up.status_code, given_up.json["state"], given_up.json["location_generation"]) == (200, "unbound", 2)
    own = place.bind("manager", point)
    assert (own.status_code, own.json["code"]) == (403, "four_eyes")
    bound = place.bind("officer", point, fix(900), fix(901), fix(902))
    assert (bound.status_code, bound.json["generation"]) == (201, 2)
    old = places(place, point)[1]
    assert (old["status"], old["valid_to"]) == ("superseded", clock.now.isoformat())
    page = place.client.get(f"{PATH}/{point}", headers=place.world.headers("manager")).json
    assert page["reset_count"] == 1


@pytest.mark.parametrize(
    ("user", "body", "status"),
    [
        (None, {"reason": "企业搬迁新址"}, 401),
        ("officer", {"reason": "企业搬迁新址"}, 403),
        ("foreign_manager", {"reason": "企业搬迁新址"}, 404),
        ("manager", {"reason": "搬"}, 422),
        ("manager", {}, 422),
        ("branch_manager", {"reason": "企业搬迁新址"}, 200),
    ],
)
def test_only_managers_reset_and_say_why(place: Field, user: str | None, body: dict[str, Any], status: int) -> None:
    point = place.add()
    place.bind("officer", point)
    assert place.post(user, f"/{point}/reset", body).status_code == status


def test_what_is_not_bound_is_not_reset(place: Field) -> None:
    answer = place.post("manager", f"/{place.add()}/reset", {"reason": "企业搬迁新址"})
    assert (answer.status_code, answer.json["code"]) == (409, "checkpoint_state")


@pytest.mark.parametrize(
    "values",
    [
        {"status": "confirmed"},
        {"status": "provisional", "decided": True},
        {"status": "lost"},
    ],
)
def test_the_schema_itself_refuses_a_second_standing_place_and_the_binders_own_decision(
    place: Field, values: dict[str, Any]
) -> None:
    point = place.add()
    place.bind("officer", point)
    values = {"decided_by": None, **values}
    if values.pop("decided", False):
        values["decided_by"] = place.world.people["officer"]
    with pytest.raises(IntegrityError):
        insert_place(place, point, values)


@pytest.mark.parametrize(
    "values", [{"state": "lost"}, {"kind": "office"}, {"radius_m": 10}, {"location_lon": 1.0, "location_lat": None}]
)
def test_the_schema_itself_refuses_a_checkpoint_that_cannot_be(place: Field, values: dict[str, Any]) -> None:
    point = place.add()
    with pytest.raises(IntegrityError):
        write(place, point, values)


def write(place: Field, point: UUID, values: dict[str, Any]) -> None:
    with place.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).where(Checkpoint.id == point).values(**values))


def insert_place(place: Field, point: UUID, values: dict[str, Any]) -> None:
    with place.world.transaction() as ctx:
        statement = insert(CheckpointLocation).values(
            id=uuid4(),
            checkpoint_id=point,
            generation=1,
            lon=LON,
            lat=LAT,
            bound_by=place.world.people["officer"],
            bound_at=ctx.now,
            fixes=[],
            valid_from=ctx.now,
            **values,
        )
        ctx.session.execute(statement)


def test_of_two_who_bind_at_once_one_wins(committed_app: Flask, committed_world: World) -> None:
    place = Field(committed_app.test_client(), committed_world)
    point, users = place.add(), ["officer", "manager"]

    def bind(user: str) -> Any:
        return Field(committed_app.test_client(), committed_world).bind(user, point)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(bind, users))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    assert {answer.json.get("code") for answer in answers} == {None, "already_bound"}
    assert [each["status"] for each in places(place, point)] == ["confirmed"]


def test_tasks_are_generated_while_a_place_is_being_bound(committed_app: Flask, committed_world: World) -> None:
    """Generation only refers to the checkpoint, so it waits for nobody who changes it."""
    portfolio = Portfolio(committed_world)
    portfolio.create_rule()
    point = Field(committed_app.test_client(), committed_world).add()
    with committed_world.transaction() as ctx:
        queries.facts_of(ctx, [point], queries.BIND, bound=[point])
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(portfolio.generate).result(timeout=20).created > 0
    assert {task.checkpoint_id for task in portfolio.tasks()} == {point}
