"""Reports on paper: title, table and chart as a PDF, watermarked by whoever takes it away."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from inspection_api.core.typesetting import render, visible
from inspection_api.reports.rules import Rate
from inspection_api.reports.spreadsheets import lines_above
from inspection_api.reports.table import Kind

if TYPE_CHECKING:
    from inspection_api.reports.table import Cell, Chart, Column, Row, Table

_TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
_NOTHING = "—"
_UPRIGHT = 6
"""So many columns stand on an upright page; more turn it."""
_DRAWN = 60
"""So many rows at most are drawn: more could not be told apart."""


def write_table(file: BinaryIO, table: Table, taker: str) -> None:
    """Write a report as a PDF."""
    title, days = lines_above(table)
    data = {
        "title": title,
        "days": days,
        "notes": table.notes,
        "taker": taker,
        "is_wide": len(table.columns) >= _UPRIGHT,
        "headings": [table.heading, *(column.title for column in table.columns)],
        "rows": [_texts(table, row) for row in table.rows],
        "total": _texts(table, table.total) if table.total else None,
        "chart": _drawn(table, table.chart) if table.chart else None,
    }
    file.write(render(_TEMPLATE, visible_all(data)))


def visible_all(data: dict[str, Any]) -> dict[str, Any]:
    """Return ``data`` with its texts as the font can show them; numbers and truths stay."""
    return {name: visible(value) for name, value in data.items()}


def _texts(table: Table, row: Row) -> list[dict[str, str]]:
    return [{"text": row.label, "small": ""}, *(_shown(row.cells[column.key], column.kind) for column in table.columns)]


def _shown(cell: Cell, kind: Kind) -> dict[str, str]:
    if isinstance(cell, Rate):
        return {"text": _percent(cell.value), "small": f"{cell.numerator:,}/{cell.denominator:,}"}
    if cell is None:
        return {"text": _NOTHING, "small": ""}
    if kind is Kind.AMOUNT or isinstance(cell, Decimal):
        return {"text": f"{cell:,.2f}", "small": ""}
    return {"text": f"{cell:,}" if isinstance(cell, int) else str(cell), "small": ""}


def _percent(value: Decimal | None) -> str:
    return _NOTHING if value is None else f"{value * 100:.2f}%"


def _drawn(table: Table, chart: Chart) -> dict[str, Any]:
    """Return what the chart draws: rates as parts of 100 %, other numbers as parts of the greatest of them."""
    rows = table.rows[:_DRAWN]
    columns = [column for column in table.columns if column.key in chart.columns]
    found = {column.key: [_number(row.cells[column.key]) for row in rows] for column in columns}
    others = [value for column in columns if column.kind is not Kind.RATE for value in found[column.key]]
    greatest = max((value for value in others if value is not None), default=0.0) or 1.0
    tops = {column.key: 1.0 if column.kind is Kind.RATE else greatest for column in columns}
    return {
        "shape": chart.shape.value,
        "top": "，".join(dict.fromkeys(_named(column, greatest) for column in columns)),
        "labels": [row.label for row in rows],
        "series": [
            {"title": column.title, "values": [_part(value, tops[column.key]) for value in found[column.key]]}
            for column in columns
        ],
    }


def _part(value: float | None, top: float) -> float | None:
    return None if value is None else value / top


def _named(column: Column, greatest: float) -> str:
    """Return what the chart's upper line stands for."""
    return "100%" if column.kind is Kind.RATE else f"{greatest:,.0f}"


def _number(cell: Cell) -> float | None:
    value = cell.value if isinstance(cell, Rate) else cell
    return float(value) if isinstance(value, int | Decimal) else None
