"""Which strings an operation may hold: NFC, without control characters or halves of surrogate pairs (sync.md §2)."""

from __future__ import annotations

import json
import re
import unicodedata

_SUSPICIOUS = re.compile(rb"\\[ubfr]|\x7f|\xc2[\x80-\x9f]")
"""Escapes that may hide anything, and control characters that JSON lets through: DEL, and C1 in UTF-8.

Each begins with a byte that most operations lack: three searches for a byte cost a tenth of this one.
"""


def unsafe_text(raw: bytes) -> str:
    """Return what is wrong with the operation's strings: no control characters, no lone surrogates, and NFC.

    Most operations are told apart by one look at their bytes; only what looks suspicious is taken to pieces.
    """
    if (b"\\" in raw or b"\x7f" in raw or b"\xc2" in raw) and _SUSPICIOUS.search(raw) is not None:
        return next(filter(None, map(fault_of, _strings(json.loads(raw)))), "")
    return "" if raw.isascii() else _fault_of_form(raw.decode())


def fault_of(text: str) -> str:
    """Return what is wrong with one string, empty if nothing is."""
    is_unsafe = any(unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t" for char in text)
    return "文本含有控制字符" if is_unsafe else _fault_of_form(text)


def _fault_of_form(text: str) -> str:
    return "" if unicodedata.is_normalized("NFC", text) else "文本须为 Unicode NFC 规范形式"


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _strings(part)]
    return [text for part in value for text in _strings(part)] if isinstance(value, list) else []
