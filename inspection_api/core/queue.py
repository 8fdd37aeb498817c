"""RQ's queue: Redis only makes things sooner.

What must happen later stands in the database (`event_delivery`). After a commit that left deliveries, one job per bank
asks the worker to look at once; its id carries the bank's tag, and while it waits no second one is queued. A wake-up
that gets lost, because Redis is away, costs two seconds: the worker looks by itself (architecture.md §3).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.exceptions import DuplicateJobError
from rq.serializers import JSONSerializer

from inspection_api.core.logs import log

if TYPE_CHECKING:
    from inspection_api.core.banks import Bank

QUEUE = "xunji"
DELIVER = "inspection_api.worker.deliver"
_TIMEOUT_S = 0.2
_PAUSE_S = 2.0
_JOB_LIFE_S = 60


def job_id(bank: Bank) -> str:
    """Return the id of the bank's wake-up job."""
    return f"{bank.tag}-deliver"


def jobs(redis: Redis) -> Queue:
    """Return the queue; arguments travel as JSON, never as pickles."""
    return Queue(QUEUE, connection=redis, serializer=JSONSerializer)


class Waker:
    """Tells the worker that a bank's outbox has something to do; never fails and never waits long.

    While Redis is away it is asked once every two seconds only, so that commits do not queue up behind its timeouts.
    """

    def __init__(self, redis_url: str) -> None:
        """Keep the address; nothing connects before the first wake-up."""
        retry = Retry(NoBackoff(), 0)
        self.redis = Redis.from_url(
            redis_url, socket_timeout=_TIMEOUT_S, socket_connect_timeout=_TIMEOUT_S, retry=retry
        )
        self._silent_until = float("-inf")

    def __call__(self, bank: Bank) -> None:
        """Queue the bank's wake-up job unless one waits already."""
        if time.monotonic() < self._silent_until:
            return
        try:
            self._enqueue(bank)
        except DuplicateJobError:
            return
        except RedisError as error:
            self._silent_until = time.monotonic() + _PAUSE_S
            log.warning("wake_lost", bank=bank.tag, error=type(error).__name__)

    def _enqueue(self, bank: Bank) -> None:
        jobs(self.redis).enqueue_call(
            DELIVER,
            args=[bank.tag],
            job_id=job_id(bank),
            unique=True,
            ttl=_JOB_LIFE_S,
            result_ttl=0,
            failure_ttl=1,
            description=f"deliver {bank.tag}",
        )


def waker(redis_url: str) -> Waker:
    """Return what `Database` calls after a commit that left something to do."""
    return Waker(redis_url)
