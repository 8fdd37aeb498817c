"""`make run`: everything on one machine, from nothing to addresses and logins, and back to nothing on Ctrl-C.

Starts the servers that have no URL, migrates, seeds the demo bank, then keeps the web server and the worker running.
Whatever goes wrong is one Chinese sentence with a code, and exit status 1.
"""

from __future__ import annotations

import os
import secrets
import shlex
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from inspection_api.core import lan, processes
from inspection_api.core.embedded import embedded_servers
from inspection_api.core.embedded_home import EmbeddedError
from inspection_api.core.settings import DEMO_SECRET_PREFIX, Mode, system_clock

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping

_SECRET = "XUNJI_SECRET_KEY"  # noqa: S105 - a variable's name
_PHONES_PORT = "8443"
_PHONES_URL = "XUNJI_PHONES_URL"
_POLL_S = 0.1
_PORT_PATIENCE_S = 3.0
_READY_PATIENCE_S = 120.0
_STOP_PATIENCE_S = 20.0
_TOLD = ("DATABASE_URL", "REDIS_URL", "XUNJI_MODE", "XUNJI_VAR", "XUNJI_CLOCK_FILE", _SECRET)
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartError(Exception):
    """The system cannot run; the message is one Chinese sentence with a code."""


@dataclass(slots=True)
class _Children:
    """The running children by command, and whether the user wants them to end."""

    env: dict[str, str]
    asked: bool = False
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def request_stop(self, _number: int, _frame: object) -> None:
        self.asked = True

    def stopping(self) -> bool:
        return self.asked

    def start(self, command: str, *options: str) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "inspection_api", command, *options]
        self.running[command] = processes.spawn(line, env=self.env)
        return self.running[command]

    def finish(self, command: str, *options: str) -> None:
        """Run a command that ends by itself; its own words tell what went wrong."""
        if self.stopping():
            return
        process = self.start(command, *options)
        while process.poll() is None and not self.stopping():
            time.sleep(_POLL_S)
        if self.stopping():
            return
        del self.running[command]
        if process.returncode != 0:
            raise StartError(f"{command} 失败，状态 {process.returncode} (command_failed)")

    def ensure_alive(self) -> None:
        for command, process in self.running.items():
            if process.poll() is not None:
                raise StartError(f"{command} 意外退出，状态 {process.returncode}，其余一并停止 (child_died)")

    def stop_all(self) -> None:
        for process in self.running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.running.values():
            processes.stop(process, patience_s=_STOP_PATIENCE_S)


def run_everything(environment: Mapping[str, str]) -> int:
    """Run the whole system until Ctrl-C or SIGTERM; return the exit status.

    ``environment`` may set ``DATABASE_URL``, ``REDIS_URL``, ``HOST``, ``PORT``, ``XUNJI_VAR``, ``XUNJI_SECRET_KEY`` and
    ``XUNJI_MODE``; the demo bank is seeded in demo mode only, which is the default here.
    """
    children = _Children(env=dict(environment))
    before = {number: signal.signal(number, children.request_stop) for number in _SIGNALS}
    try:
        with ExitStack() as stack:
            _prepare(children.env, stack)
            stack.callback(children.stop_all)
            _serve(children)
    except (StartError, EmbeddedError) as error:
        print(error, file=sys.stderr, flush=True)  # noqa: T201 - the terminal is this program's face
        return 1
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    _say("已停止。")
    return 0


def _prepare(env: dict[str, str], stack: ExitStack) -> None:
    """Complete the children's environment: a free port, a secret, servers that answer."""
    env.setdefault("HOST", "127.0.0.1")
    env.setdefault("PORT", "8000")
    env.setdefault("XUNJI_MODE", Mode.DEMO)
    env["XUNJI_VAR"] = str(Path(env.get("XUNJI_VAR", "var")).resolve())
    env["PYTHONUNBUFFERED"] = "1"
    _ensure_port_free(env["HOST"], env["PORT"])
    if env.get("DATABASE_URL"):
        env["DATABASE_URL"] = _reachable_database(env["DATABASE_URL"])
    var = Path(env["XUNJI_VAR"])
    urls = embedded_servers(var, database_url=env.get("DATABASE_URL"), redis_url=env.get("REDIS_URL"), say=_say)
    servers = stack.enter_context(urls)
    env.update(DATABASE_URL=servers.database, REDIS_URL=servers.redis)
    _warn_without_redis(servers.redis)
    _open_to_phones(env)
    if not env.get(_SECRET):
        env[_SECRET] = _demo_secret(var / "secrets.env")
    stack.enter_context(_told(env, var / "run.env"))


def _open_to_phones(env: dict[str, str]) -> None:
    """Settle where phones on the local network reach us by HTTPS: nowhere (``0``), unless it is a demo or asked for.

    Raises:
        StartError: a port was asked for that cannot be had.
    """
    asked = env.get("HTTPS_PORT")
    env["HTTPS_PORT"] = asked or (_PHONES_PORT if env["XUNJI_MODE"] == Mode.DEMO else "0")
    address = lan.own_address() if env["HTTPS_PORT"] != "0" else None
    if asked and asked != "0":
        _ensure_port_free(lan.EVERYWHERE, asked)
    if address is None or _bind_problem(lan.EVERYWHERE, int(env["HTTPS_PORT"])) is not None:
        env["HTTPS_PORT"] = "0"
        return
    lan.ensure_certificate(Path(env["XUNJI_VAR"]), ["127.0.0.1", address], system_clock())
    env[_PHONES_URL] = f"https://{address}:{env['HTTPS_PORT']}"


