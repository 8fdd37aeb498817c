"""QR symbols from text: SVG for papers, PNG for screens. Error correction M, quiet zone of four modules."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING

import qrcode
from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.pil import PilImage

if TYPE_CHECKING:
    from collections.abc import Sequence

QUIET_MODULES = 4
_DARK = re.compile(rb"\x01+")


def matrix(text: str, *, mask: int | None = None) -> tuple[tuple[bool, ...], ...]:
    """Return the symbol's rows with the quiet zone; True is dark.

    ``mask`` (0–7) saves looking for the best one, which takes three quarters of the time; every reader reads any.
    """
    return tuple(tuple(map(bool, row)) for row in _symbol(text, mask).get_matrix())


def svg(text: str, *, mask: int | None = None) -> str:
    """Return the symbol as one SVG path, a unit per module, so that it prints sharp at any size; ``mask`` as above."""
    rows = _symbol(text, mask).get_matrix()
    size = len(rows)
    runs = "".join(_runs(row, y) for y, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}" shape-rendering="crispEdges">'
        f'<rect width="{size}" height="{size}" fill="#fff"/><path d="{runs}" fill="#000"/></svg>'
    )


def _runs(row: Sequence[bool], y: int) -> str:
    """Return the path of a row's dark runs (joined, so that no hairline shows between modules)."""
    spans = (found.span() for found in _DARK.finditer(bytes(row)))
    return "".join(f"M{start} {y}h{end - start}v1H{start}z" for start, end in spans)


def png(text: str, *, module_px: int = 8) -> bytes:
    """Return the symbol as PNG bytes, ``module_px`` pixels per module."""
    symbol = _symbol(text)
    symbol.box_size = module_px
    buffer = BytesIO()
    symbol.make_image(image_factory=PilImage).save(buffer, format="PNG")
    return buffer.getvalue()


def _symbol(text: str, mask: int | None = None) -> qrcode.QRCode:
    symbol = qrcode.QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_MODULES, mask_pattern=mask)
    symbol.add_data(text, optimize=0)
    symbol.make(fit=True)
    return symbol
