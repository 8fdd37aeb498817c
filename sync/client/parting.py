"""The line of a device that has ended: no login, its own signature instead (ADR 0012)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sync.client.line import Line, answered
from sync.client.transport import Request
from sync.client.uploads import Uploads, offset_of

if TYPE_CHECKING:
    from sync.client.identity import Identity
    from sync.client.transport import Response
    from sync.client.uploads import Medium

FOLDER = "/sync/media/"


class PartingLine(Line):
    """Requests that name the device and carry its signature; nobody can log in any more."""

    identity: Identity

    def once(self, request: Request) -> Response:
        """Send a request once; a push is signed already, an upload is signed here.

        Raises:
            Lost: no answer, or the server was busy or failed.
            Refused: the server said no, also because the device has not ended.
        """
        token = self._store.find("token") or ""
        names = {"Device-Bank": token.split(".")[1] if token.count(".") else "", "Device-Id": self.identity.device_id}
        signed = {"Device-Signature": self._signature(request)} if request.path.startswith(FOLDER) else {}
        return answered(self._transport(replace(request, headers={**request.headers, **names, **signed})))

    def _signature(self, request: Request) -> str:
        """Sign which medium is meant, where it goes on and which bytes come: a line each."""
        offset, checksum = (request.headers.get(f"Upload-{name}", "") for name in ("Offset", "Checksum"))
        text = f"{request.method} {request.path.removeprefix(FOLDER)}\n{offset}\n{checksum}"
        return self.identity.sign(text.encode())


class PartingUploads(Uploads):
    """The media that operations have declared; nothing new can be."""

    def _stands_at(self, medium: Medium) -> int:
        return offset_of(self._asked(Request(method="HEAD", path=self._location(medium.id), headers=self.TUS)))

    def _location(self, medium_id: str) -> str:
        return f"{FOLDER}{medium_id}"
