from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from checkpoints.rules.lifecycle import State
from checkpoints.rules.values import CheckpointFacts, PastRadius

NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


def test_a_moment_is_judged_by_the_radius_that_held_then() -> None:
    past = (
        PastRadius(radius_m=300, valid_to=NOON + timedelta(hours=3)),
        PastRadius(radius_m=200, valid_to=NOON + timedelta(hours=1)),
    )
    facts = CheckpointFacts(
        id=uuid4(),
        code="CP-1",
        public_id="P",
        customer_id=uuid4(),
        organisation_id=uuid4(),
        officer_id=None,
        state=State.ACTIVE,
        radius_m=50,
        plate_generation=1,
        location_generation=1,
        past_radii=past,
    )
    assert [facts.radius_at(NOON + timedelta(hours=hours)) for hours in (0, 1, 2, 3, 4)] == [200, 300, 300, 50, 50]
