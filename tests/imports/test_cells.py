from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.core.formulas import escaped, unescaped
from inspection_api.imports.rules import cells
from inspection_api.imports.rules.cells import Broken, CellError, Formula
from inspection_api.imports.rules.showing import shown
from inspection_api.imports.rules.tables import (
    Faults,
    Table,
    letters,
    merged_fault,
    read_header,
    read_row,
    sheet_fault,
)

if TYPE_CHECKING:
    from collections.abc import Callable

MONEY = cells.decimal(places=2, below=Decimal(1000), above_zero=True)


@given(st.text())
def test_what_goes_out_comes_in_the_same(text: str) -> None:
    assert unescaped(escaped(text)) == text


@given(st.text())
def test_nothing_that_goes_out_opens_a_formula(text: str) -> None:
    assert not escaped(text).startswith(("=", "+", "-", "−", "@", "\t", "\r", "\0"))


@pytest.mark.parametrize("text", ["=1+1", "+86 311", "-1", "@SUM", "\tx", "'=1", "''-"])
def test_only_what_could_open_a_formula_is_escaped(text: str) -> None:
    assert escaped(text) == f"'{text}"
    assert escaped("甲'=") == "甲'="
    assert unescaped("'甲'") == "'甲'"


@pytest.mark.parametrize(
    ("parse", "cell", "value"),
    [
        (cells.written, " 甲 ", "甲"),
        (cells.written, "'=1+1", "=1+1"),
        (cells.written, 12.0, "12"),
        (cells.written, 12, "12"),
        (cells.written, 1.5, "1.5"),
        (cells.written, datetime.fromisoformat("2026-03-10T08:00"), "2026-03-10"),
        (cells.written, date(2026, 3, 10), "2026-03-10"),
        (cells.capitals, "ab", "AB"),
        (MONEY, "999.99", Decimal("999.99")),
        (MONEY, "1,0.5", Decimal("10.5")),
        (MONEY, 12.5, Decimal("12.5")),
        (cells.degrees(180), "-114.5", -114.5),
        (cells.whole(1, 5), "5", 5),
        (cells.whole(1, 5), 1.0, 1),
        (cells.day, datetime.fromisoformat("2026-03-10"), date(2026, 3, 10)),
        (cells.day, "2026/3/1", date(2026, 3, 1)),
        (cells.day, "2026年03月1日", date(2026, 3, 1)),
        (cells.day, 20260301, date(2026, 3, 1)),
        (cells.choice({"正常": "normal"}), "正常", "normal"),
        (cells.choice({"正常": "normal"}), "normal", "normal"),
        (cells.several(2, 2), "甲、乙、甲、、", ["甲", "乙"]),
        (cells.word("[a-z]+", "x"), "abc", "abc"),
        (cells.text(2), "甲乙", "甲乙"),
    ],
)
def test_a_cell_says_what_it_means(parse: Callable[[Any], Any], cell: Any, value: Any) -> None:
    assert parse(cell) == value


@pytest.mark.parametrize(
    ("parse", "cell", "code"),
    [
        (cells.written, Formula(text="=1"), "formula"),
        (cells.written, Broken(text="#N/A"), "cell_error"),
        (cells.written, True, "cell_error"),
        (cells.written, float("nan"), "digits_lost"),
        (cells.written, 10**15, "digits_lost"),
        (cells.written, "甲\u202e", "unsafe_text"),
        (MONEY, "1000", "out_of_range"),
        (MONEY, "0", "out_of_range"),
        (MONEY, "-1", "bad_number"),
        (MONEY, "1e2", "bad_number"),
        (MONEY, "1.234", "too_many_places"),
        (cells.degrees(180), "180.1", "out_of_range"),
        (cells.degrees(180), "nan", "out_of_range"),
        (cells.degrees(180), "x", "bad_number"),
        (cells.degrees(180), True, "cell_error"),
        (cells.whole(1, 5), "6", "out_of_range"),
        (cells.whole(1, 5), "1.5", "bad_number"),
        (cells.day, "2026-02-30", "bad_date"),
        (cells.day, "昨天", "bad_date"),
        (cells.choice({"正常": "normal"}), "好", "bad_choice"),
        (cells.several(2, 2), "甲、乙、丙", "too_long"),
        (cells.several(2, 2), "甲乙丙", "too_long"),
        (cells.word("[a-z]+", "x"), "ABC", "bad_form"),
        (cells.text(2), "甲乙丙", "too_long"),
    ],
)
def test_a_cell_that_says_something_else_is_at_fault(parse: Callable[[Any], Any], cell: Any, code: str) -> None:
    with pytest.raises(CellError) as caught:
        parse(cell)
    assert (caught.value.code, str(caught.value)) == (code, caught.value.message)


def test_columns_have_the_letters_of_a_spreadsheet() -> None:
    assert [letters(index) for index in (0, 25, 26, 51, 52, 701, 702, 16383)] == [
        "A",
        "Z",
        "AA",
        "AZ",
        "BA",
        "ZZ",
        "AAA",
        "XFD",
    ]


def test_a_header_is_found_wherever_it_stands_and_strange_ones_are_told() -> None:
    layout = read_header(Table.LOANS, ["备注", None, "", 5, "借据号*", "借据号"])
    assert layout.places == {"contract_no": "E"}
    assert [(fault.column, fault.code) for fault in layout.faults] == [
        ("A", "unknown_column"),
        ("D", "unknown_column"),
        ("F", "unknown_column"),
        ("", "missing_column"),
        ("", "missing_column"),
        ("", "missing_column"),
        ("", "missing_column"),
    ]


def test_a_short_row_lacks_what_it_does_not_say_and_an_empty_one_is_none() -> None:
    layout = read_header(Table.CUSTOMERS, ["统一社会信用代码", "客户名称", "机构编号", "电话"])
    assert read_row(layout, 2, [None, "", None]) == (None, [])
    row, faults = read_row(layout, 3, ["x", "'", "0003", Formula(text="="), None, Formula(text="=")])
    assert row is not None
    assert row.values == {"uscc": "X", "name": "'", "organisation": "0003"}
    assert [(fault.row, fault.column, fault.code) for fault in faults] == [(3, "F", "formula"), (3, "D", "formula")]
    assert [fault.code for fault in read_row(layout, 4, ["x"])[1]] == ["required", "required"]


def test_faults_are_all_counted_and_the_first_kept() -> None:
    faults = Faults()
    faults.extend(merged_fault(Table.LOANS, f"B{number}:C9") for number in range(1, 251))
    assert (faults.count, len(faults.kept)) == (250, 200)
    assert (faults.kept[1].row, faults.kept[1].column) == (2, "B")
    assert merged_fault(Table.LOANS, "B:C").row == 0


def test_a_thing_is_shown_as_its_row_is_written() -> None:
    values = {
        "code": "CP-1",
        "kind": "warehouse",
        "tags": ["甲", "乙"],
        "registered": (114.5, 38.0, "gcj02"),
        "effective_from": date(2026, 3, 1),
        "loans": [],
    }
    found = dict(zip([*range(17)], shown(Table.CHECKPOINTS, values), strict=True))
    assert (found[0], found[3], found[10], found[11], found[13]) == ("CP-1", "仓库", "甲、乙", 114.5, "GCJ02")
    assert (found[15], found[16], found[1]) == ("2026-03-01", "", None)
    assert shown(Table.LOANS, {"amount": Decimal("1.50")})[2] == "1.50"


def test_a_strange_sheet_is_named() -> None:
    fault = sheet_fault("表" * 80)
    assert (fault.sheet, fault.code) == ("表" * 60, "unknown_sheet")
