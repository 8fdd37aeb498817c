"""Waking the worker: sooner with Redis, never a failure without it."""

from __future__ import annotations

import json
import time
import zlib
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from inspection_api.core.queue import DELIVER, QUEUE, Waker, job_id, jobs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspection_api.core.banks import Bank


@pytest.fixture
def redis(redis_url: str, committed_bank: Bank) -> Iterator[Redis]:
    """The shared Redis, with this test's own job forgotten afterwards."""
    with Redis.from_url(redis_url) as client:
        yield client
        client.delete(f"rq:job:{job_id(committed_bank)}")
        client.lrem(f"rq:queue:{QUEUE}", 0, job_id(committed_bank))


def waiting(redis: Redis, bank: Bank) -> int:
    return jobs(redis).job_ids.count(job_id(bank))


def test_a_wake_up_is_one_job_with_the_banks_tag_in_its_id(redis: Redis, redis_url: str, committed_bank: Bank) -> None:
    Waker(redis_url)(committed_bank)
    job = jobs(redis).fetch_job(job_id(committed_bank))
    assert job is not None
    assert committed_bank.tag in job.id
    assert (job.func_name, list(job.args)) == (DELIVER, [committed_bank.tag])


def test_a_bank_never_waits_twice(redis: Redis, redis_url: str, committed_bank: Bank) -> None:
    wake = Waker(redis_url)
    wake(committed_bank)
    wake(committed_bank)
    assert waiting(redis, committed_bank) == 1


def test_arguments_never_travel_as_pickles(redis: Redis, redis_url: str, committed_bank: Bank) -> None:
    Waker(redis_url)(committed_bank)
    stored = redis.hget(f"rq:job:{job_id(committed_bank)}", "data")
    assert isinstance(stored, bytes)
    assert json.loads(zlib.decompress(stored))[2] == [committed_bank.tag]


def test_without_redis_waking_neither_fails_nor_takes_time(bank: Bank) -> None:
    wake = Waker("unix:///nonexistent/redis.sock")
    started = time.monotonic()
    for _ in range(100):
        wake(bank)
    assert time.monotonic() - started < 1
