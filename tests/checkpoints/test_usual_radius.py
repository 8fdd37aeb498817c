"""The radius of new checkpoints: their organisation's, the next one above, else 200 m (domain.md §0, §3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select

from checkpoints.models import Checkpoint
from inspection_api.customers import service as customers
from inspection_api.customers.rules import next_uscc
from inspection_api.customers.service import NewCustomer

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World


def put(client: FlaskClient, world: World, user: str | None, organisation: str, radius_m: Any) -> Any:
    headers = world.headers(user) if user else {}
    path = f"/api/v1/organisations/{world.organisations[organisation]}/radius"
    return client.put(path, json={"radius_m": radius_m}, headers=headers)


def new_radius(world: World, number: int, organisation: str) -> int:
    row = NewCustomer(uscc=next_uscc(number), name="企业", organisation_id=world.organisations[organisation])
    with world.transaction() as ctx:
        customers.create_many(ctx, [row])
    with world.transaction() as ctx:
        return ctx.session.scalars(select(Checkpoint.radius_m).where(Checkpoint.customer_id == row.id)).one()


def test_a_new_checkpoint_gets_the_radius_of_the_nearest_organisation(client: FlaskClient, world: World) -> None:
    assert new_radius(world, 1, "sub_branch") == 200
    assert put(client, world, "province_manager", "province", 300).json == {"radius_m": 300}
    assert put(client, world, "province_manager", "branch", 150).status_code == 200
    assert put(client, world, "province_manager", "branch", 120).status_code == 200
    assert [new_radius(world, 2, "sub_branch"), new_radius(world, 3, "foreign")] == [120, 300]
    headers = world.headers("manager")
    shown = client.get(f"/api/v1/organisations/{world.organisations['sub_branch']}/radius", headers=headers)
    assert shown.json == {"radius_m": 120}
    assert new_radius(world, 4, "province") == 300


@pytest.mark.parametrize(
    ("user", "radius_m", "status"),
    [
        (None, 300, 401),
        ("manager", 300, 403),
        ("officer", 300, 403),
        ("province_manager", 29, 422),
        ("province_manager", 2001, 422),
        ("province_manager", 30, 200),
        ("administrator", 2000, 200),
    ],
)
def test_who_sets_it_and_within_what(
    client: FlaskClient, world: World, user: str | None, radius_m: int, status: int
) -> None:
    assert put(client, world, user, "branch", radius_m).status_code == status


def test_another_branch_learns_nothing(client: FlaskClient, world: World) -> None:
    path = f"/api/v1/organisations/{world.organisations['sub_branch']}/radius"
    assert client.get(path, headers=world.headers("foreign_manager")).status_code == 404
    assert client.get(path).status_code == 401
