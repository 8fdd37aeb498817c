"""A portfolio for the reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from tests.factories import World


@pytest.fixture
def desk(world: World) -> Portfolio:
    """A portfolio without checkpoints and rules."""
    return Portfolio(world)
