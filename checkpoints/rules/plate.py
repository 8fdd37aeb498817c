"""The QR plate's text and validity (domain.md §0, QR plate).

``XJ1.<bank tag>.<public_id>.<plate_generation>.<mac>``: opaque, without personal data, sequential ids or host names,
so a label survives a server's move. All characters are of QR's alphanumeric set, which keeps the symbol small.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from checkpoints.errors import QrInvalid, QrRevoked
from inspection_api.core.events import Trace

if TYPE_CHECKING:
    from collections.abc import Sequence

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PUBLIC_ID_LENGTH = 16
CODE_LENGTH = 10
MAC_BYTES = 16
MAX_LENGTH = 80
OLD_PLATE_LIVES = timedelta(days=30)
KEY_PURPOSE = "plate"

_FORM = re.compile(
    rf"XJ1\.([0-9A-F]{{8}})\.([{ALPHABET}]{{{PUBLIC_ID_LENGTH}}})\.([1-9][0-9]{{0,5}})\.([A-Z2-7]{{26}})"
)


class PlateText(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A plate's text taken apart; believed only after :func:`ensure_genuine`."""

    bank_tag: str
    public_id: str
    generation: int
    mac: str


class Plate(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One issue of a checkpoint's plate; from ``revoked_at`` on it no longer counts."""

    checkpoint_id: UUID
    generation: int
    issued_at: datetime
    revoked_at: datetime | None = None
    first_scanned_at: datetime | None = None


def next_public_id() -> str:
    """Return a random public id of 80 bits."""
    return "".join(secrets.choice(ALPHABET) for _ in range(PUBLIC_ID_LENGTH))


def next_code() -> str:
    """Return a random code for a checkpoint that nobody named, 50 bits, easy to read aloud."""
    return "JC" + "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def plate_text(bank_tag: str, public_id: str, generation: int, key: bytes) -> str:
    """Return the text of the QR; ``key`` is the bank's key for :data:`KEY_PURPOSE`."""
    signed = f"XJ1.{bank_tag.upper()}.{public_id}.{generation}"
    return f"{signed}.{_mac(signed, key)}"


def parse(text: str) -> PlateText | None:
    """Return the parts of a plate's text, or None if it is anything else (length, alphabet, form)."""
    match = _FORM.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if match is None:
        return None
    tag, public_id, generation, mac = match.groups()
    return PlateText(bank_tag=tag.lower(), public_id=public_id, generation=int(generation), mac=mac)


def is_genuine(text: PlateText, *, bank_tag: str, key: bytes) -> bool:
    """Tell whether this bank made the plate; constant time in the MAC."""
    signed = f"XJ1.{text.bank_tag.upper()}.{text.public_id}.{text.generation}"
    is_authentic = hmac.compare_digest(_mac(signed, key), text.mac)
    return is_authentic and text.bank_tag == bank_tag


def ensure_genuine(text: str, *, bank_tag: str, key: bytes) -> PlateText:
    """Return the parts of a genuine plate of this bank.

    Raises:
        QrInvalid: anything else; leaves a security event without the text itself.
    """
    parts = parse(text)
    if parts is None or not is_genuine(parts, bank_tag=bank_tag, key=key):
        raise invalid(text)
    return parts


def invalid(text: str) -> QrInvalid:
    """Return the one answer to forged, foreign and unknown plates, with its security event."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return QrInvalid(trace=[Trace("security.qr_invalid", {"sha256": digest, "length": len(text)})])


def _mac(signed: str, key: bytes) -> str:
    """Return 128 bits of HMAC-SHA-256 as 26 characters of base32."""
    digest = hmac.digest(key, signed.encode(), hashlib.sha256)[:MAC_BYTES]
    return base64.b32encode(digest).decode().rstrip("=")


def find_plate(plates: Sequence[Plate], generation: int) -> Plate | None:
    """Return the plate of ``generation`` among one checkpoint's plates."""
    return next((plate for plate in plates if plate.generation == generation), None)


def is_revoked_at(plate: Plate, at: datetime) -> bool:
    """Tell whether the plate no longer counted at ``at`` (the capture, not the synchronisation)."""
    return plate.revoked_at is not None and at >= plate.revoked_at


def ensure_in_force(plate: Plate, at: datetime) -> None:
    """Refuse a re-issued plate.

    Raises:
        QrRevoked: with ``revoked_at``.
    """
    if plate.revoked_at is not None and is_revoked_at(plate, at):
        raise QrRevoked(revoked_at=plate.revoked_at.isoformat())


def next_revocation(plate: Plate, ends_at: datetime) -> datetime:
    """Return when the plate ends: the earlier of what was known and ``ends_at``, never before its issue."""
    known = plate.revoked_at or ends_at
    return max(plate.issued_at, min(known, ends_at))
