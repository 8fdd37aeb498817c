"""Debian's chromium, driven by playwright: what a user's browser makes of our pages."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

# It must not call home while it is tested, and runs as whoever runs the tests, root included.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Open a browser without a window; the test is skipped where Debian's package ``chromium`` is missing."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Debian's chromium is not installed: no browser looks at the pages")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        yield browser
        browser.close()
