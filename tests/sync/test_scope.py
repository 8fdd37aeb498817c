"""The scope oracle: what a device holds is what its user is granted, at every pull, whatever happens in between."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from inspection_api.accounts import service as accounts
from sync import service
from sync.entities import ENTITIES
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from uuid import UUID

    from flask.testing import FlaskClient

    from tests.factories import World

STEPS = 25
GRANTED = text("SELECT entity, entity_id FROM access_grant WHERE user_id = :user_id")


class Device:
    """A phone that pulls page by page and remembers; `granted` is the oracle, which knows nothing of the feed."""

    def __init__(self, phone: Phone) -> None:
        self.phone = phone
        self.held: set[tuple[str, str]] = set()
        self.cursor: str | None = None

    def granted(self) -> set[tuple[str, str]]:
        world = self.phone.world
        with world.transaction() as ctx:
            rows = ctx.session.execute(GRANTED, {"user_id": world.people[self.phone.username]})
            return {(entity, str(id_)) for entity, id_ in rows}

    def pull(self, limit: int) -> bool:
        """Take one page; what it brings must be granted now."""
        page = self.phone.pull(self.cursor, limit)
        brought: list[dict[str, Any]] = [each for each in page["changes"] if not ENTITIES[each["e"]].is_shared]
        puts = {(each["e"], each["id"]) for each in brought if each["k"] == "put"}
        assert puts <= self.granted()
        self.held = (self.held | puts) - {(each["e"], each["id"]) for each in brought if each["k"] != "put"}
        self.cursor = page["cursor"]
        return bool(page["consistent"])


def happen(dice: random.Random, world: World, points: list[UUID]) -> None:
    """Let one thing happen to a random point: granted, revoked, changed, or the feed is compacted."""
    point, officer = dice.choice(points), world.people[dice.choice(["officer", "colleague"])]
    with world.transaction() as ctx:
        match dice.randrange(4):
            case 0:
                accounts.grant(ctx, [(officer, "checkpoint", point)])
            case 1:
                accounts.revoke(ctx, [(officer, "checkpoint", point)])
            case 2:
                ctx.session.execute(text("UPDATE checkpoint SET name = name || '新' WHERE id = :id"), {"id": point})
            case _:
                service.compact(ctx)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_devices_of_two_banks_with_the_same_ids_hold_what_is_granted_and_in_the_end_all_of_it(
    client: FlaskClient, world: World, other_world: World, seed: int
) -> None:
    dice = random.Random(seed)  # noqa: S311 - a reproducible mix, no secret
    phone = Phone(client, world, Street(world))
    twin = Phone(client, other_world, Street(other_world), id=phone.id, key=phone.key)
    places = [[each.street.add() for _ in range(4)] for each in (phone, twin)]
    devices = [Device(phone), Device(twin)]
    for _ in range(STEPS):
        at = dice.randrange(2)
        happen(dice, (world, other_world)[at], places[at])
        dice.choice(devices).pull(dice.choice([1, 3, 100]))
    for device in devices:
        while not device.pull(2):
            pass
        assert device.held == device.granted()
