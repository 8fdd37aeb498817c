"""The phone's network, as bad as it is outside: gone, losing answers, breaking in the middle of an upload."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field

from sync.client import HttpTransport, Lost, Request, Response

PUSH = "/sync/push"


@dataclass(slots=True)
class Network:
    """A transport for the reference client that fails when told to, and remembers what it carried.

    ``cuts`` are the parts of the next chunks that get through (1: all of it).
    """

    url: str
    is_up: bool = True
    answers_to_lose: int = 0
    cuts: list[float] = field(default_factory=list)
    resumed_at: list[int] = field(default_factory=list)
    pushed: list[bytes] = field(default_factory=list)
    replayed: list[bool] = field(default_factory=list)
    uploaded_bytes: int = 0

    def __call__(self, request: Request) -> Response:
        """Carry a request, or lose it."""
        if not self.is_up:
            raise Lost("没有网络")
        if request.method == "PATCH":
            self._upload(request)
        response = HttpTransport(self.url)(request)
        if request.method == "HEAD":
            self.resumed_at.append(int(response.headers["upload-offset"]))
        if request.path == PUSH:
            self._note_push(request, response)
        return response

    def _note_push(self, request: Request, response: Response) -> None:
        """Remember a push that reached the server; lose its answer if it was to be lost."""
        self.pushed.append(gzip.decompress(request.body))
        self.replayed.append(bool(response.json().get("replayed")))
        if self.answers_to_lose:
            self.answers_to_lose -= 1
            raise Lost("答复丢失")

    def _upload(self, request: Request) -> None:
        """Count a chunk's bytes; break the line after a part of them if it was to be cut."""
        through = int(len(request.body) * (self.cuts.pop(0) if self.cuts else 1))
        self.uploaded_bytes += through
        if through < len(request.body):
            self._break(request, through)

    def _break(self, request: Request, through: int) -> None:
        connection = HttpTransport(self.url).connect()
        connection.putrequest(request.method, request.target)
        for name, value in {**request.headers, "Content-Length": str(len(request.body))}.items():
            connection.putheader(name, value)
        connection.endheaders(request.body[:through])
        connection.close()
        raise Lost("上传中断")
