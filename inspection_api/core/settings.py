"""Settings: everything that differs between installations, read once from the environment.

Secrets come from the environment only. Production mode refuses to start with the demo's secrets or with a movable
clock (security.md, secure defaults).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Self

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MINIMUM_SECRET_LENGTH = 32
MOST_PROXIES = 9
FEWEST_WORKERS = 2
"""One serves while the other is started anew."""
MOST_WORKERS = 128
MOST_UNASKED = 8
"""More web processes need a PostgreSQL that takes their connections, so somebody must ask for them."""
DEMO_SECRET_PREFIX = "demo-"  # noqa: S105 - marks the demo's secrets, is none


class SettingsError(Exception):
    """The environment does not describe an installation that may start; the message says which variable and why."""


class Mode(StrEnum):
    """How much is at stake: the demo may move its clock, production may not."""

    DEMO = "demo"
    TEST = "test"
    PRODUCTION = "production"


def system_clock() -> datetime:
    """Return the present instant in UTC; the only clock of the system outside demo mode."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffsetClock:
    """The demo's clock: the system clock plus the seconds written in ``path`` (no file, no offset)."""

    path: Path

    def __call__(self) -> datetime:
        """Return the shifted instant in UTC."""
        seconds = float(self.path.read_text()) if self.path.exists() else 0.0
        return system_clock() + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One installation.

    ``secret_key`` seals the banks' MAC keys; ``public_url`` heads QR links; ``proxies`` counts our own proxies that add
    to ``X-Forwarded-For``, so that a failed login is held against its own address; ``workers`` counts web processes;
    ``https_port`` is where phones on the local network reach it, outside of production.
    """

    mode: Mode
    secret_key: bytes
    database_url: str
    redis_url: str
    var: Path
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = "http://127.0.0.1:8000"
    proxies: int = 0
    workers: int = FEWEST_WORKERS
    https_port: int | None = None
    clock: Callable[[], datetime] = system_clock

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Self:
        """Read the settings from environment variables.

        Raises:
            SettingsError: a variable is missing, malformed, or not allowed in this mode.
        """
        mode = _mode(env.get("XUNJI_MODE", Mode.PRODUCTION))
        port = _port(env.get("PORT", "8000"))
        host = env.get("HOST", "127.0.0.1")
        return cls(
            mode=mode,
            secret_key=_secret(env, mode),
            database_url=_database_url(_required(env, "DATABASE_URL")),
            redis_url=_required(env, "REDIS_URL"),
            var=Path(env.get("XUNJI_VAR", "var")).resolve(),
            host=host,
            port=port,
            public_url=env.get("XUNJI_PUBLIC_URL", f"http://{host}:{port}"),
            proxies=_count(env, "XUNJI_PROXIES", "0", range(MOST_PROXIES + 1)),
            workers=_count(env, "XUNJI_WORKERS", _cores(), range(FEWEST_WORKERS, MOST_WORKERS + 1)),
            https_port=_https_port(env, mode),
            clock=_clock(env, mode),
        )


def _mode(text: str) -> Mode:
    try:
        return Mode(text)
    except ValueError:
        raise SettingsError(f"XUNJI_MODE 只能是 {'、'.join(Mode)} (bad_mode)") from None


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:  # noqa: PLR2004 - TCP's range of ports
        raise SettingsError(f"PORT 不是有效端口：{text!r} (bad_port)")
    return int(text)


def _https_port(env: Mapping[str, str], mode: Mode) -> int | None:
    text = env.get("HTTPS_PORT", "0")
    if text == "0":
        return None
    if mode is Mode.PRODUCTION:
        raise SettingsError("HTTPS_PORT 只用于演示，生产环境请在代理上启用 HTTPS (https_port_in_production)")
    return _port(text)


def _count(env: Mapping[str, str], name: str, default: str, allowed: range) -> int:
    text = env.get(name, default)
    if not (text.isascii() and text.isdecimal()) or int(text) not in allowed:
        raise SettingsError(f"{name} 须为 {allowed[0]} 到 {allowed[-1]} 的整数 (bad_count)")
    return int(text)


def _cores() -> str:
    """Return how many web processes nobody had to ask for: one for each core of a machine that is not too large."""
    return str(min(max(os.cpu_count() or FEWEST_WORKERS, FEWEST_WORKERS), MOST_UNASKED))


def _required(env: Mapping[str, str], name: str) -> str:
    if not env.get(name):
        raise SettingsError(f"缺少环境变量 {name} (missing_setting)")
    return env[name]


def _database_url(text: str) -> str:
    """Return the URL with our driver in it, whatever driver it names or leaves out."""
    try:
        url = make_url(text)
        if url.get_backend_name() not in {"postgresql", "postgres"}:
            raise SettingsError("DATABASE_URL 须为 postgresql://… (database_url_invalid)")
    except (ArgumentError, ValueError):
        raise SettingsError("DATABASE_URL 不是有效的地址 (database_url_invalid)") from None
    return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)


def _secret(env: Mapping[str, str], mode: Mode) -> bytes:
    secret = _required(env, "XUNJI_SECRET_KEY")
    if len(secret) < MINIMUM_SECRET_LENGTH:
        raise SettingsError(f"XUNJI_SECRET_KEY 至少 {MINIMUM_SECRET_LENGTH} 个字符 (weak_secret)")
    if mode is Mode.PRODUCTION and secret.startswith(DEMO_SECRET_PREFIX):
        raise SettingsError("生产模式不接受演示密钥 (demo_secret)")
    return secret.encode()


def _clock(env: Mapping[str, str], mode: Mode) -> Callable[[], datetime]:
    path = env.get("XUNJI_CLOCK_FILE")
    if not path:
        return system_clock
    if mode is not Mode.DEMO:
        raise SettingsError("XUNJI_CLOCK_FILE 只用于演示模式 (movable_clock)")
    return OffsetClock(path=Path(path))
