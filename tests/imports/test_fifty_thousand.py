"""Fifty thousand rows, as a bank brings them on its first day: in a minute, and all of them or none."""

from __future__ import annotations

import io
import time
import tracemalloc
from typing import TYPE_CHECKING, Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from checkpoints.models import Checkpoint
from inspection_api.imports.rules.tables import TITLES, Table
from inspection_api.plans.models import PlanMembership
from tests.imports.tables import Desk, checkpoint, customer, delimited, headers, loan
from tests.portfolio import Portfolio

if TYPE_CHECKING:
    from flask import Flask

    from tests.factories import World

CUSTOMERS, LOANS, CHECKPOINTS = 15_000, 15_000, 20_000


def rows() -> dict[Table, list[list[Any]]]:
    return {
        Table.CUSTOMERS: [customer(n) for n in range(CUSTOMERS)],
        Table.LOANS: [loan(n) for n in range(LOANS)],
        Table.CHECKPOINTS: [
            checkpoint(n % CUSTOMERS, code=f"CP-{n}", address=f"建设路{n}号", lon=114.5, lat=38.04, sys="GCJ02")
            for n in range(CHECKPOINTS)
        ],
    }


def packed(tables: dict[Table, list[list[Any]]]) -> bytes:
    book, buffer = Workbook(write_only=True), io.BytesIO()
    for table, found in tables.items():
        sheet = book.create_sheet(TITLES[table])
        sheet.append(headers(table))
        for each in found:
            sheet.append(each)
    book.save(buffer)
    return buffer.getvalue()


@pytest.mark.long
def test_fifty_thousand_rows_come_in_within_a_minute_or_not_at_all(
    committed_app: Flask, committed_world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    Portfolio(committed_world).create_rule()
    desk, tables = Desk(committed_app.test_client(), committed_world), rows()
    good = packed(tables)
    tables[Table.CHECKPOINTS][CHECKPOINTS - 1][1] = None
    bad = packed(tables)
    assert desk.faults(bad) == [("检查点", CHECKPOINTS + 1, "B", "required")]
    with committed_world.transaction() as ctx:
        assert ctx.session.scalar(select(func.count()).select_from(Checkpoint)) == 0
    begun = time.perf_counter()
    assert desk.counts(good)["checkpoints"] == (CHECKPOINTS, 0, 0)
    took_s = time.perf_counter() - begun
    begun = time.perf_counter()
    assert desk.counts(good, dry_run=True)["checkpoints"] == (0, 0, CHECKPOINTS)
    again_s = time.perf_counter() - begun
    with committed_world.transaction() as ctx:
        assert ctx.session.scalar(select(func.count()).select_from(PlanMembership)) == CHECKPOINTS
    with capsys.disabled():
        print(f"\n50,000 rows: {len(good) >> 10} KiB, taken in {took_s:.1f} s, found unchanged in {again_s:.1f} s")  # noqa: T201
    assert took_s < 60


@pytest.mark.long
def test_fifty_thousand_rows_of_one_table_are_tried_in_bounded_memory(desk: Desk) -> None:
    content = delimited(Table.CUSTOMERS, [customer(n) for n in range(50_000)])
    tracemalloc.start()
    assert desk.counts(content, dry_run=True, mime="text/csv", table="customers")["customers"] == (50_000, 0, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 300 << 20
