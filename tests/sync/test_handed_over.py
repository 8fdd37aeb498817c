"""What phones hold and how visits are judged after a checkpoint was handed over, let go, or given another radius."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from checkpoints.models import Checkpoint
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import AccessGrant
from inspection_api.core.permissions import Role
from inspection_api.inspections.models import Inspection
from tests.sync.phone import Phone, Street, fix
from tests.sync.test_pull import mirror

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


def held(phone: Phone) -> set[str]:
    """Return the kinds of things that a phone that begins anew receives."""
    return {entity for entity, _ in mirror(phone)}


def call(client: FlaskClient, world: World, path: str, user: str, **body: Any) -> Any:
    answer = client.post(f"/api/v1{path}", json=body, headers=world.headers(user))
    assert answer.status_code in {200, 201}, answer.json
    return answer.json


def test_a_transfer_takes_point_and_task_from_one_phone_to_another(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    user_id = world.add_user("neighbour", None, "sub_branch")
    with world.transaction() as ctx:
        accounts.assign_role(ctx, user_id, role=Role.LOAN_OFFICER, organisation_id=world.organisations["sibling"])
    point = street.add()
    street.make_tasks()
    other = Phone(client, world, street, username="neighbour")
    other.shake_hands()
    cursor = phone.pull()["cursor"]
    assert ("checkpoint" in held(phone), "checkpoint" in held(other)) == (True, False)
    organisation, officer = str(world.organisations["sibling"]), str(world.people["neighbour"])
    body = {"checkpoint_ids": [str(point)], "organisation_id": organisation, "officer_id": officer}
    call(client, world, "/checkpoints/transfer", "branch_manager", **body)
    drops = [each for each in phone.pull(cursor)["changes"] if each.get("op") == "drop" or "reason" in each]
    assert any(str(point) == each.get("id") for each in drops), drops
    assert "checkpoint" not in held(phone)
    row = mirror(other)["checkpoint", str(point)]["d"]
    assert (row["organisation_id"], row["officer_id"]) == (organisation, officer)
    assert "customer" in held(other)
    with world.transaction() as ctx:
        mine = select(AccessGrant.entity).where(AccessGrant.user_id == world.people["officer"])
        assert "checkpoint" not in set(ctx.session.scalars(mine))


def test_a_phone_learns_that_its_checkpoint_has_left_and_come_back(
    phone: Phone, street: Street, world: World, client: FlaskClient
) -> None:
    point = street.add()

    def state() -> str:
        return str(mirror(phone)["checkpoint", str(point)]["d"]["state"])

    seen = [state()]
    wanted = {"exit_type": "settled", "reason": "贷款已结清", "effective_on": "2026-03-10"}
    exit_id = call(client, world, f"/checkpoints/{point}/exits", "officer", **wanted)["id"]
    seen.append(state())
    call(client, world, f"/exits/{exit_id}/approve", "approver")
    seen.append(state())
    call(client, world, f"/checkpoints/{point}/reactivate", "approver", reason="客户续贷")
    assert [*seen, state()] == ["active", "exit_proposed", "exited", "active"]


def visit_from(phone: Phone, point: UUID, metres: float) -> dict[str, Any]:
    """Return a visit whose every fix lies so many metres from the place."""
    visit = phone.visit(point)
    visit["scan"]["fixes"] = visit["fixes"] = [fix(metres)]
    for medium in visit["media"]:
        medium["fix"] = fix(metres)
    return phone.operation("inspection.submit", phone.submit(point)["entity_id"], visit, seq=None)


@pytest.mark.parametrize(("hours_later", "radius_m", "verdict"), [(0, 200, "inside"), (1, 30, "outside")])
def test_a_visit_is_judged_by_the_radius_of_its_scan_whenever_it_arrives(
    phone: Phone,
    street: Street,
    world: World,
    client: FlaskClient,
    clock: Clock,
    hours_later: int,
    radius_m: int,
    verdict: str,
) -> None:
    point = street.add()
    with world.transaction() as ctx:
        version = ctx.session.get_one(Checkpoint, point).version
    match = world.headers("manager") | {"If-Match": f'"{version}"'}
    edited = client.patch(f"/api/v1/checkpoints/{point}", json={"radius_m": 30}, headers=match)
    assert edited.status_code == 200, edited.json
    clock.advance(hours=hours_later)
    phone.mono_ms += hours_later * 3_600_000
    phone.shake_hands()
    operation = visit_from(phone, point, 100)
    phone.push({**operation, "seq": 1})
    with world.transaction() as ctx:
        judgement = ctx.session.get_one(Inspection, operation["entity_id"]).judgement
    assert judgement is not None
    assert (judgement["radius_m"], judgement["verdict"]) == (radius_m, verdict)
