"""The product's rounds against those of the day-by-day simulator.

The quick test takes the same examples each time, the long one searches at random, as in `test_histories.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings

from tests.rounds import simulator
from tests.rounds.histories import cases
from tests.rounds.translation import product_required

if TYPE_CHECKING:
    from datetime import date

    from tests.rounds.simulator import Life, Stay

QUICK = settings(deadline=None, max_examples=80, derandomize=True, suppress_health_check=[HealthCheck.too_slow])


@QUICK
@given(cases())
def test_the_same_tasks_are_required_as_by_walking_day_by_day(case: tuple[Life, Stay, date]) -> None:
    assert product_required(*case) == simulator.required(*case)


@pytest.mark.long
@settings(QUICK, max_examples=10_000, derandomize=False)
@given(cases())
def test_the_same_thousands_of_times(case: tuple[Life, Stay, date]) -> None:
    assert product_required(*case) == simulator.required(*case)
