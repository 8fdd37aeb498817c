"""Numbers and verification codes of prints (domain.md §2.3).

A number ``MBZ-{org}-{yyyymm}-{seq6}-{check}`` is for people; its last character catches every single wrong character
(ISO 7064, MOD 37,36). A code ``XP1.<bank tag>.<print>.<mac>`` is for machines: opaque, with 128 bits of MAC.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from uuid import UUID

from inspection_api.core.errors import NotFound

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_MAC_BYTES = 16
_CODE = re.compile(r"XP1\.([0-9a-f]{8})\.([A-Z2-7]{26})\.([A-Z2-7]{26})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeParts:
    """A code that has the right shape: whose bank, which print, and the MAC that it claims."""

    tag: str
    print_id: UUID
    mac: bytes


def print_number(organisation_code: str, month: str, sequence: int) -> str:
    """Return the number of the ``sequence``-th original of an organisation in ``month`` (``yyyymm``)."""
    body = f"MBZ-{organisation_code.upper()}-{month}-{sequence:06d}"
    return f"{body}-{_check(body)}"


def _check(body: str) -> str:
    product = 36
    for character in body.replace("-", ""):
        product = (product + _ALPHABET.index(character)) % 36 or 36
        product = product * 2 % 37
    return _ALPHABET[(37 - product) % 36]


def print_code(key: bytes, tag: str, print_id: UUID) -> str:
    """Return the verification code of one print; ``key`` is the bank's key for papers."""
    return f"XP1.{tag}.{base32(print_id.bytes)}.{base32(_mac(key, tag, print_id))}"


def parse_code(text: str) -> CodeParts:
    """Return the parts of a code.

    Raises:
        NotFound: the text has not exactly the shape of one; a forged code answers alike.
    """
    match = _CODE.fullmatch(text)
    if match is None:
        raise NotFound
    print_id, mac = (base64.b32decode(part + "======") for part in match.groups()[1:])
    if f"XP1.{match[1]}.{base32(print_id)}.{base32(mac)}" != text:
        raise NotFound
    return CodeParts(tag=match[1], print_id=UUID(bytes=print_id), mac=mac)


def is_genuine(key: bytes, parts: CodeParts) -> bool:
    """Tell whether the code was made with ``key``, in constant time."""
    return hmac.compare_digest(_mac(key, parts.tag, parts.print_id), parts.mac)


def masked_name(name: str) -> str:
    """Return a customer's name as the public may see it: ``陕西秦岭机械有限公司`` → ``陕****公司``."""
    kept = "公司" if name.endswith("公司") and len(name) > len("公司") + 1 else ""
    return f"{name[:1]}****{kept}"


def _mac(key: bytes, tag: str, print_id: UUID) -> bytes:
    return hmac.digest(key, b"print" + tag.encode() + print_id.bytes, hashlib.sha256)[:_MAC_BYTES]


def base32(data: bytes) -> str:
    """Return bytes in the alphabet of a QR's denser mode, without padding."""
    return base64.b32encode(data).decode().rstrip("=")
