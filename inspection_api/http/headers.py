"""What every request and answer carries: a number to find it by, and the headers of security.md (API8)."""

from __future__ import annotations

import re
import secrets
from typing import TYPE_CHECKING

from flask import g, request
from werkzeug.middleware.proxy_fix import ProxyFix

from inspection_api.core.errors import NotFound

if TYPE_CHECKING:
    from flask import Flask, Response

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DEFAULTS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def install(app: Flask, *, proxies: int) -> None:
    """Number every request of ``app``, harden every answer; believe so many ``proxies`` about who calls."""
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=0)  # type: ignore[method-assign]  # Flask's own way
    app.before_request(_number_request)
    app.before_request(_refuse_unstorable_path)
    app.after_request(_harden)


def _number_request() -> None:
    """Take the caller's X-Request-Id where it is safe to log and send back; make one otherwise."""
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def _refuse_unstorable_path() -> None:
    """Answer 404 for a path with U+0000, which names nothing that a database could hold."""
    if "\0" in request.path:
        raise NotFound


def _harden(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    for name, value in _DEFAULTS.items():
        response.headers.setdefault(name, value)
    return response
