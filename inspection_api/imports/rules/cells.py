"""What a cell means: parsers from what a spreadsheet says to values, each with its fault in Chinese."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

from inspection_api.core.formulas import unescaped
from inspection_api.http.texts import is_safe_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SEPARATOR = "、"
_EXACT = 10**15
"""From here on a spreadsheet's number has lost digits."""
_DECIMAL = re.compile(r"[0-9]{1,18}(\.[0-9]{1,15})?")
_DATE = re.compile(r"([0-9]{4})(?:-|/|年)([0-9]{1,2})(?:-|/|月)([0-9]{1,2})日?|([0-9]{4})([0-9]{2})([0-9]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """A cell that holds a formula, which is never worked out."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A cell that shows a spreadsheet's own error (#N/A)."""

    text: str


class CellError(ValueError):
    """A cell does not say what its column asks for; ``code`` is stable, the text is for the user."""

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code, self.message = code, message


def written(value: Any) -> str:
    """Return a cell as text: trimmed, NFC, without the apostrophe that keeps a text from being a formula.

    Raises:
        CellError: a formula, an error, a truth, a number that has lost digits, or a sign that nobody sees.
    """
    if isinstance(value, str):
        text = unicodedata.normalize("NFC", unescaped(value.strip()))
        if not is_safe_text(text):
            raise CellError("unsafe_text", "含有不允许的控制字符或换行")
        return text
    if isinstance(value, Formula):
        raise CellError("formula", "不允许公式，请粘贴为数值")
    if isinstance(value, datetime | date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _number(value)
    raise CellError("cell_error", "单元格内容有误")


def _number(value: float) -> str:
    if not isfinite(value) or abs(value) >= _EXACT:
        raise CellError("digits_lost", "数字过长会丢失精度，请将单元格设为文本后重新填写")
    return str(int(value)) if value == int(value) else repr(value)


def text(maximum: int) -> Callable[[Any], str]:
    """Return a parser of one line of at most ``maximum`` characters."""

    def parse(value: Any) -> str:
        found = written(value)
        if len(found) > maximum:
            raise CellError("too_long", f"不能超过 {maximum} 个字符")
        return found

    return parse


def word(pattern: str, hint: str) -> Callable[[Any], str]:
    """Return a parser of a text of the whole form ``pattern``."""
    form = re.compile(pattern)

    def parse(value: Any) -> str:
        found = written(value)
        if form.fullmatch(found) is None:
            raise CellError("bad_form", hint)
        return found

    return parse


def capitals(value: Any) -> str:
    """Return a code in capitals, as it is stored."""
    return written(value).upper()


def decimal(*, places: int, below: Decimal, above_zero: bool) -> Callable[[Any], Decimal]:
    """Return a parser of a decimal number from 0 (or above it) to ``below``, never rounded."""

    def parse(value: Any) -> Decimal:
        found = written(value).replace(",", "")
        if _DECIMAL.fullmatch(found) is None:
            raise CellError("bad_number", "应为数字")
        number = Decimal(found)
        if number >= below or (above_zero and not number):
            raise CellError("out_of_range", "数值超出范围")
        if len(found.partition(".")[2]) > places:
            raise CellError("too_many_places", f"最多 {places} 位小数")
        return number

    return parse


def degrees(limit: int) -> Callable[[Any], float]:
    """Return a parser of degrees between −``limit`` and ``limit``."""

    def parse(value: Any) -> float:
        try:
            number = float(written(value))
        except CellError:
            raise
        except ValueError:
            raise CellError("bad_number", "应为数字") from None
        if not isfinite(number) or abs(number) > limit:
            raise CellError("out_of_range", f"应在 ±{limit} 之内")
        return number

    return parse


def whole(least: int, most: int) -> Callable[[Any], int]:
    """Return a parser of a whole number from ``least`` to ``most``."""

    def parse(value: Any) -> int:
        found = written(value)
        if re.fullmatch("[0-9]{1,9}", found) is None:
            raise CellError("bad_number", "应为整数")
        if not least <= int(found) <= most:
            raise CellError("out_of_range", f"应在 {least} 与 {most} 之间")
        return int(found)

    return parse


def day(value: Any) -> date:
    """Return a day: a cell's own date, or 2026-03-10, 2026/3/10, 2026年3月10日, 20260310.

    Raises:
        CellError: it is none.
    """
    match = _DATE.fullmatch(written(value))
    try:
        if match is not None:
            year, month, number = (int(part) for part in match.groups() if part is not None)
            return date(year, month, number)
    except ValueError:
        pass
    raise CellError("bad_date", "应为日期，如 2026-03-10")


def choice(codes: Mapping[str, str]) -> Callable[[Any], str]:
    """Return a parser of one of the labels ``codes`` maps to codes; a code itself will do."""
    known = {**codes, **{code: code for code in codes.values()}}

    def parse(value: Any) -> str:
        found = written(value)
        if found not in known:
            raise CellError("bad_choice", f"应为：{SEPARATOR.join(codes)}")
        return known[found]

    return parse


def several(maximum: int, most: int) -> Callable[[Any], list[str]]:
    """Return a parser of up to ``most`` words of at most ``maximum`` characters, set apart by 、."""

    def parse(value: Any) -> list[str]:
        found = [part.strip() for part in written(value).split(SEPARATOR)]
        words = list(dict.fromkeys(part for part in found if part))
        if len(words) > most or any(len(each) > maximum for each in words):
            raise CellError("too_long", f"最多 {most} 项，每项不超过 {maximum} 个字符")
        return words

    return parse
