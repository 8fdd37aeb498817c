"""What a text may hold: what PostgreSQL can store at all, and what people can see on a screen and on paper."""

from __future__ import annotations

import re
import unicodedata

_UNSTORABLE = re.compile("[\\x00\\ud800-\\udfff]")
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def is_storable(value: str) -> bool:
    """Tell whether PostgreSQL can hold ``value`` at all: neither U+0000 nor half of a surrogate pair."""
    return _UNSTORABLE.search(value) is None


def is_safe_text(value: str, *, lines: bool = False) -> bool:
    """Tell whether people see all of ``value``.

    No controls, no line or paragraph separators, nothing that turns the direction or has no width, no lone
    surrogates; ``lines`` lets the line break through.
    """
    return not any(unicodedata.category(char) in _UNSEEN and not (lines and char == "\n") for char in value)
