"""One answer: raw JSON in, the canonical value out, or a Fault. Each function here makes or is a ``check``."""

from __future__ import annotations

import json
import re
import unicodedata
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from collections.abc import Callable

    Check = Callable[[Any], Any]

NOT_APPLICABLE = "not_applicable"
_UNSAFE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WRITTEN = (str, int, float)
_TOO_LARGE = 10**16
_MAX_CHARACTERS = 60  # more than any number that matches, so a cut one cannot match by being cut
_NUMBER = re.compile(r"(-?)0{0,8}(\d{1,16})(?:\.(?=\d)(\d{0,20}?)0{0,8})?", re.ASCII)


def is_safe(value: str) -> bool:
    """Tell whether ``value`` holds no control characters (but tab and newline), nothing unseen, no lone surrogates.

    Joiners without width stay: emoji and names are made with them.
    """
    return value.isprintable() or _UNSAFE.search(value) is None


class Fault(Exception):  # noqa: N818 - a fault in an answer, not in the program
    """What is wrong with one answer: a stable ``code`` and a Chinese ``sentence``."""

    def __init__(self, code: str, sentence: str) -> None:
        """Keep both."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


def storable(raw: Any) -> Any:
    """Return a value that no check takes, as a draft may keep it: what every program can read and write again.

    Texts, truth values, lists of texts and numbers of at most 16 digits stay as they are; anything else becomes its own
    JSON as text. A number of a hundred digits, or lists in lists without end, would stop whoever has to pass it on.
    """
    if raw is None or isinstance(raw, str | bool):
        return raw
    if isinstance(raw, int | float) and abs(raw) < _TOO_LARGE:
        return raw
    if isinstance(raw, list) and all(isinstance(each, str) for each in raw):
        return raw
    return json.dumps(raw, ensure_ascii=False)


def yes_no(*, not_applicable: bool) -> Check:
    """Return the check of 是/否 (JSON booleans), with 不适用 where the bank allows it."""

    def check(raw: Any) -> bool | str:
        if isinstance(raw, bool):
            return raw
        if not_applicable and raw == NOT_APPLICABLE:
            return NOT_APPLICABLE
        raise Fault("wrong_type", "应为“是”或“否”")

    return check


def single(codes: frozenset[str]) -> Check:
    """Return the check of one option code."""

    def check(raw: Any) -> str:
        if isinstance(raw, str) and raw in codes:
            return raw
        raise Fault("unknown_option", "不是可选的选项")

    return check


def multiple(codes: frozenset[str]) -> Check:
    """Return the check of several option codes; canonical is sorted, each once."""

    def check(raw: Any) -> list[str]:
        if not isinstance(raw, list) or not all(isinstance(code, str) for code in raw):
            raise Fault("wrong_type", "应为选项列表")
        if not codes.issuperset(raw):
            raise Fault("unknown_option", "含有不可选的选项")
        return sorted(set(raw))

    return check


def number(*, decimals: int, minimum: Decimal | None, maximum: Decimal | None) -> Check:
    """Return the check of a decimal; canonical is a plain decimal string without trailing zeros (``"12.5"``).

    Taken are JSON numbers and decimal strings of at most 16 digits before and ``decimals`` after the point.
    """

    def check(raw: Any) -> str:
        if not isinstance(raw, _WRITTEN) or isinstance(raw, bool):
            raise Fault("wrong_type", "应为数字")
        if isinstance(raw, int) and abs(raw) >= _TOO_LARGE:
            raise Fault("wrong_type", "应为不超过 16 位整数的数字")
        match = _NUMBER.fullmatch(str(raw)[:_MAX_CHARACTERS])
        if match is None:
            raise Fault("wrong_type", "应为不超过 16 位整数的数字")
        return canonical(*match.groups(default=""))

    def canonical(sign: str, whole: str, fraction: str) -> str:
        if len(fraction) > decimals:
            raise Fault("too_many_decimals", f"最多 {decimals} 位小数" if decimals else "应为整数")
        digits = f"{whole}.{fraction}" if fraction else whole
        value = sign + digits if digits != "0" else digits
        if minimum is not None and Decimal(value) < minimum:
            raise Fault("out_of_range", f"不得小于 {minimum}")
        if maximum is not None and Decimal(value) > maximum:
            raise Fault("out_of_range", f"不得大于 {maximum}")
        return value

    return check


@lru_cache(maxsize=1024)
def _known_day(raw: str) -> str:
    return date.fromisoformat(raw).isoformat()


def iso_date(raw: Any) -> str:
    """Check a day as ``YYYY-MM-DD``."""
    if not isinstance(raw, str) or _DATE.fullmatch(raw) is None:
        raise Fault("wrong_type", "应为日期，如 2026-01-31")
    try:
        return _known_day(raw)
    except ValueError:
        raise Fault("wrong_type", "没有这一天") from None


def text(max_length: int) -> Check:
    """Return the check of free text: trimmed, NFC, at most ``max_length`` characters, no control characters."""

    def check(raw: Any) -> str:
        if not isinstance(raw, str):
            raise Fault("wrong_type", "应为文字")
        if not (raw.isprintable() or is_safe(raw)):
            raise Fault("unsafe_text", "含有不允许的控制字符")
        clean = unicodedata.normalize("NFC", raw).strip()
        if len(clean) > max_length:
            raise Fault("too_long", f"最多 {max_length} 个字")
        return clean

    return check


def media_id(raw: Any) -> str:
    """Check a signature: the id of the medium that holds it."""
    try:
        return str(UUID(raw))
    except (ValueError, AttributeError, TypeError):
        raise Fault("wrong_type", "应为签名文件的编号") from None
