"""Whole histories: joins, exits, transfers, edits, runs, downtime, visits; the product against a bank kept by hand.

The quick test plays the same histories each time: a rare one that shows a difference must not stop work that has
nothing to do with it. The long test searches at random; what it finds is mended, and kept by name in `known.py`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.factories import World
from tests.portfolio import Portfolio
from tests.rounds.driver import PLACES, Town, noon, open_town
from tests.rounds.histories import histories
from tests.rounds.known import KNOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspection_api.core.banks import Bank
    from tests.fixtures import Clock, RolledBackDatabase

History = Any
ACTORS = ("province_manager", "second_province_manager", "administrator")
QUICK = settings(
    deadline=None,
    max_examples=20,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


@pytest.fixture
def play(database: RolledBackDatabase, bank: Bank, clock: Clock) -> Callable[[History], None]:
    """Return a function that plays one history in a town of its own, and compares after every night."""
    clock.now = datetime(2014, 1, 1, tzinfo=UTC)
    portfolio = Portfolio(World(database=database, bank=bank).populate())
    actors = {name: portfolio.world.actor(name) for name in ACTORS}

    def play(history: History) -> None:
        form, end, today, actions = history
        clock.now = noon(today)
        with database.connection.begin_nested() as place:
            town = open_town(portfolio, clock, actors, form, end)
            for action, values in actions:
                step(town, action, values)
            step(town, "night", ())
            place.rollback()

    return play


def step(town: Town, action: str, values: tuple[Any, ...]) -> None:
    getattr(town, action)(*values)
    if action == "night":
        compare(town)


def compare(town: Town) -> None:
    assert town.rows() == town.expected()
    first = town.today.replace(day=1)
    for window in ((first, first + timedelta(days=40)), (first - timedelta(days=200), town.today - timedelta(days=1))):
        by_hand = {place: town.hand.figures(place, window, town.today) for place in PLACES}
        assert town.figures(window) == by_hand


@pytest.mark.parametrize("history", KNOWN)
def test_a_history_that_once_showed_a_difference(play: Callable[[History], None], history: History) -> None:
    play(history)


@QUICK
@given(histories())
def test_a_history_leaves_the_same_tasks_states_and_figures(play: Callable[[History], None], history: History) -> None:
    play(history)


@pytest.mark.long
@settings(QUICK, max_examples=1500, derandomize=False)
@given(histories())
def test_a_thousand_histories_leave_the_same(play: Callable[[History], None], history: History) -> None:
    play(history)
