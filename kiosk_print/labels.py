"""QR plates on paper (domain.md §0, QR plate): an A4 grid of labels to cut out, or one plate per page.

The symbol is drawn as vectors and is large enough to be read from a 203 dpi thermal print; code and name stand below
it for people. The template is ``templates/labels.typ``. Plate makers get the plate as a picture.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints import qr
from inspection_api.core.typesetting import draw, render, visible

if TYPE_CHECKING:
    from collections.abc import Sequence

_HERE = Path(__file__).parent
_TEMPLATE = _HERE / "templates" / "labels.typ"
_NOTE = "请勿遮挡、损坏或移动本牌"
_ELLIPSIS = "…"


class Layout(StrEnum):
    """How labels lie on paper: 15 to an A4 page, or a plate of 110 × 150 mm each."""

    GRID = "grid"
    SINGLE = "single"


class Picture(StrEnum):
    """What plate makers take: outlines at any size, or dots at the resolution of an engraver."""

    SVG = "svg"
    PNG = "png"


_PICTURE_DPI = 600
_EMBEDDED = re.compile(
    rb'<image( transform="[^"]*") xlink:href="data:image/svg\+xml;base64,([^"]*)"( width="[^"]*" height="[^"]*")'
    rb' preserveAspectRatio="none"/>'
)
_NAME_LENGTH = {Layout.GRID: 36, Layout.SINGLE: 66}


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What one plate shows: the checkpoint's code and name, and the text of its QR."""

    code: str
    name: str
    qr_text: str


def render_labels(labels: Sequence[Label], layout: Layout = Layout.GRID) -> bytes:
    """Return the PDF of ``labels`` in their order; Chinese fonts are embedded."""
    return render(_TEMPLATE, _data(labels, layout))


def draw_plate(label: Label, picture: Picture) -> bytes:
    """Return one plate of 110 × 150 mm as a picture: letters and symbol as paths, or 600 dots per inch."""
    drawn = draw(_TEMPLATE, _data([label], Layout.SINGLE), kind=picture.value, dpi=_PICTURE_DPI)
    return _inlined(drawn) if picture is Picture.SVG else drawn


def _inlined(plate: bytes) -> bytes:
    """Return the SVG with its symbol as paths, too: typst embeds it as an image, which no engraver follows."""

    def paths(match: re.Match[bytes]) -> bytes:
        place, symbol, size = match.groups()
        return b"<g" + place + b">" + base64.b64decode(symbol).replace(b"<svg", b"<svg" + size, 1) + b"</g>"

    return _EMBEDDED.sub(paths, plate)


def _data(labels: Sequence[Label], layout: Layout) -> dict[str, object]:
    rows = [
        {"code": each.code, "name": visible(_fitted(each.name, layout)), "note": _NOTE, "svg": qr.svg(each.qr_text)}
        for each in labels
    ]
    return {"layout": layout.value, "labels": rows}


def _fitted(name: str, layout: Layout) -> str:
    """Return the name as far as there is room for it."""
    length = _NAME_LENGTH[layout]
    return name if len(name) <= length else name[: length - 1] + _ELLIPSIS
