"""Exports: everything in scope as the tables that an import takes, formula-safe, as a job."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from checkpoints.models import Checkpoint
from inspection_api.core.events import Event
from inspection_api.customers.models import Customer
from inspection_api.customers.rules import next_uscc
from inspection_api.imports.rules.tables import GIVEN, NOTES_TITLE, Table
from inspection_api.imports.service import giving
from inspection_api.worker import Outbox
from tests.imports.tables import Desk, book, checkpoint, customer, headers, loan, packed, unpacked
from tests.jobs.stepping import steps

if TYPE_CHECKING:
    from inspection_api.core.banks import BankCatalogue

API = "/api/v1"
REASON = "年度核对"


def ask(desk: Desk, user: str | None = "manager", organisation: str = "sub_branch", **more: Any) -> Any:
    body = {"organisation_id": str(desk.world.organisations[organisation]), "reason": REASON, **more}
    headers = desk.world.headers(user) if user else {}
    return desk.client.post(f"{API}/exports/portfolio", json=body, headers=headers)


@pytest.fixture
def outbox(desk: Desk, catalogue: BankCatalogue) -> Outbox:
    return Outbox(database=desk.world.database, banks=catalogue)


def fetch(desk: Desk, outbox: Outbox, user: str = "manager", **more: Any) -> Any:
    answer = ask(desk, user, **more)
    assert answer.status_code == 202, answer.json
    outbox.drain(desk.world.bank)
    return desk.client.get(f"{API}/jobs/{answer.json['id']}/file", headers=desk.world.headers(user))


def fill(desk: Desk) -> None:
    """Take in what has every column filled, and names that look like formulas."""
    full = checkpoint(
        1,
        name="'=1+1",
        kind="项目工地",
        backup_officer="colleague",
        exception_handler="manager",
        address="'+86 建设路",
        contact="'@老王",
        tags="重点、出口",
        lon=114.51491,
        lat=38.04282,
        sys="BD09",
        radius_m=345,
        effective_from="2026-02-03",
        loans="JJ-1、JJ-11",
    )
    rows = {
        "customers": [customer(1, name="'=HYPERLINK(1)", contact="张三", phone="'-0311", address="一路"), customer(2)],
        "loans": [
            loan(1, rate="4.350001", repayment_method="等额本金", five_class="关注"),
            loan(11, uscc=next_uscc(1), amount="0.01"),
        ],
        "checkpoints": [full, checkpoint(2, organisation="0003")],
    }
    desk.counts(packed(book(**rows)))


def test_what_is_exported_comes_in_again_without_a_change(desk: Desk, outbox: Outbox) -> None:
    fill(desk)
    answer = fetch(desk, outbox)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="portfolio.xlsx"'
    same = {"customers": (0, 0, 2), "loans": (0, 0, 2), "checkpoints": (0, 0, 2)}
    assert desk.counts(answer.data, dry_run=True) == same
    sheets = unpacked(answer.data)
    assert list(sheets) == ["客户", "借据", "检查点", NOTES_TITLE]
    assert [sheets[title][0] for title in ("客户", "借据", "检查点")] == [headers(table) for table in GIVEN]
    assert sheets["客户"][1][1] == "'=HYPERLINK(1)"
    assert [row[0] for row in sheets[NOTES_TITLE]] == [
        "导出信息",
        "导出人：姓名manager（manager）",
        "导出时间：2026-03-10 10:00",
        f"导出原因：{REASON}",
    ]


@pytest.mark.parametrize("table", list(GIVEN))
def test_a_csv_of_one_table_comes_in_again_too(desk: Desk, outbox: Outbox, table: Table) -> None:
    fill(desk)
    answer = fetch(desk, outbox, format="csv", table=table.value)
    assert answer.data.startswith(b"\xef\xbb\xbf")
    counts = desk.counts(answer.data, dry_run=True, mime="text/csv", table=table.value)
    assert counts[table.value] == (0, 0, 2)
    found = list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert found[0] == headers(table)
    assert not any(cell.startswith(("=", "+", "-", "@")) for record in found for cell in record)


def test_a_formula_in_a_name_leaves_as_text(desk: Desk, outbox: Outbox) -> None:
    fill(desk)
    with desk.world.transaction() as ctx:
        ctx.session.execute(update(Customer).where(Customer.name == "企业2").values(name="=cmd|' /C calc'!A0"))
    sheets = unpacked(fetch(desk, outbox).data)
    assert "'=cmd|' /C calc'!A0" in [row[1] for row in sheets["客户"]]


def test_large_exports_go_step_by_step(desk: Desk, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(giving, "AT_ONCE", 2)
    numbers = range(1, 6)
    desk.counts(packed(book(customers=[customer(n) for n in numbers], checkpoints=[checkpoint(n) for n in numbers])))
    outbox.drain(desk.world.bank)
    job_id = ask(desk).json["id"]

    def look() -> tuple[str, int, int]:
        job = desk.client.get(f"{API}/jobs/{job_id}", headers=desk.world.headers("manager")).json
        return job["status"], job["done"], job["total"]

    assert steps(outbox, desk.world, "on_export_due", look) == [
        ("running", 2, 10),
        ("running", 4, 10),
        ("running", 5, 10),
        ("running", 5, 10),  # of loans there are none
        ("running", 7, 10),
        ("running", 9, 10),
        ("running", 10, 10),
        ("done", 10, 10),
    ]
    content = desk.client.get(f"{API}/jobs/{job_id}/file", headers=desk.world.headers("manager")).data
    assert desk.counts(content, dry_run=True) == {
        "customers": (0, 0, 5),
        "loans": (0, 0, 0),
        "checkpoints": (0, 0, 5),
    }


@pytest.mark.parametrize(
    ("user", "status"),
    [
        (None, 401),
        ("officer", 403),
        ("administrator", 403),
        ("approver", 403),
        ("foreign_manager", 404),
        ("manager", 202),
        ("auditor", 202),
        ("risk_manager", 202),
    ],
)
def test_who_takes_personal_data_away(desk: Desk, user: str | None, status: int) -> None:
    fill(desk)
    assert ask(desk, user).status_code == status


def test_an_export_needs_its_reason_something_to_give_and_not_too_much(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ask(desk).json["code"] == "nothing_to_export"
    fill(desk)
    for wrong in (
        {"reason": "无"},
        {"format": "pdf"},
        {"format": "csv"},
        {"table": "loans"},
        {"format": "csv", "table": "x"},
        {"format": "csv", "table": "visits"},
    ):
        assert ask(desk, **wrong).status_code == 422
    monkeypatch.setattr(giving, "MAX_ROWS", 5)
    large = ask(desk)
    assert (large.status_code, large.json["code"], large.json["rows"]) == (413, "export_too_large", 6)
    monkeypatch.undo()
    ask(desk)
    with desk.world.transaction() as ctx:
        (event,) = ctx.session.scalars(select(Event.data).where(Event.kind == "portfolio.export_requested"))
    assert event["reason"] == REASON


def test_nothing_of_another_branch_and_nothing_archived_is_given(desk: Desk, outbox: Outbox) -> None:
    fill(desk)
    elsewhere = [customer(7, organisation="0006", officer="foreign_officer")]
    desk.counts(packed(book(customers=elsewhere, checkpoints=[checkpoint(7)])), user="province_manager")
    with desk.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).where(Checkpoint.code == "CP-2").values(archived_at=ctx.now))
    sheets = unpacked(fetch(desk, outbox, organisation="sub_branch").data)
    assert [row[0] for row in sheets["检查点"][1:]] == ["CP-1"]
    assert next_uscc(7) not in [row[0] for row in sheets["客户"]]
    whole = unpacked(fetch(desk, outbox, "province_manager", organisation="province").data)
    assert next_uscc(7) in [row[0] for row in whole["客户"]]
