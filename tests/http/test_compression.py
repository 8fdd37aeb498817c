"""Compressed bodies: unpacked up to the limit, and never past it."""

from __future__ import annotations

import gzip
import tracemalloc

import pytest
from flask import Flask

from inspection_api.core.errors import TooLarge
from inspection_api.http.compression import EncodingInvalid, EncodingUnsupported, bounded_body

LIMIT = 1 << 20


@pytest.fixture(scope="module")
def bare() -> Flask:
    return Flask("bare")


def received(bare: Flask, data: bytes, encoding: str | None = "gzip", limit: int = LIMIT) -> bytes:
    headers = {"Content-Encoding": encoding} if encoding else {}
    with bare.test_request_context("/", method="POST", data=data, headers=headers):
        return bounded_body(limit)


@pytest.mark.parametrize("encoding", [None, "identity", "IDENTITY"])
def test_a_plain_body_comes_as_it_is(bare: Flask, encoding: str | None) -> None:
    assert received(bare, b"abc", encoding) == b"abc"


def test_gzip_is_unpacked(bare: Flask) -> None:
    assert received(bare, gzip.compress(b"abc" * 1000)) == b"abc" * 1000


def test_a_body_of_exactly_the_limit_passes_either_way(bare: Flask) -> None:
    data = bytes(LIMIT)
    assert received(bare, data, None) == data
    assert received(bare, gzip.compress(data)) == data


def test_one_byte_more_is_too_large_either_way(bare: Flask) -> None:
    data = bytes(LIMIT + 1)
    for body, encoding in ((data, None), (gzip.compress(data), "gzip")):
        with pytest.raises(TooLarge) as refused:
            received(bare, body, encoding)
        assert refused.value.members == {"max_bytes": LIMIT}


def test_a_bomb_is_refused_before_it_unfolds(bare: Flask) -> None:
    bomb = gzip.compress(bytes(300 << 20), compresslevel=9)
    assert len(bomb) < LIMIT
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            received(bare, bomb)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 << 20


ABC = gzip.compress(b"abc" * 1000, mtime=0)


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"plain text", id="plain"),
        pytest.param(ABC[:-9], id="cut"),
        pytest.param(ABC[:10], id="header-only"),
        pytest.param(ABC[:-8] + bytes(8), id="wrong-checksum"),
        pytest.param(ABC + b"and more", id="trailing"),
    ],
)
def test_broken_gzip_is_refused(bare: Flask, broken: bytes) -> None:
    with pytest.raises(EncodingInvalid):
        received(bare, broken)


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip"])
def test_an_unknown_encoding_says_what_is_taken(bare: Flask, encoding: str) -> None:
    with pytest.raises(EncodingUnsupported) as refused:
        received(bare, b"abc", encoding)
    assert refused.value.members["supported"] == ["zstd", "gzip", "identity"]
