"""The line between a device and the application: it loses, doubles, delays and cuts, and all on it is watched."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from unittest.mock import patch

from sqlalchemy.exc import OperationalError

from sync.client import Lost, Request, Response

if TYPE_CHECKING:
    from typing import Any

    from flask.testing import FlaskClient

PAGE = 4
"""Rows per page: small, so that every pull has several."""


class Watch(Protocol):
    """Who looks at what comes over the line."""

    def pushing(self) -> None:
        """Note how things stand before a push."""

    def pushed(self, body: bytes, status: int, answer: dict[str, Any]) -> None:
        """Judge the answer to a push."""

    def pulled(self, answer: dict[str, Any]) -> None:
        """Judge a page of a pull."""


@dataclass
class Line:
    """One device's way to the bank. The faults are how many of the next requests they hit."""

    client: FlaskClient
    watch: Watch
    token: Any
    is_up: bool = True
    lose_requests: int = 0
    lose_answers: int = 0
    double: int = 0
    server_dies: int = 0
    pages_left: int | None = None
    sent: list[Request] = field(default_factory=list)

    def __call__(self, request: Request) -> Response:
        if request.path == "/sessions":  # a login like any other, without the tenth of a second that a password costs
            body = json.dumps({"token": self.token()}).encode()
            return Response(status=201, headers={"content-type": "application/json"}, body=body)
        if not self.is_up:
            raise Lost("down")
        if request.path == "/sync/push":
            return self._push(request)
        if request.path.startswith(("/sync/pull", "/sync/snapshot")):
            return self._pull(request)
        return self._carry(request)

    def _push(self, request: Request) -> Response:
        if self._hits("lose_requests"):
            raise Lost("the request")
        self.sent.append(request)
        if self._hits("server_dies"):
            self._die(request)
        answer = self.push(request)
        if self._hits("double"):
            self.push(request)
        if self._hits("lose_answers"):
            raise Lost("the answer")
        return answer

    def _hits(self, fault: str) -> bool:
        left = getattr(self, fault)
        setattr(self, fault, max(0, left - 1))
        return left > 0

    def push(self, request: Request) -> Response:
        """Carry one push, watched."""
        self.watch.pushing()
        answer = self._carry(request)
        body = self.unpacked(request)
        self.watch.pushed(body, answer.status, answer.json())
        return answer

    @staticmethod
    def unpacked(request: Request) -> bytes:
        """Return the body that the server sees."""
        return gzip.decompress(request.body) if request.headers.get("Content-Encoding") == "gzip" else request.body

    def _die(self, request: Request) -> None:
        """Let the server end between its last write and its commit."""
        lost = OperationalError("", {}, Exception("the server has gone"))
        self.watch.pushing()
        with patch("sync.service.writing.store_position", side_effect=lost):
            answer = self._carry(request)
        self.watch.pushed(self.unpacked(request), answer.status, answer.json())
        raise Lost("the server")

    def _pull(self, request: Request) -> Response:
        if self.pages_left is not None:
            if self.pages_left == 0:
                raise Lost("the page")
            self.pages_left -= 1
        path = re.sub(r"limit=\d+", f"limit={PAGE}", request.path)
        body = json.dumps({**json.loads(request.body), "limit": PAGE}).encode() if request.body else b""
        answer = self._carry(Request(method=request.method, path=path, headers=request.headers, body=body))
        if answer.status == 200:
            self.watch.pulled(answer.json())
        return answer

    def _carry(self, request: Request) -> Response:
        answer = self.client.open(request.target, method=request.method, data=request.body, headers=request.headers)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        return Response(status=answer.status_code, headers=headers, body=answer.data)
