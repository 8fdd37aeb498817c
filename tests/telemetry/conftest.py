"""A gateway that reads one meter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.telemetry.gateways import Gateway

if TYPE_CHECKING:
    from tests.factories import World


@pytest.fixture
def gateway(world: World) -> Gateway:
    """A gateway of the sub-branch."""
    return Gateway(world=world)
