"""How often a stranger may ask: a bucket of tokens for each address, in the memory of the worker.

Nothing is written for somebody without a login, so that nobody can fill a table with requests; each worker counts for
itself.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from threading import Lock
from time import monotonic

from inspection_api.core.errors import TooMany

AT_ONCE = 20
REFILL_S = 1.0
"""One more question a second after the first twenty: a person who checks papers, not a program that tries codes."""
_MOST_ADDRESSES = 10_000


class RateLimited(TooMany):
    """This address asks too often; ``retry_after_s`` says when it is answered again."""

    code = "rate_limited"
    title = "查询过于频繁，请稍后再试"


@dataclass(slots=True, kw_only=True)
class Buckets:
    """Buckets of ``size`` tokens, of which one comes back every ``refill_s`` seconds; ``clock`` tells seconds."""

    size: int = AT_ONCE
    refill_s: float = REFILL_S
    most: int = _MOST_ADDRESSES
    _full_at: OrderedDict[str, float] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, key: str, now: float | None = None) -> None:
        """Take a token from the bucket of ``key``.

        Raises:
            RateLimited: it is empty.
        """
        moment = monotonic() if now is None else now
        with self._lock:
            full_at = max(self._full_at.pop(key, moment), moment) + self.refill_s
            wait_s = full_at - moment - self.size * self.refill_s
            self._full_at[key] = full_at if wait_s <= 0 else full_at - self.refill_s
            if len(self._full_at) > self.most:
                self._full_at.popitem(last=False)
        if wait_s > 0:
            raise RateLimited(retry_after_s=int(wait_s) + 1)
