"""The tables of an import, column by column, and how a row of cells becomes values.

An empty cell says nothing: a new thing takes the default, a known one keeps what it has.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from checkpoints.coordinates import CoordinateSystem
from checkpoints.rules import fence
from checkpoints.rules.values import Kind
from inspection_api.imports.rules import cells
from inspection_api.imports.rules.cells import CellError, Formula
from inspection_api.loans.rules import FiveClass, RepaymentMethod

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

MAX_COLUMNS = 50
MAX_ROWS = 50_000
"""How many rows one file brings or takes away, of all tables together."""
MOST_SHOWN = 200
KINDS = {"经营场所": Kind.PREMISES, "仓库": Kind.WAREHOUSE, "抵押物": Kind.COLLATERAL, "项目工地": Kind.SITE}
CLASSES = {
    "正常": FiveClass.NORMAL,
    "关注": FiveClass.WATCH,
    "次级": FiveClass.SUBSTANDARD,
    "可疑": FiveClass.DOUBTFUL,
    "损失": FiveClass.LOSS,
}
METHODS = {
    "等额本息": RepaymentMethod.EQUAL_INSTALMENT,
    "等额本金": RepaymentMethod.EQUAL_PRINCIPAL,
    "按期付息到期还本": RepaymentMethod.INTEREST_FIRST,
    "利随本清": RepaymentMethod.BULLET,
    "自定义分段": RepaymentMethod.CUSTOM,
}
ONSITE = "onsite"
CHANNELS = {"现场检查": ONSITE, "远程巡检": "remote"}
SYSTEMS = {"WGS84": CoordinateSystem.WGS84, "GCJ02": CoordinateSystem.GCJ02, "BD09": CoordinateSystem.BD09}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: the header that people see, the value's name, its parser, and whether it may stay empty."""

    header: str
    name: str
    parse: Callable[[Any], Any]
    is_required: bool = False


class Table(StrEnum):
    """Which thing a table is about."""

    CUSTOMERS = "customers"
    LOANS = "loans"
    CHECKPOINTS = "checkpoints"
    VISITS = "visits"


GIVEN = (Table.CUSTOMERS, Table.LOANS, Table.CHECKPOINTS)
"""The tables that are given out, too; visits from before the system are taken in alone."""
TITLES = {Table.CUSTOMERS: "客户", Table.LOANS: "借据", Table.CHECKPOINTS: "检查点", Table.VISITS: "历史检查"}
BY_TITLE = {title: table for table, title in TITLES.items()}
NOTES_TITLE = "说明"
NOTES = (
    "每张工作表第一行为表头，带 * 的列必填；列的顺序可以调整，可选列可以删除。",
    "以统一社会信用代码、借据号、检查点编号识别已有数据：已有的更新，没有的新建；空单元格表示不修改。",
    "机构与客户经理不能通过导入变更，请通过移交办理；客户经理、备用客户经理、异常处理人填写登录名。",
    "日期形如 2026-03-10；编号、代码、借据号请设为文本；多个标签或借据号用“、”分隔。",
    "经度、纬度、坐标系（WGS84、GCJ02、BD09）须同时填写。不允许公式与合并单元格。",
    "历史检查为客户建档日之前在系统外完成的检查，仅用于首期的历史检查有效期；检查方式为现场检查或远程巡检，未填写视为现场检查。",
    "任何一行有错误时，整个文件都不会导入。",
)


def _labels(codes: Mapping[str, StrEnum]) -> dict[str, str]:
    return {label: code.value for label, code in codes.items()}


_CODE = cells.word("[A-Za-z0-9-]{1,32}", "应为 1–32 位字母、数字或连字符")
_MONEY = cells.decimal(places=2, below=Decimal(10) ** 16, above_zero=True)
_RATE = cells.decimal(places=6, below=Decimal(1000), above_zero=False)

