"""The line to the server: login, patience, and refusals (sync.md §2, Client rules)."""

from __future__ import annotations

import json
import random
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from sync.client.transport import FIRST_FAILURE, Lost, Request, Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from sync.client.store import Store
    from sync.client.transport import Transport

UNAUTHENTICATED = 401
SIGNATURE_INVALID = "signature_invalid"
_LATER = {408, 425, 429}
_FORBIDDEN = 403
_SERVER_FAILED = 500
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 60.0

T = TypeVar("T")
L = TypeVar("L", bound="Line")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a person types in; never stored."""

    bank: str
    username: str
    password: str


class Offline(Exception):  # noqa: N818 - a state of the device, not an error of its program
    """The server could not be reached after several tries; everything waits in the outbox."""


class Refused(Exception):  # noqa: N818 - the server's word, not an error of this program
    """The server understood and said no."""

    def __init__(self, response: Response) -> None:
        """Take status and code out of the problem+json."""
        self.status, self.problem = response.status, response.json()
        self.code = str(self.problem.get("code", ""))
        super().__init__(f"{self.status} {self.code} {self.problem.get('title', '')}".strip())

    @property
    def is_about_the_device(self) -> bool:
        """Tell whether not this request is at fault, but the login, or the device itself or its key.

        A HEAD has no body to say which: its 403 is about the login or the device.
        """
        is_wordless = self.status == _FORBIDDEN and not self.code
        return self.status == UNAUTHENTICATED or self.has_ended or self.code == SIGNATURE_INVALID or is_wordless

    @property
    def has_ended(self) -> bool:
        """Tell whether the server says that the device has ended."""
        return bool(self.problem.get("wipe"))


class Line:
    """Requests with the login's token; a login that ended is renewed and the very same request is sent again."""

    def __init__(
        self,
        store: Store,
        transport: Transport,
        sign_in: Callable[[], Credentials],
        *,
        pause: Callable[[float], None] = time.sleep,
        patience: int = 6,
    ) -> None:
        """Set the parts; ``pause`` waits between two of ``patience`` tries."""
        self._store, self._transport, self._sign_in = store, transport, sign_in
        self._pause, self._patience = pause, patience

    def parting(self, kind: type[L]) -> L:
        """Return the same line, of another kind."""
        return kind(self._store, self._transport, self._sign_in, pause=self._pause, patience=self._patience)

    def login(self) -> dict[str, Any]:
        """Log in with what the person types, and keep the token.

        Raises:
            Refused: wrong, throttled or disabled.
            Lost: no answer.
        """
        typed = self._sign_in()
        body = json.dumps({"bank": typed.bank, "username": typed.username, "password": typed.password}).encode()
        session = answered(self._transport(_posting("/sessions", body))).json()
        self._store.keep(token=session["token"])
        return session

    def post(self, path: str, members: dict[str, Any]) -> dict[str, Any]:
        """Send JSON patiently; see `call`."""
        return self.call(_posting(path, json.dumps(members).encode())).json()

    def call(self, request: Request) -> Response:
        """Send the same bytes until an answer comes.

        Raises:
            Refused: the server said no.
            Offline: no answer came.
        """
        return self.patiently(lambda: self.once(request))

    def patiently(self, action: Callable[[], T]) -> T:
        """Repeat ``action`` while it is Lost, with jittered pauses that grow.

        Raises:
            Offline: patience ended.
        """
        for attempt in range(self._patience):
            try:
                return action()
            except Lost as lost:
                self.rest(lost, attempt)
        raise Offline

    def rest(self, lost: Lost, attempt: int = 0) -> None:
        """Leave the server alone as long as it asked for, and a while more, longer with every attempt."""
        self._pause(lost.retry_after_s + _jittered_pause_s(attempt))

    def once(self, request: Request) -> Response:
        """Send a request once (twice where the login had ended).

        Raises:
            Lost: no answer of the server's, or it was busy or failed.
            Refused: the server said no.
        """
        response = self._transport(self._authorised(request))
        if response.status == UNAUTHENTICATED and response.is_ours:
            self.login()
            response = self._transport(self._authorised(request))
        return answered(response)

    def _authorised(self, request: Request) -> Request:
        token = self._store.find("token")
        return replace(request, headers={**request.headers, "Authorization": f"Bearer {token or ''}"})


def _posting(path: str, body: bytes) -> Request:
    return Request(method="POST", path=path, headers={"Content-Type": "application/json"}, body=body)


def answered(response: Response) -> Response:
    """Return a good answer; a busy or failing server counts like none, and so does whoever else spoke.

    Raises:
        Lost: busy, failing, or none of the server's answers.
        Refused: the server said no.
    """
    if response.status >= _SERVER_FAILED or response.status in _LATER or not response.is_ours:
        waits = response.headers.get("retry-after", "0")
        raise Lost(f"HTTP {response.status}", retry_after_s=float(waits) if waits.isdecimal() else 0.0)
    if response.status >= FIRST_FAILURE:
        raise Refused(response)
    return response


def _jittered_pause_s(attempt: int) -> float:
    """Return a random pause below a bound that doubles, so that a thousand devices do not come back together."""
    bound = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2**attempt)
    return random.uniform(bound / 2, bound)  # noqa: S311 - jitter, not a secret
