"""XLSX files: sheets as rows of plain cells, read within limits that a bomb meets before it unfolds.

What a file unpacks to is known from its directory, and the library never unpacks more than that says; rows are read one
by one. Formulas are never worked out, and merged cells are told apart by the sheet's own list of them.
"""

from __future__ import annotations

import re
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, BinaryIO

from openpyxl import load_workbook

from inspection_api.core.errors import Problem
from inspection_api.imports.errors import TableTooLarge, TableUnreadable
from inspection_api.imports.rules.cells import Broken, Formula

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_UNPACKED_BYTES = 200 << 20
MAX_OTHER_BYTES = 48 << 20
"""What anything but a sheet may unpack to: it is held in memory as a whole."""
MAX_RATIO = 100
MAX_PARTS = 200
_SMALL_BYTES = 1 << 20
_CHUNK_BYTES = 1 << 18
_OVERLAP_BYTES = 256
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]{0,100}?ref="([A-Z0-9:]{2,30})"')


@contextmanager
def _reading() -> Iterator[None]:
    """Take whatever the libraries raise over a stranger's file for what it is: a file that cannot be read."""
    try:
        yield
    except Problem:
        raise
    except Exception as error:
        raise TableUnreadable from error


class Sheets:
    """The sheets of an uploaded workbook, one after the other."""

    def __init__(self, file: BinaryIO) -> None:
        """Look at the file's directory, then open it.

        Raises:
            TableTooLarge: it unpacks to more than the limits allow.
            TableUnreadable: it is no workbook.
        """
        with _reading():
            self._zip = zipfile.ZipFile(file)
            _ensure_bounded(self._zip.infolist())
            self._book = load_workbook(file, read_only=True, data_only=False, keep_links=False)

    @property
    def titles(self) -> list[str]:
        """Return the names of the sheets."""
        return [str(title) for title in self._book.sheetnames]

    def rows(self, title: str) -> Iterator[Sequence[Any]]:
        """Yield the rows of a sheet from the first one on, empty ones too: None, texts, numbers, dates, formulas.

        Raises:
            TableUnreadable: the sheet is broken.
        """
        with _reading():
            for cells in self._book[title].iter_rows():
                yield [_plain(cell) for cell in cells]

    def merged(self, title: str) -> list[str]:
        """Return the ranges of merged cells (``A5:B6``) of a sheet."""
        sheet: Any = self._book[title]
        part = sheet._worksheet_path  # noqa: SLF001 - the one place where the part's name stands
        found: list[str] = []
        tail = b""
        with _reading(), self._zip.open(part) as stream:
            while chunk := stream.read(_CHUNK_BYTES):
                window = tail + chunk
                found += [match.decode() for match in _MERGED.findall(window)]
                tail = window[-_OVERLAP_BYTES:]
        return list(dict.fromkeys(found))

    def close(self) -> None:
        """Give the file back."""
        self._book.close()
        self._zip.close()


def _ensure_bounded(parts: Sequence[zipfile.ZipInfo]) -> None:
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED_BYTES:
        raise TableTooLarge(max_unpacked_bytes=MAX_UNPACKED_BYTES, max_parts=MAX_PARTS)
    for part in parts:
        if part.file_size > MAX_OTHER_BYTES and not part.filename.startswith("xl/worksheets/"):
            raise TableTooLarge(max_part_bytes=MAX_OTHER_BYTES)
        if part.file_size > _SMALL_BYTES and part.file_size > MAX_RATIO * max(part.compress_size, 1):
            raise TableTooLarge(max_ratio=MAX_RATIO)


def _plain(cell: Any) -> Any:
    value = cell.value
    if cell.data_type == "f":
        return Formula(text=str(value)[:100])
    return Broken(text=str(value)) if cell.data_type == "e" else value
