"""Media by tus 1.0: created once, then resumed where the server stands until every byte is there (sync.md §7)."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from sync.client.line import Refused
from sync.client.transport import Lost, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.client.line import Line
    from sync.client.store import Store
    from sync.client.transport import Response

CHUNK_BYTES = 1 << 18
"""What a cut costs at most: a chunk is checked as a whole, so half a chunk is thrown away."""
_ASK_AGAIN = {"offset_mismatch", "upload_busy", "checksum_mismatch"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """A file that waits, and where the server takes it."""

    id: str
    path: Path
    mime: str
    bytes: int
    sha256: str
    location: str | None


class Uploads:
    """The media files that wait for the network."""

    TUS: ClassVar[Mapping[str, str]] = {"Tus-Resumable": "1.0.0"}

    def __init__(self, store: Store, line: Line) -> None:
        """Upload what ``store`` knows over ``line``."""
        self._store, self._line = store, line

    def run(self) -> int:
        """Upload everything that waits; return how many files were stored.

        What the server can never take is set aside with the reason, and holds nothing up.

        Raises:
            Offline: the rest waits.
            Refused: the login or the device counts no more; everything waits.
        """
        return sum(self._upload(medium) for medium in self._waiting())

    def waiting(self) -> int:
        """Return how many files are not stored yet."""
        return len(self._waiting())

    def again(self, medium_id: str) -> None:
        """Let a file that was set aside wait again, from its first byte."""
        with self._store.transaction() as db:
            db.execute(
                "UPDATE medium SET state = 'waiting', location = NULL, fault = NULL WHERE id = ? AND state = 'aside'",
                (medium_id,),
            )

    def _waiting(self) -> list[Medium]:
        rows = self._store.rows("SELECT id, path, mime, bytes, sha256, location FROM medium WHERE state = 'waiting'")
        return [
            Medium(
                id=str(row[0]),
                path=Path(str(row[1])),
                mime=str(row[2]),
                bytes=int(str(row[3])),
                sha256=str(row[4]),
                location=None if row[5] is None else str(row[5]),
            )
            for row in rows
        ]

    def _upload(self, medium: Medium) -> bool:
        try:
            while not self._line.patiently(lambda: self._resume(medium)):
                pass
        except (Refused, OSError) as error:
            if isinstance(error, Refused) and error.is_about_the_device:
                raise
            self._note(medium, "aside", str(error))
            return False
        self._note(medium, "stored", None)
        return True

    def _resume(self, medium: Medium) -> bool:
        """Send what is missing; tell whether all is there now.

        A cut after some progress does not cost patience, only a pause: the server may still hold the broken request.

        Raises:
            Lost: nothing came through.
            Refused: the server cannot take this file.
        """
        start = offset = self._stands_at(medium)
        try:
            while offset < medium.bytes:
                offset = self._append(medium, offset)
        except Lost as lost:
            if offset == start:
                raise
            self._line.rest(lost)
        return offset == medium.bytes

    def _stands_at(self, medium: Medium) -> int:
        location = self._location(medium.id)
        if location is None:
            return self._create(medium)
        return offset_of(self._asked(Request(method="HEAD", path=location, headers=self.TUS)))

    def _create(self, medium: Medium) -> int:
        facts = {"id": medium.id, "sha256": medium.sha256, "filetype": medium.mime}
        pairs = [f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in facts.items()]
        headers = {**self.TUS, "Upload-Length": str(medium.bytes), "Upload-Metadata": ",".join(pairs)}
        response = self._asked(Request(method="POST", path="/media", headers=headers))
        offset = offset_of(response)
        with self._store.transaction() as db:
            db.execute("UPDATE medium SET location = ? WHERE id = ?", (response.headers["location"], medium.id))
        return offset

    def _append(self, medium: Medium, offset: int) -> int:
        with medium.path.open("rb") as file:
            file.seek(offset)
            chunk = file.read(CHUNK_BYTES)
        digest = base64.b64encode(hashlib.sha256(chunk).digest()).decode()
        headers = {
            **self.TUS,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": str(offset),
            "Upload-Checksum": f"sha256 {digest}",
        }
        path = self._location(medium.id) or ""
        return offset_of(self._asked(Request(method="PATCH", path=path, headers=headers, body=chunk)))

    def _asked(self, request: Request) -> Response:
        """Send once; where the server stands elsewhere than we thought, that is as if nothing had come through."""
        try:
            return self._line.once(request)
        except Refused as refused:
            if refused.code in _ASK_AGAIN:
                raise Lost(refused.code) from refused
            raise

    def _location(self, medium_id: str) -> str | None:
        location = self._store.rows("SELECT location FROM medium WHERE id = ?", (medium_id,))[0][0]
        return None if location is None else str(location)

    def _note(self, medium: Medium, state: str, fault: str | None) -> None:
        with self._store.transaction() as db:
            db.execute("UPDATE medium SET state = ?, fault = ? WHERE id = ?", (state, fault, medium.id))


def offset_of(response: Response) -> int:
    """Return where an upload stands.

    Raises:
        Lost: the answer does not say so, thus it is none of the server's.
    """
    if "upload-offset" not in response.headers:
        raise Lost(f"HTTP {response.status} without Upload-Offset")
    return int(response.headers["upload-offset"])
