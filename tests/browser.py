"""Debian's chromium, driven by playwright: what a user's browser makes of our pages."""

from __future__ import annotations

import shutil
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flask import Flask
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
    "--lang=zh-CN",
)


def installed() -> str:
    """Return where Debian's package ``chromium`` is; a test is skipped where it is missing."""
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Debian's chromium is not installed: no browser looks at the pages")
    return path


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """Open a browser without a window."""
    path = installed()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, *flags])
        yield browser
        browser.close()


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
