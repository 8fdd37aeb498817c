"""Reports as workbooks: a table with its numbers, or all rows of a list; nothing in it is a formula."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any, BinaryIO

from inspection_api.core.periods import SHANGHAI
from inspection_api.core.workbooks import Heading, Writer, width_of
from inspection_api.reports.rules import Rate
from inspection_api.reports.table import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from inspection_api.reports.table import Column, Listing, Row, Table

_FORMATS = {Kind.RATE: "0.00%", Kind.COUNT: "#,##0", Kind.AMOUNT: "#,##0.00"}
_MOST_LETTERS = 31
"""How long the name of a sheet may be."""


def write_table(file: BinaryIO, table: Table, taker: str) -> None:
    """Write a report; a rate takes three columns: its value, its numerator and its denominator."""
    rows = [*table.rows, *([table.total] if table.total else [])]
    first = Heading(title=table.heading, width=width_of(row.label for row in rows))
    headings = [first, *(heading for column in table.columns for heading in _headings(column))]
    book = Writer()
    cells = [list(_cells(table, row)) for row in rows]
    book.add(table.title[:_MOST_LETTERS], headings, cells, above=_above(table, taker))
    book.print_on(table.title, taker)
    book.save(file)


def write_list(
    file: BinaryIO, title: str, listing: Listing, rows: Iterable[Sequence[Any]], widths: Sequence[int], taker: str
) -> None:
    """Write all rows of a list and what its amounts come to.

    ``rows`` hold the values of its columns, dates and amounts as texts; ``widths`` are `widened`.
    """
    formats = dict.fromkeys(listing.summed, _FORMATS[Kind.AMOUNT])
    headings = [
        Heading(title=title, width=width, number_format=formats.get(key, ""))
        for (key, title), width in zip(listing.columns, widths, strict=True)
    ]
    book = Writer()
    book.add(title[:_MOST_LETTERS], headings, _summed(listing, rows), above=(taker,))
    book.print_on(title, taker)
    book.save(file)


def _summed(listing: Listing, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the rows, amounts as numbers, then the sums of these."""
    places = [place for place, column in enumerate(listing.columns) if column.key in listing.summed]
    sums = dict.fromkeys(places, Decimal())
    for row in rows:
        amounts = {place: Decimal(row[place]) for place in places}
        sums = {place: sums[place] + amount for place, amount in amounts.items()}
        yield [amounts.get(place, value) for place, value in enumerate(row)]
    if places:
        yield ["合计", *(sums.get(place) for place in range(1, len(listing.columns)))]


def widened(widths: Sequence[int], rows: Sequence[Sequence[Any]]) -> list[int]:
    """Return the widths of a list's columns that show these rows, too."""
    shown = [width_of(str(value) for value in column if value is not None) for column in zip(*rows, strict=True)]
    return [max(pair) for pair in zip(widths, shown, strict=True)] if shown else list(widths)


def lines_above(table: Table) -> list[str]:
    """Return what stands above a report: its title, its days, and as of when."""
    as_of = f"{table.as_of.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return [table.title, f"统计期：{table.window.start} 至 {table.window.end}　截至 {as_of}"]


def _above(table: Table, taker: str) -> list[str]:
    return [*lines_above(table), taker, *table.notes]


def _headings(column: Column) -> Iterator[Heading]:
    yield Heading(title=column.title, number_format=_FORMATS.get(column.kind, ""))
    if column.kind is Kind.RATE:
        yield Heading(title="分子", number_format="#,##0.##")
        yield Heading(title="分母", number_format="#,##0.##")


def _cells(table: Table, row: Row) -> Iterator[str | Decimal | int | date | None]:
    yield row.label
    for column in table.columns:
        cell = row.cells[column.key]
        if isinstance(cell, Rate):
            yield from (cell.value, cell.numerator, cell.denominator)
        else:
            yield cell