@contextmanager
def _told(env: Mapping[str, str], path: Path) -> Iterator[None]:
    """Write down, for single commands, what the running system was started with; the file is gone when it stops."""
    _write_private(path, "".join(f"export {name}={shlex.quote(env[name])}\n" for name in _TOLD if name in env))
    yield
    path.unlink(missing_ok=True)


def _serve(children: _Children) -> None:
    children.finish("migrate")
    if children.env["XUNJI_MODE"] == Mode.DEMO:
        children.finish("seed-demo", "--past")
    if children.stopping():
        return
    children.start("serve")
    children.start("worker")
    _wait_until_ready(children)
    if _PHONES_URL in children.env and not children.stopping():
        children.start("serve-https")
        _say(lan.invitation(children.env[_PHONES_URL]))
    while not children.stopping():
        children.ensure_alive()
        time.sleep(_POLL_S)
    _say("正在停止……")


def _wait_until_ready(children: _Children) -> None:
    address = _address(children.env)
    deadline = time.monotonic() + _READY_PATIENCE_S
    while not children.stopping():
        children.ensure_alive()
        if _answers(f"{address}/readyz"):
            _say(f"巡迹已启动：{address}\n接口文档：{address}/api/v1/openapi.json\n按 Ctrl-C 停止")
            return
        if time.monotonic() > deadline:
            raise StartError(f"{address} 在 {_READY_PATIENCE_S:.0f} 秒内没有就绪 (not_ready)")
        time.sleep(_POLL_S)


def _address(env: Mapping[str, str]) -> str:
    host = "127.0.0.1" if env["HOST"] in {"0.0.0.0", "::", ""} else env["HOST"]  # noqa: S104 - compared, not bound
    return f"http://[{host}]:{env['PORT']}" if ":" in host else f"http://{host}:{env['PORT']}"


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=2) as answer:
            return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's "OK"
    except (OSError, urllib.error.URLError):
        return False


def _ensure_port_free(host: str, port: str) -> None:
    """Wait a moment for a server that is just leaving.

    Raises:
        StartError: the port is taken, forbidden, or no port at all.
    """
    if not port.isdecimal() or not 0 < int(port) < 65536:  # noqa: PLR2004 - TCP's range of ports
        raise StartError(f"PORT 不是有效端口：{port} (bad_port)")
    deadline = time.monotonic() + _PORT_PATIENCE_S
    while (problem := _bind_problem(host, int(port))) is not None:
        if time.monotonic() > deadline:
            raise StartError(f"无法使用端口 {host}:{port}（{problem}），请换一个：make run PORT=8001 (port_taken)")
        time.sleep(_POLL_S)


def _bind_problem(host: str, port: int) -> str | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def _reachable_database(url: str) -> str:
    """Return the URL with our driver in it, once a connection has been made.

    Raises:
        StartError: it is no PostgreSQL URL, or nobody answers there; the password is not repeated.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in {"postgresql", "postgres"}:
            raise StartError("DATABASE_URL 须为 postgresql://… (database_url_invalid)")
        parsed = parsed.set(drivername="postgresql+psycopg")
        create_engine(parsed, connect_args={"connect_timeout": 5}).connect().close()
    except (ArgumentError, ValueError):
        raise StartError("DATABASE_URL 不是有效的地址 (database_url_invalid)") from None
    except DBAPIError as error:
        reason = str(error.orig).strip().splitlines()[0]
        raise StartError(
            f"无法连接 DATABASE_URL {parsed.render_as_string()}：{reason} (database_unreachable)"
        ) from None
    return parsed.render_as_string(hide_password=False)


def _warn_without_redis(url: str) -> None:
    try:
        with Redis.from_url(url, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0)) as client:
            client.ping()
    except ValueError:
        raise StartError("REDIS_URL 不是有效的地址 (redis_url_invalid)") from None
    except RedisError:
        _say("Redis 暂时连不上：功能不受影响，后台处理每 2 秒进行一次 (redis_unreachable)")


def _demo_secret(path: Path) -> str:
    """Return the demo's secret, made at the first start and readable by its owner alone.

    Raises:
        StartError: the file is not ours to read, or does not hold a secret.
    """
    try:
        if not path.exists():
            _write_private(path, f"{_SECRET}={DEMO_SECRET_PREFIX}{secrets.token_urlsafe(48)}\n")
        lines = path.read_text().splitlines()
    except OSError as error:
        raise StartError(f"无法读写 {path}：{error.strerror} (secrets_unreadable)") from None
    found = next((line.partition("=")[2] for line in lines if line.startswith(f"{_SECRET}=")), "")
    if not found:
        raise StartError(f"{path} 中没有 {_SECRET} (secrets_incomplete)")
    return found


def _write_private(path: Path, words: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(words)
    draft.rename(path)


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the terminal is this program's face
