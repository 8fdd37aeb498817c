"""The load generator: a process of its own that sends prepared requests over one connection and times each.

One line of JSON comes in (the job), ``ready`` goes out, ``go`` comes in, one line of JSON goes out. A job has ``port``,
``headers`` and ``path``, and either ``bodies`` (with their signatures) to post one after the other, or how many
``times`` to get the path: that page alone, or with ``follow`` from there to the last.
"""

from __future__ import annotations

import http.client
import json
import sys
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import quote

import orjson


@dataclass(slots=True)
class Timed:
    """What one generator saw: the answers' seconds, the rows in them, and between which moments."""

    seconds: list[float] = field(default_factory=list)
    rows: int = 0
    began: float = 0.0
    ended: float = 0.0


class Line:
    """One connection that stays open."""

    def __init__(self, job: dict[str, Any]) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", job["port"], timeout=60)
        self._headers = job["headers"]
        self._connection.connect()
        self.timed = Timed()

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> bytes:
        """Send one request, time it and return the answer; any status but 200 ends the run."""
        begun = monotonic()
        self._connection.request(method, path, body, self._headers | headers)
        response = self._connection.getresponse()
        answer = response.read()
        self.timed.seconds.append(monotonic() - begun)
        if response.status != http.client.OK:
            raise SystemExit(f"{method} {path}: {response.status} {answer[:500]!r}")
        return answer


def post_all(line: Line, job: dict[str, Any]) -> None:
    """Post every body; in each answer all results must be as expected."""
    prepared = [(body.encode(), {"Device-Signature": signature}) for body, signature in job["bodies"]]
    line.timed.began = monotonic()
    answers = [line.send("POST", job["path"], body, **headers) for body, headers in prepared]
    line.timed.ended = monotonic()
    statuses = {each["status"] for answer in answers for each in orjson.loads(answer)["results"]}
    if statuses != {"applied"}:
        raise SystemExit(f"not applied: {statuses}")


def get_all(line: Line, job: dict[str, Any]) -> None:
    """Get a page again and again, or all pages from the first to the last."""
    line.timed.began = monotonic()
    for _ in range(job["times"]):
        path = job["path"]
        while path:
            page = orjson.loads(line.send("GET", path))
            line.timed.rows += len(page.get("changes", ()))
            more = job["follow"] and page["has_more"]
            path = f"{job['path']}&cursor={quote(page['cursor'])}" if more else ""
    line.timed.ended = monotonic()


def main() -> None:
    """Do one job."""
    job = json.loads(sys.stdin.readline())
    line = Line(job)
    print("ready", flush=True)  # noqa: T201 - the pipe to the parent
    sys.stdin.readline()
    (post_all if "bodies" in job else get_all)(line, job)
    timed = line.timed
    told = {"seconds": timed.seconds, "rows": timed.rows, "began": timed.began, "ended": timed.ended}
    print(json.dumps(told), flush=True)  # noqa: T201 - the pipe to the parent


if __name__ == "__main__":
    main()
