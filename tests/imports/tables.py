"""Workbooks and CSV files in a test, row by row, and the desk that uploads them."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from openpyxl import Workbook, load_workbook

from inspection_api.core.workbooks import MIME
from inspection_api.customers.rules import next_uscc
from inspection_api.imports.rules.tables import COLUMNS, TITLES, Table

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from tests.factories import World

PATH = "/api/v1/imports"
XLSX = MIME


def headers(table: Table) -> list[str]:
    return [column.header for column in COLUMNS[table]]


def row(table: Table, **values: Any) -> list[Any]:
    """Return the cells of a row, by the names of the columns."""
    names = [column.name for column in COLUMNS[table]]
    assert set(values) <= set(names), set(values) - set(names)
    return [values.get(name) for name in names]


def customer(number: int, **changes: Any) -> list[Any]:
    values = {"uscc": next_uscc(number), "name": f"企业{number}", "organisation": "0003", "officer": "officer"}
    return row(Table.CUSTOMERS, **{**values, **changes})


def loan(number: int, **changes: Any) -> list[Any]:
    values = {
        "contract_no": f"JJ-{number}",
        "uscc": next_uscc(number),
        "amount": "1200000.50",
        "disbursed_on": "2026-01-05",
        "matures_on": "2027-01-05",
    }
    return row(Table.LOANS, **{**values, **changes})


def checkpoint(number: int, **changes: Any) -> list[Any]:
    values = {"code": f"CP-{number}", "name": f"厂区{number}", "uscc": next_uscc(number)}
    return row(Table.CHECKPOINTS, **{**values, **changes})


def earlier(number: int, day: str = "2026-02-20", **changes: Any) -> list[Any]:
    """Return the row of a visit from before the system."""
    return row(Table.VISITS, **{"code": f"CP-{number}", "performed_on": day, **changes})


def book(**sheets: list[list[Any]]) -> Workbook:
    """Return a workbook with the rows of each table (by its name), headers first."""
    made = Workbook()
    made.remove(made.worksheets[0])
    for name, rows in sheets.items():
        sheet = made.create_sheet(TITLES[Table(name)])
        sheet.append(headers(Table(name)))
        for each in rows:
            sheet.append(each)
    return made


def packed(made: Workbook) -> bytes:
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


def unpacked(content: bytes) -> dict[str, list[list[Any]]]:
    """Return the rows of every sheet."""
    found = load_workbook(io.BytesIO(content))
    return {sheet.title: [list(each) for each in sheet.iter_rows(values_only=True)] for sheet in found.worksheets}


def delimited(table: Table, rows: list[list[Any]], encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([headers(table), *rows])
    return text.getvalue().encode(encoding)


@dataclass
class Desk:
    """Somebody who brings files."""

    client: FlaskClient
    world: World

    def bring(
        self, content: bytes, user: str | None = "manager", *, mime: str = XLSX, dry_run: bool = False, **query: Any
    ) -> Any:
        headers = self.world.headers(user) if user else {}
        query |= {"dry_run": str(dry_run).lower()}
        return self.client.post(PATH, data=content, headers=headers, content_type=mime, query_string=query)

    def counts(self, content: bytes, **options: Any) -> dict[str, tuple[int, int, int]]:
        """Return created, updated and unchanged of each table; of visits from before the system if there are any."""
        answer = self.bring(content, **options)
        assert answer.status_code == 200, answer.json
        tables = answer.json["tables"]
        counted = {each["table"]: (each["created"], each["updated"], each["unchanged"]) for each in tables}
        return {table: counts for table, counts in counted.items() if table != Table.VISITS or any(counts)}

    def faults(self, content: bytes, **options: Any) -> list[tuple[str, int, str, str]]:
        """Return sheet, row, column and code of each fault of a refused file."""
        answer = self.bring(content, **options)
        assert (answer.status_code, answer.json["code"]) == (422, "rows_invalid"), answer.json
        assert answer.json["faults"] >= len(answer.json["rows"])
        assert all(each["message"] for each in answer.json["rows"])
        return [(each["sheet"], each["row"], each["column"], each["code"]) for each in answer.json["rows"]]
