"""An installation starts with what it needs, and production with nothing that was made for the demo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from inspection_api.core.settings import Mode, OffsetClock, Settings, SettingsError, system_clock

if TYPE_CHECKING:
    from pathlib import Path

ENV = {
    "DATABASE_URL": "postgresql+psycopg://somewhere/xunji",
    "REDIS_URL": "redis://somewhere",
    "XUNJI_SECRET_KEY": "s" * 32,
}


def test_production_is_the_default_and_needs_three_variables() -> None:
    settings = Settings.from_env(ENV)
    assert settings.mode is Mode.PRODUCTION
    assert settings.secret_key == b"s" * 32
    assert settings.clock is system_clock
    assert (settings.host, settings.port, settings.public_url) == ("127.0.0.1", 8000, "http://127.0.0.1:8000")


@pytest.mark.parametrize("name", ENV)
def test_a_missing_variable_is_named(name: str) -> None:
    for env in ({key: value for key, value in ENV.items() if key != name}, {**ENV, name: ""}):
        with pytest.raises(SettingsError, match=f"{name}.*missing_setting"):
            Settings.from_env(env)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("XUNJI_SECRET_KEY", "s" * 31, "weak_secret"),
        ("XUNJI_SECRET_KEY", "demo-" + "s" * 40, "demo_secret"),
        ("XUNJI_CLOCK_FILE", "/tmp/clock", "movable_clock"),  # noqa: S108 - never opened
        ("XUNJI_MODE", "staging", "bad_mode"),
        ("DATABASE_URL", "sqlite:///xunji.db", "database_url_invalid"),
        ("DATABASE_URL", "somewhere", "database_url_invalid"),
        ("DATABASE_URL", "postgresql://host:port/x", "database_url_invalid"),
        ("XUNJI_PROXIES", "-1", "bad_count"),
        ("XUNJI_PROXIES", "10", "bad_count"),
        ("XUNJI_WORKERS", "1", "bad_count"),
        ("XUNJI_WORKERS", "129", "bad_count"),
        ("XUNJI_WORKERS", "two", "bad_count"),
        ("HTTPS_PORT", "8443", "https_port_in_production"),
        ("PORT", "0", "bad_port"),
        ("PORT", "65536", "bad_port"),
        ("PORT", "80a", "bad_port"),
        ("PORT", "", "bad_port"),
    ],
)
def test_production_refuses(name: str, value: str, code: str) -> None:
    with pytest.raises(SettingsError, match=code):
        Settings.from_env({**ENV, name: value})


@pytest.mark.parametrize(("cores", "workers"), [(None, 2), (1, 2), (2, 2), (6, 6), (400, 8)])
def test_there_is_a_web_process_for_each_core(monkeypatch: pytest.MonkeyPatch, cores: int | None, workers: int) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert Settings.from_env(ENV).workers == workers
    assert Settings.from_env({**ENV, "XUNJI_WORKERS": "5"}).workers == 5


def test_phones_are_served_where_it_is_asked_for_and_not_in_production() -> None:
    assert Settings.from_env({**ENV, "HTTPS_PORT": "0"}).https_port is None
    assert Settings.from_env({**ENV, "XUNJI_MODE": "test", "HTTPS_PORT": "8443"}).https_port == 8443
    with pytest.raises(SettingsError, match="bad_port"):
        Settings.from_env({**ENV, "XUNJI_MODE": "test", "HTTPS_PORT": "443x"})


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg", "postgresql+psycopg2"])
def test_a_database_url_needs_no_driver(scheme: str) -> None:
    settings = Settings.from_env({**ENV, "DATABASE_URL": f"{scheme}://user:p%40ss@host:5433/xunji?sslmode=require"})
    assert settings.database_url == "postgresql+psycopg://user:p%40ss@host:5433/xunji?sslmode=require"


def test_only_the_demo_moves_its_clock(tmp_path: Path) -> None:
    moved = {**ENV, "XUNJI_CLOCK_FILE": str(tmp_path / "clock")}
    with pytest.raises(SettingsError, match="movable_clock"):
        Settings.from_env({**moved, "XUNJI_MODE": "test"})
    demo = Settings.from_env({**moved, "XUNJI_MODE": "demo", "XUNJI_SECRET_KEY": "demo-" + "s" * 40})
    assert demo.clock == OffsetClock(path=tmp_path / "clock")


def test_the_offset_is_read_at_every_look(tmp_path: Path) -> None:
    clock = OffsetClock(path=tmp_path / "clock")
    assert abs(clock() - datetime.now(UTC)) < timedelta(seconds=5)
    clock.path.write_text("864000\n")
    assert abs(clock() - datetime.now(UTC) - timedelta(days=10)) < timedelta(seconds=5)
    assert clock().tzinfo is UTC


def test_the_public_address_follows_host_and_port_unless_it_is_set() -> None:
    assert Settings.from_env({**ENV, "HOST": "::1", "PORT": "9000"}).port == 9000
    named = Settings.from_env({**ENV, "XUNJI_PUBLIC_URL": "https://xunji.example"})
    assert named.public_url == "https://xunji.example"


def test_a_secret_shows_in_no_message() -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_env({**ENV, "XUNJI_SECRET_KEY": "short-secret"})
    assert "short-secret" not in str(refused.value)
