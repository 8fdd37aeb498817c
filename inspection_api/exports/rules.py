"""How many rows with people's names in them one person takes away a day (security.md §2, 33)."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_ALERT_ROWS = 5_000
"""From here on superiors hear of it: more than a sub-branch's whole portfolio, less than a branch's."""
DEFAULT_DAILY_ROWS = 50_000
"""As many rows as the largest file that an import takes back."""
MOST_ROWS = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """In rows of one person and day: beyond which superiors are told, and beyond which nothing more is given out."""

    alert_rows: int = DEFAULT_ALERT_ROWS
    daily_rows: int = DEFAULT_DAILY_ROWS


def is_within(terms: Terms, taken: int, rows: int) -> bool:
    """Tell whether ``rows`` more may be taken by somebody who took ``taken`` today."""
    return taken + rows <= terms.daily_rows


def is_large(terms: Terms, taken: int, rows: int) -> bool:
    """Tell whether superiors hear of it that somebody who took ``taken`` today takes ``rows`` more."""
    return rows > 0 and taken + rows > terms.alert_rows
