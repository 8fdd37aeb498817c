from __future__ import annotations

import time
from uuid import RFC_4122

from inspection_api.core.ids import new_id, new_ids


def test_an_id_is_a_uuid_of_version_7_with_the_present_instant() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert (made.version, made.variant) == (7, RFC_4122)
    assert before <= made.int >> 80 <= after


def test_ids_made_one_after_the_other_are_in_order_and_differ() -> None:
    made = [new_id() for _ in range(10_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_ids_made_at_once_are_like_those_made_one_by_one() -> None:
    earlier, made, later = new_id(), new_ids(5_000), time.time_ns() // 1_000_000
    assert made == sorted(made)
    assert len(set(made)) == len(made) == 5_000
    assert all((each.version, each.variant) == (7, RFC_4122) for each in made)
    assert earlier < made[0]
    assert made[-1].int >> 80 <= later + 2


def test_no_ids_are_made_where_none_are_needed() -> None:
    assert new_ids(0) == []
