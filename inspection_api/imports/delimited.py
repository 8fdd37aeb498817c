"""CSV files: UTF-8, with or without its mark, or GB18030, as Chinese spreadsheets write them."""

from __future__ import annotations

import csv
import io
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any

from inspection_api.core.formulas import escaped
from inspection_api.imports.errors import TableUnreadable
from inspection_api.imports.rules.cells import Formula

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import BinaryIO

MIME = "text/csv"


def rows(content: bytes) -> Iterator[Sequence[Any]]:
    """Yield the records of a CSV file: texts, None where there is nothing, and what would open a formula.

    Raises:
        TableUnreadable: it is text in neither encoding, or its quotes do not close.
    """
    reader = csv.reader(io.StringIO(_decoded(content), newline=""), strict=True)
    try:
        for record in reader:
            yield [_plain(cell) for cell in record]
    except csv.Error as error:
        raise TableUnreadable(row=reader.line_num) from error


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8", "gb18030"):
        try:
            return content.removeprefix(BOM_UTF8).decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableUnreadable(encodings=["utf-8", "gb18030"])


def _plain(cell: str) -> Any:
    text = cell.strip()
    return Formula(text=text[:100]) if text.startswith("=") else text or None


def write(file: BinaryIO, headers: Sequence[str], records: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file as spreadsheets open it: UTF-8 with its mark, texts formula-safe."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    writer = csv.writer(text)
    writer.writerow(headers)
    for record in records:
        writer.writerow([escaped(cell) if isinstance(cell, str) else cell for cell in record])
    text.flush()
    text.detach()
