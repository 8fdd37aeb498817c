"""Bytes to the server and back. Anything that is callable like `HttpTransport` will do: tests lose answers with it."""

from __future__ import annotations

import http.client
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

PREFIX = "/api/v1"
FIRST_FAILURE = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; ``path`` begins below ``/api/v1``, or is the absolute path that the server gave as a Location."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def target(self) -> str:
        """Return the path as the server knows it."""
        return self.path if self.path.startswith(PREFIX) else PREFIX + self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One answer; the names of ``headers`` are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def is_ours(self) -> bool:
        """Tell whether the application said this, and no proxy or login page on the way to it.

        It refuses in ``application/problem+json``; it grants in JSON, or by saying where an upload stands.
        """
        kind = self.headers.get("content-type", "").partition(";")[0]
        if self.status >= FIRST_FAILURE:
            return kind == "application/problem+json"
        return kind == "application/json" or "upload-offset" in self.headers

    def json(self) -> dict[str, Any]:
        """Return the body's members; nothing where it is no JSON object."""
        try:
            members = json.loads(self.body)
        except ValueError:
            return {}
        return members if isinstance(members, dict) else {}


class Lost(Exception):  # noqa: N818 - it says what became of the answer
    """No usable answer came; whether the request arrived is unknown, so the very same is sent again."""

    def __init__(self, why: str = "", *, retry_after_s: float = 0.0) -> None:
        """Remember what was observed, and how long the server wants to be left alone."""
        super().__init__(why)
        self.retry_after_s = retry_after_s


Transport = Callable[[Request], Response]


class HttpTransport:
    """One HTTP request per connection, since a phone's network comes and goes."""

    def __init__(self, base_url: str, *, timeout_s: float = 30.0) -> None:
        """Remember where the server is."""
        self._url = urlsplit(base_url)
        self._timeout_s = timeout_s

    def __call__(self, request: Request) -> Response:
        """Send the request and return the answer.

        Raises:
            Lost: the connection failed before the answer was complete.
        """
        connection = self.connect()
        try:
            connection.request(request.method, request.target, request.body or None, dict(request.headers))
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return Response(status=answer.status, headers=headers, body=answer.read())
        except (OSError, http.client.HTTPException) as error:
            raise Lost(str(error) or type(error).__name__) from error
        finally:
            connection.close()

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that is not open yet."""
        kind = http.client.HTTPSConnection if self._url.scheme == "https" else http.client.HTTPConnection
        return kind(self._url.hostname or "", self._url.port, timeout=self._timeout_s)
