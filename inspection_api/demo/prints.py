"""Reading printed paper back: pages as images, QR symbols by a decoder that is not our encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pypdfium2
import zxingcpp

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image

_POINTS_PER_INCH = 72
PRINTER_DPI = 203
SCREEN_DPI = 150


def pages_of(pdf: bytes, *, dpi: int) -> list[Image]:
    """Return the pages as images."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        return [page.render(scale=dpi / _POINTS_PER_INCH).to_pil() for page in document]
    finally:
        document.close()


def scan(pdf: bytes) -> list[str]:
    """Return the texts of all QR symbols, as a 203 dpi printer would have printed them."""
    found = [zxingcpp.read_barcodes(page) for page in pages_of(pdf, dpi=PRINTER_DPI)]
    return [symbol.text for symbols in found for symbol in symbols]


def save_page(pdf: bytes, path: Path) -> int:
    """Write the first page as PNG; return the number of pages."""
    pages = pages_of(pdf, dpi=SCREEN_DPI)
    pages[0].save(path)
    return len(pages)
