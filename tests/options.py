"""Options of the test runs: one seed instead of all of them, and how a failing one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_SERVERS = {"database_url", "redis_url"}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a person play one simulation again."""
    parser.addoption("--seed", type=int, default=None, help="play the simulation of this seed only, and print it")
    parser.addoption(
        "--whole", action="store_true", help="tell a simulation that breaks as it is, without cutting it down"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that ask for a server; the others are the pure ones, which must cover the rules alone."""
    for item in items:
        if _SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("served")
