"""Options, servers and fixtures are plugins of their own, so that this file stays a table of contents."""

from __future__ import annotations

pytest_plugins = ["tests.options", "tests.servers", "tests.fixtures"]
