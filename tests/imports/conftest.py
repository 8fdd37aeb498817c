"""Files that banks bring, and requests that bring them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.imports.tables import Desk

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World


@pytest.fixture
def desk(client: FlaskClient, world: World) -> Desk:
    return Desk(client, world)
