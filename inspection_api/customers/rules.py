"""Who may serve a customer, and the 统一社会信用代码.

The code has the 18 characters of GB 32100-2015: 1 registration authority, 1 category, 6 digits of area (GB/T 2260),
9 of organisation code (GB 11714), 1 check character over the first 17. The alphabet leaves out I, O, S, V and Z.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from inspection_api.core.permissions import Action, Permission, Reach, reach
from inspection_api.customers.errors import UsccInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable

    from inspection_api.core.context import Assignment

PERFORM = Permission(Action.ONSITE, "perform")

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_FORM = re.compile(f"[{ALPHABET}]{{2}}[0-9]{{6}}[{ALPHABET}]{{10}}")
_WEIGHTS = tuple(pow(3, position, 31) for position in range(17))
_ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_MAX_SERIAL = 99_999_999


def check_character(body: str) -> str:
    """Return the 18th character for the first 17 (GB 32100-2015 §5.2.6: weights 3^i mod 31)."""
    total = sum(ALPHABET.index(char) * weight for char, weight in zip(body, _WEIGHTS, strict=True))
    return ALPHABET[-total % 31]


def is_uscc(text: str) -> bool:
    """Tell whether ``text`` has the form of a code and the right check character."""
    return _FORM.fullmatch(text) is not None and check_character(text[:17]) == text[17]


def ensure_uscc(text: str) -> str:
    """Return the code as it is stored: trimmed and in capitals.

    Raises:
        UsccInvalid: it is not 18 characters of the alphabet, or the check character does not fit.
    """
    code = text.strip().upper()
    if not is_uscc(code):
        raise UsccInvalid(fields={"uscc": "应为 18 位统一社会信用代码，且校验码正确（GB 32100-2015）"})
    return code


def next_uscc(serial: int, *, area: str = "610100") -> str:
    """Return the valid code of an invented enterprise; different serials (0 to 99 999 999) give different codes."""
    if not 0 <= serial <= _MAX_SERIAL:
        raise ValueError("serial out of range")
    digits = f"{serial:08d}"
    body = f"91{area}{digits}{_organisation_check_character(digits)}"
    return body + check_character(body)


def _organisation_check_character(digits: str) -> str:
    """Return the ninth character of an organisation code of eight digits (GB 11714)."""
    total = sum(int(char) * weight for char, weight in zip(digits, _ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def fits(assignments: Iterable[Assignment], path: str, permission: Permission = PERFORM) -> bool:
    """Tell whether one of today's roles, at ``path`` or above, reaches ``permission`` (to visit, if unsaid)."""
    return any(path.startswith(held.path) and reach(held.role, permission) is not Reach.NONE for held in assignments)
