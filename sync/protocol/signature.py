"""Every batch is signed by its device: Ed25519 over the exact body bytes before compression (sync.md §2)."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from inspection_api.core.events import Trace
from sync.errors import SignatureInvalid

if TYPE_CHECKING:
    from uuid import UUID

_SCHEME = "ed25519="


def ensure_signed(public_key: bytes, body: bytes, header: str) -> bytes:
    """Return the signature of ``Device-Signature: ed25519=<base64url>``.

    Raises:
        SignatureInvalid: missing, malformed, or not over these bytes; leaves a security event.
    """
    try:
        signature = base64.urlsafe_b64decode(header.removeprefix(_SCHEME) + "==")
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, body)
    except (InvalidSignature, binascii.Error, ValueError):
        raise SignatureInvalid(trace=[Trace("security.signature_invalid")]) from None
    if not header.startswith(_SCHEME):
        raise SignatureInvalid(trace=[Trace("security.signature_invalid")])
    return signature


def upload_text(method: str, media_id: UUID, *, offset: str, checksum: str) -> bytes:
    """Return what a device without a login signs to bring a medium: which one, where, and which bytes (ADR 0012).

    ``offset`` and ``checksum`` are the headers as sent, empty where a request has none. Sent again, it finds the upload
    elsewhere, so that nothing need make it fresh.
    """
    return f"{method} {media_id}\n{offset}\n{checksum}".encode()
