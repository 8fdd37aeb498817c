"""The sheet of paper: a PaperSheet in, the bytes of a PDF out (domain.md §2.3).

One A4 page for an ordinary visit; what is longer than its box goes on to a 续页 under the same number and is never cut.
The template is ``templates/paper.typ``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from checkpoints import qr
from inspection_api.core.typesetting import page_count, render, visible
from kiosk_print.fitting import foreseen_scale

_TEMPLATE = Path(__file__).parent / "templates" / "paper.typ"
_LINE_WIDTHS = 40  # how many full-width characters a line of a free-text box holds
_BOX_WIDTHS = 5 * _LINE_WIDTHS
_REASON_WIDTHS = 2 * _LINE_WIDTHS - 3  # "理由：" stands before it
_WIDE_FROM = 0x1100  # from here on characters take a whole width; below, a little more than half
_NARROW = 0.62
_QR_MASK = 3  # diagonal stripes: no large even areas in random text
_GO_ON = "……（下接续页）"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A box and its word."""

    label: str
    ticked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """A value on its line: ``caption`` before it, ``unit`` behind it, empty where nothing was entered (never 0)."""

    caption: str = ""
    text: str = ""
    unit: str = ""
    starred: bool = False
    choices: tuple[Choice, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One numbered line of the form; ``flagged`` carries the indicators that it raised (W04).

    ``note`` is why the conclusion contradicts them.
    """

    number: str
    label: str
    blanks: tuple[Blank, ...]
    flagged: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Lines under one heading."""

    label: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """Free text in a box; ``signature`` is who wrote it and when."""

    number: str
    label: str
    text: str
    signature: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """A label and its value, as in the head and the foot of the form."""

    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperSheet:
    """Everything that one print shows, as text. ``copy`` 1 is the 原件; ``qr_text`` empty means a draft."""

    title: str
    organisation: str
    number: str
    copy: int
    printed_by: str
    printed_at: str
    qr_text: str
    head: tuple[Fact, ...]
    sections: tuple[Section, ...]
    conclusion: Line | None
    paragraphs: tuple[Paragraph, ...]
    facts: tuple[Fact, ...]
    instructions: tuple[str, ...]

    @property
    def is_draft(self) -> bool:
        """Tell whether this is a preview, which proves nothing."""
        return not self.qr_text


def render_paper(sheet: PaperSheet) -> bytes:
    """Return the PDF of ``sheet``."""
    data = visible(msgspec.to_builtins(sheet))
    data["draft"] = sheet.is_draft
    data["qr"] = qr.svg(sheet.qr_text, mask=_QR_MASK) if sheet.qr_text else ""
    data["edition"] = _edition(sheet)
    data["watermark"] = _watermark(data)
    data["rest"] = []
    for box in _boxes(data):
        box["text"], left = _split(box["text"], box["widths"])
        if left:
            data["rest"].append({**box, "text": left})
    return _one_page(sheet, data) or render(_TEMPLATE, {**data, "scale": None}, tagged=True)


def _one_page(sheet: PaperSheet, data: dict[str, Any]) -> bytes | None:
    """Return the PDF at the scale that is foreseen to make one page, or None if it did not, or cannot."""
    if data["rest"]:
        return None
    pdf = render(_TEMPLATE, {**data, "scale": foreseen_scale(sheet)}, tagged=True)
    return pdf if page_count(pdf) == 1 else None


def _edition(sheet: PaperSheet) -> str:
    if sheet.is_draft:
        return "草稿 仅供预览"
    return "原件" if sheet.copy == 1 else f"补打 第{sheet.copy}次"


def _watermark(data: dict[str, Any]) -> list[str]:
    return [f"{data['organisation']}　{data['printed_by']}", f"{data['printed_at']}　{data['number'] or '草稿'}"]


def _boxes(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what has a text of any length, in the order of the form: the first page shows as much as fits."""
    boxes: list[dict[str, Any]] = data["paragraphs"]
    for box in boxes:
        box["widths"] = _BOX_WIDTHS
    if data["conclusion"] is None:
        return boxes
    line = data["conclusion"]
    line["reason"] = {"number": line["number"], "label": line["label"], "text": line["note"], "signature": ""}
    line["reason"]["widths"] = _REASON_WIDTHS
    return [*boxes[:1], line["reason"], *boxes[1:]]


def _split(text: str, widths: float) -> tuple[str, str]:
    """Return what of ``text`` stands in its box, and what goes on to the 续页."""
    end = _fitting(text, widths)
    return (text, "") if end == len(text) else (text[:end] + _GO_ON, text[end:])


def _fitting(text: str, widths: float) -> int:
    """Return how many characters of ``text`` fill the box at most; a line break costs the rest of its line."""
    used = 0.0
    for position, character in enumerate(text):
        used += _LINE_WIDTHS - used % _LINE_WIDTHS if character == "\n" else _width(character)
        if used > widths:
            return position
    return len(text)


def _width(character: str) -> float:
    return 1 if ord(character) >= _WIDE_FROM else _NARROW
