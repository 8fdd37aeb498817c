"""The embedded servers, really started, killed and started again."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
import redis
from sqlalchemy import create_engine, make_url, text

from inspection_api.core.embedded import Urls, embedded_servers
from inspection_api.core.embedded_home import EmbeddedError, prepare_home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
NOT_OURS = 12345
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may change to another user")
CHILD = """
import sys, time
from pathlib import Path
from inspection_api.core.embedded import embedded_servers
with embedded_servers(Path(sys.argv[1])) as urls:
    print(urls.database, urls.redis, flush=True)
    time.sleep(60)
"""


def silent(_line: str) -> None:
    pass


@pytest.fixture
def make_var() -> Iterator[Callable[..., Path]]:
    """Folders outside pytest's private one, which no other user may enter."""
    made: list[Path] = []

    def make(below: str = "var") -> Path:
        folder = Path(tempfile.mkdtemp(prefix="xunji-test-")).resolve()
        folder.chmod(0o711)
        made.append(folder)
        return folder / below

    yield make
    for folder in made:
        shutil.rmtree(folder)


@pytest.fixture
def var(make_var: Callable[..., Path]) -> Path:
    return make_var()


@contextmanager
def servers(var: Path, say: Callable[[str], None] = silent) -> Iterator[Urls]:
    with embedded_servers(var, say=say) as urls:
        yield urls
    shutil.rmtree(sockets(urls))


def sockets(urls: Urls) -> Path:
    return Path(urls.redis.removeprefix("unix://")).parent


def ask(urls: Urls, question: str) -> object:
    engine = create_engine(urls.database)
    with engine.begin() as connection:
        answer = connection.execute(text(question)).scalar()
    engine.dispose()
    return answer


def count_starts(urls: Urls) -> tuple[object, object]:
    """Write once into both servers and return how often that was done."""
    engine = create_engine(urls.database)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS start (at timestamptz DEFAULT now())"))
        connection.execute(text("INSERT INTO start DEFAULT VALUES"))
    engine.dispose()
    with redis.Redis.from_url(urls.redis) as client:
        return ask(urls, "SELECT count(*) FROM start"), client.incr("starts")


