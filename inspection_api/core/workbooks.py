"""Writing XLSX files: sheet after sheet, row after row, formula-safe, with a bold frozen header."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from inspection_api.core.formulas import escaped

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MIME = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NARROWEST, WIDEST = 10, 60
"""The width of a column in characters of the default font; a Chinese one takes two."""
_MARGIN = 2
_WIDE_FROM = 0x1100
_DATE = "yyyy-mm-dd"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A column: its title, how its numbers are shown (``0.00%``), and the least width in characters."""

    title: str
    number_format: str = ""
    width: int = NARROWEST


class Writer:
    """A new workbook."""

    def __init__(self) -> None:
        """Begin an empty workbook."""
        self._book = Workbook(write_only=True)

    def add(
        self, title: str, headings: Sequence[Heading], rows: Iterable[Sequence[Any]], *, above: Sequence[str] = ()
    ) -> None:
        """Add a sheet: lines ``above``, the headings, which stay while one scrolls, and the rows.

        Texts are escaped, numbers and dates stay what they are, None is an empty cell.
        """
        sheet: Any = self._book.create_sheet(title)
        sheet.freeze_panes = f"A{len(above) + 2}"
        for number, heading in enumerate(headings, start=1):
            sheet.column_dimensions[get_column_letter(number)].width = max(heading.width, _width(heading.title))
        for line in above:
            sheet.append([escaped(line)])
        sheet.append([_bold(sheet, heading.title) for heading in headings])
        for row in rows:
            sheet.append([_cell(sheet, value, heading) for value, heading in zip(row, headings, strict=True)])

    def print_on(self, header: str, footer: str) -> None:
        """Print ``header`` and ``footer`` on every page of all sheets that there are."""
        for sheet in self._book.worksheets:
            sheet.oddHeader.center.text = _plain(header)  # type: ignore[union-attr]
            sheet.oddFooter.center.text = _plain(footer)  # type: ignore[union-attr]

    def save(self, file: BinaryIO) -> None:
        """Write the workbook into an open file."""
        self._book.save(file)


def width_of(texts: Iterable[str]) -> int:
    """Return the width of a column that shows all of ``texts``, within the limits."""
    return min(max(map(_width, texts), default=NARROWEST), WIDEST)


def _width(text: str) -> int:
    return _MARGIN + sum(2 if ord(character) >= _WIDE_FROM else 1 for character in text)


def _cell(sheet: Any, value: Any, heading: Heading) -> Any:
    if isinstance(value, str):
        return escaped(value)
    shown = _DATE if isinstance(value, date) else heading.number_format
    if not shown or not isinstance(value, date | int | Decimal):
        return value
    cell = WriteOnlyCell(sheet)
    cell.value, cell.number_format = value, shown
    return cell


def _bold(sheet: Any, title: str) -> Any:
    cell = WriteOnlyCell(sheet, value=escaped(title))
    cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="center")
    return cell


def _plain(text: str) -> str:
    """Return ``text`` without what a page header takes for a code."""
    return text.replace("&", "&&")
