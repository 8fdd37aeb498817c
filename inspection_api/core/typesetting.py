"""Setting pages: a typst template and its data in, the bytes of a PDF out, or of one page's picture.

Only the fonts of the folder ``fonts`` are used, embedded as subsets: one for everything, one for the rare characters of
names (CJK Extension B). A character that both lack is printed as its code point, 〔U+2A701〕, since typst would drop it
without a word.
"""

from __future__ import annotations

import json
import re
import struct
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, BinaryIO

import pypdfium2
import typst

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_FONTS = Path(__file__).parent / "fonts"
FONT = _FONTS / "NotoSansSC-Regular.ttf"
_PAGE_COUNT = re.compile(rb"/Type/Pages/Count (\d+)")
_lock = Lock()


def render(template: Path, data: Mapping[str, Any], *, tagged: bool = False) -> bytes:
    """Return the PDF of a template, in which ``data`` stands as a constant; texts are to be `visible` already.

    The tree of tags, by which a page is read aloud, makes it a quarter larger and takes no time to speak of.
    """
    return _compiled(template, data, format="pdf", pdf_tags=tagged)


def draw(template: Path, data: Mapping[str, Any], *, kind: str, dpi: int) -> bytes:
    """Return the template's only page as a picture: ``svg`` (letters as outlines), or ``png`` of so many dots per inch.

    Raises:
        TypeError: the template has several pages.
    """
    return _compiled(template, data, format=kind, ppi=float(dpi))


def _compiled(template: Path, data: Mapping[str, Any], **options: Any) -> bytes:
    source = _source(template, data)
    with _lock:
        made = _compiler(template.parent).compile(source, **options)
    if not isinstance(made, bytes):
        raise TypeError("typst returned no single file")
    return made


def _source(template: Path, data: Mapping[str, Any]) -> bytes:
    """Return the template with ``data`` before it, as JSON in a literal: one token, so that nothing else moves.

    As ``sys.inputs`` they would belong to typst's library, which is part of the key of all that it remembers: with
    other data it would set every line again, also those that are the same on each page.
    """
    text = json.dumps(json.dumps(data, ensure_ascii=False), ensure_ascii=False)
    return f"#let data = json(bytes({text}))\n{_text(template)}".encode()


@cache
def _text(template: Path) -> str:
    return template.read_text(encoding="utf-8")


@cache
def _compiler(folder: Path) -> typst.Compiler:
    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(_FONTS)])
    return typst.Compiler(root=str(folder), font_paths=fonts)


def page_count(pdf: bytes) -> int:
    """Return how many pages a PDF of `render` has, from the root of its page tree, which typst never compresses."""
    found = _PAGE_COUNT.search(pdf)
    if found is None:
        raise ValueError("the PDF has no page tree")
    return int(found[1])


def join(sheets: Iterable[bytes], file: BinaryIO) -> None:
    """Write one PDF with the pages of all ``sheets``, in their order; of the sheets one at a time is in memory.

    The trees of tags stay behind: to hear a page read aloud, open its own sheet.
    """
    with pypdfium2.PdfDocument.new() as whole:
        for sheet in sheets:
            with pypdfium2.PdfDocument(sheet) as document:
                whole.import_pages(document)
        whole.save(file)


def visible(value: Any) -> Any:
    """Return ``value`` with every character that the fonts lack replaced by its code point, 〔U+2A701〕."""
    if isinstance(value, str):
        return value if _characters().issuperset(value) else "".join(map(_shown, value))
    if isinstance(value, dict):
        return {key: visible(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [visible(each) for each in value]
    return value


def _shown(character: str) -> str:
    return character if character in _characters() else f"〔U+{ord(character):04X}〕"


@cache
def _characters() -> frozenset[str]:
    """Return the characters of the fonts, and the line break, which needs no glyph."""
    return frozenset("\n").union(*(map(chr, _mapped(path.read_bytes())) for path in _FONTS.glob("*.ttf")))


def _mapped(font: bytes) -> frozenset[int]:
    """Return the code points of one font: its character map, format 12 (OpenType, ``cmap``)."""
    cmap = _table(font, b"cmap")
    (count,) = struct.unpack_from(">H", font, cmap + 2)
    for index in range(count):
        _, _, offset = struct.unpack_from(">HHL", font, cmap + 4 + 8 * index)
        form, _, _, _, groups = struct.unpack_from(">HHLLL", font, cmap + offset)
        if form == 12:  # noqa: PLR2004 - the format that holds all planes
            ranges = struct.iter_unpack(">LLL", font[cmap + offset + 16 :][: 12 * groups])
            return frozenset(code for first, last, _ in ranges for code in range(first, last + 1))
    raise ValueError("a font has no character map of format 12")


def _table(font: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4sLLL", font, 12 + 16 * index) for index in range(count))
    return next(int(offset) for name, _, offset, _ in records if name == tag)
