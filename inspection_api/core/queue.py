"""Redis only makes things sooner: the outbox is in the database, and a wake-up that gets lost costs two seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis, RedisError

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspection_api.core.banks import Bank


def wake_key(tag: str) -> str:
    """Return the Redis list by whose first element a bank's worker is woken."""
    return f"xunji:{tag}:wake"


def waker(redis_url: str) -> Callable[[Bank], None]:
    """Return the function that tells the worker that a bank's outbox has something to do."""
    redis = Redis.from_url(redis_url, socket_timeout=0.2, socket_connect_timeout=0.2)

    def wake(bank: Bank) -> None:
        try:
            redis.lpush(wake_key(bank.tag), 1)
            redis.ltrim(wake_key(bank.tag), 0, 0)
        except RedisError:
            return

    return wake
