"""The cursor of the feed of alerts: an event's number, sealed."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from inspection_api.alerts.errors import FeedCursorInvalid

_WRONG_CURSOR = {"cursor": FeedCursorInvalid.title}


def seal_cursor(key: bytes, number: int) -> str:
    """Return an event's number as an opaque cursor, bound to the bank by ``key``."""
    plain = number.to_bytes(8)
    return base64.urlsafe_b64encode(plain + hmac.digest(key, plain, hashlib.sha256)[:16]).decode()


def open_cursor(key: bytes, cursor: str) -> int:
    """Return the number in a cursor.

    Raises:
        FeedCursorInvalid: it was not sealed with this key.
    """
    try:
        sealed = base64.b64decode(cursor, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise FeedCursorInvalid(fields=_WRONG_CURSOR) from None
    if not hmac.compare_digest(sealed[8:], hmac.digest(key, sealed[:8], hashlib.sha256)[:16]):
        raise FeedCursorInvalid(fields=_WRONG_CURSOR)
    return int.from_bytes(sealed[:8])
