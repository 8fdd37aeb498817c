"""The worker."""

from __future__ import annotations

import os

import click

from inspection_api.cli.runtime import ensure_not_restored
from inspection_api.core.settings import Settings
from inspection_api.worker import work


@click.command()
def worker() -> None:
    """Drain the outbox and run background jobs until stopped."""
    ensure_not_restored()
    work(Settings.from_env(os.environ))
