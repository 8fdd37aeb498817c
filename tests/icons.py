"""Draw the icons with which a phone shows the installed page: the mark of mark.svg as PNG, since phones take no SVG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).parents[1] / "inspection_api" / "web" / "static" / "m"
GROUND, PAPER = "#0b4a8f", "#ffffff"
SIDE = 32
"""The side of mark.svg's view box; all places below are in it."""
_FINER = 4
_STEPS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Icon:
    """One file: its side in pixels, and how large the mark stands in it.

    ``is_full``: the ground fills the square, which the phone cuts into the shape of its own icons.
    """

    name: str
    pixels: int
    is_full: bool = False
    scale: float = 1.0


ICONS = (
    Icon(name="icon-192.png", pixels=192),
    Icon(name="icon-512.png", pixels=512),
    Icon(name="icon-maskable-512.png", pixels=512, is_full=True, scale=0.9),
    Icon(name="apple-touch-icon.png", pixels=180, is_full=True),
)


def draw(icon: Icon) -> Image.Image:
    """Return the icon's picture, drawn finer than it is and made smaller, so that its edges are smooth."""
    side = icon.pixels * _FINER
    picture = Image.new("RGB" if icon.is_full else "RGBA", (side, side), GROUND if icon.is_full else (0, 0, 0, 0))
    pen = ImageDraw.Draw(picture)
    if not icon.is_full:
        pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=7 * side / SIDE, fill=GROUND)
    _draw_mark(pen, side / SIDE, icon.scale)
    return picture.resize((icon.pixels, icon.pixels), Image.Resampling.LANCZOS)


def _draw_mark(pen: ImageDraw.ImageDraw, unit: float, scale: float) -> None:
    """Draw the pin and its tick, as in mark.svg, around the middle."""

    def at(x: float, y: float) -> tuple[float, float]:
        return (SIDE / 2 + (x - SIDE / 2) * scale) * unit, (SIDE / 2 + (y - SIDE / 2) * scale) * unit

    pen.ellipse((*at(8, 5), *at(24, 21)), fill=PAPER)
    pen.polygon([at(*point) for point in _tip()], fill=PAPER)
    tick = [at(12.5, 13), at(15, 15.5), at(19.5, 10.5)]
    width = 2.2 * unit * scale
    pen.line(tick, fill=GROUND, width=round(width), joint="curve")
    for x, y in (tick[0], tick[-1]):
        pen.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=GROUND)


def _tip() -> list[tuple[float, float]]:
    """Return the lower half of the pin: from its left side along a curve to the tip, and back on the right."""
    left = [_bent(step / _STEPS, (8, 13), (8, 19), (16, 27)) for step in range(_STEPS + 1)]
    return left + [(SIDE - x, y) for x, y in reversed(left)]


def _bent(
    t: float, start: tuple[float, float], bend: tuple[float, float], end: tuple[float, float]
) -> tuple[float, float]:
    """Return a point of a cubic curve whose second handle is its end, as both of the mark's are."""
    weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 1 - (1 - t) ** 3 - 3 * (1 - t) ** 2 * t)
    x, y = (sum(w * p[axis] for w, p in zip(weights, (start, bend, end), strict=True)) for axis in (0, 1))
    return x, y


if __name__ == "__main__":
    for each in ICONS:
        draw(each).save(FOLDER / each.name, optimize=True)
