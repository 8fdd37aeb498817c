"""Types of media: what we keep, how large it may be, and how its first bytes look (domain.md §4.3)."""

from __future__ import annotations

from enum import StrEnum

HEAD_BYTES = 64


class Kind(StrEnum):
    """What a media is to the business."""

    PHOTO = "photo"
    AUDIO = "audio"
    VIDEO = "video"


MAX_BYTES = {Kind.PHOTO: 15_000_000, Kind.AUDIO: 30_000_000, Kind.VIDEO: 200_000_000}

_HEIF_BRANDS = {b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"}
_AUDIO_BRANDS = {b"M4A ", b"M4B "}

# Declared type -> kind, and the containers that may carry it. Phones write M4A with the general brand of MP4.
_TYPES: dict[str, tuple[Kind, frozenset[str]]] = {
    "image/jpeg": (Kind.PHOTO, frozenset({"jpeg"})),
    "image/png": (Kind.PHOTO, frozenset({"png"})),
    "image/webp": (Kind.PHOTO, frozenset({"webp"})),
    "image/heic": (Kind.PHOTO, frozenset({"heif"})),
    "image/heif": (Kind.PHOTO, frozenset({"heif"})),
    "audio/aac": (Kind.AUDIO, frozenset({"adts"})),
    "audio/mp4": (Kind.AUDIO, frozenset({"m4a", "mp4"})),
    "audio/x-m4a": (Kind.AUDIO, frozenset({"m4a", "mp4"})),
    "audio/amr": (Kind.AUDIO, frozenset({"amr"})),
    "audio/mpeg": (Kind.AUDIO, frozenset({"mp3"})),
    "audio/ogg": (Kind.AUDIO, frozenset({"opus"})),
    "audio/opus": (Kind.AUDIO, frozenset({"opus"})),
    "audio/webm": (Kind.AUDIO, frozenset({"webm"})),
    "video/mp4": (Kind.VIDEO, frozenset({"mp4"})),
    "video/webm": (Kind.VIDEO, frozenset({"webm"})),
}
KIND_OF_TYPE = {mime: kind for mime, (kind, _) in _TYPES.items()}

# Container, offset, bytes; the first match wins.
_SIGNATURES: tuple[tuple[str, int, bytes], ...] = (
    ("jpeg", 0, b"\xff\xd8\xff"),
    ("png", 0, b"\x89PNG\r\n\x1a\n"),
    ("webp", 8, b"WEBPVP8"),
    ("amr", 0, b"#!AMR\n"),
    ("amr", 0, b"#!AMR-WB\n"),
    ("mp3", 0, b"ID3"),
    ("adts", 0, b"\xff\xf1"),
    ("adts", 0, b"\xff\xf9"),
    ("mp3", 0, b"\xff\xfb"),
    ("mp3", 0, b"\xff\xfa"),
    ("mp3", 0, b"\xff\xf3"),
    ("mp3", 0, b"\xff\xf2"),
    ("opus", 28, b"OpusHead"),
)


def is_admissible(kind: str, mime: str, length: int) -> bool:
    """Tell whether a medium of this type and of ``length`` bytes can be evidence of this kind (§4.3, Type, Limits)."""
    meant = KIND_OF_TYPE.get(mime)
    return meant is not None and meant == kind and length <= MAX_BYTES[meant]


def is_type_of(head: bytes, mime: str) -> bool:
    """Tell whether a file that begins with ``head`` can be of the declared type."""
    return container_of(head) in _TYPES[mime][1]


def container_of(head: bytes) -> str | None:
    """Return the container that the first bytes announce, None if it is none of ours."""
    if head[4:8] == b"ftyp":
        return _iso_container(head[8:12])
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "webm" if b"webm" in head else None
    return next((name for name, at, magic in _SIGNATURES if head[at : at + len(magic)] == magic), None)


def _iso_container(brand: bytes) -> str:
    """Return which of the ISO base media formats the major brand means."""
    if brand in _HEIF_BRANDS:
        return "heif"
    return "m4a" if brand in _AUDIO_BRANDS else "mp4"
