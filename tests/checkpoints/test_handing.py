"""Checkpoints handed to other officers and organisations, many at once; put away; their people, loans and radii."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from checkpoints import queries as checkpoint_queries
from checkpoints.models import Checkpoint, CheckpointAssignment
from checkpoints.rules.values import CheckpointFacts, PastRadius
from inspection_api.accounts.models import AccessGrant
from inspection_api.core.events import Event
from inspection_api.core.permissions import Role
from inspection_api.customers import service as customers
from inspection_api.customers.models import Customer
from inspection_api.customers.rules import next_uscc
from inspection_api.customers.service import NewCustomer
from inspection_api.loans import service as loans
from inspection_api.loans.service import NewLoan
from tests.checkpoints.field import PATH, Field

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fixtures import Clock


def events(place: Field, kind: str) -> list[dict[str, Any]]:
    with place.world.transaction() as ctx:
        return [row.data for row in ctx.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.number))]


def move(place: Field, user: str | None, points: list[UUID], organisation: str = "sibling", **more: Any) -> Any:
    body = {
        "checkpoint_ids": [str(each) for each in points],
        "organisation_id": str(place.world.organisations[organisation]),
        **{name: str(place.world.people[person]) for name, person in more.items()},
    }
    return place.post(user, "/transfer", body)


def hand(place: Field, user: str | None, points: list[UUID], officer: str) -> Any:
    ids = [str(each) for each in points]
    return place.post(user, "/assign", {"checkpoint_ids": ids, "officer_id": str(place.world.people[officer])})


def held(place: Field, user: str) -> set[tuple[str, UUID]]:
    with place.world.transaction() as ctx:
        mine = select(AccessGrant).where(AccessGrant.user_id == place.world.people[user])
        return {(row.entity, row.entity_id) for row in ctx.session.scalars(mine)}


@pytest.fixture
def neighbour(place: Field) -> str:
    place.world.add_user("neighbour", Role.LOAN_OFFICER, "sibling")
    return "neighbour"


def test_a_transfer_takes_point_customer_and_officer_to_the_other_sub_branch(place: Field, neighbour: str) -> None:
    point = place.add()
    home, away = place.world.organisations["sub_branch"], place.world.organisations["sibling"]
    answer = move(place, "branch_manager", [point], officer_id=neighbour)
    assert (answer.status_code, answer.json) == (200, {"changed": 1})
    moved = place.get(point)
    assert (moved.organisation_id, moved.officer_id) == (away, place.world.people[neighbour])
    assert events(place, "checkpoint.transferred") == [
        {
            "checkpoint_id": str(point),
            "from_organisation_id": str(home),
            "to_organisation_id": str(away),
            "effective_on": "2026-03-10",
        }
    ]
    assert [row["officer_id"] for row in events(place, "checkpoint.assigned")] == [str(place.world.people[neighbour])]
    assert held(place, "officer") == set()
    assert held(place, neighbour) == {("checkpoint", point), ("customer", moved.customer_id)}
    with place.world.transaction() as ctx:
        customer = ctx.session.get_one(Customer, moved.customer_id)
        assert (customer.organisation_id, customer.officer_id) == (away, place.world.people[neighbour])
    assert move(place, "branch_manager", [point], officer_id=neighbour).json == {"changed": 0}


def test_a_customer_stays_while_one_of_its_points_does(place: Field, neighbour: str) -> None:
    point, other = place.add(), place.add()
    customer_id = place.get(point).customer_id
    with place.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).where(Checkpoint.id == other).values(customer_id=customer_id))
    move(place, "branch_manager", [point], officer_id=neighbour)
    with place.world.transaction() as ctx:
        stayed = ctx.session.get_one(Customer, customer_id)
        assert stayed.organisation_id == place.world.organisations["sub_branch"]
    assert ("customer", customer_id) in held(place, "officer")
    move(place, "branch_manager", [other], officer_id=neighbour)
    assert len(events(place, "customer.transferred")) == 1


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("officer", 403),
        ("auditor", 403),
        ("manager", 404),
        ("foreign_branch_manager", 404),
        ("branch_manager", 200),
        ("province_manager", 200),
    ],
)
def test_who_transfers_must_reach_both_sides(place: Field, neighbour: str, user: str | None, status: int) -> None:
    assert move(place, user, [place.add()], officer_id=neighbour).status_code == status


def test_a_transfer_moves_all_or_none(place: Field, neighbour: str) -> None:
    points = [place.add(), place.add()]
    unfit = move(place, "branch_manager", points)
    assert (unfit.status_code, unfit.json["code"]) == (409, "officer_unfit")
    unknown = move(place, "branch_manager", [*points, uuid4()], officer_id=neighbour)
    assert (unknown.status_code, unknown.json["errors"][0]["field"]) == (404, "checkpoint_ids")
    with place.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).where(Checkpoint.id == points[1]).values(state="exited"))
    left = move(place, "branch_manager", points, officer_id=neighbour)
    assert (left.status_code, left.json["code"], left.json["checkpoint_id"]) == (
        409,
        "checkpoint_state",
        str(points[1]),
    )
    assert place.get(points[0]).organisation_id == place.world.organisations["sub_branch"]
    assert events(place, "checkpoint.transferred") == []
    for body in ({"checkpoint_ids": []}, {"checkpoint_ids": [str(uuid4())] * 501}):
        organisation = {"organisation_id": str(place.world.organisations["sibling"])}
        assert place.post("branch_manager", "/transfer", {**organisation, **body}).status_code == 422


def test_an_officer_who_visits_both_keeps_his_points_and_unfit_helpers_are_taken_off(place: Field) -> None:
    rover = place.world.add_user("rover", Role.LOAN_OFFICER, "branch")
    people = place.world.people
    point = place.add(
        officer="rover", backup_officer_id=people["colleague"], exception_handler_id=people["branch_manager"]
    )
    assert move(place, "branch_manager", [point]).status_code == 200
    moved = place.get(point)
    assert (moved.officer_id, moved.backup_officer_id) == (rover, None)
    assert moved.exception_handler_id == people["branch_manager"]
    assert events(place, "checkpoint.assigned") == []


def test_many_are_assigned_in_one_call(place: Field, clock: Clock) -> None:
    points = [place.add() for _ in range(3)] + [place.add(officer="colleague")]
    clock.advance(hours=1)
    assert hand(place, "manager", points, "colleague").json == {"changed": 3}
    with place.world.transaction() as ctx:
        standing = select(CheckpointAssignment.officer_id).where(CheckpointAssignment.valid_to.is_(None))
        assert set(ctx.session.scalars(standing)) == {place.world.people["colleague"]}
    assert {entity for entity, _ in held(place, "officer")} == {"customer"}, "he still serves the customers"


@pytest.mark.parametrize(
    ("user", "officer", "status"),
    [
        (None, "colleague", 401),
        ("officer", "colleague", 403),
        ("foreign_manager", "foreign_officer", 404),
        ("manager", "foreign_officer", 409),
        ("manager", "colleague", 200),
    ],
)
def test_who_assigns_many_and_to_whom(place: Field, user: str | None, officer: str, status: int) -> None:
    assert hand(place, user, [place.add(), place.add()], officer).status_code == status


def test_hundreds_cost_what_one_costs(place: Field, neighbour: str, queries: Callable[[], list[str]]) -> None:
    points, counts = [place.add() for _ in range(12)], []
    headers = place.world.headers("branch_manager")
    for some in (points[:1], points[1:]):
        for path, more in (("assign", {}), ("transfer", {"organisation_id": place.world.organisations["sibling"]})):
            officer = place.world.people["colleague" if path == "assign" else neighbour]
            body = {"checkpoint_ids": [str(each) for each in some], "officer_id": str(officer)}
            seen = queries()
            body |= {name: str(value) for name, value in more.items()}
            assert place.client.post(f"{PATH}/{path}", json=body, headers=headers).json == {"changed": len(some)}
            counts.append(len(seen))
    assert counts[:2] == counts[2:]


def test_an_exited_point_is_archived_and_fetched_back_by_reactivation(place: Field) -> None:
    point = place.add()
    why = {"reason": "退出满一年"}
    early = place.post("approver", f"/{point}/archive", why)
    assert (early.status_code, early.json["code"]) == (409, "checkpoint_state")
    body = {"exit_type": "settled", "reason": "贷款已结清", "effective_on": "2026-03-10"}
    exit_id = place.post("manager", f"/{point}/exits", body).json["id"]
    headers = place.world.headers("approver")
    assert place.client.post(f"/api/v1/exits/{exit_id}/approve", json={}, headers=headers).status_code == 200
    statuses = {None: 401, "manager": 403, "auditor": 403, "foreign_branch_manager": 404, "approver": 200}
    assert {user: place.post(user, f"/{point}/archive", why).status_code for user in statuses} == statuses
    assert place.post("approver", f"/{point}/archive", {}).status_code == 422
    manager = place.world.headers("manager")
    assert place.client.get(PATH, headers=manager).json["items"] == []
    kept = place.client.get(f"{PATH}?archived=true", headers=manager).json["items"]
    assert [row["id"] for row in kept] == [str(point)]
    back = place.post("approver", f"/{point}/reactivate", {"reason": "客户续贷"})
    assert (back.status_code, back.json["archived_at"], back.json["state"]) == (200, None, "unbound")


def test_a_point_names_its_helpers_and_loans(place: Field) -> None:
    point, people = place.add(), place.world.people
    customer_id, day = place.get(point).customer_id, date(2026, 3, 1)
    loan = NewLoan(customer_id=customer_id, contract_no="JJ-1", amount=Decimal(1), disbursed_on=day, matures_on=day)
    with place.world.transaction() as ctx:
        loans.create_many(ctx, [loan])
    match = place.world.headers("manager") | {"If-Match": f'"{place.get(point).version}"'}
    change = {
        "backup_officer_id": str(people["colleague"]),
        "exception_handler_id": str(people["branch_manager"]),
        "loan_ids": [str(loan.id)],
    }
    edited = place.client.patch(f"{PATH}/{point}", json=change, headers=match)
    assert edited.status_code == 200, edited.json
    assert {name: edited.json[name] for name in change if name != "loan_ids"} == {
        name: value for name, value in change.items() if name != "loan_ids"
    }
    page = place.client.get(f"{PATH}/{point}", headers=match).json
    assert page["loan_ids"] == change["loan_ids"]
    for wrong, code in (
        ({"backup_officer_id": str(people["auditor"])}, "officer_unfit"),
        ({"exception_handler_id": str(people["officer"])}, "handler_unfit"),
        ({"exception_handler_id": str(uuid4())}, "handler_unfit"),
        ({"loan_ids": [str(uuid4())]}, "foreign_loan"),
    ):
        match["If-Match"] = f'"{place.get(point).version}"'
        refused = place.client.patch(f"{PATH}/{point}", json=wrong, headers=match)
        assert refused.json["code"] == code
        assert refused.json["errors"][0]["field"] in wrong
    cleared = place.client.patch(f"{PATH}/{point}", json={"backup_officer_id": None, "loan_ids": []}, headers=match)
    assert cleared.json["backup_officer_id"] is None


def test_a_new_point_takes_helpers_of_its_organisation_only(place: Field) -> None:
    people, customer_id = place.world.people, str(place.get(place.add()).customer_id)
    body = {"code": "YF-1", "name": "二厂", "customer_id": customer_id, "backup_officer_id": str(people["colleague"])}
    wrong = {**body, "exception_handler_id": str(people["foreign_branch_manager"])}
    assert place.post("manager", "", wrong).json["code"] == "handler_unfit"
    assert place.post("manager", "", {**body, "backup_officer_id": str(people["auditor"])}).status_code == 409
    made = place.post("manager", "", {**body, "exception_handler_id": str(people["manager"])})
    assert (made.status_code, made.json["exception_handler_id"]) == (201, str(people["manager"]))


def test_a_point_begins_with_the_first_disbursement(place: Field) -> None:
    row = NewCustomer(uscc=next_uscc(77), name="晨曦", organisation_id=place.world.organisations["sub_branch"])
    days = [date(2026, 2, 3), date(2025, 12, 31)]
    owed = [
        NewLoan(customer_id=row.id, contract_no=f"J{day}", amount=Decimal(1), disbursed_on=day, matures_on=days[0])
        for day in days
    ]
    with place.world.transaction() as ctx:
        customers.create_many(ctx, [row])
        loans.create_many(ctx, owed)
    with place.world.transaction() as ctx:
        first = ctx.session.scalars(select(Checkpoint).where(Checkpoint.customer_id == row.id)).one()
    assert first.effective_from == days[1]
    body = {"code": "CX-1", "name": "二厂", "customer_id": str(row.id)}
    assert place.post("manager", "", body).json["effective_from"] == "2025-12-31"
    named = {**body, "code": "CX-2", "loan_ids": [str(owed[0].id)]}
    assert place.post("manager", "", named).json["effective_from"] == "2026-02-03"
    given = {**body, "code": "CX-3", "effective_from": "2026-01-05"}
    assert place.post("manager", "", given).json["effective_from"] == "2026-01-05"
    back_dated = {**body, "code": "CX-4", "effective_from": "2025-12-30"}
    refused = place.post("manager", "", back_dated)
    assert (refused.status_code, refused.json["code"]) == (409, "back_dated")
    assert [each["field"] for each in refused.json["errors"]] == ["effective_from"]
    assert place.post("branch_manager", "", back_dated).json["effective_from"] == "2025-12-30"


def facts(place: Field, point: UUID) -> CheckpointFacts:
    with place.world.transaction() as ctx:
        return checkpoint_queries.facts_of(ctx, [point], checkpoint_queries.BIND).checkpoints[point]


def test_what_was_captured_before_a_new_radius_is_judged_by_the_old_one(place: Field, clock: Clock) -> None:
    point, start = place.add(), clock.now
    for radius in (300, 300, 50):
        clock.advance(hours=1)
        match = place.world.headers("manager") | {"If-Match": f'"{place.get(point).version}"'}
        assert place.client.patch(f"{PATH}/{point}", json={"radius_m": radius}, headers=match).status_code == 200
    known = facts(place, point)
    found = [known.radius_at(start + timedelta(hours=hours)) for hours in (0, 0.9, 1, 2.9, 3, 9)]
    assert found == [200, 200, 300, 300, 50, 50]
    assert set(known.past_radii) == {
        PastRadius(radius_m=200, valid_to=start + timedelta(hours=1)),
        PastRadius(radius_m=300, valid_to=start + timedelta(hours=3)),
    }
