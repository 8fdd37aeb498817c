"""Text in the cells of a spreadsheet that nobody may take for a formula (security.md, ASVS 1.2.10).

Customer names and remarks are written by strangers. A text that begins with what opens a formula, or with an
apostrophe before that, gets one more apostrophe, and loses it on its way back: what goes out comes in the same.
"""

from __future__ import annotations

import re

_OPENS = re.compile("'*[=+\\-−@\t\r\0]")


def escaped(text: str) -> str:
    """Return ``text`` as a cell shows it: as text, whatever it begins with."""
    return f"'{text}" if _OPENS.match(text) else text


def unescaped(cell: str) -> str:
    """Return what :func:`escaped` made a cell's text of; any other text stays."""
    return cell[1:] if cell.startswith("'") and _OPENS.match(cell) else cell
