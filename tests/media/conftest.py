"""A phone that speaks tus, and pictures to send."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from PIL import Image

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from tests.factories import World

CHUNK = "application/offset+octet-stream"


def jpeg(colour: int = 0, size: tuple[int, int] = (900, 600)) -> bytes:
    """Return a JPEG with EXIF; another colour, another file."""
    exif = Image.Exif()
    exif[0x010F] = "SecretPhone"
    buffer = BytesIO()
    Image.new("RGB", size, (colour, 90, 90)).save(buffer, format="JPEG", exif=exif)
    return buffer.getvalue()


@dataclass
class Phone:
    """One officer's tus client."""

    client: FlaskClient
    headers: dict[str, str]
    data: bytes = field(default_factory=jpeg)
    media_id: UUID = field(default_factory=uuid4)

    def create(self, body: bytes | None = None, **changed: Any) -> TestResponse:
        values = {
            "id": str(self.media_id),
            "sha256": hashlib.sha256(self.data).hexdigest(),
            "filetype": "image/jpeg",
        } | {key: value for key, value in changed.items() if key != "length"}
        metadata = ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in values.items())
        headers = {"Upload-Metadata": metadata, "Upload-Length": str(changed.get("length", len(self.data)))}
        return self._send("POST", "/api/v1/media", headers, body)

    def patch(self, start: int, end: int | None = None, *, body: bytes | None = None, **headers: str) -> TestResponse:
        sent = self.data[start:end] if body is None else body
        return self._send("PATCH", self.path, {"Upload-Offset": str(start), **headers}, sent)

    def head(self) -> TestResponse:
        return self._send("HEAD", self.path, {}, None)

    def delete(self) -> TestResponse:
        return self._send("DELETE", self.path, {}, None)

    def offset(self) -> int:
        return int(self.head().headers["Upload-Offset"])

    @property
    def path(self) -> str:
        return f"/api/v1/media/{self.media_id}"

    def _send(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> TestResponse:
        tus = {"Tus-Resumable": "1.0.0", **self.headers, **headers}
        content = {"data": body, "content_type": CHUNK} if body is not None else {}
        return self.client.open(path, method=method, headers=tus, **content)


@pytest.fixture
def phone(client: FlaskClient, world: World) -> Phone:
    """The officer's phone."""
    return Phone(client=client, headers=world.headers("officer"))
