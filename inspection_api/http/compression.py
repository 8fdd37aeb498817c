"""Compressed request bodies with a bound: a bomb is refused before it unfolds (security.md, abuse case 20)."""

from __future__ import annotations

import gzip
import zlib

from flask import Response, g, request
from werkzeug.exceptions import RequestEntityTooLarge

from inspection_api.core.errors import Malformed, TooLarge, Unsupported

MAX_BODY_BYTES = 1 << 20
_WORTH_PACKING_BYTES = 1 << 10
_QUICK = 1
_GZIP = 16 + zlib.MAX_WBITS


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
        EncodingUnsupported: neither gzip nor plain.
    """
    encoding = _encoding()
    if encoding not in {"gzip", "identity"}:
        raise EncodingUnsupported(supported=["gzip", "identity"])
    raw = _raw(limit)
    return raw if encoding == "identity" else _unzipped(raw, limit)


def packed(response: Response) -> Response:
    """Return a large answer in gzip where the caller takes it: a phone's network is slower than any compressor."""
    response.vary.add("Accept-Encoding")
    body = response.get_data()
    if len(body) >= _WORTH_PACKING_BYTES and request.accept_encodings["gzip"] > 0:
        response.set_data(gzip.compress(body, _QUICK, mtime=0))
        response.content_encoding = "gzip"
    return response


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
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise TooLarge(max_bytes=limit) from None
    if len(raw) > limit:
        raise TooLarge(max_bytes=limit)
    return raw


def _unzipped(raw: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(_GZIP)
    try:
        body = unpacker.decompress(raw, limit + 1)
    except zlib.error:
        raise EncodingInvalid from None
    if len(body) > limit:
        raise TooLarge(max_bytes=limit)
    if not unpacker.eof or unpacker.unused_data:
        raise EncodingInvalid
    return body
