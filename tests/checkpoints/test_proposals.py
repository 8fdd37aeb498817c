"""Officers propose checkpoints and changes of them; a manager, and never the proposer, decides (domain.md §6)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from checkpoints.models import Checkpoint, CheckpointProposal
from checkpoints.rules import proposals
from inspection_api.accounts import service as accounts
from inspection_api.core.events import Event
from inspection_api.customers.models import Customer
from inspection_api.customers.rules import next_uscc
from tests.factories import pages
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.checkpoints.field import Field
    from tests.factories import World

API = "/api/v1"
WISH = {"code": "NEW-001", "name": "二号仓库", "kind": "warehouse", "radius_m": 300, "tags": ["冷库"]}
NEWCOMER = {"uscc": next_uscc(77), "name": "新客户有限公司", "phone": "0311-1234567"}


def ask(place: Field, user: str | None, path: str, body: dict[str, Any] | None = None, **headers: str) -> Any:
    login = place.world.headers(user) if user else {}
    return place.client.post(f"{API}{path}", json=body or {}, headers={**login, **headers})


def wish(place: Field, user: str | None = "officer", **changes: Any) -> Any:
    body = {"reason": "企业新租仓库", "checkpoint": WISH, "customer": NEWCOMER, **changes}
    return ask(place, user, "/checkpoint-proposals", body)


def change(place: Field, point: UUID, user: str | None = "officer", version: int | None = None, **changes: Any) -> Any:
    version = version or place.get(point).version
    body = {"reason": "企业搬迁", "changes": changes}
    return ask(place, user, f"/checkpoints/{point}/proposals", body, **{"If-Match": f'"{version}"'})


def decide(place: Field, proposal: Any, verb: str, user: str | None = "manager", **body: Any) -> Any:
    return ask(place, user, f"/checkpoint-proposals/{proposal.json['id']}/{verb}", body)


def kinds(world: World) -> list[str]:
    with world.transaction() as ctx:
        rows = ctx.session.scalars(select(Event.kind).where(Event.kind.like("checkpoint.change_%")).order_by(Event.id))
        return list(rows)


def customer_of(place: Field, point: UUID) -> str:
    return str(place.get(point).customer_id)


def test_an_accepted_wish_makes_customer_and_checkpoint_and_both_are_the_officers(place: Field) -> None:
    proposal = wish(place)
    assert (proposal.status_code, proposal.json["status"], proposal.json["kind"]) == (201, "proposed", "create")
    done = decide(place, proposal, "accept", note="情况属实")
    assert (done.status_code, done.json["status"]) == (200, "accepted"), done.json
    point = place.get(UUID(done.json["checkpoint_id"]))
    assert (point.code, point.kind, point.radius_m, point.tags, point.state) == (
        "NEW-001",
        "warehouse",
        300,
        ["冷库"],
        "unbound",
    )
    assert point.officer_id == place.world.people["officer"]
    with place.world.transaction() as ctx:
        customer = ctx.session.scalars(select(Customer).where(Customer.uscc == NEWCOMER["uscc"])).one()
        points = ctx.session.scalars(select(Checkpoint.id).where(Checkpoint.customer_id == customer.id)).all()
        assert (customer.phone, customer.officer_id) == (NEWCOMER["phone"], place.world.people["officer"])
        assert list(points) == [point.id]
    assert kinds(place.world) == ["checkpoint.change_proposed", "checkpoint.change_accepted"]


def test_an_accepted_checkpoint_is_a_member_of_its_plan_at_once(place: Field) -> None:
    portfolio = Portfolio(place.world)
    portfolio.create_rule()
    done = decide(place, wish(place), "accept")
    portfolio.generate(date(2026, 3, 10))
    assert portfolio.tasks(UUID(done.json["checkpoint_id"]))


def test_a_wish_for_a_customer_that_there_is_keeps_days_and_people(place: Field) -> None:
    customer = customer_of(place, place.add())
    backup = str(place.world.people["colleague"])
    checkpoint = {**WISH, "effective_from": "2026-04-01", "backup_officer_id": backup}
    proposal = wish(place, customer=None, customer_id=customer, checkpoint=checkpoint)
    assert proposal.json["proposed"]["effective_from"] == "2026-04-01"
    done = decide(place, proposal, "accept", "branch_manager")
    point = place.get(UUID(done.json["checkpoint_id"]))
    assert (str(point.customer_id), point.effective_from) == (customer, date(2026, 4, 1))
    assert str(point.backup_officer_id) == backup


def test_an_accepted_edit_changes_what_it_names_and_nothing_else(place: Field) -> None:
    point = place.add(address="旧址", contact="张三")
    proposal = change(place, point, address="新址一号")
    assert proposal.status_code == 201, proposal.json
    assert place.get(point).address == "旧址"
    assert decide(place, proposal, "accept").status_code == 200
    assert (place.get(point).address, place.get(point).contact) == ("新址一号", "张三")


def test_who_accepts_must_have_seen_what_the_checkpoint_says_now(place: Field) -> None:
    point = place.add()
    proposal = change(place, point, address="新址")
    with place.world.transaction() as ctx:
        ctx.session.get_one(Checkpoint, point).contact = "李四"
    stale = decide(place, proposal, "accept")
    assert (stale.status_code, stale.json["code"]) == (412, "version_changed")
    assert decide(place, proposal, "accept", version=stale.json["current_version"]).status_code == 200
    assert (place.get(point).address, place.get(point).contact) == ("新址", "李四")


def test_a_refusal_says_why_and_changes_nothing(place: Field) -> None:
    point = place.add(address="旧址")
    proposal = change(place, point, address="新址")
    assert decide(place, proposal, "refuse").status_code == 422
    done = decide(place, proposal, "refuse", note="地址不完整")
    assert (done.json["status"], done.json["decision_note"]) == ("refused", "地址不完整")
    assert place.get(point).address == "旧址"
    assert change(place, point, address="新址二号").status_code == 201


def test_the_second_decision_meets_the_first_by_name(place: Field) -> None:
    proposal = wish(place)
    decide(place, proposal, "accept", "manager")
    second = decide(place, proposal, "refuse", "branch_manager", note="重复录入")
    assert (second.status_code, second.json["code"], second.json["current"]) == (409, "proposal_decided", "accepted")
    assert second.json["decided_by_name"] in second.json["detail"]


def test_a_proposal_is_taken_back_by_its_proposer_only(place: Field) -> None:
    point = place.add()
    proposal = change(place, point, address="新址")
    assert decide(place, proposal, "withdraw", "colleague").status_code == 404
    assert decide(place, proposal, "withdraw", "manager").status_code == 403
    done = decide(place, proposal, "withdraw", "officer")
    assert (done.status_code, done.json["status"]) == (200, "withdrawn")
    late = decide(place, proposal, "accept")
    assert (late.status_code, late.json["current"], late.json["decided_by_name"]) == (409, "withdrawn", None)


def test_a_checkpoint_and_a_code_have_one_open_proposal_each(place: Field) -> None:
    point = place.add()
    first = change(place, point, address="甲")
    again = change(place, point, contact="乙")
    assert (again.status_code, again.json["code"]) == (409, "proposal_open")
    assert again.json["existing_id"] == first.json["id"]
    wanted = wish(place)
    twice = wish(place, customer={**NEWCOMER, "uscc": next_uscc(78)})
    assert (twice.status_code, twice.json["existing_id"]) == (409, wanted.json["id"])
    assert twice.json["errors"][0]["field"] == "checkpoint.code"


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"customer_id": str(uuid4())}, 422, "customer_id"),
        ({"customer": None}, 422, "customer_id"),
        ({"customer": None, "customer_id": str(uuid4())}, 404, "customer_id"),
        ({"reason": "短"}, 422, "reason"),
        ({"checkpoint": {**WISH, "radius_m": 5}}, 422, "checkpoint.radius_m"),
        ({"checkpoint": {**WISH, "unheard": 1}}, 422, "checkpoint.unheard"),
        ({"customer": {**NEWCOMER, "uscc": "91310000123456789X"}}, 422, "customer.uscc"),
        (
            {"checkpoint": {**WISH, "registered": {"lon": 38.0, "lat": 114.5, "sys": "wgs84"}}},
            422,
            "checkpoint.registered.lon",
        ),
    ],
)
def test_a_bad_wish_is_refused_with_the_place(place: Field, changes: dict[str, Any], status: int, field: str) -> None:
    refused = wish(place, **changes)
    assert refused.status_code == status, refused.json
    assert field in {error["field"] for error in refused.json["errors"]}


def test_a_wish_with_the_loan_of_somebody_else_is_refused(place: Field) -> None:
    point = place.add()
    foreign = {"loan_ids": [str(uuid4())]}
    refused = change(place, point, **foreign)
    assert (refused.json["code"], refused.json["errors"][0]["field"]) == ("foreign_loan", "changes.loan_ids")
    refused = wish(place, customer=None, customer_id=customer_of(place, point), checkpoint={**WISH, **foreign})
    assert refused.json["errors"][0]["field"] == "checkpoint.loan_ids"


def test_a_wish_for_a_used_code_names_who_has_it(place: Field) -> None:
    point = place.get(place.add())
    refused = wish(place, checkpoint={**WISH, "code": point.code})
    assert (refused.status_code, refused.json["existing_id"]) == (409, str(point.id))


def test_an_edit_of_nothing_and_one_of_an_older_version_are_refused(place: Field) -> None:
    point = place.add()
    assert change(place, point).json["code"] == "proposal_empty"
    version = place.get(point).version
    with place.world.transaction() as ctx:
        ctx.session.get_one(Checkpoint, point).contact = "李四"
    stale = change(place, point, version=version, address="新址")
    assert (stale.status_code, stale.json["code"]) == (412, "version_changed")


def test_what_cannot_be_created_waits_on_with_its_reason(place: Field) -> None:
    proposal = wish(place)
    taken = place.get(place.add()).code
    with place.world.transaction() as ctx:
        row = ctx.session.get_one(CheckpointProposal, UUID(proposal.json["id"]))
        row.proposed = {**row.proposed, "code": taken}
    refused = decide(place, proposal, "accept")
    assert (refused.status_code, refused.json["code"]) == (409, "checkpoint_code_taken")
    answer = place.client.get(
        f"{API}/checkpoint-proposals/{proposal.json['id']}", headers=place.world.headers("officer")
    )
    assert answer.json["status"] == "proposed"


def test_only_officers_propose_and_only_managers_of_the_subtree_decide(place: Field) -> None:
    point = place.add()
    assert change(place, point, "manager", address="新址").status_code == 403
    assert change(place, point, None, version=1, address="新址").status_code == 401
    assert change(place, point, "colleague", address="新址").status_code == 404
    assert change(place, point, "foreign_officer", address="新址").status_code == 404
    proposal = change(place, point, address="新址")
    for verb, body in (("accept", {}), ("refuse", {"note": "地址不完整"})):
        assert decide(place, proposal, verb, "officer", **body).status_code == 403
        assert decide(place, proposal, verb, "foreign_manager", **body).status_code == 404
        assert decide(place, proposal, verb, None, **body).status_code == 401


def test_a_list_holds_what_is_in_scope_and_what_is_ones_own(place: Field, client: FlaskClient) -> None:
    mine = change(place, place.add(), address="新址").json["id"]
    foreign = change(place, place.add("foreign", "foreign_officer"), "foreign_officer", address="新址").json["id"]
    seen = {
        user: {row["id"] for row in pages(client, f"{API}/checkpoint-proposals", place.world.headers(user))}
        for user in ("officer", "colleague", "manager", "province_manager", "foreign_manager")
    }
    assert seen == {
        "officer": {mine},
        "colleague": set(),
        "manager": {mine},
        "province_manager": {mine, foreign},
        "foreign_manager": {foreign},
    }
    query = {"status": "accepted", "proposed_by": str(place.world.people["officer"])}
    answer = client.get(f"{API}/checkpoint-proposals", query_string=query, headers=place.world.headers("manager"))
    assert answer.json["items"] == []


def test_a_transferred_checkpoints_proposal_is_its_new_managers(place: Field) -> None:
    point = place.add()
    proposal = change(place, point, address="新址")
    with place.world.transaction() as ctx:
        ctx.session.get_one(Checkpoint, point).organisation_id = place.world.organisations["foreign"]
    assert decide(place, proposal, "accept", "manager").status_code == 404
    assert decide(place, proposal, "accept", "foreign_manager", version=place.get(point).version).status_code == 200


def test_who_proposed_never_decides_whatever_he_has_become(place: Field) -> None:
    proposal = wish(place)
    with place.world.transaction() as ctx:
        organisation_id = place.world.organisations["sub_branch"]
        accounts.assign_role(
            ctx, place.world.people["officer"], role="sub_branch_manager", organisation_id=organisation_id
        )
    for verb, body in (("accept", {}), ("refuse", {"note": "自己处理自己"})):
        refused = decide(place, proposal, verb, "officer", **body)
        assert (refused.status_code, refused.json["code"]) == (403, "four_eyes")


def test_what_is_stored_is_restored_as_it_was() -> None:
    values = {
        "code": "A-1",
        "effective_from": date(2026, 4, 1),
        "backup_officer_id": uuid4(),
        "exception_handler_id": None,
        "loan_ids": [uuid4(), uuid4()],
        "registered": {"lon": 114.5, "lat": 38.0, "sys": "wgs84"},
    }
    assert proposals.restored(proposals.stored(values)) == values
