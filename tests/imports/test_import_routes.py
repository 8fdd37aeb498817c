"""Imports through HTTP: tried, refused with the place of each fault, taken in as a whole."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from checkpoints.models import Checkpoint, CheckpointLoan, CheckpointRadius
from inspection_api.core.events import Event
from inspection_api.customers.models import Customer
from inspection_api.customers.rules import next_uscc
from inspection_api.imports.rules.tables import NOTES_TITLE, TITLES, Table
from inspection_api.imports.service import taking
from inspection_api.loans.models import Loan
from inspection_api.plans.models import PlanMembership
from tests.imports.tables import (
    PATH,
    XLSX,
    Desk,
    book,
    checkpoint,
    customer,
    delimited,
    headers,
    loan,
    packed,
    unpacked,
)
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from collections.abc import Callable

CSV = "text/csv"


def whole(amount: int = 2) -> dict[str, list[list[Any]]]:
    numbers = range(1, amount + 1)
    return {
        "customers": [customer(number) for number in numbers],
        "loans": [loan(number) for number in numbers],
        "checkpoints": [checkpoint(number, loans=f"JJ-{number}") for number in numbers],
    }


def numbers_of(desk: Desk) -> list[int]:
    with desk.world.transaction() as ctx:
        return [
            ctx.session.scalar(select(func.count()).select_from(each)) or 0 for each in (Customer, Loan, Checkpoint)
        ]


def test_a_workbook_is_tried_taken_in_and_then_changes_nothing(desk: Desk) -> None:
    portfolio = Portfolio(desk.world)
    portfolio.create_rule()
    content = packed(book(**whole()))
    new = {"customers": (2, 0, 0), "loans": (2, 0, 0), "checkpoints": (2, 0, 0)}
    assert desk.counts(content, dry_run=True) == new
    assert numbers_of(desk) == [0, 0, 0]
    assert desk.counts(content) == new
    assert numbers_of(desk) == [2, 2, 2]
    same = {"customers": (0, 0, 2), "loans": (0, 0, 2), "checkpoints": (0, 0, 2)}
    assert desk.counts(content, dry_run=True) == desk.counts(content) == same
    with desk.world.transaction() as ctx:
        point = ctx.session.scalars(select(Checkpoint).where(Checkpoint.code == "CP-1")).one()
        owner = ctx.session.get_one(Customer, point.customer_id)
        owed = ctx.session.scalars(select(Loan).where(Loan.contract_no == "JJ-1")).one()
        assert (owner.name, owner.officer_id, point.officer_id) == (
            "企业1",
            point.officer_id,
            desk.world.people["officer"],
        )
        assert (owed.amount, owed.matures_on, owed.five_class) == (Decimal("1200000.50"), date(2027, 1, 5), "normal")
        assert (point.effective_from, point.state, point.radius_m) == (date(2026, 1, 5), "unbound", 200)
        assert ctx.session.scalars(select(CheckpointLoan.loan_id).where(CheckpointLoan.checkpoint_id == point.id)).one()
        assert len(ctx.session.scalars(select(PlanMembership)).all()) == 2, "new points are planned at once"
        kinds = ctx.session.scalars(select(Event.kind).where(Event.kind == "portfolio.imported")).all()
        assert len(kinds) == 2


def test_one_bad_row_stops_all_good_ones(desk: Desk) -> None:
    rows = whole(20)
    rows["checkpoints"][13][1] = None
    rows["loans"][4][2] = "一百万"
    assert desk.faults(packed(book(**rows))) == [
        ("借据", 6, "C", "bad_number"),
        ("检查点", 15, "B", "required"),
    ]
    assert numbers_of(desk) == [0, 0, 0]


@pytest.mark.parametrize(
    ("sheet", "changes", "column", "code"),
    [
        ("customers", {"uscc": "91310000123456789X"}, "A", "uscc_invalid"),
        ("customers", {"uscc": None}, "A", "required"),
        ("customers", {"name": "甲" * 101}, "B", "too_long"),
        ("customers", {"name": "甲\n乙"}, "B", "unsafe_text"),
        ("customers", {"organisation": "9999"}, "C", "unknown_organisation"),
        ("customers", {"organisation": "0006"}, "C", "unknown_organisation"),
        ("customers", {"officer": "nobody"}, "D", "officer_unfit"),
        ("customers", {"officer": "无此人"}, "D", "officer_unfit"),
        ("customers", {"officer": "foreign_officer"}, "D", "officer_unfit"),
        ("customers", {"phone": 13800138000123456}, "F", "digits_lost"),
        ("customers", {"phone": "=1+1"}, "F", "formula"),
        ("customers", {"phone": True}, "F", "cell_error"),
        ("loans", {"uscc": next_uscc(99)}, "B", "unknown_customer"),
        ("loans", {"amount": "0"}, "C", "out_of_range"),
        ("loans", {"amount": "1.234"}, "C", "too_many_places"),
        ("loans", {"disbursed_on": "2026-02-30"}, "D", "bad_date"),
        ("loans", {"matures_on": "2025-01-01"}, "E", "loan_dates_invalid"),
        ("loans", {"five_class": "优秀"}, "F", "bad_choice"),
        ("checkpoints", {"code": "编号"}, "A", "bad_form"),
        ("checkpoints", {"uscc": next_uscc(99)}, "C", "unknown_customer"),
        ("checkpoints", {"organisation": "0005"}, "E", "unknown_organisation"),
        ("checkpoints", {"exception_handler": "officer"}, "H", "officer_unfit"),
        ("checkpoints", {"backup_officer": "auditor"}, "G", "officer_unfit"),
        ("checkpoints", {"lon": 114.5, "lat": 38.0}, "N", "coordinate_incomplete"),
        ("checkpoints", {"lon": 38.0, "lat": 114.5, "sys": "WGS84"}, "L", "axis_swapped"),
        ("checkpoints", {"lon": 181, "lat": 38.0, "sys": "WGS84"}, "L", "out_of_range"),
        ("checkpoints", {"lon": "东经", "lat": 38.0, "sys": "WGS84"}, "L", "bad_number"),
        ("checkpoints", {"radius_m": 29}, "O", "out_of_range"),
        ("checkpoints", {"radius_m": 200.5}, "O", "bad_number"),
        ("checkpoints", {"loans": "JJ-2"}, "Q", "foreign_loan"),
        ("checkpoints", {"loans": "JJ-1、JJ-404"}, "Q", "foreign_loan"),
        ("checkpoints", {"tags": "长" * 21}, "K", "too_long"),
    ],
)
def test_every_fault_names_its_place(desk: Desk, sheet: str, changes: dict[str, Any], column: str, code: str) -> None:
    make = {"customers": customer, "loans": loan, "checkpoints": checkpoint}[sheet]
    rows = whole()
    rows[sheet][0] = make(1, **changes)
    found = desk.faults(packed(book(**rows)))
    assert (TITLES[Table(sheet)], 2, column, code) in found
    assert numbers_of(desk) == [0, 0, 0]


def test_a_faulty_customer_is_told_once(desk: Desk) -> None:
    rows = whole(1)
    rows["customers"][0] = customer(1, organisation="9999")
    assert desk.faults(packed(book(**rows))) == [("客户", 2, "C", "unknown_organisation")]


def test_a_thing_named_twice_is_refused(desk: Desk) -> None:
    rows = [customer(1), customer(2), customer(1)]
    assert desk.faults(packed(book(customers=rows))) == [("客户", 4, "A", "duplicate")]


def test_merged_cells_strange_sheets_and_columns_are_refused_with_their_place(desk: Desk) -> None:
    made = book(customers=[customer(1)])
    made["客户"].merge_cells("E7:F9")
    assert desk.faults(packed(made)) == [("客户", 7, "E", "merged")]
    made = book(customers=[customer(1)])
    made.create_sheet("Sheet9")
    made.create_sheet(NOTES_TITLE)
    assert desk.faults(packed(made)) == [("Sheet9", 0, "", "unknown_sheet")]
    made = book(customers=[customer(1)])
    made["客户"]["A1"], made["客户"]["H1"], made["客户"]["I1"] = "信用代码", "备注", "客户名称"
    assert desk.faults(packed(made)) == [
        ("客户", 1, "A", "unknown_column"),
        ("客户", 1, "H", "unknown_column"),
        ("客户", 1, "I", "unknown_column"),
        ("客户", 1, "", "missing_column"),
    ]
    made = book(customers=[customer(1)])
    made["客户"]["K2"] = "=1+1"
    assert desk.faults(packed(made)) == [("客户", 2, "K", "formula")]


def test_columns_come_in_any_order_with_or_without_stars_and_optional_ones_may_be_missing(desk: Desk) -> None:
    made = book(customers=[])
    made.remove(made["客户"])
    sheet = made.create_sheet("客户")
    sheet.append(["机构编号*", None, "客户名称＊", "统一社会信用代码 *"])
    sheet.append(["0003", None, "企业1", f" {next_uscc(1).lower()} "])
    sheet.append([])
    sheet.append(["0003", "附注", "企业2", next_uscc(2)])
    assert desk.counts(packed(made))["customers"] == (2, 0, 0)


def test_known_things_change_where_a_cell_says_so(desk: Desk) -> None:
    desk.counts(packed(book(**whole())))
    rows = {
        "customers": [customer(1, name="新名", phone="0311-1"), customer(2, officer=None)],
        "loans": [loan(1, five_class="关注", rate="4.35")],
        "checkpoints": [
            checkpoint(
                1,
                name="新厂",
                kind="仓库",
                radius_m=300,
                tags="重点、出口",
                lon=114.5,
                lat=38.04,
                sys="GCJ02",
                backup_officer="colleague",
                exception_handler="manager",
                loans="JJ-1",
            ),
            checkpoint(2, loans=None, effective_from="2026-01-05"),
        ],
    }
    expected = {"customers": (0, 1, 1), "loans": (0, 1, 0), "checkpoints": (0, 1, 1)}
    assert desk.counts(packed(book(**rows)), dry_run=True) == desk.counts(packed(book(**rows))) == expected
    with desk.world.transaction() as ctx:
        point = ctx.session.scalars(select(Checkpoint).where(Checkpoint.code == "CP-1")).one()
        people = desk.world.people
        assert (point.name, point.kind, point.radius_m, point.tags) == ("新厂", "warehouse", 300, ["重点", "出口"])
        assert (point.backup_officer_id, point.exception_handler_id) == (people["colleague"], people["manager"])
        assert point.registered_raw == {"lon": 114.5, "lat": 38.04, "sys": "gcj02"}
        assert point.registered_lon != 114.5
        assert ctx.session.scalars(select(CheckpointRadius.radius_m)).one() == 200
        assert ctx.session.scalars(select(CheckpointLoan.loan_id)).all(), "both still name their loans"
    counts = desk.counts(packed(book(**rows)))
    assert counts == {"customers": (0, 0, 2), "loans": (0, 0, 1), "checkpoints": (0, 0, 2)}


@pytest.mark.parametrize(
    ("sheet", "changes", "column", "code"),
    [
        ("customers", {"organisation": "0003", "officer": "colleague"}, "D", "use_assign"),
        ("customers", {"organisation": "0002"}, "C", "use_transfer"),
        ("loans", {"uscc": next_uscc(2)}, "B", "customer_differs"),
        ("checkpoints", {"uscc": next_uscc(2)}, "C", "customer_differs"),
        ("checkpoints", {"organisation": "0002"}, "E", "use_transfer"),
        ("checkpoints", {"officer": "colleague"}, "F", "use_assign"),
        ("checkpoints", {"effective_from": "2026-02-01"}, "P", "fixed"),
        ("checkpoints", {"backup_officer": "auditor"}, "G", "officer_unfit"),
        ("checkpoints", {"loans": "JJ-2"}, "Q", "foreign_loan"),
    ],
)
def test_who_serves_what_is_no_tables_business(
    desk: Desk, sheet: str, changes: dict[str, Any], column: str, code: str
) -> None:
    desk.counts(packed(book(**whole())))
    make = {"customers": customer, "loans": loan, "checkpoints": checkpoint}[sheet]
    content = packed(book(**{sheet: [make(1, **changes)]}))
    assert desk.faults(content, user="branch_manager") == [(TITLES[Table(sheet)], 2, column, code)]


def test_another_branch_learns_nothing_and_changes_nothing(desk: Desk) -> None:
    desk.counts(packed(book(**whole())))
    rows = {
        "customers": [customer(1, organisation="0006", officer=None, name="改名")],
        "loans": [loan(1, amount="1")],
        "checkpoints": [checkpoint(1, name="改名")],
    }
    found = {(sheet, code) for sheet, _, _, code in desk.faults(packed(book(**rows)), user="foreign_manager")}
    assert found >= {("客户", "uscc_taken"), ("借据", "contract_taken"), ("检查点", "checkpoint_code_taken")}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_comes_in_the_encodings_of_chinese_spreadsheets(desk: Desk, encoding: str) -> None:
    content = delimited(Table.CUSTOMERS, [customer(1, name="晨曦机械𠮷"), customer(2)], encoding)
    assert desk.counts(content, mime=CSV, table="customers")["customers"] == (2, 0, 0)
    with desk.world.transaction() as ctx:
        assert "晨曦机械𠮷" in ctx.session.scalars(select(Customer.name)).all()


@pytest.mark.parametrize(
    ("content", "query", "status", "code"),
    [
        (b"", {}, 422, "table_unreadable"),
        (b"PK\x03\x04 no zip", {}, 422, "table_unreadable"),
        (b"\x81\xff\xff", {"mime": CSV, "table": "loans"}, 422, "table_unreadable"),
        (b'a,"b\n', {"mime": CSV, "table": "loans"}, 422, "table_unreadable"),
        (b"a,b", {"mime": CSV}, 415, "table_unknown"),
        (b"a,b", {"mime": CSV, "table": "plans"}, 422, "invalid"),
        (b"{}", {"mime": "application/json"}, 415, "table_unknown"),
        (packed(book(customers=[customer(1)])), {"mime": CSV, "table": "customers"}, 422, "table_unreadable"),
    ],
)
def test_what_is_no_table_is_refused(desk: Desk, content: bytes, query: dict[str, Any], status: int, code: str) -> None:
    answer = desk.bring(content, **query)
    assert (answer.status_code, answer.json["code"]) == (status, code)


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("officer", 403),
        ("administrator", 403),
        ("auditor", 403),
        ("manager", 200),
        ("province_manager", 200),
    ],
)
def test_who_imports_and_fetches_the_template(desk: Desk, user: str | None, status: int) -> None:
    assert desk.bring(packed(book(customers=[customer(1)])), user).status_code == status
    headers = desk.world.headers(user) if user else {}
    assert desk.client.get(f"{PATH}/template", headers=headers).status_code == status


def test_the_template_can_be_filled_in_and_brought_back(desk: Desk) -> None:
    answer = desk.client.get(f"{PATH}/template", headers=desk.world.headers("manager"))
    assert (answer.mimetype, answer.headers["Content-Disposition"]) == (XLSX, 'attachment; filename="template.xlsx"')
    sheets = unpacked(answer.data)
    assert list(sheets) == ["客户", "借据", "检查点", "历史检查", NOTES_TITLE]
    assert [cell.rstrip("*") for cell in sheets["检查点"][0]] == headers(Table.CHECKPOINTS)
    assert desk.counts(answer.data) == {"customers": (0, 0, 0), "loans": (0, 0, 0), "checkpoints": (0, 0, 0)}


def test_a_file_has_its_limits(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "MAX_ROWS", 3)
    monkeypatch.setattr(taking, "MAX_BLANK_ROWS", 5)
    assert desk.counts(packed(book(customers=[customer(n) for n in range(3)])))["customers"] == (3, 0, 0)
    many = desk.bring(packed(book(customers=[customer(n) for n in range(4)])))
    assert (many.status_code, many.json["code"], many.json["row"]) == (413, "table_too_large", 5)
    deep = book(customers=[])
    deep["客户"]["A1048576"] = "x"
    assert desk.bring(packed(deep)).status_code == 413
    wide = book(customers=[customer(1)])
    wide["客户"]["XFD2"] = "x"
    assert desk.bring(packed(wide)).status_code == 413
    assert desk.bring(b"x" * (21 << 20)).status_code == 413


def test_many_faults_are_counted_and_the_first_shown(desk: Desk) -> None:
    answer = desk.bring(packed(book(customers=[customer(n, name=None) for n in range(300)])))
    assert (answer.json["faults"], len(answer.json["rows"])) == (300, 200)


def test_an_import_costs_the_same_statements_for_any_number(desk: Desk, queries: Callable[[], list[str]]) -> None:
    contents = []
    for first, amount in ((100, 1), (200, 12)):
        numbers = range(first, first + amount)
        contents.append(
            packed(
                book(
                    customers=[customer(n) for n in numbers],
                    loans=[loan(n) for n in numbers],
                    checkpoints=[checkpoint(n) for n in numbers],
                )
            )
        )
    counts = []
    for content in contents:
        seen = queries()
        desk.counts(content)
        counts.append(len(seen))
    assert counts[0] == counts[1]
