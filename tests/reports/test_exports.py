"""Reports as files: the numbers of the JSON, cell by cell, no formula in it, and whoever took it on every page."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import openpyxl
import pypdfium2
import pytest
from sqlalchemy import select, update

from checkpoints.models import Checkpoint
from inspection_api.core.events import Event
from inspection_api.core.workbooks import MIME
from inspection_api.customers.models import Customer
from inspection_api.jobs import service as jobs
from inspection_api.jobs.models import Job
from inspection_api.loans.models import Loan
from inspection_api.reports import exporting
from inspection_api.reports.catalogue import REPORTS
from inspection_api.tasks.models import Task
from inspection_api.worker import Outbox
from tests.factories import pages
from tests.reports.reading import add_visit, ask
from tests.reports.test_catalogue import plausible

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from inspection_api.core.banks import BankCatalogue
    from tests.portfolio import Portfolio

API = "/api/v1"
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}
REASON = "季度核对"
LISTS = [(report, listing) for report in REPORTS for listing in report.lists]
VISITS = next(listing for report, listing in LISTS if (report.code, listing.path) == ("records", "visits"))


@pytest.fixture
def outbox(desk: Portfolio, catalogue: BankCatalogue) -> Outbox:
    return Outbox(database=desk.world.database, banks=catalogue)


@pytest.fixture
def busy(desk: Portfolio) -> Portfolio:
    """Seven checkpoints in two sub-branches, whose names would like to be formulas, with their tasks."""
    for organisation, officer in [("sub_branch", "officer")] * 5 + [("sibling", "colleague")] * 2:
        desk.add_checkpoint(organisation, officer)
    with desk.world.transaction() as ctx:
        ctx.session.execute(update(Checkpoint).values(name="=1+" + Checkpoint.code))
        ctx.session.execute(update(Customer).values(name="@SUM(A1)𠮷"))
    desk.create_rule()
    desk.generate()
    with desk.world.transaction() as ctx:
        done = select(Task.id).where(Task.due_on == date(2026, 3, 31)).limit(3)
        values = {"state": "done", "closed_by": Task.id, "performed_on": date(2026, 3, 9)}
        ctx.session.execute(update(Task).where(Task.id.in_(done)).values(**values))
    return desk


def order(client: FlaskClient, desk: Portfolio, path: str, user: str = "branch_manager", **body: Any) -> Any:
    """Ask for a file about the branch and March."""
    query = {"organisation_id": str(desk.world.organisations["branch"]), **body.pop("query", MARCH)}
    headers = desk.world.headers(user)
    return client.post(f"{API}/reports/{path}/exports", query_string=query, json=body, headers=headers)


def fetch(client: FlaskClient, desk: Portfolio, outbox: Outbox, path: str, **body: Any) -> Any:
    answer = order(client, desk, path, **body)
    assert answer.status_code == 202, answer.json
    outbox.drain(desk.world.bank)
    headers = desk.world.headers(body.get("user", "branch_manager"))
    return client.get(f"{API}/jobs/{answer.json['id']}/file", headers=headers)


def sheet_of(answer: Any) -> Any:
    assert (answer.status_code, answer.mimetype) == (200, MIME)
    return openpyxl.load_workbook(io.BytesIO(answer.data)).active


def rows_below(sheet: Any, heading: str) -> list[list[Any]]:
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    first = next(number for number, row in enumerate(rows) if row[0] == heading)
    assert sheet.freeze_panes == f"A{first + 2}"
    return rows[first:]


def test_a_workbook_says_what_the_json_says(client: FlaskClient, busy: Portfolio, outbox: Outbox) -> None:
    told = ask(client, busy, "branch_manager", "completion", organisation="branch", **MARCH).json
    sheet = sheet_of(fetch(client, busy, outbox, "completion", format="xlsx"))
    headings, *rows = rows_below(sheet, "机构")
    titles = [column["title"] for column in told["columns"]]
    assert headings == ["机构", *(title for each in titles for title in (each, "分子", "分母"))]
    for row, expected in zip(rows, [*told["rows"], told["total"]], strict=True):
        cells = [expected["cells"][column["key"]] for column in told["columns"]]
        numbers = [
            part
            for cell in cells
            for part in (
                None if cell["value"] is None else float(cell["value"]),
                cell["numerator"],
                cell["denominator"],
            )
        ]
        assert row == [expected["label"], *numbers]
    assert sheet["A2"].value.startswith("统计期：2026-03-01 至 2026-03-31")
    assert "branch_manager" in sheet["A3"].value
    assert "branch_manager" in sheet.oddFooter.center.text
    assert sheet.cell(row=sheet.max_row, column=2).number_format == "0.00%"
    assert sheet.column_dimensions["A"].width >= 10


def test_a_list_holds_every_row_and_no_formula(
    client: FlaskClient, busy: Portfolio, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 2)
    query = {**MARCH, "measure": "running"}
    sheet = sheet_of(fetch(client, busy, outbox, "completion/tasks", query=query, reason=REASON))
    headings, *rows = rows_below(sheet, "检查点编号")
    place = {"organisation_id": str(busy.world.organisations["branch"]), **query}
    told = list(pages(client, f"{API}/reports/completion/tasks", busy.world.headers("branch_manager"), **place))
    assert len(rows) == len(told) == 7
    assert [row[headings.index("检查点编号")] for row in rows] == [row["checkpoint_code"] for row in told]
    assert {row[headings.index("客户")] for row in rows} == {"'@SUM(A1)𠮷"}
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}
    with busy.world.transaction() as ctx:
        asked = ctx.session.scalars(select(Event).where(Event.kind == "report.export_requested")).one()
    assert (asked.data["reason"], asked.data["report"], asked.data["listing"]) == (REASON, "completion", "tasks")


def test_a_killed_step_is_done_again_and_doubles_nothing(
    client: FlaskClient, busy: Portfolio, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "AT_ONCE", 3)
    stash, calls = jobs.Work.stash_part, []

    def breaks_once(work: jobs.Work, number: int, write: Any) -> None:
        calls.append(number)
        stash(work, number, write)
        if len(calls) == 2:
            raise OSError("the disk is full")

    monkeypatch.setattr(jobs.Work, "stash_part", breaks_once)
    answer = order(client, busy, "completion/tasks", query={**MARCH, "measure": "running"}, reason=REASON)
    for _ in range(4):
        outbox.drain(busy.world.bank)
        busy.world.database.clock.advance(hours=1)  # type: ignore[attr-defined] # the tests' clock
    file = client.get(f"{API}/jobs/{answer.json['id']}/file", headers=busy.world.headers("branch_manager"))
    codes = [row[0] for row in rows_below(sheet_of(file), "检查点编号")[1:]]
    assert (len(codes), len(set(codes)), calls == [0, 1, 1, 2]) == (7, 7, True), calls


def test_a_pdf_says_what_the_json_says(client: FlaskClient, busy: Portfolio, outbox: Outbox) -> None:
    told = ask(client, busy, "branch_manager", "completion", organisation="branch", **MARCH).json
    answer = fetch(client, busy, outbox, "completion", format="pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    text = text_of(answer.data)
    for row in [*told["rows"], told["total"]]:
        assert row["label"] in text
        for cell in row["cells"].values():
            assert f"{cell['numerator']}/{cell['denominator']}" in text
            assert ("—" if cell["value"] is None else f"{Decimal(cell['value']) * 100:.2f}%") in text
    assert all(column["title"] in text for column in told["columns"])
    assert "第1页共1页" in text
    assert "branch_manager" in text


def text_of(pdf: bytes) -> str:
    with pypdfium2.PdfDocument(pdf) as document:
        return "".join("".join(page.get_textpage().get_text_range().split()) for page in document)


@pytest.mark.parametrize(
    "report", [report for report in REPORTS if report.code != "comparison"], ids=lambda it: it.code
)
@pytest.mark.parametrize("form", ["xlsx", "pdf"])
def test_every_report_comes_as_a_file(
    client: FlaskClient, busy: Portfolio, outbox: Outbox, report: Any, form: str
) -> None:
    answer = fetch(client, busy, outbox, report.code, query=plausible(report.query), format=form)
    assert answer.status_code == 200
    if form == "pdf":
        assert "".join(report.title.split()) in text_of(answer.data)
    else:
        assert sheet_of(answer)["A1"].value == report.title


def test_a_list_ends_with_what_its_balances_come_to(client: FlaskClient, busy: Portfolio, outbox: Outbox) -> None:
    with busy.world.transaction() as ctx:
        whose = ctx.session.scalars(select(Checkpoint.customer_id).order_by(Checkpoint.code).limit(2)).all()
        lent = {"disbursed_on": date(2026, 1, 1), "matures_on": date(2026, 12, 31), "five_class": "normal"}
        amounts = (Decimal("1500000.25"), Decimal(700))
        ctx.session.add_all(
            Loan(contract_no=f"JK{number}", customer_id=customer, amount=amounts[number], **lent)
            for number, customer in enumerate(whose)
        )
    query = {**MARCH, "measure": "due"}
    sheet = sheet_of(fetch(client, busy, outbox, "coverage/customers", query=query, reason=REASON))
    headings, *rows, total = rows_below(sheet, "客户")
    balances = [row[headings.index("余额（元）")] for row in rows]
    assert sorted(filter(None, balances)) == [700, 1500000.25]
    assert (total[0], total[-1], len(rows)) == ("合计", 1500700.25, 7)
    assert {cell.number_format for cell in sheet[sheet.max_row]} == {"General", "#,##0.00"}


@pytest.mark.parametrize(("report", "listing"), LISTS, ids=[f"{each.code}-{one.path}" for each, one in LISTS])
def test_every_list_comes_as_a_workbook(
    client: FlaskClient, busy: Portfolio, outbox: Outbox, report: Any, listing: Any
) -> None:
    path, query = f"{report.code}/{listing.path}", plausible(listing.query)
    answer = fetch(client, busy, outbox, path, query=query, reason=REASON, user="province_manager")
    titles = [column.title for column in listing.columns]
    assert rows_below(sheet_of(answer), titles[0])[0] == titles


def test_all_indicators_of_a_visit_stand_in_one_cell(client: FlaskClient, busy: Portfolio, outbox: Outbox) -> None:
    with busy.world.transaction() as ctx:
        first, second = ctx.session.scalars(select(Checkpoint.id).order_by(Checkpoint.code).limit(2)).all()
    add_visit(busy, first, date(2026, 3, 3), indicators=["W01", "W10"])
    add_visit(busy, second, date(2026, 3, 4))
    sheet = sheet_of(fetch(client, busy, outbox, "records/visits", reason=REASON))
    headings, *rows = rows_below(sheet, VISITS.columns[0].title)
    assert {row[headings.index("预警指示")] for row in rows} == {"W01 经营异常、W10 带贷许可证失效", None}


@pytest.mark.parametrize(
    ("path", "body", "user", "status"),
    [
        ("completion", {"format": "doc"}, "branch_manager", 422),
        ("completion", {"format": "xlsx"}, "foreign_branch_manager", 404),
        ("completion", {"format": "xlsx"}, "administrator", 403),
        ("completion", {"format": "xlsx", "query": {"from": "2026-03-31", "to": "2026-03-01"}}, "branch_manager", 422),
        ("completion/tasks", {"reason": "无"}, "branch_manager", 422),
        ("completion/tasks", {"reason": REASON}, "officer", 403),
        ("completion/tasks", {"reason": REASON}, "approver", 403),
        ("completion/tasks", {"reason": REASON}, "manager", 404),
        ("completion/tasks", {"reason": REASON}, "auditor", 202),
    ],
)
def test_who_may_take_what_away(
    client: FlaskClient, busy: Portfolio, path: str, body: dict[str, Any], user: str, status: int
) -> None:
    query = body.get("query") or ({**MARCH, "measure": "due"} if "/" in path else MARCH)
    assert order(client, busy, path, user, **{**body, "query": query}).status_code == status


def test_rights_that_were_lost_meanwhile_fail_the_job(client: FlaskClient, busy: Portfolio, outbox: Outbox) -> None:
    answer = order(client, busy, "completion", format="xlsx")
    with busy.world.transaction() as ctx:
        ctx.session.connection().exec_driver_sql("UPDATE role_assignment SET valid_to = valid_from")
    busy.world.database.clock.advance(days=2)  # type: ignore[attr-defined] # the tests' clock
    outbox.drain(busy.world.bank)
    with busy.world.transaction() as ctx:
        job = ctx.session.get_one(Job, UUID(answer.json["id"]))
        assert (job.status, job.problem) == ("failed", "not_found")
