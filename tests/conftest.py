"""One PostgreSQL and one Redis for the whole run, one database per worker, made from a migrated template."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, make_url, text

from inspection_api.core import migrations
from inspection_api.core.banks import BankCatalogue
from inspection_api.core.db import open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

pytest_plugins = ["tests.fixtures"]

TEMPLATE = "xunji_template"


@pytest.fixture(scope="session")
def redis_url() -> str:
    return os.environ["REDIS_URL"]


@pytest.fixture(scope="session")
def database_url(worker_id: str) -> Iterator[str]:
    """A database of this worker's own."""
    server = make_url(os.environ["DATABASE_URL"])
    name = f"xunji_{worker_id}_{os.getpid()}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = server.set(database=name).render_as_string(hide_password=False)
    engine = open_engine(url)
    catalogue = BankCatalogue(engine=engine, secret_key=b"test-secret-of-thirty-two-letters")
    catalogue.ensure_table()
    for code in ("demo", "other"):
        migrations.upgrade(catalogue, catalogue.create(code, code))
    engine.dispose()
    yield url
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
