"""Cursors: opaque, and MAC-bound to bank, user, device and epoch (sync.md §2, Pull).

There are two kinds: a place in the feed, which pull goes on from, and a place in a snapshot. Only what was sealed here
is believed, so a cursor tells its epoch in the clear and still cannot be forged into another one.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sync.errors import CursorExpired, CursorForeign, EpochChanged

_MAC_BYTES = 16
_EPOCH_BYTES = 8
_SEQ_BYTES = 8
_ID_BYTES = 16
_FEED: Final = b"f"
_SNAPSHOT: Final = b"s"
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a snapshot stands: the feed's ``head`` at its beginning, and the last thing that was sent."""

    head: int
    entity: str = ""
    id: UUID = _FIRST


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """What a cursor belongs to; ``key`` is the bank's key for cursors, so another bank's never fits."""

    key: bytes
    user_id: UUID
    device_id: UUID
    epoch: str

    def seal(self, seq: int) -> str:
        """Return the cursor after feed number ``seq``."""
        return self._sealed(_FEED + seq.to_bytes(_SEQ_BYTES, "big"))

    def open(self, cursor: str, *, horizon: int, head: int) -> int:
        """Return the feed number of a cursor.

        Up to ``horizon`` the feed has forgotten removals; beyond ``head`` there is nothing, unless a backup came back.

        Raises:
            CursorForeign: it was made for another bank, user or device, or by nobody.
            EpochChanged: it was made before the bank was restored.
            CursorExpired: the feed cannot go on from there.
        """
        seq = int.from_bytes(self._opened(cursor, _FEED), "big")
        if not horizon <= seq <= head:
            raise CursorExpired
        return seq

    def seal_place(self, place: Place) -> str:
        """Return the cursor after a page of a snapshot."""
        head = place.head.to_bytes(_SEQ_BYTES, "big")
        return self._sealed(_SNAPSHOT + head + place.id.bytes + place.entity.encode())

    def open_place(self, cursor: str) -> Place:
        """Return where a snapshot goes on.

        Raises:
            CursorForeign, EpochChanged: as `open`.
        """
        body = self._opened(cursor, _SNAPSHOT)
        head, rest = body[:_SEQ_BYTES], body[_SEQ_BYTES:]
        return Place(
            head=int.from_bytes(head, "big"), id=UUID(bytes=rest[:_ID_BYTES]), entity=rest[_ID_BYTES:].decode()
        )

    def _sealed(self, body: bytes) -> str:
        content = _epoch_tag(self.epoch) + body
        return base64.urlsafe_b64encode(self._mac(content) + content).decode()

    def _opened(self, cursor: str, kind: bytes) -> bytes:
        try:
            raw = base64.urlsafe_b64decode(cursor)
        except (binascii.Error, ValueError):
            raise CursorForeign from None
        mac, content = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        epoch, body = content[:_EPOCH_BYTES], content[_EPOCH_BYTES:]
        if not hmac.compare_digest(mac, self._mac(content)) or not body.startswith(kind):
            raise CursorForeign
        if epoch != _epoch_tag(self.epoch):
            raise EpochChanged
        return body.removeprefix(kind)

    def _mac(self, content: bytes) -> bytes:
        bound = f"{self.user_id}|{self.device_id}|".encode() + content
        return hmac.digest(self.key, bound, hashlib.sha256)[:_MAC_BYTES]


def _epoch_tag(epoch: str) -> bytes:
    return hashlib.sha256(epoch.encode()).digest()[:_EPOCH_BYTES]
