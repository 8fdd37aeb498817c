"""The stage of the simulations, and the seeds that are played on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.sync.simulation.towns import Stage, build

if TYPE_CHECKING:
    from pathlib import Path

    from flask.testing import FlaskClient

    from inspection_api.core.banks import Bank
    from tests.factories import World
    from tests.fixtures import Clock, RolledBackDatabase


BLOCK, SHORT, LONG = 10, 100, 2_100


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Deal the seeds out in blocks, or the one that was asked for."""
    named = metafunc.config.getoption("seed")
    if "seeds" in metafunc.fixturenames:
        metafunc.parametrize("seeds", _blocks(0, SHORT) if named is None else [range(named, named + 1)], ids=_name)
    if "many_seeds" in metafunc.fixturenames:
        metafunc.parametrize("many_seeds", _blocks(SHORT, LONG), ids=_name)


def _name(block: range) -> str:
    return f"seeds_{block.start:04}"


def _blocks(first: int, last: int) -> list[range]:
    return [range(start, start + BLOCK) for start in range(first, last, BLOCK)]


@pytest.fixture
def stage(
    client: FlaskClient, database: RolledBackDatabase, clock: Clock, world: World, other_bank: Bank, tmp_path: Path
) -> Stage:
    """Two banks that share all ids, in one transaction that is rolled back."""
    towns = build(world, other_bank)
    return Stage(client, database, clock, towns, tmp_path, clock.now)
