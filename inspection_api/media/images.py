"""Thumbnails: decoded with limits, encoded anew, so neither EXIF nor anything hidden in the original survives."""

from __future__ import annotations

from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageOps

from inspection_api.media.errors import ImageTooLarge, ImageUnreadable

MAX_PIXELS = 50_000_000
_FORMATS = ("JPEG", "PNG", "WEBP")
_QUALITY = 80
_WHITE = (255, 255, 255)


def thumbnail(original: BinaryIO, *, edge_px: int = 512) -> bytes:
    """Return a JPEG of at most ``edge_px`` a side, upright, without metadata.

    Raises:
        ImageUnreadable: no JPEG, PNG or WebP, or broken.
        ImageTooLarge: more than 50 megapixels; seen in the header, before anything is decoded.
    """
    try:
        with Image.open(original, formats=_FORMATS) as image:
            _ensure_pixels(image)
            return _encoded(_small(image, edge_px))
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise ImageTooLarge(limit_pixels=MAX_PIXELS) from None
    except (OSError, SyntaxError, ValueError):
        raise ImageUnreadable from None


def _ensure_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ImageTooLarge(limit_pixels=MAX_PIXELS)


def _small(image: Image.Image, edge_px: int) -> Image.Image:
    """Return the picture upright and small, on white where it was transparent."""
    image.draft("RGB", (edge_px, edge_px))
    upright = ImageOps.exif_transpose(image)
    upright.thumbnail((edge_px, edge_px))
    colours = upright.convert("RGBA")
    paper = Image.new("RGB", colours.size, _WHITE)
    paper.paste(colours, mask=colours)
    return paper


def _encoded(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format="JPEG", quality=_QUALITY)
    return buffer.getvalue()
