"""A server on paper: what the other end of the line does, scripted, to see what the client makes of it."""

from __future__ import annotations

import gzip
import json
from collections import deque
from collections.abc import Callable
from typing import Any

from sync.client import Credentials, Lost, Request, Response
from sync.client.transport import FIRST_FAILURE

Fault = Callable[[Request], Response] | None


def answer(status: int, *, content_type: str | None = None, **members: Any) -> Response:
    kind = content_type or ("application/json" if status < FIRST_FAILURE else "application/problem+json")
    return Response(status=status, headers={"content-type": kind}, body=json.dumps(members).encode())


def problem(status: int, code: str, **members: Any) -> Callable[[Request], Response]:
    return lambda _request: answer(status, code=code, **members)


def sign_in() -> Credentials:
    return Credentials(bank="demo", username="o0101", password="a-long-password")


def lost_request(_request: Request) -> Response:
    raise Lost("the request never arrived")


class Village:
    """Takes every push as applied, unless ``faults`` (for the next pushes, None: none) say otherwise."""

    def __init__(self) -> None:
        self.pushed: list[bytes] = []
        self.signatures: list[str] = []
        self.paths: list[str] = []
        self.faults: deque[Fault] = deque()
        self.uploads: deque[Response] = deque()
        self.stored: dict[str, dict[str, Any]] = {}
        self.logins = 0
        self.device_ids: list[str] = []
        self.greeting: dict[str, Any] = {"epoch": "one", "gaps": [], "approved": True}

    def __call__(self, request: Request) -> Response:
        self.paths.append(f"{request.method} {request.path}")
        if request.path == "/sessions":
            self.logins += 1
            return answer(201, token=f"token-{self.logins}")
        if request.path == "/devices":
            self.device_ids.append(json.loads(request.body)["id"])
            return answer(201)
        if request.path == "/sync/handshake":
            return answer(200, **self.greeting)
        return self.uploads.popleft() if request.path == "/media" else self._push(request)

    def _push(self, request: Request) -> Response:
        body = gzip.decompress(request.body)
        self.pushed.append(body)
        self.signatures.append(request.headers["Device-Signature"])
        fault = self.faults.popleft() if self.faults else None
        return fault(request) if fault else self.taken(body)

    def taken(self, body: bytes) -> Response:
        """Store every operation and answer with its receipt."""
        ops = json.loads(body)["ops"]
        for op in ops:
            receipt = {"op_id": op["op_id"], "seq": op["seq"], "status": "applied", "code": "applied"}
            self.stored.setdefault(op["op_id"], receipt)
        results = [self.stored[op["op_id"]] for op in ops]
        return answer(200, acked_through=max((op["seq"] for op in ops), default=0), results=results, replayed=False)

    def losing_the_answer(self, request: Request) -> Response:
        self.taken(gzip.decompress(request.body))
        raise Lost("the answer never arrived")

    def seqs(self) -> list[list[int]]:
        """Return the numbers of every batch that came."""
        return [[op["seq"] for op in json.loads(body)["ops"]] for body in self.pushed]
