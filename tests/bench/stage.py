"""Where the benchmarks run: durable PostgreSQL, Redis, a seeded bank, the product's server and the skeleton's."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import sys
import tempfile
import time
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import make_url, text

from inspection_api.app import create_runtime
from inspection_api.core import processes
from inspection_api.core.embedded import postgres_server, redis_server
from inspection_api.core.settings import DEMO_SECRET_PREFIX, Mode, Settings
from inspection_api.demo.seed import seed
from tests.bench import skeleton
from tests.factories import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspection_api.http.runtime import Runtime

BANK = "demo"
_READY_PATIENCE_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A running server: gunicorn's own process id, and its port."""

    pid: int
    port: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The product and its floors, served from one database; ``runtime`` reaches it from within this process."""

    runtime: Runtime
    world: World
    product: Served
    unjudged: Served
    skeleton: Served


@contextmanager
def open_stage(*, with_past: bool = False) -> Iterator[Stage]:
    """Start everything in a private folder, seed the demo bank of real size, and take everything down again."""
    with ExitStack() as stack:
        folder = _folder(stack)
        database = stack.enter_context(postgres_server(folder, say=_quiet))
        stack.callback(shutil.rmtree, Path(str(make_url(database).query["host"])), ignore_errors=True)
        redis = stack.enter_context(redis_server(folder, say=_quiet))
        stack.callback(shutil.rmtree, Path(redis.removeprefix("unix://")).parent, ignore_errors=True)
        env = os.environ | {
            "DATABASE_URL": database,
            "REDIS_URL": redis,
            "XUNJI_MODE": Mode.TEST.value,
            "XUNJI_SECRET_KEY": DEMO_SECRET_PREFIX + secrets.token_urlsafe(48),
            "XUNJI_VAR": str(folder),
        }
        runtime = create_runtime(Settings.from_env(env))
        stack.callback(runtime.database.engine.dispose)
        yield Stage(
            runtime=runtime,
            world=_seeded(runtime, with_past=with_past),
            product=_serve(stack, "inspection_api", "serve", env=env),
            unjudged=_serve(stack, "tests.bench.unjudged", env=env),
            skeleton=_serve(stack, "tests.bench.skeleton", env=env),
        )


def learn(stage: Stage) -> None:
    """Let PostgreSQL count its rows, as autovacuum does in a bank that has lived for a minute."""
    with stage.runtime.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _folder(stack: ExitStack) -> Path:
    """Return a folder that is gone at the end, open to the unprivileged user whom a root run starts servers as."""
    folder = Path(tempfile.mkdtemp(prefix="xunji-bench-"))
    folder.chmod(0o711)
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder


def _seeded(runtime: Runtime, *, with_past: bool) -> World:
    runtime.banks.ensure_table()
    seed(runtime, BANK, with_past=with_past)
    with runtime.database.engine.begin() as connection:
        connection.execute(text(skeleton.TABLES))
    bank = runtime.banks.find_by_code(BANK)
    if bank is None:
        raise SystemExit(f"the bank {BANK} was not seeded")
    return World(database=runtime.database, bank=bank)


def _serve(stack: ExitStack, *words: str, env: dict[str, str]) -> Served:
    port = _free_port()
    process = processes.spawn([sys.executable, "-m", *words], env=env | {"PORT": str(port)})
    stack.callback(processes.stop, process, patience_s=20.0)
    deadline = time.monotonic() + _READY_PATIENCE_S
    while not _answers(f"http://127.0.0.1:{port}/readyz"):
        if time.monotonic() > deadline or process.poll() is not None:
            raise SystemExit(f"{' '.join(words)} did not get ready")
        time.sleep(0.1)
    return Served(pid=process.pid, port=port)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with suppress(OSError), opener.open(url, timeout=2) as answer:
        return bool(answer.status == 200)
    return False


def _quiet(_line: str) -> None:
    """The servers have nothing to tell."""
