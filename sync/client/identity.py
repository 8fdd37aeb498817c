"""Who this device is: an id and an Ed25519 key of its own making. A phone keeps the key in its keystore instead."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sync.client.store import find, keep

if TYPE_CHECKING:
    import sqlite3


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The device as its bank knows it."""

    device_id: str
    key: Ed25519PrivateKey

    @property
    def public_key(self) -> str:
        """Return the raw public key in base64url, as it is enrolled."""
        return _base64url(self.key.public_key().public_bytes_raw())

    def sign(self, body: bytes) -> str:
        """Return the ``Device-Signature`` of exactly these bytes."""
        return "ed25519=" + _base64url(self.key.sign(body))


def identity_of(db: sqlite3.Connection) -> Identity:
    """Return the device's identity, made at the first call."""
    device_id, key = find(db, "device_id"), find(db, "private_key")
    if device_id is None or key is None:
        return new_identity(db)
    return Identity(device_id=device_id, key=Ed25519PrivateKey.from_private_bytes(bytes.fromhex(key)))


def new_identity(db: sqlite3.Connection) -> Identity:
    """Become another device: after a fork, or where the server knows the old id with another key."""
    made = Identity(device_id=str(uuid.uuid4()), key=Ed25519PrivateKey.generate())
    keep(db, device_id=made.device_id, private_key=made.key.private_bytes_raw().hex())
    return made


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
