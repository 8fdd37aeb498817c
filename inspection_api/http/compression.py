"""Compressed bodies both ways, gzip or zstd; what comes in is bounded: a bomb is refused before it unfolds.

security.md, abuse case 20. A zstd frame says how large a window it wants; more than 8 MiB is refused as well.
"""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING

import zstandard
from flask import Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from inspection_api.core.errors import Malformed, TooLarge, Unsupported

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

MAX_BODY_BYTES = 1 << 20
_READ_BYTES = 1 << 16
_WORTH_PACKING_BYTES = 1 << 10
_QUICK = 1
_GZIP = 16 + zlib.MAX_WBITS
_MOST_WINDOW_BYTES = 8 << 20


class EncodingInvalid(Malformed):
    """The body is not what its Content-Encoding says."""

    code = "encoding_invalid"
    title = "请求内容的压缩格式有误"


class EncodingUnsupported(Unsupported):
    """The Content-Encoding is none that this endpoint takes; ``supported`` lists those."""

    code = "encoding_unsupported"
    title = "不支持该压缩格式"


def request_body() -> bytes:
    """Return the body of an ordinary request, at most 1 MiB; read once, however often it is asked for.

    Raises:
        TooLarge, EncodingInvalid, EncodingUnsupported: as :func:`bounded_body`.
    """
    if "body" not in g:
        g.body = bounded_body(MAX_BODY_BYTES)
    return bytes(g.body)


def bounded_body(limit: int) -> bytes:
    """Return the request's body, decompressed, of at most ``limit`` bytes.

    Raises:
        TooLarge: it is longer, compressed or not.
        EncodingInvalid: broken data.
        EncodingUnsupported: neither gzip nor zstd nor plain.
    """
    unpack = _UNPACKERS.get(_encoding())
    if unpack is None:
        raise EncodingUnsupported(supported=list(_UNPACKERS))
    body = unpack(_raw(limit), limit + 1)
    if len(body) > limit:
        raise TooLarge(max_bytes=limit)
    return body


def receive(limit: int) -> None:
    """Take in the request's body as it came, of at most ``limit`` bytes, for whoever asks for it later.

    Raises:
        TooLarge: it is longer.
    """
    g.received = _raw(limit)


def packed(response: Response) -> Response:
    """Return a large answer compressed as the caller takes it: a phone's network is slower than any compressor."""
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    encoding = next((name for name in _PACKERS if request.accept_encodings[name] > 0), None)
    if len(body) >= _WORTH_PACKING_BYTES and encoding is not None:
        response.set_data(_PACKERS[encoding](body))
        response.content_encoding = encoding
    return response


def stream_into(file: BinaryIO, limit: int) -> None:
    """Write the request's body, of at most ``limit`` bytes, into an open file, and go back to its beginning.

    Raises:
        TooLarge: it is longer.
    """
    request.max_content_length = limit + 1
    try:
        while chunk := request.stream.read(_READ_BYTES):
            file.write(chunk)
            if file.tell() > limit:
                raise TooLarge(max_bytes=limit)
    except RequestEntityTooLarge:
        raise TooLarge(max_bytes=limit) from None
    file.seek(0)


def ensure_plain() -> None:
    """Raise EncodingUnsupported if the body is compressed, where the bytes themselves are what is kept."""
    if _encoding() != "identity":
        raise EncodingUnsupported(supported=["identity"])


def _encoding() -> str:
    return request.headers.get("Content-Encoding", "identity").lower()


def _raw(limit: int) -> bytes:
    """Read one byte past the limit: a chunked body has no length to ask for, and is cut in silence where it ends."""
    request.max_content_length = limit + 1
    try:
        raw: bytes = g.pop("received") if "received" in g else request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise TooLarge(max_bytes=limit) from None
    if len(raw) > limit:
        raise TooLarge(max_bytes=limit)
    return raw


def _plain(raw: bytes, _most: int) -> bytes:
    return raw


def _ungzipped(raw: bytes, most: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(raw, most)
    except zlib.error:
        raise EncodingInvalid from None
    if len(body) < most and (not unpacker.eof or unpacker.unused_data):
        raise EncodingInvalid
    return body


def _unzstd(raw: bytes, most: int) -> bytes:
    """Read one frame, at most ``most`` bytes of it, so that its own claim of a length is never believed."""
    unpacker = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES)
    try:
        with unpacker.stream_reader(raw) as stream:
            body = stream.read(most)
            if len(body) < most:
                _ensure_whole_frame(raw)
    except zstandard.ZstdError:
        raise EncodingInvalid from None
    return body


def _ensure_whole_frame(raw: bytes) -> None:
    unpacker = zstandard.ZstdDecompressor(max_window_size=_MOST_WINDOW_BYTES).decompressobj()
    unpacker.decompress(raw)
    if not unpacker.eof or unpacker.unused_data:
        raise EncodingInvalid


_UNPACKERS: dict[str, Callable[[bytes, int], bytes]] = {"zstd": _unzstd, "gzip": _ungzipped, "identity": _plain}
_PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: zstandard.ZstdCompressor(level=_QUICK).compress(body),
    "gzip": lambda body: gzip.compress(body, _QUICK, mtime=0),
}
