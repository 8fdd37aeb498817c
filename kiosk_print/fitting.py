"""How tall a form will be on its page, guessed from the lengths of its texts, so that it need not be laid out twice.

Lengths are in em of the form's text (9.9 pt); the columns are those of ``templates/paper.typ``. A guess may be
wrong by a line: whoever prints must look whether the form came out as one page.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import ceil, floor
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kiosk_print.paper import Blank, Choice, Fact, Line, PaperSheet, Paragraph, Section

_PAGE = 77.9  # em between the margins: 272 mm
_NEARLY = 1.01  # a guess of a form this much taller than the page may still be one that fits
_SMALLEST = 0.75
_LINE = 0.733  # of a letter, and between two lines:
_LEADING = 0.55
_FIXED = 13.9  # masthead, signatures and the room between the parts
_HEAD_ROOMS = (15.2, 10.5, 6.1)  # the three columns of the head
_LABEL_ROOM, _VALUE_ROOM, _TEXT_ROOM, _FULL_ROOM = 19.8, 24.4, 36.0, 52.1
_BODY_INSET, _INSET = 1.19, 1.21
_TEXT_LEADING = 0.62
_SMALL = 0.77  # the size of facts and instructions
_PARAGRAPH = 3.72  # the least that is left to write by hand
_SIGNATURE = 1.67
_WORD = re.compile(r"[!-\u10ff]+[、，。；：）]?|.", re.DOTALL)
_WIDE_FROM = "\u1100"
_NARROW = 0.57


def foreseen_scale(sheet: PaperSheet) -> float:
    """Return the scale at which ``sheet`` is expected to fill one page at most: 1, or less if it is too tall.

    Whole percents, so that typst meets again the pieces that it has set for an earlier sheet.
    """
    height = form_height(sheet)
    return 1 if height <= _NEARLY * _PAGE else max(_SMALLEST, floor(100 * _PAGE / height) / 100)


def form_height(sheet: PaperSheet) -> float:
    """Return the height in em of the whole form in its full size."""
    parts = [_head(sheet.head), *map(_section, sheet.sections), *map(_paragraph, sheet.paragraphs)]
    facts = [2 + width(fact.label + fact.text) for fact in sheet.facts]
    instructions = sum(2 + width(each) for each in sheet.instructions) + 5
    small = (_rows(facts, _FULL_ROOM / _SMALL), ceil(instructions * _SMALL / _FULL_ROOM))
    return _FIXED + sum(parts) + _conclusion(sheet.conclusion) + sum(_SMALL * _tall(count) for count in small)


def width(text: str) -> float:
    """Return the length of ``text`` in em: Chinese characters are square, others little more than half of it."""
    return sum(1 if character >= _WIDE_FROM else _NARROW for character in text)


@lru_cache(maxsize=1024)  # the form's own labels come again on every sheet
def line_count(text: str, room: float) -> int:
    """Return how many lines of ``room`` em ``text`` takes; figures and Latin words are not broken."""
    return sum(_rows(map(width, _WORD.findall(part)), room) for part in text.split("\n"))


def _rows(widths: Iterable[float], room: float) -> int:
    """Return how many rows pieces take that stand one behind the other."""
    rows, used = 1, 0.0
    for each in widths:
        used += each
        if used > room:
            rows, used = rows + max(1, ceil(each / room) - 1), each % room
    return rows


def _tall(lines: int, leading: float = _LEADING) -> float:
    return lines * (_LINE + leading) - leading


def _head(facts: Sequence[Fact]) -> float:
    counts = [line_count(fact.text, _HEAD_ROOMS[index % 3]) for index, fact in enumerate(facts)]
    return sum(_INSET + _tall(max(counts[start : start + 3])) for start in range(0, len(counts), 3))


def _section(section: Section) -> float:
    label = _tall(ceil(len(section.label) / 2)) + _BODY_INSET
    return max(label, sum(_BODY_INSET + _tall(_line(line)) for line in section.lines))


def _line(line: Line) -> int:
    label = line.label + (f"　▲{line.flagged}" if line.flagged else "")
    return max(line_count(label, _LABEL_ROOM), _values(line))


def _values(line: Line) -> int:
    return _rows((piece for blank in line.blanks for piece in _pieces(blank)), _VALUE_ROOM)


def _pieces(blank: Blank) -> list[float]:
    if blank.choices:
        return [_choice(each) for each in blank.choices]
    return [2.2 + (width(blank.caption + blank.text + blank.unit) if blank.text else 3 + width(blank.unit))]


def _choice(choice: Choice) -> float:
    return 2.26 + width(choice.label)


def _paragraph(paragraph: Paragraph) -> float:
    text = _tall(line_count(paragraph.text, _TEXT_ROOM), _TEXT_LEADING)
    return _INSET + max(_PARAGRAPH, text + (_SIGNATURE if paragraph.signature else 0))


def _conclusion(line: Line | None) -> float:
    if line is None:
        return 0
    reason = 0.5 + _tall(line_count("理由：" + line.note, _TEXT_ROOM)) if line.note else 0
    return _INSET + _tall(_values(line)) + reason
