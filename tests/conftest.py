"""Options, servers and fixtures are plugins of their own, so that this file stays a table of contents."""

from __future__ import annotations

import pytest

# Helpers that assert tell what they saw, as tests do.
pytest.register_assert_rewrite(
    "tests.web.handset", "tests.kiosk_print.hall", "tests.sync", "tests.rounds", "tests.reports"
)
pytest_plugins = ["tests.options", "tests.servers", "tests.fixtures"]
