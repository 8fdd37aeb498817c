"""A person at a computer: logs in and calls the API, as the web desk would."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from inspection_api.demo.portfolio import PASSWORD
from sync.client import HttpTransport, Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

BANK = "demo"
_FIRST_FAILURE = 400


class Unexpected(Exception):  # noqa: N818 - what the demo is there to find
    """A step did not go as it must."""


def ensure(condition: object, sentence: str) -> None:
    """Raise Unexpected unless ``condition`` holds; ``sentence`` says what was observed instead."""
    if not condition:
        raise Unexpected(sentence)


class Desk:
    """One user's session, by password or with a machine's token."""

    def __init__(self, url: str, *, username: str = "", token: str = "") -> None:
        """Remember who it is; people log in at once."""
        self._transport, self._username, self._token = HttpTransport(url), username, token
        self._me: dict[str, Any] = {}
        if username:
            self.log_in()

    def log_in(self) -> None:
        """Log in (again: a session lasts twelve hours)."""
        typed = {"bank": BANK, "username": self._username, "password": PASSWORD}
        self._token = self.post("/sessions", typed)["token"]

    def me(self) -> dict[str, Any]:
        """Return the logged-in user's account, asked once."""
        if not self._me:
            self._me = self.get("/me")["user"]
        return self._me

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """Return a document that must be there."""
        return _good(self.ask("GET", _with(path, query))).json()

    def pages(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Yield every item of a paged list."""
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, **query, **cursor, limit=200)
            yield from page["items"]
            if page["next_cursor"] is None:
                return
            cursor = {"cursor": page["next_cursor"]}

    def post(self, path: str, members: object | None = None, **headers: str) -> dict[str, Any]:
        """Send a document that must be taken."""
        return _good(self.ask("POST", path, members, headers)).json()

    def refused(self, path: str, members: object | None = None, **headers: str) -> tuple[int, str]:
        """Send what must be refused; return status and code."""
        answer = self.ask("POST", path, members, headers)
        ensure(answer.status >= _FIRST_FAILURE, f"POST {path} 本应被拒绝，却答复 {answer.status}")
        return answer.status, str(answer.json().get("code"))

    def file(self, method: str, path: str, members: object | None = None) -> bytes:
        """Return the bytes of a file that must be there."""
        return _good(self.ask(method, path, members)).body

    def ask(
        self, method: str, path: str, members: object | None = None, headers: Mapping[str, str] | None = None
    ) -> Response:
        """Send a request and return whatever is answered; ``Idempotency_Key`` becomes ``Idempotency-Key``."""
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        sent["Authorization"] = f"Bearer {self._token}"
        body = b"" if members is None else json.dumps(members).encode()
        return self._transport(Request(method=method, path=path, headers=sent, body=body))


def _with(path: str, query: Mapping[str, object]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _good(response: Response) -> Response:
    problem = response.json() if response.status >= _FIRST_FAILURE else {}
    ensure(response.status < _FIRST_FAILURE, f"答复 {response.status}：{problem.get('code')} {problem.get('title')}")
    return response
