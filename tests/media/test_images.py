"""Thumbnails: small, upright, without anything of the original but its pixels."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import pytest
from PIL import Image

from inspection_api.media.errors import ImageTooLarge, ImageUnreadable
from inspection_api.media.images import thumbnail

_ORIENTATION, _MAKER, _GPS = 0x0112, 0x010F, 0x8825


def photo(size: tuple[int, int], *, orientation: int = 1, kind: str = "JPEG") -> BytesIO:
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    exif[_MAKER] = "SecretPhone"
    exif.get_ifd(_GPS)[1] = "N"
    buffer = BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(buffer, format=kind, exif=exif)
    buffer.seek(0)
    return buffer


def png_header_claiming(width: int, height: int) -> BytesIO:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = b"IDAT" + zlib.compress(b"")
    chunks = [
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) for chunk in (header, pixels)
    ]
    return BytesIO(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def test_a_thumbnail_is_small_and_carries_no_metadata() -> None:
    original = photo((1600, 800))
    assert b"SecretPhone" in original.getvalue()

    small = thumbnail(original)

    with Image.open(BytesIO(small)) as image:
        assert image.size == (512, 256)
        assert dict(image.getexif()) == {}
    assert b"SecretPhone" not in small
    assert b"Exif" not in small


def test_a_thumbnail_stands_upright() -> None:
    with Image.open(BytesIO(thumbnail(photo((1600, 800), orientation=6)))) as image:
        assert image.size == (256, 512)


def test_what_is_transparent_becomes_white() -> None:
    buffer = BytesIO()
    Image.new("RGBA", (10, 10), (0, 0, 0, 0)).save(buffer, format="PNG")
    buffer.seek(0)

    with Image.open(BytesIO(thumbnail(buffer))) as image:
        assert image.getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize("size", [(10_000, 5_001), (10_000, 10_000), (60_000, 60_000)])
def test_a_pixel_bomb_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLarge):
        thumbnail(png_header_claiming(*size))


@pytest.mark.parametrize("junk", [b"", b"<svg></svg>", b"GIF89a", photo((90, 90)).getvalue()[:300]])
def test_what_cannot_be_decoded_is_refused(junk: bytes) -> None:
    with pytest.raises(ImageUnreadable):
        thumbnail(BytesIO(junk))
