"""Taking tables in: read within limits, decide about every row, then write all in one transaction, or nothing.

The file is read before any transaction is open. One import at a time in a bank, so that its memory is bounded, and
what one of them decided about is not changed by another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy import func, insert, select

from checkpoints import service as checkpoints
from checkpoints.service import NewCheckpoint
from checkpoints.service.creation import APPROVE
from inspection_api.core.ids import new_id
from inspection_api.core.periods import local_day
from inspection_api.core.workbooks import MIME
from inspection_api.customers import service as customers
from inspection_api.customers.service import NewCustomer
from inspection_api.imports import delimited, queries, workbook
from inspection_api.imports.errors import ImportRunning, RowsInvalid, TableTooLarge, TableUnknown, TableUnreadable
from inspection_api.imports.models import ImportedVisit
from inspection_api.imports.rules.decisions import decide
from inspection_api.imports.rules.known import Facts
from inspection_api.imports.rules.tables import (
    BY_TITLE,
    MAX_COLUMNS,
    MAX_ROWS,
    NOTES_TITLE,
    Faults,
    Row,
    Table,
    merged_fault,
    read_header,
    read_row,
    sheet_fault,
)
from inspection_api.loans import service as loans
from inspection_api.loans.service import NewLoan

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.imports.rules.outcome import Decisions

    Transaction = Callable[[], AbstractContextManager[Context]]

MAX_BLANK_ROWS = 100_000
AT_ONCE = 5_000
"""How many rows one statement writes."""
_LOCK_NAME = "xunji.import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an import did, or would do: how many of each table are new, changed, and as they were."""

    dry_run: bool
    tables: list[dict[str, Any]]


def take_in(begin: Transaction, file: BinaryIO, *, mime: str | None, table: str | None, dry_run: bool) -> Outcome:
    """Import a file; ``table`` says what a CSV holds, an XLSX has a sheet for each.

    Raises:
        TableUnknown, TableUnreadable, TableTooLarge: the file as a whole cannot be taken.
        RowsInvalid: something is wrong in it, with the place of each fault.
        ImportRunning: another one is at work.
    """
    faults = Faults()
    rows = list(_bounded(_read(file, mime, table, faults)))
    with begin() as ctx:
        _lock(ctx)
        decisions = decide(rows, _facts(ctx, rows), faults)
        if faults.count:
            raise RowsInvalid(faults=faults.count, rows=[asdict(fault) for fault in faults.kept])
        if not dry_run:
            _write(ctx, decisions)
    counts = decisions.by_table.items()
    return Outcome(dry_run=dry_run, tables=[{"table": name.value, **each.counts} for name, each in counts])


def _read(file: BinaryIO, mime: str | None, table: str | None, faults: Faults) -> Iterator[Row]:
    if mime == MIME:
        yield from _read_workbook(file, faults)
    elif mime == delimited.MIME and table is not None:
        yield from _read_sheet(Table(table), delimited.rows(file.read()), faults)
    else:
        raise TableUnknown(supported=[MIME, f"{delimited.MIME} + table"])


def _read_workbook(file: BinaryIO, faults: Faults) -> Iterator[Row]:
    with closing(workbook.Sheets(file)) as sheets:
        titles = [title for title in sheets.titles if title != NOTES_TITLE]
        if not set(titles) & set(BY_TITLE):
            raise TableUnreadable(sheets=list(BY_TITLE))
        for title in titles:
            if title not in BY_TITLE:
                faults.add(sheet_fault(title))
                continue
            for place in sheets.merged(title):
                faults.add(merged_fault(BY_TITLE[title], place))
            yield from _read_sheet(BY_TITLE[title], sheets.rows(title), faults)


def _read_sheet(table: Table, found: Iterator[Sequence[Any]], faults: Faults) -> Iterator[Row]:
    layout = read_header(table, next(found, ()))
    faults.extend(layout.faults)
    blank = 0
    for number, cells in enumerate(() if layout.faults else found, start=2):
        row, wrong = read_row(layout, number, cells)
        faults.extend(wrong)
        blank += row is None
        if blank > MAX_BLANK_ROWS or len(cells) > MAX_COLUMNS:
            raise _too_large(table, number)
        if row is not None:
            yield row


