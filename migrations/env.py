"""Alembic's environment: one run migrates one bank's schema, on the connection that the caller hands over."""

from __future__ import annotations

from alembic import context

from inspection_api.app import metadata

config = context.config


def _run() -> None:
    connection = config.attributes["connection"]
    context.configure(connection=connection, target_metadata=metadata(), compare_server_default=False)
    with context.begin_transaction():
        context.run_migrations()


_run()
