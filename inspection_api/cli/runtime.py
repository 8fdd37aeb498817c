"""What commands work with: the program's parts, from the environment, and one transaction."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import OperationalError

from inspection_api.app import create_runtime
from inspection_api.core.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Runtime


def open_runtime() -> Runtime:
    """Return the program's parts; the connections are closed with the command."""
    runtime = create_runtime(Settings.from_env(os.environ))
    click.get_current_context().call_on_close(runtime.database.engine.dispose)
    runtime.banks.ensure_table()
    return runtime


@contextmanager
def transaction(code: str) -> Iterator[tuple[Runtime, Context]]:
    """Open the one transaction of a command, in the bank of that code."""
    runtime = open_runtime()
    with runtime.transaction(code=code) as ctx:
        yield runtime, ctx


def ensure_not_restored() -> None:
    """Refuse to start on a database that came from a backup; one that is away may come back, and is asked again."""
    with suppress(OperationalError):
        open_runtime().banks.ensure_not_restored()
