"""Many devices at once, in a process of its own: each sends what it has until it is taken, as the client does.

One line of JSON comes in (the job), ``ready`` goes out, ``go`` comes in, one line of JSON goes out. A job has ``port``
and either ``devices``, or a ``path`` that is got again and again until another line comes in.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import orjson

PATIENCE_S = 120.0
_BUSY = {429, 503}
_PAUSE_S = 0.02
_dice = random.Random(1)  # noqa: S311 - jitter, no secret


@dataclass(slots=True)
class Seen:
    """What one device saw: answers by status, lost answers, acknowledged operations, and how long it took."""

    statuses: Counter[int] = field(default_factory=Counter)
    lost: int = 0
    acknowledged: list[str] = field(default_factory=list)
    seconds: float = 0.0


class Device:
    """One connection that is opened anew whenever it broke."""

    def __init__(self, port: int, device: dict[str, Any]) -> None:
        self._port, self._device = port, device
        self._connection: http.client.HTTPConnection | None = None
        self.seen = Seen()

    def drain(self) -> Seen:
        """Shake hands, then push every batch until it is taken."""
        begun = monotonic()
        self._until_taken("/api/v1/sync/handshake", self._device["hands"].encode(), {})
        for body, signature in self._device["bodies"]:
            answer = self._until_taken("/api/v1/sync/push", body.encode(), {"Device-Signature": signature})
            self.seen.acknowledged += [each["op_id"] for each in orjson.loads(answer)["results"]]
        self.seen.seconds = monotonic() - begun
        return self.seen

    def _until_taken(self, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        deadline = monotonic() + PATIENCE_S
        while monotonic() < deadline:
            status, answer, wait_s = self._sent(path, body, headers)
            if status == http.client.OK:
                return answer
            if status not in _BUSY and status:
                raise SystemExit(f"{path}: {status} {answer[:300]!r}")
            sleep(max(wait_s, 0.2) * _dice.uniform(1.0, 2.0))
        raise SystemExit(f"{path}: never taken")

    def _sent(self, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes, float]:
        """Return status, body and Retry-After of one attempt; status 0 where no answer came."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            kind = {"Content-Type": "application/json"}
            self._connection.request("POST", path, body, self._device["headers"] | kind | headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException):
            self._connection, self.seen.lost = None, self.seen.lost + 1
            return 0, b"", 0.0
        self.seen.statuses[response.status] += 1
        return response.status, answer, float(response.headers.get("Retry-After", "0"))


def storm(job: dict[str, Any]) -> dict[str, Any]:
    """Let all devices drain at once."""
    devices = [Device(job["port"], device) for device in job["devices"]]
    with ThreadPoolExecutor(len(devices)) as pool:
        seen = list(pool.map(Device.drain, devices))
    statuses = sum((each.statuses for each in seen), Counter())
    return {
        "statuses": {str(status): amount for status, amount in statuses.items()},
        "lost": sum(each.lost for each in seen),
        "acknowledged": [op_id for each in seen for op_id in each.acknowledged],
        "seconds": [each.seconds for each in seen],
    }


def watch(job: dict[str, Any]) -> dict[str, Any]:
    """Get a path every now and then until the parent says that it is enough."""
    enough, seconds = Event(), []
    Thread(target=lambda: (sys.stdin.readline(), enough.set()), daemon=True).start()
    connection = http.client.HTTPConnection("127.0.0.1", job["port"], timeout=60)
    while not enough.wait(_PAUSE_S):
        begun = monotonic()
        connection.request("GET", job["path"], headers=job["headers"])
        response = connection.getresponse()
        response.read()
        seconds.append(monotonic() - begun)
        if response.status != http.client.OK:
            raise SystemExit(f"{job['path']}: {response.status}")
    return {"seconds": seconds}


def main() -> None:
    """Do one job."""
    job = json.loads(sys.stdin.readline())
    print("ready", flush=True)  # noqa: T201 - the pipe to the parent
    sys.stdin.readline()
    print(json.dumps((storm if "devices" in job else watch)(job)), flush=True)  # noqa: T201 - the pipe to the parent


if __name__ == "__main__":
    main()
