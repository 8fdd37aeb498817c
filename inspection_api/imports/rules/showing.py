"""How a thing stands in its row of a table that is given out: read again, it says the same."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from inspection_api.imports.rules import cells
from inspection_api.imports.rules.tables import CLASSES, COLUMNS, KINDS, METHODS, SYSTEMS, Table

if TYPE_CHECKING:
    from collections.abc import Mapping


def shown(table: Table, values: Mapping[str, Any]) -> list[Any]:
    """Return a thing's values as the cells of its row; read again they say the same."""
    lon, lat, system = values.get("registered") or (None, None, None)
    whole = {**values, "lon": lon, "lat": lat, "sys": system}
    return [_shown(column.name, whole.get(column.name)) for column in COLUMNS[table]]


_LABELS: dict[str, dict[str, str]] = {
    name: {code.value: label for label, code in codes.items()}
    for name, codes in (
        ("kind", KINDS),
        ("five_class", CLASSES),
        ("repayment_method", METHODS),
        ("sys", SYSTEMS),
    )
}


def _shown(name: str, value: Any) -> Any:
    if isinstance(value, list):
        return cells.SEPARATOR.join(value)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return _LABELS[name][value] if name in _LABELS and value is not None else value
