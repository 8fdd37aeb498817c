from __future__ import annotations

import time
from uuid import RFC_4122

from inspection_api.core.ids import new_id


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
