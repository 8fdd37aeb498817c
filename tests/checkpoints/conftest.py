"""The field that the tests of this slice work in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.checkpoints.field import Field

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World


@pytest.fixture
def place(client: FlaskClient, world: World) -> Field:
    return Field(client, world)
