"""Compressed request bodies with a bound: a bomb is refused before it unfolds (security.md, abuse case 20)."""

from __future__ import annotations

import zlib

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from inspection_api.core.errors import Malformed, TooLarge

_GZIP = 16 + zlib.MAX_WBITS


class EncodingInvalid(Malformed):
    """The body is not what its Content-Encoding says, or the encoding is none that we take."""

    code = "encoding_invalid"
    title = "请求内容的压缩格式有误"


def bounded_body(limit: int) -> bytes:
    """Return the request's body, decompressed, of at most ``limit`` bytes.

    Raises:
        TooLarge: it is longer, compressed or not.
        EncodingInvalid: unknown encoding, or broken data.
    """
    encoding = request.headers.get("Content-Encoding", "identity").lower()
    request.max_content_length = limit
    try:
        raw = request.get_data(cache=False)
    except RequestEntityTooLarge:
        raise TooLarge(max_bytes=limit) from None
    if encoding == "identity":
        return raw
    if encoding != "gzip":
        raise EncodingInvalid(supported=["gzip", "identity"])
    return _unzipped(raw, limit)


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
