"""The media endpoint on a real socket: a stranger's tus client, cut lines, and writers that race."""

from __future__ import annotations

import hashlib
import http.client
import os
import socket
import threading
from contextlib import closing
from io import BytesIO
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from tusclient.client import TusClient
from werkzeug.serving import make_server

from inspection_api.core.storage import Storage, in_chunks
from inspection_api.media.models import Media, MediaUpload
from inspection_api.worker import Outbox
from tests.media.conftest import CHUNK, Phone, jpeg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from flask import Flask

    from inspection_api.core.banks import BankCatalogue
    from tests.factories import World


@pytest.fixture
def address(committed_app: Flask, committed_world: World) -> Iterator[str]:
    """A served application on a database that really commits."""
    server = make_server("127.0.0.1", 0, committed_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def far_phone(committed_app: Flask, committed_world: World) -> Phone:
    client = committed_app.test_client()
    return Phone(client=client, headers=committed_world.headers("officer"), data=mp4(600_000))


def mp4(length: int) -> bytes:
    return b"\x00\x00\x00\x20ftypisom" + os.urandom(length - 12)


def status_of(world: World, media_id: UUID) -> str:
    with world.transaction() as ctx:
        return ctx.session.get_one(Media, media_id).status


def send_part(address: str, phone: Phone, start: int, end: int) -> None:
    """Announce everything from ``start`` on, send up to ``end``, and hang up."""
    host = urlsplit(address)
    head = {
        **phone.headers,
        "Host": host.netloc,
        "Tus-Resumable": "1.0.0",
        "Content-Type": CHUNK,
        "Upload-Offset": str(start),
        "Content-Length": str(len(phone.data) - start),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    with closing(socket.create_connection((host.hostname, host.port or 80))) as line:
        line.sendall(f"PATCH {phone.path} HTTP/1.1\r\n{lines}\r\n".encode() + phone.data[start:end])


def wait_for(world: World, media_id: UUID, is_so: Callable[[MediaUpload], bool]) -> None:
    """Return once the upload's row is as wanted; a server on a socket works in its own time."""
    deadline = monotonic() + 10
    while monotonic() < deadline:
        with world.transaction() as ctx:
            upload = ctx.session.get(MediaUpload, media_id)
            if upload is not None and is_so(upload):
                return
        sleep(0.02)
    raise AssertionError("the upload never came to be so")


def ended_beyond(offset: int) -> Callable[[MediaUpload], bool]:
    return lambda row: row.lease_until is None and row.received_bytes > offset


def test_a_strangers_tus_client_uploads_in_chunks(address: str, committed_world: World, storage: Storage) -> None:
    data, media_id = jpeg(size=(1200, 900)), uuid4()
    client = TusClient(f"{address}/api/v1/media", headers=committed_world.headers("officer"))
    metadata = {"id": str(media_id), "sha256": hashlib.sha256(data).hexdigest(), "filetype": "image/jpeg"}

    uploader = client.uploader(file_stream=BytesIO(data), chunk_size=4000, metadata=metadata, upload_checksum=True)
    uploader.upload()

    assert status_of(committed_world, media_id) == "stored"
    assert b"".join(in_chunks(storage.open(committed_world.bank.tag, metadata["sha256"]))) == data


def test_a_stranger_resumes_where_he_was_cut(address: str, committed_world: World) -> None:
    data, media_id = mp4(300_000), uuid4()
    client = TusClient(f"{address}/api/v1/media", headers=committed_world.headers("officer"))
    metadata = {"id": str(media_id), "sha256": hashlib.sha256(data).hexdigest(), "filetype": "video/mp4"}
    first = client.uploader(file_stream=BytesIO(data), chunk_size=100_000, metadata=metadata)
    first.upload(stop_at=100_000)

    second = client.uploader(file_stream=BytesIO(data), chunk_size=100_000, url=first.url)
    assert second.offset == 100_000
    second.upload()

    assert status_of(committed_world, media_id) == "stored"


def test_ten_cuts_cost_no_byte_twice(address: str, far_phone: Phone, committed_world: World) -> None:
    far_phone.create(filetype="video/mp4")
    offset = 0
    for cut in range(1, 11):
        end = cut * 50_000
        send_part(address, far_phone, offset, end)
        wait_for(committed_world, far_phone.media_id, ended_beyond(offset))
        assert far_phone.offset() == end
        offset = end
    assert far_phone.patch(offset).status_code == 204
    assert status_of(committed_world, far_phone.media_id) == "stored"


def test_of_two_writers_at_once_one_waits(address: str, far_phone: Phone, committed_world: World) -> None:
    far_phone.create(filetype="video/mp4")
    host = urlsplit(address)
    answers: list[Any] = []

    def slow_chunks() -> Iterator[bytes]:
        yield far_phone.data[:1000]
        wait_for(committed_world, far_phone.media_id, lambda row: row.lease_until is not None)
        answers.append(far_phone.patch(1000))
        yield far_phone.data[1000:]

    with closing(http.client.HTTPConnection(host.netloc)) as line:
        headers = {**far_phone.headers, "Tus-Resumable": "1.0.0", "Content-Type": CHUNK, "Upload-Offset": "0"}
        headers["Content-Length"] = str(len(far_phone.data))
        line.request("PATCH", far_phone.path, body=slow_chunks(), headers=headers)
        first = line.getresponse()
        first.read()

    assert first.status == 204
    assert [(answer.status_code, answer.json["code"]) for answer in answers] == [(423, "upload_busy")]
    assert status_of(committed_world, far_phone.media_id) == "stored"


def test_the_worker_makes_the_thumbnail(committed_app: Flask, committed_world: World, catalogue: BankCatalogue) -> None:
    client = committed_app.test_client()
    phone = Phone(client=client, headers=committed_world.headers("officer"))
    phone.create(phone.data)
    Outbox(database=committed_world.database, banks=catalogue).drain(committed_world.bank)

    answer = client.get(f"{phone.path}/thumbnail", headers=phone.headers)

    assert (answer.status_code, answer.content_type) == (200, "image/jpeg")
