"""The demo's own installation: servers, web and worker in a private folder, on a free port, with a clock that moves."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import create_engine, make_url, text

from inspection_api.core import processes
from inspection_api.core.embedded import postgres_server, redis_server
from inspection_api.core.embedded_home import owned_by_us
from inspection_api.core.settings import DEMO_SECRET_PREFIX, Mode
from sync.client import HttpTransport, Lost, Moment, Request

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

FOLDER = Path("var/demo")
BEGINS = datetime.fromisoformat("2026-03-10T08:30:00+08:00")
_DATABASE = "xunji_demo"
_READY_PATIENCE_S = 60.0
_STOP_PATIENCE_S = 20.0
_POLL_S = 0.05


class StageError(Exception):
    """The demo cannot run here; the message is one Chinese sentence with a code."""


class DemoClock:
    """The clock of servers and devices alike: the real one plus the seconds in a file (demo mode only)."""

    def __init__(self, path: Path) -> None:
        """Set the clock to the morning of the demo's day."""
        self._path, self._boot_id = path, str(uuid4())
        self._set((BEGINS - datetime.now(UTC)).total_seconds())

    def _set(self, offset_s: float) -> None:
        self._offset_s = offset_s
        draft = self._path.with_suffix(".new")
        draft.write_text(str(offset_s))
        draft.replace(self._path)

    def advance(self, **parts: float) -> None:
        """Let time pass for everybody."""
        self._set(self._offset_s + timedelta(**parts).total_seconds())

    def now(self) -> datetime:
        """Return the demo's present instant."""
        return datetime.now(UTC) + timedelta(seconds=self._offset_s)

    def moment(self) -> Moment:
        """Return the present moment as a phone sees it, whose monotonic clock runs on with the demo's."""
        mono_ms = time.monotonic_ns() // 1_000_000 + int(self._offset_s * 1000) + 2**40
        return Moment(wall=self.now(), mono_ms=mono_ms, boot_id=self._boot_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the demo plays; ``folder`` receives its files, ``run`` is gone at the end."""

    url: str
    clock: DemoClock
    folder: Path
    run: Path


@contextmanager
def open_stage(say: Callable[[str], None]) -> Iterator[Stage]:
    """Start everything on an empty database, seed the demo bank, and take everything down again.

    The servers' data stay in ``var/demo/servers`` so that the next start is quick; its database is made anew.

    Raises:
        EmbeddedError: a server cannot be started.
        StageError: another demo runs here, or a program of ours ended or did not get ready.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        if not stack.enter_context(owned_by_us(FOLDER / ".lock")):
            raise StageError(f"{FOLDER} 中已有演示正在进行 (demo_running)")
        run = _empty_folder(stack)
        clock = DemoClock(run / "clock")
        env = _environment(run, stack, say)
        _finish("seed-demo", env)
        for command in ("serve", "worker"):
            _start(command, env, run, stack)
        _wait_until_ready(env["XUNJI_PUBLIC_URL"], run)
        yield Stage(url=env["XUNJI_PUBLIC_URL"], clock=clock, folder=FOLDER, run=run)


def _empty_folder(stack: ExitStack) -> Path:
    """Remove the results of the last demo, and return a folder that is gone at the end."""
    for left in FOLDER.iterdir():
        if left.is_file() and not left.name.startswith("."):
            left.unlink()
    run = (FOLDER / "run").resolve()
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir()
    stack.callback(shutil.rmtree, run, ignore_errors=True)
    return run


def _environment(run: Path, stack: ExitStack, say: Callable[[str], None]) -> dict[str, str]:
    port = _free_port()
    servers = FOLDER / "servers"
    return os.environ | {
        "DATABASE_URL": _empty_database(stack.enter_context(postgres_server(servers, durable=False, say=say))),
        "REDIS_URL": stack.enter_context(redis_server(servers, say=say)),
        "XUNJI_SECRET_KEY": DEMO_SECRET_PREFIX + secrets.token_urlsafe(48),
        "XUNJI_MODE": Mode.DEMO.value,
        "XUNJI_VAR": str(run),
        "XUNJI_CLOCK_FILE": str(run / "clock"),
        "XUNJI_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "HOST": "127.0.0.1",
        "PORT": port,
        "PYTHONUNBUFFERED": "1",
    }


def _empty_database(url: str) -> str:
    """Drop the last demo's database, create this one's, and return its URL."""
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)"))
        connection.execute(text(f"CREATE DATABASE {_DATABASE}"))
    engine.dispose()
    return make_url(url).set(database=_DATABASE).render_as_string(hide_password=False)


def _free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def _spawn(command: str, env: dict[str, str], output: int | None = None) -> subprocess.Popen[bytes]:
    return processes.spawn([sys.executable, "-m", "inspection_api", command], env=env, output=output)


def _finish(command: str, env: dict[str, str]) -> None:
    status = _spawn(command, env).wait()
    if status != 0:
        raise StageError(f"{command} 失败，状态 {status} (command_failed)")


def _start(command: str, env: dict[str, str], run: Path, stack: ExitStack) -> None:
    with (run / f"{command}.log").open("wb") as log:
        process = _spawn(command, env, log.fileno())
    stack.callback(processes.stop, process, patience_s=_STOP_PATIENCE_S)


def _wait_until_ready(url: str, run: Path) -> None:
    deadline = time.monotonic() + _READY_PATIENCE_S
    while not _answers(url):
        if time.monotonic() > deadline:
            words = (run / "serve.log").read_text(errors="replace").strip()
            raise StageError(f"{url} 没有就绪 (not_ready)\n{words[-2000:]}")
        time.sleep(_POLL_S)


def _answers(url: str) -> bool:
    try:
        return HttpTransport(url, timeout_s=5)(Request(method="GET", path="/sessions")).status < 500  # noqa: PLR2004
    except Lost:
        return False
