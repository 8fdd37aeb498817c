"""A street of checkpoints and a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sync.drafting import Desk
from tests.sync.phone import Phone, Street

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World


@pytest.fixture
def street(world: World) -> Street:
    return Street(world)


@pytest.fixture
def phone(client: FlaskClient, world: World, street: Street) -> Phone:
    phone = Phone(client, world, street)
    phone.shake_hands()
    return phone


@pytest.fixture
def second(client: FlaskClient, world: World, street: Street) -> Phone:
    """The officer's other device."""
    phone = Phone(client, world, street)
    phone.shake_hands()
    return phone


@pytest.fixture
def desk(street: Street) -> Desk:
    return Desk(street)
