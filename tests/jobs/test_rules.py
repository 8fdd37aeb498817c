from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from inspection_api.jobs import rules
from inspection_api.jobs.errors import JobFileExpired, JobKeyReused, JobUnfinished, TooManyJobs
from inspection_api.jobs.rules import Status

NOW = datetime(2026, 3, 10, tzinfo=UTC)


def test_a_user_waits_for_five_jobs_at_most() -> None:
    rules.ensure_room(rules.MOST_OPEN - 1)
    with pytest.raises(TooManyJobs) as caught:
        rules.ensure_room(rules.MOST_OPEN)
    assert caught.value.members == {"limit": 5}


def test_a_key_means_one_thing() -> None:
    rules.ensure_same(("counting", {"up_to": 3}), ("counting", {"up_to": 3}))
    with pytest.raises(JobKeyReused):
        rules.ensure_same(("counting", {"up_to": 3}), ("counting", {"up_to": 4}))


def test_a_file_is_there_until_the_instant_at_which_it_expires() -> None:
    rules.ensure_file(Status.DONE, NOW + timedelta(microseconds=1), NOW)
    for status in (Status.DONE, Status.EXPIRED):
        with pytest.raises(JobFileExpired):
            rules.ensure_file(status, NOW, NOW)


@pytest.mark.parametrize("status", [Status.QUEUED, Status.RUNNING, Status.FAILED])
def test_without_a_file_there_is_nothing_to_fetch(status: Status) -> None:
    with pytest.raises(JobUnfinished) as caught:
        rules.ensure_file(status, None, NOW)
    assert caught.value.members == {"status": status.value}


def test_a_part_has_the_same_name_for_every_attempt_and_another_for_every_job() -> None:
    job = UUID(int=1)
    assert rules.part_id(job, 3) == rules.part_id(job, 3)
    assert len({rules.part_id(job, 3), rules.part_id(job, 4), rules.part_id(uuid4(), 3), job}) == 4
