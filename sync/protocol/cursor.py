"""The pull cursor: a feed number, MAC-bound to bank, user, device and epoch (sync.md §2, Pull)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.errors import CursorExpired

if TYPE_CHECKING:
    from uuid import UUID

_MAC_BYTES = 16
_SEQ_BYTES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a cursor belongs to; ``key`` is the bank's key for cursors, so another bank's never fits."""

    key: bytes
    user_id: UUID
    device_id: UUID
    epoch: str

    def seal(self, seq: int) -> str:
        """Return the opaque cursor after feed number ``seq``."""
        number = seq.to_bytes(_SEQ_BYTES, "big")
        return base64.urlsafe_b64encode(number + self._mac(number)).decode()

    def open(self, cursor: str) -> int:
        """Return the feed number of a cursor.

        Raises:
            CursorExpired: it was made for another bank, user, device or epoch, or by nobody.
        """
        try:
            raw = base64.urlsafe_b64decode(cursor)
        except (binascii.Error, ValueError):
            raw = b""
        number, mac = raw[:_SEQ_BYTES], raw[_SEQ_BYTES:]
        if len(number) != _SEQ_BYTES or not hmac.compare_digest(mac, self._mac(number)):
            raise CursorExpired
        return int.from_bytes(number, "big")

    def _mac(self, number: bytes) -> bytes:
        bound = f"{self.user_id}|{self.device_id}|{self.epoch}|".encode() + number
        return hmac.digest(self.key, bound, hashlib.sha256)[:_MAC_BYTES]
