"""The servers of a test run: one PostgreSQL and one Redis, started by the controlling process, shared by all workers.

With ``DATABASE_URL`` and ``REDIS_URL`` set, those are used instead. The first test that asks for a database makes the
migrated template; every worker's database is a copy of it.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine, make_url, text

from inspection_api.core import migrations
from inspection_api.core.banks import BankCatalogue
from inspection_api.core.db import open_engine
from inspection_api.core.embedded import postgres_server, redis_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import URL, Connection

SECRET = b"test-secret-of-thirty-two-letters"
BANKS = ("demo", "other")
_RUN = "XUNJI_TEST_RUN"
_TEMPLATE_LOCK = 20_260_310
_servers = ExitStack()


def pytest_configure(config: pytest.Config) -> None:
    """Start the missing servers in the controller; the workers inherit their addresses."""
    if hasattr(config, "workerinput"):
        return
    os.environ[_RUN] = str(os.getpid())
    leftovers = [_folder()]
    _servers.callback(_remove, leftovers)
    if os.environ.get("DATABASE_URL"):
        _servers.callback(_drop_template, make_url(os.environ["DATABASE_URL"]))
    else:
        url = _servers.enter_context(postgres_server(leftovers[0], durable=False, say=_quiet))
        leftovers.append(Path(str(make_url(url).query["host"])))
        os.environ["DATABASE_URL"] = url
    if not os.environ.get("REDIS_URL"):
        url = _servers.enter_context(redis_server(leftovers[0], say=_quiet))
        leftovers.append(Path(url.removeprefix("unix://")).parent)
        os.environ["REDIS_URL"] = url


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started."""
    if not hasattr(config, "workerinput"):
        _servers.close()


@pytest.fixture(scope="session")
def redis_url() -> str:
    return os.environ["REDIS_URL"]


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> Iterator[str]:
    """A database of this worker's own, with the migrated banks."""
    server = make_url(os.environ["DATABASE_URL"])
    name = f"xunji_{worker_id}_{os.getpid()}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        template = _template(connection, server)
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    yield _url_of(server, name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


class RestartableRedis:
    """A Redis of the test's own, at an address that stays while the server comes and goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with redis_server(folder, say=_quiet) as url:
            self.url = url
        self._running: Any = None

    def start(self) -> None:
        self._running = redis_server(self.folder, say=_quiet)
        assert self._running.__enter__() == self.url

    def stop(self) -> None:
        if self._running is not None:
            self._running.__exit__(None, None, None)
            self._running = None


@pytest.fixture
def redis_socket() -> Iterator[RestartableRedis]:
    folder = _folder()
    redis = RestartableRedis(folder / "var")
    yield redis
    redis.stop()
    shutil.rmtree(Path(redis.url.removeprefix("unix://")).parent)
    shutil.rmtree(folder)


def _template(connection: Connection, server: URL) -> str:
    """Return the run's template database, made by whoever comes first."""
    name = f"xunji_template_{os.environ[_RUN]}"
    connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _TEMPLATE_LOCK})
    try:
        known = connection.execute(text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}).first()
        if known is None:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}_new WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}_new"))
            _migrate(_url_of(server, f"{name}_new"))
            connection.execute(text(f"ALTER DATABASE {name}_new RENAME TO {name}"))
    finally:
        connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _TEMPLATE_LOCK})
    return name


def _migrate(url: str) -> None:
    engine = open_engine(url)
    catalogue = BankCatalogue(engine=engine, secret_key=SECRET)
    catalogue.ensure_table()
    for code in BANKS:
        migrations.upgrade(catalogue, catalogue.create(code, code))
    engine.dispose()


def _drop_template(server: URL) -> None:
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE IF EXISTS xunji_template_{os.environ[_RUN]} WITH (FORCE)"))
    admin.dispose()


def _url_of(server: URL, database: str) -> str:
    return server.set(database=database).render_as_string(hide_password=False)


def _folder() -> Path:
    """Return a folder for the servers' data, open to the unprivileged user that a root run starts them as."""
    folder = Path(tempfile.mkdtemp(prefix="xunji-test-"))
    folder.chmod(0o711)
    return folder


def _remove(leftovers: list[Path]) -> None:
    for folder in leftovers:
        shutil.rmtree(folder, ignore_errors=True)


def _quiet(_line: str) -> None:
    """Test servers have nothing to tell."""
