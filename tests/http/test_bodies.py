"""Bodies as servers hand them on: with a length or in chunks, plain or compressed, and never past the limit."""

from __future__ import annotations

import gzip
import json
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import zstandard

from inspection_api.http.compression import MAX_BODY_BYTES
from inspection_api.telemetry.routes import MAX_BATCH_BYTES
from sync.protocol.envelope import MAX_BYTES
from tests.factories import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from tests.factories import World

LOGIN = {"bank": "demo", "username": "officer", "password": PASSWORD}


def in_chunks(client: FlaskClient, path: str, data: bytes, headers: dict[str, str]) -> Any:
    """Send ``data`` without a Content-Length, as a server hands on a chunked body."""
    return client.post(
        path, input_stream=BytesIO(data), headers=headers, environ_overrides={"wsgi.input_terminated": True}
    )


def padded(limit: int) -> bytes:
    """Return a login of exactly ``limit`` bytes."""
    plain = json.dumps(LOGIN).encode()
    return plain + b" " * (limit - len(plain))


@pytest.mark.parametrize(
    ("path", "who", "limit"),
    [
        ("/api/v1/sessions", None, MAX_BODY_BYTES),
        ("/api/v1/users", "administrator", MAX_BODY_BYTES),
        ("/api/v1/sync/push", "officer", MAX_BYTES),
        ("/api/v1/telemetry/readings", "gateway", MAX_BATCH_BYTES),
    ],
)
def test_a_chunked_body_over_the_limit_is_too_large_and_not_cut(
    client: FlaskClient, world: World, path: str, who: str | None, limit: int
) -> None:
    headers = world.machine("branch")[1] if who == "gateway" else world.headers(who) if who else {}
    for size in (limit + 1, 3 * limit):
        answer = in_chunks(client, path, b" " * size, headers)
        assert (answer.status_code, answer.json["code"]) == (413, "too_large")
        assert answer.json["max_bytes"] == limit
    assert in_chunks(client, path, b" " * limit, headers).status_code in {400, 422}


def test_a_chunked_body_of_exactly_the_limit_is_read_to_its_end(client: FlaskClient, world: World) -> None:
    assert in_chunks(client, "/api/v1/sessions", padded(MAX_BODY_BYTES), {}).status_code == 201


def packed_in(name: str, body: bytes) -> bytes:
    return gzip.compress(body) if name.lower() == "gzip" else zstandard.ZstdCompressor().compress(body)


@pytest.mark.parametrize("name", ["gzip", "GZIP", "zstd"])
def test_a_compressed_body_is_unpacked_on_every_endpoint(client: FlaskClient, world: World, name: str) -> None:
    packed = packed_in(name, json.dumps(LOGIN).encode())
    assert client.post("/api/v1/sessions", data=packed, headers={"Content-Encoding": name}).status_code == 201
    body = {"name": "手机", "id": str(uuid4()), "public_key": "A" * 43}
    headers = {**world.headers("officer"), "Content-Encoding": name}
    packed = packed_in(name, json.dumps(body).encode())
    assert client.post("/api/v1/devices", data=packed, headers=headers).status_code == 201


@pytest.mark.parametrize("name", ["gzip", "zstd"])
def test_a_bomb_is_refused_on_every_endpoint(client: FlaskClient, world: World, name: str) -> None:
    bomb = packed_in(name, b" " * (100 << 20))
    for path in ("/api/v1/sessions", "/api/v1/users"):
        headers = {**world.headers("administrator"), "Content-Encoding": name}
        answer = client.post(path, data=bomb, headers=headers)
        assert (answer.status_code, answer.json["code"]) == (413, "too_large")


@pytest.mark.parametrize("path", ["/api/v1/sessions", "/api/v1/users", "/api/v1/sync/push"])
def test_an_unknown_encoding_is_415_and_says_what_is_taken(client: FlaskClient, world: World, path: str) -> None:
    person = "officer" if "sync" in path else "administrator"
    headers = {**world.headers(person), "Content-Encoding": "br"}
    answer = client.post(path, data=b"{}", headers=headers)
    assert (answer.status_code, answer.json["code"]) == (415, "encoding_unsupported")
    assert answer.json["supported"] == ["zstd", "gzip", "identity"]


@pytest.mark.parametrize("name", ["gzip", "zstd"])
@pytest.mark.parametrize("spoil", [lambda _: b"{}", lambda packed: packed[:-3], lambda packed: packed + b"more"])
def test_a_broken_frame_is_400(client: FlaskClient, world: World, name: str, spoil: Callable[[bytes], bytes]) -> None:
    body = spoil(packed_in(name, json.dumps(LOGIN).encode()))
    answer = client.post("/api/v1/sessions", data=body, headers={"Content-Encoding": name})
    assert (answer.status_code, answer.json["code"]) == (400, "encoding_invalid")


def test_a_frame_that_wants_a_large_window_is_refused(client: FlaskClient) -> None:
    settings = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    compressor = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    body = compressor.compress(b" " * 10) + compressor.flush()
    answer = client.post("/api/v1/sessions", data=body, headers={"Content-Encoding": "zstd"})
    assert (answer.status_code, answer.json["code"]) == (400, "encoding_invalid")


def test_a_tus_chunk_comes_as_it_is_or_not_at_all(client: FlaskClient, world: World) -> None:
    """What is stored is what was hashed, so nothing may be packed on the way."""
    headers = {
        **world.headers("officer"),
        "Tus-Resumable": "1.0.0",
        "Upload-Offset": "0",
        "Content-Type": "application/offset+octet-stream",
        "Content-Encoding": "gzip",
    }
    answer = client.patch(f"/api/v1/media/{uuid4()}", data=gzip.compress(b"x"), headers=headers)
    assert (answer.status_code, answer.json["code"]) == (415, "encoding_unsupported")
    assert answer.json["supported"] == ["identity"]
