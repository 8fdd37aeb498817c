"""The real web server as a process of its own, with the clock of the tests: `python -m tests.fire.serving`.

Only the clock differs from `serve`: the tests' bank lives on one day in March 2026.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import urllib.request
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from inspection_api.core import processes
from inspection_api.core.settings import Mode, Settings
from inspection_api.server import serve_forever
from tests.fixtures import SECRET, Clock
from tests.test_supervisor import children_of, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

_READY_PATIENCE_S = 60.0


class Lost(Exception):  # noqa: N818 - it says what became of the answer
    """No whole answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; named as the Flask test client names it."""

    status_code: int
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Wire:
    """A test client over a real socket, one connection for each request."""

    port: int

    def post(self, path: str, *, headers: dict[str, str], json: Any = None, data: bytes | None = None) -> Answer:
        """Send one request.

        Raises:
            Lost: the connection failed before the answer was complete.
        """
        body = data if json is None else orjson.dumps(json)
        kind = {"Content-Type": "application/json"}
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("POST", path, body, headers | kind)
            answer = connection.getresponse()
            return Answer(answer.status, answer.read())
        except (OSError, HTTPException) as error:
            raise Lost(str(error)) from error
        finally:
            connection.close()


@dataclass(frozen=True, slots=True)
class Served:
    """A running gunicorn: its own process id and its port."""

    pid: int
    port: int

    @property
    def workers(self) -> list[int]:
        return children_of(self.pid)


@contextmanager
def serving(settings: Settings) -> Iterator[Served]:
    """Run the server until the end of the block."""
    port = free_port()
    env = {
        **os.environ,
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "XUNJI_VAR": str(settings.var),
        "PORT": str(port),
    }
    root = Path(__file__).parents[2]
    process = processes.spawn([sys.executable, "-m", "tests.fire.serving"], env=env, folder=root)
    try:
        deadline = time.monotonic() + _READY_PATIENCE_S
        while not _answers(f"http://127.0.0.1:{port}/healthz"):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield Served(process.pid, port)
    finally:
        processes.stop(process, signal.SIGQUIT, patience_s=20.0)


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), opener.open(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def main() -> None:
    """Serve until SIGTERM."""
    env = os.environ | {"XUNJI_MODE": Mode.TEST.value, "XUNJI_SECRET_KEY": SECRET.decode()}
    serve_forever(replace(Settings.from_env(env), clock=Clock()))


if __name__ == "__main__":
    main()
