"""`make run` really run, as a process: what it refuses in one sentence, what it starts, and how it ends."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection_api.core.embedded_home import _private_path
from inspection_api.supervisor import _demo_secret, _told

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "-m", "inspection_api", "run"]
URLS = ("DATABASE_URL", "REDIS_URL")


@pytest.fixture
def var() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="xunji-test-"))
    folder.chmod(0o711)
    yield folder / "var"
    shutil.rmtree(_private_path(folder / "var"), ignore_errors=True)
    shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(var: Path, **changes: str) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if not name.startswith(("XUNJI_", "COV_", *URLS))}
    return {**known, "XUNJI_VAR": str(var), "PORT": str(free_port()), "XUNJI_MODE": "test", **changes}


def refused(env: dict[str, str]) -> str:
    """Run it to its end; it must fail with one line and no traceback."""
    done = subprocess.run(COMMAND, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own program
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    return line


@contextmanager
def running(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(COMMAND, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own program
        assert process.stdout is not None
        words = iter(process.stdout.readline, "")
        assert any(env["PORT"] in line for line in words)
        yield process
        process.kill()


def is_ready(env: dict[str, str]) -> bool:
    with urllib.request.urlopen(f"http://127.0.0.1:{env['PORT']}/readyz", timeout=5) as answer:
        return bool(answer.status == 200)


def single_command(var: Path, command: str) -> int:
    """Run a command as the README says: with the environment that the running system has written down."""
    told = var / "run.env"
    assert stat.S_IMODE(told.stat().st_mode) == 0o600
    words = f". '{told}' && exec '{sys.executable}' -m inspection_api {command}"
    bare = {name: value for name, value in os.environ.items() if not name.startswith(("XUNJI_", *URLS))}
    return subprocess.run(["/bin/sh", "-c", words], cwd=ROOT, env=bare, timeout=60, check=False).returncode  # noqa: S603 - our own program


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_until_gone(pids: list[int]) -> list[int]:
    deadline = time.monotonic() + 30
    while (alive := [pid for pid in pids if _is_alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return alive


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_taken_port_is_one_clear_line(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = refused(environment(var, PORT=port))
    assert port in line
    assert "port_taken" in line


def test_a_port_that_is_none_is_one_clear_line(var: Path) -> None:
    assert "bad_port" in refused(environment(var, PORT="eighty"))


def test_an_unreachable_database_is_one_clear_line_without_its_password(var: Path) -> None:
    url = f"postgresql://someone:hidden-password@127.0.0.1:{free_port()}/bank"
    line = refused(environment(var, DATABASE_URL=url))
    assert "database_unreachable" in line
    assert "hidden-password" not in line


@pytest.mark.parametrize("url", ["mysql://there/bank", "nonsense", "postgresql://host:port/bank"])
def test_a_database_url_of_the_wrong_kind_is_one_clear_line(var: Path, url: str) -> None:
    assert "database_url_invalid" in refused(environment(var, DATABASE_URL=url))


def test_everything_starts_answers_and_stops_on_ctrl_c(var: Path) -> None:
    env = environment(var)
    with running(env) as process:
        assert is_ready(env)
        pids = children_of(process.pid)
        assert single_command(var, "migrate") == 0
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert wait_until_gone(pids) == []
    assert not (var / "run.env").exists()


def test_single_commands_live_by_the_clock_of_the_running_demo(tmp_path: Path) -> None:
    env = {"DATABASE_URL": "postgresql://there/bank", "XUNJI_CLOCK_FILE": "a clock"}
    with _told(env, tmp_path / "run.env"):
        assert "export XUNJI_CLOCK_FILE='a clock'" in (tmp_path / "run.env").read_text()


def test_phones_are_invited_by_https_with_a_certificate_that_they_can_trust(var: Path) -> None:
    env = environment(var, HTTPS_PORT=str(free_port()))
    with running(env) as process:
        assert process.stdout is not None
        assert any(f":{env['HTTPS_PORT']}/authority.crt" in line for line in iter(process.stdout.readline, ""))
        trusting = ssl.create_default_context(cafile=var / "tls/authority.crt")
        port = env["HTTPS_PORT"]
        assert eventually_serves_tls(port, trusting)
        with urllib.request.urlopen(f"https://127.0.0.1:{port}/authority.crt", timeout=5, context=trusting) as answer:
            assert answer.read() == (var / "tls/authority.crt").read_bytes()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0


def eventually_serves_tls(port: str, trusting: ssl.SSLContext) -> bool:
    """Wait until the port answers; only a refused connection is waited for."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"https://127.0.0.1:{port}/readyz", timeout=5, context=trusting) as answer:
                return bool(answer.status == 200)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
            time.sleep(0.1)
    return False


def test_an_https_port_that_is_taken_is_one_clear_line(var: Path) -> None:
    with socket.create_server(("0.0.0.0", 0)) as taken:  # noqa: S104 - where phones would be served
        port = str(taken.getsockname()[1])
        line = refused(environment(var, HTTPS_PORT=port))
    assert port in line
    assert "port_taken" in line


def test_a_child_that_dies_stops_the_rest_with_status_1(var: Path) -> None:
    env = environment(var)
    with running(env) as process:
        pids = children_of(process.pid)
        worker = next(pid for pid in pids if b"\0worker" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(worker, signal.SIGKILL)
        assert process.wait(60) == 1
    assert wait_until_gone(pids) == []


def test_nothing_outlives_a_killed_supervisor_and_it_starts_again(var: Path) -> None:
    env = environment(var)
    with running(env) as process:
        pids = children_of(process.pid)
        process.kill()
        process.wait()
    assert wait_until_gone(pids) == []
    with running(env) as process:
        assert is_ready(env)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0


def test_the_demo_secret_is_made_once_and_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "var/secrets.env"
    secret = _demo_secret(path)
    assert secret.startswith("demo-")
    assert _demo_secret(path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
