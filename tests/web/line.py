"""A bad line to a server: it breaks after so many bytes, or swallows an answer whose request has had its effect."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from urllib.parse import urlsplit

_PIECE = 1 << 14


class BadLine:
    """Carries bytes both ways until told otherwise; ``sent`` counts what went up.

    The server closes each connection behind its answer, so one connection is one request.
    """

    def __init__(self, url: str) -> None:
        target = urlsplit(url)
        self._target = (target.hostname, target.port)
        self.sent = 0
        self.cuts = 0
        self.dead = False
        self.silent = False
        """Accepts, and says nothing."""
        self.struck = threading.Event()
        self._lost: tuple[bytes, ...] = ()
        self._broken: bytes | None = None
        self._held: bytes | None = None
        self._cut_after = self._until_cut = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def lose(self, *requests: str) -> None:
        """Swallow the next answer to a request that begins like one of them, go dead, and set ``struck``."""
        self.struck.clear()
        self._lost = tuple(each.encode() for each in requests)

    def break_off(self, request: str) -> None:
        """Break every connection whose request begins so; nothing of it reaches the server."""
        self._broken = request.encode()

    def hold(self, request: str) -> None:
        """Take every request that begins so, and never say a word; nothing of it reaches the server."""
        self._held = request.encode()

    def mend(self) -> None:
        """Carry everything again."""
        self.dead = False
        self._broken = self._held = None

    def cut(self, times: int, after: int) -> None:
        """Break the connection whenever so many bytes more went up, so many times."""
        self.cuts, self._cut_after, self._until_cut, self.sent = times, after, after, 0

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                if self.dead:
                    near.close()
                    continue
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        with suppress(OSError), near, socket.create_connection(self._target) as far:
            first = near.recv(_PIECE)
            if self._is_stopped(near, first):
                return
            far.sendall(first)
            threading.Thread(target=self._carry_up, args=(near, far), daemon=True).start()
            if not self._is_lost(first):
                self._carry_down(far, near)
                return
            self._drain(far)
            near.shutdown(socket.SHUT_RDWR)
            self.struck.set()

    def _is_stopped(self, near: socket.socket, first: bytes) -> bool:
        if self.silent or (self._held and first.startswith(self._held)):
            self._drain(near)
            return True
        return self._broken is not None and first.startswith(self._broken)

    def _is_lost(self, first: bytes) -> bool:
        with self._lock:
            if not first.startswith(self._lost):
                return False
            self._lost = ()
            self.dead = True
            return True

    def _carry_up(self, near: socket.socket, far: socket.socket) -> None:
        with suppress(OSError):
            while data := near.recv(_PIECE):
                if self._is_cut(len(data)):
                    break
                far.sendall(data)
        for end in (near, far):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def _drain(end: socket.socket) -> None:
        while end.recv(_PIECE):
            pass

    @staticmethod
    def _carry_down(far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError):
            while data := far.recv(_PIECE):
                near.sendall(data)

    def _is_cut(self, count: int) -> bool:
        with self._lock:
            self.sent += count
            self._until_cut -= count
            if self._until_cut > 0 or not self.cuts:
                return False
            self.cuts -= 1
            self._until_cut = self._cut_after
            return True