@contextmanager
def running_child(var: Path) -> Iterator[tuple[subprocess.Popen[str], Urls]]:
    command = [sys.executable, "-c", CHILD, str(var)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own script
        assert child.stdout is not None
        database, redis_url = child.stdout.readline().split()[-2:]
        yield child, Urls(database=database, redis=redis_url)
        child.kill()


def postmaster(var: Path) -> int:
    return int((var / "postgres/data/postmaster.pid").read_text().split()[0])


def is_alive(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_postgres_is_durable_speaks_utf8_and_opens_no_port(var: Path) -> None:
    with servers(var) as urls:
        assert ask(urls, "SELECT current_setting('fsync') || current_setting('synchronous_commit')") == "onon"
        assert ask(urls, "SELECT current_setting('listen_addresses')") == ""
        assert ask(urls, "SELECT current_setting('server_encoding')") == "UTF8"
        assert ask(urls, "SELECT current_setting('TimeZone')") == "UTC"
        assert ask(urls, "SELECT upper('ä') || ('巡' > 'z')::text") == "Ätrue"
        assert stat.S_IMODE(sockets(urls).stat().st_mode) == 0o700
        with redis.Redis.from_url(urls.redis) as client:
            assert client.config_get("port") == {"port": "0"}
            assert client.config_get("appendonly") == {"appendonly": "no"}


def test_both_keep_their_data_from_one_start_to_the_next(var: Path) -> None:
    with servers(var) as urls:
        assert count_starts(urls) == (1, 1)
    with servers(var) as urls:
        assert count_starts(urls) == (2, 2)


def test_servers_stop_with_their_owner(var: Path) -> None:
    with servers(var) as urls:
        pid = postmaster(var)
    assert not is_alive(pid)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(make_url(urls.database).set(drivername="postgresql").render_as_string())


def test_servers_start_again_after_their_owner_was_killed(var: Path) -> None:
    with running_child(var) as (child, urls):
        count_starts(urls)
        child.kill()
        child.wait()
    with servers(var) as urls:
        assert count_starts(urls)[0] == 2


def test_servers_do_not_outlive_a_killed_owner(var: Path) -> None:
    with running_child(var) as (child, urls):
        pid = postmaster(var)
        child.kill()
        child.wait()
        deadline = time.monotonic() + 20
        while is_alive(pid) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert not is_alive(pid)
    shutil.rmtree(sockets(urls))


def test_servers_start_again_after_everything_was_killed(var: Path) -> None:
    with running_child(var) as (child, urls):
        count_starts(urls)
        os.kill(postmaster(var), signal.SIGKILL)
        child.kill()
        child.wait()
    with servers(var) as urls:
        assert count_starts(urls)[0] == 2


def test_a_stale_pid_that_belongs_to_somebody_else_now_is_left_alone(var: Path) -> None:
    with servers(var) as urls:
        count_starts(urls)
    with subprocess.Popen(["/bin/sleep", "60"]) as bystander:
        (var / "postgres/data/postmaster.pid").write_text(f"{bystander.pid}\n{var}\n")
        with servers(var) as urls:
            assert count_starts(urls)[0] == 2
        assert bystander.poll() is None
        bystander.kill()


def test_a_half_made_data_folder_is_made_anew(var: Path) -> None:
    (var / "postgres/data.new/base").mkdir(parents=True)
    with servers(var) as urls:
        assert count_starts(urls)[0] == 1


def test_two_clones_run_side_by_side(make_var: Callable[..., Path]) -> None:
    with servers(make_var()) as one, servers(make_var()) as two:
        assert one != two
        assert count_starts(one) == count_starts(two) == (1, 1)


def test_a_second_process_borrows_the_servers_and_leaves_them_running(var: Path) -> None:
    with running_child(var) as (child, urls):
        with embedded_servers(var, say=silent) as borrowed:
            assert borrowed == urls
        assert count_starts(urls) == (1, 1)
        child.send_signal(signal.SIGINT)
        child.wait()
    shutil.rmtree(sockets(urls))


def test_a_path_longer_than_a_socket_may_have_does_not_matter(make_var: Callable[..., Path]) -> None:
    with servers(make_var("/".join(["x" * 60] * 4))) as urls:
        assert count_starts(urls) == (1, 1)
        assert len(os.fsencode(sockets(urls) / ".s.PGSQL.5432")) <= 107


def test_given_addresses_start_nothing(var: Path) -> None:
    with embedded_servers(var, database_url="postgresql+psycopg://there", redis_url="redis://there") as urls:
        assert urls == Urls(database="postgresql+psycopg://there", redis="redis://there")
    assert not var.exists()


def test_a_folder_that_cannot_be_made_is_one_clear_sentence(make_var: Callable[..., Path]) -> None:
    blocked = make_var("file")
    blocked.write_text("")
    with pytest.raises(EmbeddedError, match=r"^无法准备目录 .*folder_unusable\)$"), embedded_servers(blocked / "var"):
        pass


@as_root
def test_root_keeps_data_elsewhere_when_the_folder_is_closed_and_changes_no_permission(
    make_var: Callable[..., Path],
) -> None:
    var, said = make_var("closed/clone/var"), []
    var.parent.mkdir(parents=True)
    closed = var.parents[1]
    closed.chmod(0o700)
    modes = [folder.stat().st_mode for folder in (closed, var.parent, ROOT)]
    with servers(var, said.append) as urls:
        assert count_starts(urls) == (1, 1)
        assert len(said) == 1
        assert str(sockets(urls)) in said[0]
        assert (sockets(urls) / "postgres").stat().st_uid != 0
    assert [folder.stat().st_mode for folder in (closed, var.parent, ROOT)] == modes
    assert sorted(path.name for path in var.iterdir()) == [".postgres.lock", ".redis.lock"]


@as_root
def test_root_copies_programs_that_the_server_user_cannot_reach(make_var: Callable[..., Path]) -> None:
    wheel = make_var("closed/wheel")
    (wheel / "bin").mkdir(parents=True)
    (wheel / "bin/redis-server").write_text("#!/bin/sh\n")
    wheel.parent.chmod(0o700)
    home = prepare_home(make_var(), "redis", wheel, silent)
    assert (home.programs / "bin/redis-server").read_text() == "#!/bin/sh\n"
    assert home.programs.is_relative_to(home.sockets)
    shutil.rmtree(home.sockets)


@as_root
def test_root_never_runs_a_server_as_root(var: Path) -> None:
    with servers(var):
        assert Path(f"/proc/{postmaster(var)}").stat().st_uid != 0


@as_root
def test_a_socket_folder_of_another_user_is_refused(var: Path) -> None:
    with servers(var) as urls:
        folder = sockets(urls)
    folder.mkdir()
    os.chown(folder, NOT_OURS, NOT_OURS)
    with pytest.raises(EmbeddedError, match="folder_foreign"), embedded_servers(var):
        pass
    folder.rmdir()
