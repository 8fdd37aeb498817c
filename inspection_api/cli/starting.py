"""Starting everything."""

from __future__ import annotations

import os
import sys

import click

from inspection_api.supervisor import run_everything


@click.command()
def run() -> None:
    """Start everything: PostgreSQL and Redis where none is given, the web server and the worker, on a demo bank."""
    sys.exit(run_everything(os.environ))
