"""The web server: gunicorn with threads for slow mobile uplinks, and a frozen heap in each worker (performance.md)."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

from gunicorn.app.base import BaseApplication

from inspection_api.app import create_app
from inspection_api.core import lan, logs
from inspection_api.http.admission import AT_ONCE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from inspection_api.core.settings import Settings

THREADS = 64
"""Most of them wait: for a slow uplink, or for their turn (``http/admission.py``)."""


class Server(BaseApplication):
    """gunicorn without a command line of its own: every option is said here."""

    def __init__(self, settings: Settings, own: Mapping[str, Any]) -> None:
        """Keep the settings and the options of this server's ``own``; gunicorn asks for them at once."""
        self._settings = settings
        self._own = own
        super().__init__()

    def load_config(self) -> None:
        """Tell gunicorn its options."""
        options = {
            "threads": THREADS,
            "worker_class": "gthread",
            "timeout": 120,
            "graceful_timeout": 15,
            "keepalive": 30,
            "post_worker_init": _freeze,
            "pre_request": _spread,
            "loglevel": "warning",
            "control_socket_disable": True,
            **self._own,
        }
        for name, value in options.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        """Build the application in each worker, after the fork: connections are never shared."""
        return create_app(self._settings)


_YOUNG_OBJECTS = 20_000
"""A pushed batch makes some ten thousand objects and frees them by itself: looking through them costs 3 % of it."""


def _freeze(_worker: Any) -> None:
    """Keep the collector away from what lives as long as the worker (p99 37 → 11 ms, performance.md)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)


def _spread(worker: Any, request: Any) -> None:
    """End a connection with its answer where others are in line here: its next one is for whichever worker is free.

    Connections that came at once are often all one worker's, and devices keep theirs for as long as they push.
    """
    if worker.nr_conns - len(worker.keepalived_conns) > AT_ONCE:
        request.headers.append(("CONNECTION", "close"))


def serve_forever(settings: Settings) -> None:
    """Serve until SIGTERM."""
    logs.configure()
    Server(settings, {"bind": f"{settings.host}:{settings.port}", "workers": settings.workers}).run()


def serve_phones(settings: Settings) -> None:
    """Serve HTTPS to the local network until SIGTERM, with the certificate in ``var`` (``core/lan.py``)."""
    logs.configure()
    files = lan.files_in(settings.var)
    tls = {"certfile": str(files.certificate), "keyfile": str(files.key)}
    Server(settings, {"bind": f"{lan.EVERYWHERE}:{settings.https_port}", "workers": 1, **tls}).run()
