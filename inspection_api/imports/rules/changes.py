"""What a row changes of a thing that the bank has already, and what no table may change.

Who serves what changes by hand-over and transfer alone, which have their own consequences; a table that says something
else there is at fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints.coordinates import CoordinateSystem, ensure_point
from checkpoints.rules.values import Kind
from inspection_api.imports.rules.tables import KEYS, Row, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from inspection_api.imports.rules.known import Known
    from inspection_api.imports.rules.outcome import Decisions

EDITABLE: dict[Table, tuple[str, ...]] = {
    Table.CUSTOMERS: ("name", "contact", "phone", "address"),
    Table.LOANS: ("amount", "disbursed_on", "matures_on", "five_class", "rate", "repayment_method"),
    Table.CHECKPOINTS: (
        "name",
        "kind",
        "address",
        "contact",
        "tags",
        "radius_m",
        "registered",
        "backup_officer",
        "exception_handler",
        "loans",
    ),
}
FIXED: dict[Table, dict[str, tuple[str, str]]] = {
    Table.CUSTOMERS: {
        "organisation": ("use_transfer", "与现有机构不同，请通过移交办理"),
        "officer": ("use_assign", "与现有客户经理不同，请通过移交办理"),
    },
    Table.LOANS: {"uscc": ("customer_differs", "该借据属于另一客户")},
    Table.CHECKPOINTS: {
        "uscc": ("customer_differs", "该检查点属于另一客户"),
        "organisation": ("use_transfer", "与现有机构不同，请通过移交办理"),
        "officer": ("use_assign", "与现有客户经理不同，请通过移交办理"),
        "effective_from": ("fixed", "生效日期不能通过导入修改"),
    },
}
TAKEN = {Table.CUSTOMERS: "uscc_taken", Table.LOANS: "contract_taken", Table.CHECKPOINTS: "checkpoint_code_taken"}


def decide_known(
    decisions: Decisions,
    row: Row,
    known: Known,
    people: dict[str, UUID | None] | None = None,
    loan_ids: Sequence[UUID] = (),
) -> None:
    """Decide about a row whose key the bank has: what changes, or why it must not."""
    if not known.is_mine:
        decisions.refuse(row, KEYS[row.table], TAKEN[row.table], "该编号已被占用，且不在您的管辖范围内")
        return
    for name, (code, message) in FIXED[row.table].items():
        if name in row.values and row.values[name] != known.values[name]:
            decisions.refuse(row, name, code, message)
    changed = [
        name
        for name in EDITABLE[row.table]
        if name in row.values and _plain(row.values[name]) != _plain(known.values[name])
    ]
    decided = decisions.by_table[row.table]
    if not changed:
        decided.unchanged += 1
        return
    columns = _CHANGED[row.table](known.values, row.values)
    columns |= {f"{name}_id": person for name, person in (people or {}).items() if name in changed}
    if "loans" in changed:
        columns["loan_ids"] = list(loan_ids)
    decided.updates.append((known.id, columns))


def _plain(value: Any) -> Any:
    """Return a value as it is compared: lists without regard to order."""
    return sorted(value) if isinstance(value, list) else value


def _simple(table: Table) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    def columns(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
        return {name: after.get(name, before.get(name)) for name in EDITABLE[table]}

    return columns


def checkpoint_columns(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """Return a checkpoint's own columns: what the row says, else what it was, else the default (a radius: None)."""
    merged = {"kind": Kind.PREMISES.value, "tags": [], **before, **after}
    columns = {name: merged.get(name) for name in ("name", "kind", "address", "contact", "tags", "radius_m")}
    if "registered" in after:
        lon, lat, system = after["registered"]
        point = ensure_point(lon, lat, CoordinateSystem(system))
        raw = {"lon": lon, "lat": lat, "sys": system}
        columns |= {"registered_lon": point.lon, "registered_lat": point.lat, "registered_raw": raw}
    return columns


_CHANGED = {
    Table.CUSTOMERS: _simple(Table.CUSTOMERS),
    Table.LOANS: _simple(Table.LOANS),
    Table.CHECKPOINTS: checkpoint_columns,
}
