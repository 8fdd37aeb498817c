"""Matters that wait in the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.waiting import Matters

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World
    from tests.fixtures import Clock


@pytest.fixture
def matters(client: FlaskClient, world: World, clock: Clock) -> Matters:
    return Matters(client, world, clock)
