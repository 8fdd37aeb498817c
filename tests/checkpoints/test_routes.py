"""Checkpoints as managers keep them: created, listed, edited, assigned, given new plates."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from checkpoints import service
from checkpoints.models import Checkpoint, CheckpointAssignment
from checkpoints.service import NewCheckpoint
from inspection_api.accounts.models import AccessGrant
from inspection_api.core.events import Event
from inspection_api.core.periods import local_day
from inspection_api.customers import service as customers
from inspection_api.customers.rules import next_uscc
from inspection_api.customers.service import NewCustomer
from inspection_api.loans import service as loans
from inspection_api.loans.service import NewLoan
from inspection_api.plans.models import PlanMembership
from tests.checkpoints.field import LAT, LON, PATH, Field, fix
from tests.factories import pages
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def customer_id(world: World) -> UUID:
    """A customer as imported with its checkpoint still to come."""
    row = NewCustomer(uscc=next_uscc(900), name="云帆机械", organisation_id=world.organisations["sub_branch"])
    with world.transaction() as ctx:
        customers.create_many(ctx, [row])
    return row.id


def body(customer_id: UUID, **changes: Any) -> dict[str, Any]:
    return {"code": "YF-0001", "name": "云帆机械二厂", "customer_id": str(customer_id), **changes}


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("officer", 403),
        ("administrator", 403),
        ("auditor", 403),
        ("foreign_manager", 404),
        ("manager", 201),
        ("branch_manager", 201),
    ],
)
def test_managers_create_checkpoints_of_their_customers(
    place: Field, customer_id: UUID, user: str | None, status: int
) -> None:
    assert place.post(user, "", body(customer_id)).status_code == status


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"code": "无"}, "invalid", "code"),
        ({"code": "A\n"}, "invalid", "code"),
        ({"kind": "office"}, "invalid", "kind"),
        ({"radius_m": 29}, "invalid", "radius_m"),
        ({"radius_m": 2001}, "invalid", "radius_m"),
        ({"state": "active"}, "invalid", "state"),
        ({"name": "甲\x00"}, "invalid", "name"),
        ({"registered": {"lon": LON, "lat": LAT}}, "invalid", "registered.sys"),
        ({"registered": {"lon": LON, "lat": LAT, "sys": "mars"}}, "invalid", "registered.sys"),
        ({"registered": {"lon": LAT, "lat": LON, "sys": "wgs84"}}, "axis_swapped", "lon"),
        ({"registered": {"lon": 200, "lat": 38, "sys": "wgs84"}}, "coordinate_out_of_range", "lon"),
        ({"registered": {"lon": 10, "lat": -91, "sys": "gcj02"}}, "coordinate_out_of_range", "lon"),
        ({"registered": {"lon": "NaN", "lat": 38, "sys": "wgs84"}}, "invalid", "registered.lon"),
        ({"loan_ids": [str(uuid4())]}, "foreign_loan", "loan_ids"),
    ],
)
def test_bad_checkpoints_are_refused_by_field(
    place: Field, customer_id: UUID, changes: dict[str, Any], code: str, field: str
) -> None:
    answer = place.post("manager", "", body(customer_id, **changes))
    assert (answer.status_code, answer.json["code"]) == (422, code)
    assert field in {error["field"] for error in answer.json["errors"]}


def test_a_code_belongs_to_one_checkpoint_of_the_bank(place: Field, customer_id: UUID) -> None:
    made = place.post("manager", "", body(customer_id))
    again = place.post("branch_manager", "", body(customer_id))
    assert (again.status_code, again.json["code"]) == (409, "checkpoint_code_taken")
    assert again.json["existing_id"] == made.json["id"]


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09"])
def test_a_registered_coordinate_is_kept_in_wgs84(place: Field, customer_id: UUID, system: str) -> None:
    made = place.post("manager", "", body(customer_id, registered={"lon": LON, "lat": LAT, "sys": system})).json
    is_shifted = (made["registered_lon"], made["registered_lat"]) != (LON, LAT)
    assert is_shifted == (system != "wgs84")
    assert place.get(UUID(made["id"])).registered_raw == {"lon": LON, "lat": LAT, "sys": system}


def test_a_checkpoint_knows_the_loans_it_is_about(place: Field, customer_id: UUID) -> None:
    with place.world.transaction() as ctx:
        day = local_day(ctx.now)
        loan = NewLoan(customer_id=customer_id, contract_no="JJ-1", amount=Decimal(1), disbursed_on=day, matures_on=day)
        loans.create_many(ctx, [loan])
    made = place.post("manager", "", body(customer_id, loan_ids=[str(loan.id)])).json
    path = f"{PATH}/{made['id']}"
    assert place.client.get(path, headers=place.world.headers("manager")).json["loan_ids"] == [str(loan.id)]


def test_a_new_customer_gets_an_unbound_checkpoint_that_is_planned_at_once(world: World) -> None:
    portfolio = Portfolio(world)
    portfolio.create_rule()
    row = NewCustomer(
        uscc=next_uscc(1),
        name="云帆机械",
        organisation_id=world.organisations["sub_branch"],
        officer_id=world.people["officer"],
    )
    with world.transaction() as ctx:
        customers.create_many(ctx, [row])
    with world.transaction("officer") as ctx:
        found = ctx.session.scalars(select(Checkpoint).where(Checkpoint.customer_id == row.id)).one()
        member = ctx.session.scalars(select(PlanMembership).where(PlanMembership.checkpoint_id == found.id)).one()
    assert (found.state, found.officer_id, found.location_generation) == ("unbound", world.people["officer"], 1)
    assert member.source == "auto"


def test_a_customer_imported_with_its_checkpoint_gets_no_second_one(place: Field) -> None:
    place.add()
    with place.world.transaction() as ctx:
        assert len(ctx.session.scalars(select(Checkpoint)).all()) == 1


def test_thousands_are_created_in_a_few_statements(place: Field, queries: Callable[[], list[str]]) -> None:
    world = place.world
    owner = {"organisation_id": world.organisations["sub_branch"], "officer_id": world.people["officer"]}
    rows = [NewCustomer(uscc=next_uscc(n), name=f"企业{n}", **owner) for n in range(500)]
    with world.transaction() as ctx:
        day = local_day(ctx.now)
        seen = queries()
        customers.create_many(ctx, rows)
        points = [
            NewCheckpoint(code=f"C{n}", name=row.name, customer_id=row.id, effective_from=day, **owner)
            for n, row in enumerate(rows)
        ]
        service.create_many(ctx, points)
        assert len(seen) <= 8
    with world.transaction() as ctx:
        held = select(AccessGrant).where(AccessGrant.user_id == world.people["officer"])
        assert len(ctx.session.scalars(held).all()) == 1000


def test_a_page_shows_the_way_and_the_plate(place: Field, clock: Clock) -> None:
    point = place.add(registered_lon=LON, registered_lat=LAT)
    page = place.client.get(f"{PATH}/{point}", headers=place.world.headers("officer")).json
    assert page["checkpoint"]["state"] == "unbound"
    assert page["navigation"]["amap_web"].startswith(f"https://uri.amap.com/navigation?to={LON:.7f},{LAT:.7f},")
    assert f"latlng:{LAT:.7f},{LON:.7f}" in page["navigation"]["baidu_android"]
    assert page["qr_text"] == place.qr(point)
    assert page["reset_count"] == 0


def test_who_may_not_see_plates_gets_no_qr_text(place: Field) -> None:
    path = f"{PATH}/{place.add()}"
    page = place.client.get(path, headers=place.world.headers("risk_manager")).json
    assert (page["qr_text"], page["navigation"]) == (None, None)


def test_a_checkpoint_is_seen_in_its_subtree_and_by_its_officer(place: Field) -> None:
    path = f"{PATH}/{place.add()}"
    assert place.client.get(path).status_code == 401
    expected = {"officer": 200, "colleague": 404, "manager": 200, "foreign_manager": 404, "administrator": 403}
    seen = {user: place.client.get(path, headers=place.world.headers(user)).status_code for user in expected}
    assert seen == expected


def test_the_list_is_narrowed_and_paged(place: Field) -> None:
    first, second, _ = place.add(), place.add(officer=None), place.add("foreign", None)
    headers = place.world.headers("province_manager")

    def listed(**query: Any) -> list[str]:
        return [item["code"] for item in pages(place.client, PATH, headers, limit=1, **query)]

    assert listed() == ["CP0001", "CP0002", "CP0003"]
    assert listed(text="CP0002") == listed(text="厂区2") == ["CP0002"]
    assert listed(customer_id=place.get(first).customer_id) == ["CP0001"]
    assert listed(officer_id=place.world.people["officer"]) == ["CP0001"]
    assert listed(organisation_id=place.world.organisations["branch"]) == ["CP0001", "CP0002"]
    assert listed(state="active") == []
    assert place.client.get(f"{PATH}?state=lost", headers=headers).status_code == 422
    foreign = place.world.headers("foreign_manager")
    query = {"customer_id": place.get(second).customer_id}
    assert place.client.get(PATH, headers=foreign, query_string=query).json["items"] == []
    assert place.client.get(PATH).status_code == 401
    assert place.client.get(PATH, headers=place.world.headers("administrator")).status_code == 403


def test_listing_and_showing_cost_the_same_for_any_number(place: Field, queries: Callable[[], list[str]]) -> None:
    point, *_ = [place.add() for _ in range(3)]
    headers = place.world.headers("manager")
    counts = []
    for query in ("?limit=1", "?limit=200", f"/{point}"):
        seen = queries()
        place.client.get(f"{PATH}{query}", headers=headers)
        counts.append(len(seen))
    assert counts[0] == counts[1] <= 4
    assert counts[2] <= 6


def test_an_edit_needs_the_version_that_it_was_based_on(place: Field) -> None:
    point = place.add()
    path, headers = f"{PATH}/{point}", place.world.headers("manager")
    version = place.client.get(path, headers=headers).json["checkpoint"]["version"]
    match = headers | {"If-Match": f'"{version}"'}
    change = {"radius_m": 300, "tags": ["重点"], "registered": {"lon": LON, "lat": LAT, "sys": "bd09"}}
    edited = place.client.patch(path, json=change, headers=match)
    assert (edited.status_code, edited.json["radius_m"], edited.json["version"]) == (200, 300, version + 1)
    assert edited.json["registered_lon"] != LON
    stale = place.client.patch(path, json={"name": "新名"}, headers=match)
    assert (stale.status_code, stale.json["current_version"]) == (412, version + 1)
    assert place.client.patch(path, json={"name": "新名"}, headers=headers).status_code == 422
    assert place.client.patch(path, json={"code": "X"}, headers=match).status_code == 422
    assert (
        place.client.patch(
            path, json={}, headers=place.world.headers("officer") | {"If-Match": f'"{version + 1}"'}
        ).status_code
        == 403
    )
    foreign = place.world.headers("foreign_manager") | {"If-Match": f'"{version + 1}"'}
    assert place.client.patch(path, json={"name": "新名"}, headers=foreign).status_code == 404
    assert place.client.patch(path, json={}).status_code == 401


def test_an_assigned_officer_holds_point_customer_and_loans_and_the_former_one_drops_them(
    place: Field, clock: Clock
) -> None:
    point = place.add(officer=None)
    customer_id = place.get(point).customer_id
    with place.world.transaction() as ctx:
        day = local_day(ctx.now)
        loan = NewLoan(customer_id=customer_id, contract_no="JJ-1", amount=Decimal(1), disbursed_on=day, matures_on=day)
        loans.create_many(ctx, [loan])
    everything = {("checkpoint", point), ("customer", customer_id), ("loan", loan.id)}

    def held(user: str) -> set[tuple[str, UUID]]:
        mine = select(AccessGrant).where(AccessGrant.user_id == place.world.people[user])
        with place.world.transaction() as ctx:
            return {(row.entity, row.entity_id) for row in ctx.session.scalars(mine)}

    for officer in ("officer", "colleague"):
        answer = place.post("manager", f"/{point}/assign", {"officer_id": str(place.world.people[officer])})
        assert (answer.status_code, answer.json["officer_id"]) == (200, str(place.world.people[officer]))
        assert held(officer) == everything
        clock.advance(hours=1)
    assert held("officer") == set()
    with place.world.transaction() as ctx:
        spans = ctx.session.scalars(select(CheckpointAssignment).order_by(CheckpointAssignment.valid_from)).all()
        assigned = ctx.session.scalars(select(Event).where(Event.kind == "checkpoint.assigned")).all()
    assert [span.valid_to for span in spans] == [spans[1].valid_from, None]
    assert len(assigned) == 2


def test_a_customers_own_officer_keeps_it_when_a_point_goes_to_another(place: Field) -> None:
    point = place.add(officer="officer")
    place.post("manager", f"/{point}/assign", {"officer_id": str(place.world.people["colleague"])})
    headers = place.world.headers("officer")
    assert place.client.get(f"{PATH}/{point}", headers=headers).status_code == 404
    path = f"/api/v1/customers/{place.get(point).customer_id}"
    assert place.client.get(path, headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("user", "officer", "status"),
    [
        (None, "colleague", 401),
        ("officer", "colleague", 403),
        ("foreign_manager", "foreign_officer", 404),
        ("manager", "foreign_officer", 409),
        ("manager", "auditor", 409),
        ("manager", "colleague", 200),
        ("manager", "officer", 200),
    ],
)
def test_only_a_manager_assigns_and_only_who_visits_there(
    place: Field, user: str | None, officer: str, status: int
) -> None:
    path = f"/{place.add()}/assign"
    assert place.post(user, path, {"officer_id": str(place.world.people[officer])}).status_code == status
    if status == 200:
        assert place.post(user, path, {"officer_id": "x"}).status_code == 422


def test_a_reissued_plate_lets_the_old_one_live_until_it_is_scanned(place: Field, clock: Clock) -> None:
    point = place.add()
    assert place.bind("officer", point).status_code == 201
    old = place.qr(point)
    assert place.post("manager", f"/{point}/plates").json["plate_generation"] == 2
    new = place.qr(point)
    assert old != new
    assert place.scan("officer", old, fix()).status_code == 200
    assert place.scan("officer", new, fix()).status_code == 200
    refused = place.scan("officer", old, fix())
    assert (refused.status_code, refused.json["code"]) == (410, "qr_revoked")
    assert "revoked_at" in refused.json


def test_an_old_plate_dies_after_thirty_days_even_if_nobody_scans_the_new_one(place: Field, clock: Clock) -> None:
    point = place.add()
    place.bind("officer", point)
    old = place.qr(point)
    place.post("manager", f"/{point}/plates")
    clock.advance(days=30, seconds=-1)
    assert place.scan("officer", old, fix()).status_code == 200
    clock.advance(seconds=1)
    revoked = place.scan("officer", old, fix()).json
    assert revoked["revoked_at"] == clock.now.isoformat()


@pytest.mark.parametrize(
    ("user", "status"), [(None, 401), ("officer", 403), ("auditor", 403), ("foreign_manager", 404), ("manager", 201)]
)
def test_only_managers_issue_plates(place: Field, user: str | None, status: int) -> None:
    assert place.post(user, f"/{place.add()}/plates").status_code == status


def test_no_id_of_another_branch_opens_anything(place: Field, client: FlaskClient) -> None:
    point = place.add()
    foreign = place.world.headers("foreign_manager")
    assert client.get(f"{PATH}/{point}/locations", headers=foreign).status_code == 404
    named = body(place.get(point).customer_id, organisation_id=str(place.world.organisations["sub_branch"]))
    assert client.post(PATH, json=named, headers=foreign).status_code == 404
