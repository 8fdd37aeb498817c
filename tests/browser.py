"""Debian's chromium, driven by playwright: what a user's browser makes of our pages."""

from __future__ import annotations

import atexit
import shutil
import threading
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
    from playwright.sync_api import Browser, Playwright

# It must not call home while it is tested, and runs as whoever runs the tests, root included.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--lang=zh-CN",
)


def installed() -> str:
    """Return where Debian's package ``chromium`` is; a test is skipped where it is missing."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Debian's chromium is not installed: no browser looks at the pages")
    return path


@cache
def driver() -> Playwright:
    """Start playwright's own process, once: it costs as much as a short test."""
    playwright = sync_playwright().start()
    atexit.register(playwright.stop)
    return playwright


@cache
def _browser(*flags: str) -> Browser:
    return driver().chromium.launch(executable_path=installed(), args=[*FLAGS, *flags])


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Lend a browser without a window, started once for the whole run; what is opened in it meanwhile is closed."""
    browser = _browser(*flags)
    before = browser.contexts
    try:
        yield browser
    finally:
        for context in browser.contexts:
            if context not in before:
                context.close()


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application to a browser, and tell its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
