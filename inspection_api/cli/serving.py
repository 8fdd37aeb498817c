"""The web server."""

from __future__ import annotations

import os

import click

from inspection_api.cli.runtime import ensure_not_restored
from inspection_api.core.settings import Settings
from inspection_api.server import serve_forever, serve_phones


@click.command()
def serve() -> None:
    """Serve HTTP with gunicorn on HOST:PORT until stopped."""
    ensure_not_restored()
    serve_forever(Settings.from_env(os.environ))


@click.command()
def serve_https() -> None:
    """Serve HTTPS on HTTPS_PORT to phones on the local network, as `run` does; not for production."""
    ensure_not_restored()
    serve_phones(Settings.from_env(os.environ))