def _bounded(rows: Iterator[Row]) -> Iterator[Row]:
    for taken, row in enumerate(rows, start=1):
        if taken > MAX_ROWS:
            raise _too_large(row.table, row.number)
        yield row


def _too_large(table: Table, number: int) -> TableTooLarge:
    return TableTooLarge(table=table.value, row=number, max_rows=MAX_ROWS, max_columns=MAX_COLUMNS)


def _lock(ctx: Context) -> None:
    key = func.hashtextextended(f"{_LOCK_NAME}:{ctx.bank.tag}", 0)
    if not ctx.session.scalar(select(func.pg_try_advisory_xact_lock(key))):
        raise ImportRunning


def _facts(ctx: Context, rows: Iterable[Row]) -> Facts:
    """Return what the bank knows of everything that the rows name, in ten statements at most."""
    named: dict[str, set[str]] = {name: set() for name in ("organisation", "uscc", "contract_no", "code", "person")}
    for row in rows:
        values = row.values
        for name in ("organisation", "uscc", "contract_no", "code"):
            named[name].update({values[name]} if name in values else ())
        named["contract_no"].update(values.get("loans", ()))
        named["person"].update(values[each] for each in _PEOPLE if each in values)
    session, actor, today = ctx.session, ctx.actor, local_day(ctx.now)
    known = queries.customers(session, actor, named["uscc"])
    points = queries.checkpoints(session, actor, named["code"])
    has_visits = any(row.table is Table.VISITS for row in rows)
    for thing in (*known.values(), *points.values()):
        named["organisation"].add(thing.values["organisation"])
        named["person"].update({thing.values["officer"]} - {None})
    return Facts(
        today=today,
        approving=tuple(actor.paths(APPROVE)),
        places=queries.places(session, actor, named["organisation"]),
        people=queries.people(session, named["person"], today),
        customers=known,
        loans=queries.loans(session, actor, named["contract_no"]),
        checkpoints=points,
        families=queries.families(session) if has_visits else {},
        visits=queries.visits(session, named["code"]) if has_visits else frozenset(),
    )


_PEOPLE = ("officer", "backup_officer", "exception_handler")


def _batches(rows: Sequence[dict[str, Any]], size: int) -> Iterator[Sequence[dict[str, Any]]]:
    for first in range(0, len(rows), size):
        yield rows[first : first + size]


def _write(ctx: Context, decisions: Decisions) -> None:
    """Write what was decided: customers, then loans, then checkpoints, thousands in each statement."""
    by_table = decisions.by_table
    for some in _batches(by_table[Table.CUSTOMERS].creates, AT_ONCE):
        customers.create_many(ctx, [NewCustomer(**row) for row in some])
    customers.edit_many(ctx, by_table[Table.CUSTOMERS].updates)
    for some in _batches(by_table[Table.LOANS].creates, AT_ONCE):
        loans.create_many(ctx, [NewLoan(**row) for row in some])
    loans.edit_many(ctx, by_table[Table.LOANS].updates)
    for some in _batches(by_table[Table.CHECKPOINTS].creates, AT_ONCE):
        checkpoints.create_many(ctx, [NewCheckpoint(**row) for row in some])
    checkpoints.edit_many(ctx, by_table[Table.CHECKPOINTS].updates)
    _write_visits(ctx, by_table[Table.VISITS].creates)
    counts = {f"{table.value}_{name}": count for table, each in by_table.items() for name, count in each.counts.items()}
    ctx.record("portfolio.imported", **counts)


def _write_visits(ctx: Context, creates: Sequence[dict[str, Any]]) -> None:
    """Write visits from before the system; the event lets them spare open first tasks (domain.md §1.7)."""
    if not creates:
        return
    import_id = new_id()
    common = {"import_id": import_id, "imported_by": ctx.user_id, "imported_at": ctx.now}
    for some in _batches(creates, AT_ONCE):
        ctx.session.execute(insert(ImportedVisit), [row | common for row in some])
    ctx.record("visits.imported", import_id=str(import_id), visits=len(creates))
