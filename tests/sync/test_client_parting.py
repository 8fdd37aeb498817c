"""The reference client when its device has ended: whatever the server doubts, nothing is set aside (ADR 0012)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from sync.client import Client, MediaFile, Refused
from tests.sync.village import Village, answer, problem, sign_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sync.client import Request, Response


class Gate(Village):
    """Takes pushes like a village, and answers every upload with ``upload_status`` and ``upload_code``."""

    upload_status, upload_code = 403, "signature_invalid"

    def __call__(self, request: Request) -> Response:
        if request.path.startswith("/sync/media/"):
            return answer(self.upload_status, code=self.upload_code)
        return super().__call__(request)


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def device(tmp_path: Path, gate: Gate) -> Iterator[Client]:
    """A device with one operation and its photo."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"\xff\xd8\xff")
    client = Client(tmp_path / "device.db", transport=gate, sign_in=sign_in, pause=lambda _: None)
    photo = MediaFile(id=str(uuid4()), path=path, mime="image/jpeg")
    client.capture("media.declare", str(uuid4()), {"media": []}, media=[photo])
    yield client
    client.close()


def test_files_whose_signature_is_refused_wait(device: Client) -> None:
    with pytest.raises(Refused, match="signature_invalid"):
        device.part()
    assert device.outbox.waiting() == 0
    assert device.uploads.waiting() == 1


def test_a_file_that_nobody_declared_is_set_aside(device: Client, gate: Gate) -> None:
    gate.upload_status, gate.upload_code = 404, "media_not_found"
    device.part()
    assert device.uploads.waiting() == 0


@pytest.mark.parametrize("code", ["signature_invalid", "batch_id_reused"])
def test_a_batch_whose_signature_or_id_is_refused_is_made_and_signed_anew(
    device: Client, gate: Gate, code: str
) -> None:
    gate.faults.append(problem(403, code))
    with pytest.raises(Refused):
        device.part()
    first, second = (json.loads(body) for body in gate.pushed)
    assert first["batch_id"] != second["batch_id"]
    assert first["ops"] == second["ops"]
    assert gate.signatures[0] != gate.signatures[1]
    assert device.outbox.waiting() == 0


def test_a_signature_that_is_never_taken_leaves_everything_where_it_is(device: Client, gate: Gate) -> None:
    gate.faults.extend(problem(403, "signature_invalid") for _ in range(20))
    with pytest.raises(Refused, match="signature_invalid"):
        device.part()
    assert (device.outbox.waiting(), device.outbox.set_aside(), device.uploads.waiting()) == (1, [], 1)
