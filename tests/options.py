"""Options of the test runs: one seed instead of all of them, and how a failing one is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    import pytest

_SERVERS = {"database_url", "redis_url"}
_NO_SLICES = {"tests", "bench", "core", "demo", "fire", "http", "mutants", "simulation"}
_JUDGED_THROUGH_THE_SERVER = {"accounts", "sync", "telemetry"}


def pytest_configure() -> None:
    """Let no property fail because the machine was slow: nothing here asserts wall time."""
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a person play one simulation again."""
    parser.addoption("--seed", type=int, default=None, help="play the simulation of this seed only, and print it")
    parser.addoption(
        "--whole", action="store_true", help="tell a simulation that breaks as it is, without cutting it down"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that must cover every branch of the rules; only they pay for being measured."""
    for item in items:
        folder = item.path.parent.name
        is_served = _SERVERS.intersection(getattr(item, "fixturenames", ()))
        if folder in _JUDGED_THROUGH_THE_SERVER or (folder not in _NO_SLICES and not is_served):
            item.add_marker("rules")
