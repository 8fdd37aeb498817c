"""What may be uploaded, how far an upload may go, and when its bytes are what was declared.

Source: domain.md §4.3, sync.md §7. Pure: headers' texts and numbers in, values or Problems out.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from inspection_api.media.errors import (
    ChecksumUnknown,
    ContentTypeUnknown,
    MediaTooLarge,
    MediaTypeUnknown,
    OffsetMismatch,
    TusVersionUnknown,
    UploadHeaderInvalid,
)
from inspection_api.media.rules.kinds import HEAD_BYTES, KIND_OF_TYPE, MAX_BYTES, Kind, is_type_of

TUS_VERSION = "1.0.0"
TUS_EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
CHUNK_TYPE = "application/offset+octet-stream"
CHECKSUM_ALGORITHMS = ("sha1", "sha256")
LEASE = timedelta(seconds=30)
PARTIAL_LIFE = timedelta(days=7)
_MAX_METADATA_CHARS = 4096
_DIGITS = re.compile(r"[0-9]{1,15}")
_KEY = re.compile(r"[\x21-\x2b\x2d-\x7e]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Status(StrEnum):
    """Where a media stands; *uploading* is ``declared`` with an offset above 0. ``refused`` is for ever."""

    DECLARED = "declared"
    STORED = "stored"
    REFUSED = "refused"


class Refusal(StrEnum):
    """Why complete bytes are not what was declared."""

    SHA256_MISMATCH = "sha256_mismatch"
    TYPE_MISMATCH = "type_mismatch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a device says about a media before its bytes; ``sha256`` is lower-case hex, ``bytes`` the length."""

    id: UUID
    mime: str
    bytes: int
    sha256: str

    @property
    def kind(self) -> Kind:
        """Return photo, audio or video; only for a declaration that :func:`ensure_declarable` has passed."""
        return KIND_OF_TYPE[self.mime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """A chunk's announced checksum."""

    algorithm: str
    digest: bytes


def ensure_tus_version(header: str | None) -> None:
    """Raise TusVersionUnknown unless the client speaks tus 1.0.0."""
    if header != TUS_VERSION:
        raise TusVersionUnknown(supported=TUS_VERSION)


def parse_count(name: str, header: str | None) -> int:
    """Return the bytes that ``Upload-Length`` or ``Upload-Offset`` states.

    Raises:
        UploadHeaderInvalid: missing, or no whole number of at most 15 digits.
    """
    if header is None or not _DIGITS.fullmatch(header):
        raise UploadHeaderInvalid(f"{name} 应为非负整数", fields={name: "应为非负整数"})
    return int(header)


def parse_metadata(header: str | None) -> dict[str, str]:
    """Return ``Upload-Metadata`` (``key base64,key base64``) as texts; a key without a value means an empty one.

    Raises:
        UploadHeaderInvalid: malformed, a key twice, not UTF-8, or longer than 4,096 characters.
    """
    if not header or len(header) > _MAX_METADATA_CHARS:
        raise _metadata_invalid()
    values: dict[str, str] = {}
    for pair in header.split(","):
        key, _, encoded = pair.strip(" ").partition(" ")
        if not _KEY.fullmatch(key) or key in values:
            raise _metadata_invalid()
        values[key] = _decoded(encoded)
    return values


def _decoded(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise _metadata_invalid() from None


def _metadata_invalid() -> UploadHeaderInvalid:
    return UploadHeaderInvalid("Upload-Metadata 应含 id、sha256、filetype", fields={"Upload-Metadata": "格式不正确"})


def parse_declaration(metadata: str | None, length: str | None) -> Declaration:
    """Return what ``Upload-Metadata: id, sha256, filetype`` and ``Upload-Length`` declare.

    Raises:
        UploadHeaderInvalid: a header or one of the three keys is missing or malformed.
    """
    values = parse_metadata(metadata)
    try:
        media_id = UUID(values["id"])
        mime = values["filetype"].lower()
        sha256 = values["sha256"].lower()
    except (KeyError, ValueError):
        raise _metadata_invalid() from None
    if not _SHA256.fullmatch(sha256):
        raise _metadata_invalid()
    return Declaration(id=media_id, mime=mime, bytes=parse_count("Upload-Length", length), sha256=sha256)


def ensure_declarable(declaration: Declaration) -> None:
    """Raise unless we keep media of this type and length (domain.md §4.3, Limits).

    Raises:
        MediaTypeUnknown: no such type in our list.
        MediaTooLarge: photo above 15 MB, audio above 30 MB, video above 200 MB.
        UploadHeaderInvalid: an empty file.
    """
    if declaration.mime not in KIND_OF_TYPE:
        raise MediaTypeUnknown(f"不支持 {declaration.mime[:100]}", fields={"filetype": "不支持该类型"})
    limit = MAX_BYTES[declaration.kind]
    if declaration.bytes > limit:
        raise MediaTooLarge(f"最多 {limit // 1_000_000} MB", limit_bytes=limit)
    if declaration.bytes == 0:
        raise UploadHeaderInvalid("文件不能为空", fields={"Upload-Length": "应大于 0"})


def parse_checksum(header: str | None) -> Checksum | None:
    """Return the chunk's announced checksum (``sha1 base64``), None if none is announced.

    Raises:
        ChecksumUnknown: another algorithm than sha1 or sha256.
        UploadHeaderInvalid: not base64.
    """
    if header is None:
        return None
    algorithm, _, encoded = header.strip().partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        raise ChecksumUnknown(supported=list(CHECKSUM_ALGORITHMS))
    try:
        return Checksum(algorithm=algorithm, digest=base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise UploadHeaderInvalid(fields={"Upload-Checksum": "格式不正确"}) from None


def ensure_appendable(declared_bytes: int, *, stands_at: int, offset: int, coming: int | None) -> None:
    """Raise unless ``coming`` bytes (None: unknown) may be appended at ``offset`` of an upload that ``stands_at``.

    Raises:
        OffsetMismatch: the client is elsewhere than the file.
        MediaTooLarge: more would come than was declared; nothing is kept.
    """
    if offset != stands_at:
        raise OffsetMismatch(upload_offset=stands_at)
    if coming is not None and offset + coming > declared_bytes:
        raise MediaTooLarge("超过登记的长度", limit_bytes=declared_bytes)


def decide_completion(declaration: Declaration, *, sha256: str, head: bytes) -> Refusal | None:
    """Return None when complete bytes are what was declared, else why not; ``head`` is their first 64 bytes or more.

    A wrong hash empties the slot, which stays open. A wrong type with the right hash can never become right.
    """
    if sha256 != declaration.sha256:
        return Refusal.SHA256_MISMATCH
    return None if is_type_of(head[:HEAD_BYTES], declaration.mime) else Refusal.TYPE_MISMATCH


def is_leased(lease_until: datetime | None, now: datetime) -> bool:
    """Tell whether another request is writing the upload at this instant."""
    return lease_until is not None and now < lease_until


def ensure_chunk_type(content_type: str | None) -> None:
    """Raise ContentTypeUnknown unless the body is announced as a tus chunk."""
    if content_type != CHUNK_TYPE:
        raise ContentTypeUnknown