COLUMNS: dict[Table, tuple[Column, ...]] = {
    Table.CUSTOMERS: (
        Column(header="统一社会信用代码", name="uscc", parse=cells.capitals, is_required=True),
        Column(header="客户名称", name="name", parse=cells.text(100), is_required=True),
        Column(header="机构编号", name="organisation", parse=cells.text(20), is_required=True),
        Column(header="客户经理", name="officer", parse=cells.text(100)),
        Column(header="联系人", name="contact", parse=cells.text(60)),
        Column(header="电话", name="phone", parse=cells.text(40)),
        Column(header="地址", name="address", parse=cells.text(200)),
    ),
    Table.LOANS: (
        Column(header="借据号", name="contract_no", parse=cells.text(60), is_required=True),
        Column(header="统一社会信用代码", name="uscc", parse=cells.capitals, is_required=True),
        Column(header="金额（元）", name="amount", parse=_MONEY, is_required=True),
        Column(header="放款日期", name="disbursed_on", parse=cells.day, is_required=True),
        Column(header="到期日", name="matures_on", parse=cells.day, is_required=True),
        Column(header="五级分类", name="five_class", parse=cells.choice(_labels(CLASSES))),
        Column(header="年利率（%）", name="rate", parse=_RATE),
        Column(header="还款方式", name="repayment_method", parse=cells.choice(_labels(METHODS))),
    ),
    Table.CHECKPOINTS: (
        Column(header="检查点编号", name="code", parse=_CODE, is_required=True),
        Column(header="检查点名称", name="name", parse=cells.text(100), is_required=True),
        Column(header="统一社会信用代码", name="uscc", parse=cells.capitals, is_required=True),
        Column(header="类型", name="kind", parse=cells.choice(_labels(KINDS))),
        Column(header="机构编号", name="organisation", parse=cells.text(20)),
        Column(header="客户经理", name="officer", parse=cells.text(100)),
        Column(header="备用客户经理", name="backup_officer", parse=cells.text(100)),
        Column(header="异常处理人", name="exception_handler", parse=cells.text(100)),
        Column(header="地址", name="address", parse=cells.text(200)),
        Column(header="联系人", name="contact", parse=cells.text(60)),
        Column(header="标签", name="tags", parse=cells.several(20, 20)),
        Column(header="登记经度", name="lon", parse=cells.degrees(180)),
        Column(header="登记纬度", name="lat", parse=cells.degrees(180)),
        Column(header="坐标系", name="sys", parse=cells.choice(_labels(SYSTEMS))),
        Column(header="围栏半径（米）", name="radius_m", parse=cells.whole(fence.MIN_RADIUS_M, fence.MAX_RADIUS_M)),
        Column(header="生效日期", name="effective_from", parse=cells.day),
        Column(header="借据号", name="loans", parse=cells.several(60, 50)),
    ),
    Table.VISITS: (
        Column(header="检查点编号", name="code", parse=_CODE, is_required=True),
        Column(header="检查日期", name="performed_on", parse=cells.day, is_required=True),
        Column(header="检查方式", name="channel", parse=cells.choice(CHANNELS)),
        Column(header="模板编号", name="template", parse=cells.text(40)),
    ),
}
KEYS = {Table.CUSTOMERS: "uscc", Table.LOANS: "contract_no", Table.CHECKPOINTS: "code", Table.VISITS: "code"}
"""What a thing is called by; a visit is a checkpoint's, of one day and template."""
HEADERS = {table: {column.name: column.header for column in columns} for table, columns in COLUMNS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong, and where: sheet, row and column as a spreadsheet shows them, a stable code, a sentence."""

    sheet: str
    row: int
    column: str
    header: str
    code: str
    message: str


@dataclass(slots=True)
class Faults:
    """All faults of a file: how many, and the first of them."""

    kept: list[Fault] = field(default_factory=list)
    count: int = 0

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep it while there is room."""
        self.count += 1
        if len(self.kept) < MOST_SHOWN:
            self.kept.append(fault)

    def extend(self, faults: Iterable[Fault]) -> None:
        """Add several."""
        for fault in faults:
            self.add(fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One thing of a table: the values of its cells that say something, and where they stand."""

    table: Table
    number: int
    places: Mapping[str, str]
    values: dict[str, Any]

    def fault(self, name: str, code: str, message: str) -> Fault:
        """Return a fault of this row's value ``name``."""
        header = HEADERS[self.table].get(name, "")
        place = self.places.get(name, "")
        return Fault(sheet=TITLES[self.table], row=self.number, column=place, header=header, code=code, message=message)


def letters(index: int) -> str:
    """Return the letters that a spreadsheet gives to column ``index``, counted from 0: A … Z, AA …."""
    head, last = divmod(index, 26)
    return (letters(head - 1) if head else "") + chr(ord("A") + last)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which column of a sheet holds what, and what is wrong with its headers."""

    table: Table
    columns: Mapping[int, Column]
    faults: tuple[Fault, ...] = ()

    @property
    def places(self) -> dict[str, str]:
        """Return the letters of each value's column."""
        return {column.name: letters(index) for index, column in self.columns.items()}


def read_header(table: Table, headers: Sequence[Any]) -> Layout:
    """Return the layout that a first row announces, in any order; a star behind a required header is decoration."""
    wanted = {column.header: column for column in COLUMNS[table]}
    found: dict[int, Column] = {}
    faults = []
    for index, cell in enumerate(headers):
        title = cell.strip().rstrip("*＊").strip() if isinstance(cell, str) else cell
        if title is None or title == "":
            continue
        column = wanted.pop(title, None) if isinstance(title, str) else None
        if column is None:
            faults.append(_header_fault(table, letters(index), str(title), "unknown_column", "不认识或重复的列"))
        else:
            found[index] = column
    missing = [column for column in wanted.values() if column.is_required]
    faults += [_header_fault(table, "", column.header, "missing_column", "缺少必填列") for column in missing]
    return Layout(table=table, columns=found, faults=tuple(faults))


def _header_fault(table: Table, column: str, header: str, code: str, message: str) -> Fault:
    return Fault(sheet=TITLES[table], row=1, column=column, header=header[:60], code=code, message=message)


def read_row(layout: Layout, number: int, found: Sequence[Any]) -> tuple[Row | None, list[Fault]]:
    """Return the row's values, None for an empty row, and what is wrong with its cells."""
    if all(cell is None or cell == "" for cell in found):
        return None, []
    row = Row(table=layout.table, number=number, places=layout.places, values={})
    faults = [
        _stray_fault(row, index)
        for index, cell in enumerate(found)
        if isinstance(cell, Formula) and index not in layout.columns
    ]
    for index, column in layout.columns.items():
        cell = found[index] if index < len(found) else None
        try:
            value = None if cell is None or cell == "" else column.parse(cell)
        except CellError as invalid:
            faults.append(row.fault(column.name, invalid.code, invalid.message))
            continue
        if value not in (None, "", []):
            row.values[column.name] = value
        elif column.is_required:
            faults.append(row.fault(column.name, "required", "必填"))
    return row, faults


def _stray_fault(row: Row, index: int) -> Fault:
    """Return the fault of a formula under no header."""
    fault = row.fault("", "formula", "不允许公式，请粘贴为数值")
    return replace(fault, column=letters(index))


def merged_fault(table: Table, place: str) -> Fault:
    """Return the fault of merged cells, ``place`` as in ``B2:C3``: its upper left corner is where they stand."""
    corner = place.partition(":")[0]
    column = corner.rstrip("0123456789")
    row = int(corner[len(column) :] or 0)
    message = f"不允许合并单元格（{place}）"
    return Fault(sheet=TITLES[table], row=row, column=column, header="", code="merged", message=message)


def sheet_fault(title: str) -> Fault:
    """Return the fault of a sheet that nobody asked for."""
    message = f"不认识的工作表，应为：{cells.SEPARATOR.join(BY_TITLE)}"
    return Fault(sheet=title[:60], row=0, column="", header="", code="unknown_sheet", message=message)
