"""Giving tables out: the template to fill in, and everything in scope as the same tables, as a job."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

import msgspec

from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import get_one, visible_organisations
from inspection_api.core.periods import SHANGHAI
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.workbooks import MIME, Heading, Writer
from inspection_api.exports import service as exports
from inspection_api.imports import delimited, queries
from inspection_api.imports.errors import ExportTooLarge, NothingToExport
from inspection_api.imports.rules.showing import shown
from inspection_api.imports.rules.tables import COLUMNS, GIVEN, KEYS, MAX_ROWS, NOTES, NOTES_TITLE, TITLES, Table
from inspection_api.jobs import service as jobs

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.jobs.models import Job

EXPORT = Permission(Action.PERSONAL_EXPORT, "export")
_WIDTH = 18
AT_ONCE = 5_000
"""How many rows one step reads."""


def template(file: BinaryIO) -> None:
    """Write the workbook that people fill in: a sheet for each table, required headers starred, and how to fill it."""
    book = Writer()
    for table, columns in COLUMNS.items():
        book.add(TITLES[table], _headings(column.header + "*" * column.is_required for column in columns), ())
    book.add(NOTES_TITLE, [Heading(title="填写说明", width=100)], [[line] for line in NOTES])
    book.save(file)


def request_export(ctx: Context, *, organisation_id: UUID, format: str, table: str | None, reason: str) -> Job:
    """Ask for everything of an organisation and below it as one XLSX, or one table of it as CSV.

    It holds names, telephones and addresses, so the reason is kept with the event.

    Raises:
        NotFound: the organisation is out of scope.
        NothingToExport: it has none of it. ExportTooLarge: more than an import takes.
        ExportQuotaExceeded: more than the user may take in a day.
        TooManyJobs: the user waits for enough of them.
    """
    scope = visible_organisations(ctx.actor, EXPORT).where(Organisation.id == organisation_id)
    organisation = get_one(ctx.session, scope, field="organisation_id")
    tables = [table] if format == "csv" and table else [each.value for each in GIVEN]
    rows = sum(queries.count(ctx.session, Table(each), organisation.path) for each in tables)
    if not rows:
        raise NothingToExport
    if rows > MAX_ROWS:
        raise ExportTooLarge(rows=rows, max_rows=MAX_ROWS)
    taking = exports.ensure_quota(ctx, organisation_id=organisation.id, content="portfolio", rows=rows)
    told: dict[str, Any] = {"organisation_id": str(organisation.id), "tables": tables, "reason": reason}
    ctx.record("portfolio.export_requested", **told)
    within = jobs.Within(permission=EXPORT, organisation_id=organisation.id)
    job = jobs.request(ctx, "portfolio_export", within=within, format=format, **told)
    exports.book(ctx, job, taking, reason=reason)
    return job


def on_export_due(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``job.portfolio_export``: read the next rows, or write the file."""
    jobs.advance(ctx, events, _export_some)


def _export_some(work: jobs.Work) -> jobs.Step:
    """Stash the next rows of the table whose turn it is, by key; behind the last table write the file."""
    scope = visible_organisations(work.ctx.actor, EXPORT).where(
        Organisation.id == UUID(work.arguments["organisation_id"])
    )
    path = get_one(work.ctx.session, scope).path
    tables = [Table(each) for each in work.arguments["tables"]]
    state = {"turn": 0, "after": "", "done": 0, "parts": [], **work.state}
    if state["turn"] == len(tables):
        work.stash_file(lambda file: _write(work, file, tables))
        file = jobs.File(name=_NAMES[work.arguments["format"]], mime=_MIMES[work.arguments["format"]])
        return jobs.Step(done=state["done"], total=state["done"], parts=work.parts, file=file)
    table = tables[state["turn"]]
    rows = queries.after(work.ctx.session, table, path, state["after"], AT_ONCE)
    left = sum(queries.count(work.ctx.session, each, path, after) for each, after in _ahead(tables, state))
    if rows:
        work.stash_part(work.parts, lambda file: file.write(msgspec.json.encode([shown(table, row) for row in rows])))
    done = state["done"] + len(rows)
    last = len(rows) < AT_ONCE
    following = {
        "turn": state["turn"] + last,
        "after": "" if last else rows[-1][KEYS[table]],
        "done": done,
        "parts": [*state["parts"], *([table.value] if rows else [])],
    }
    return jobs.Step(done=done, total=max(done, state["done"] + left), state=following, parts=work.parts + bool(rows))


def _ahead(tables: Sequence[Table], state: dict[str, Any]) -> list[tuple[Table, str]]:
    """Return what is still to be read: the rest of the table whose turn it is, and the tables behind it."""
    turn = state["turn"]
    return [(tables[turn], state["after"]), *((table, "") for table in tables[turn + 1 :])]


_NAMES = {"xlsx": "portfolio.xlsx", "csv": "portfolio.csv"}
_MIMES = {"xlsx": MIME, "csv": delimited.MIME}


def _write(work: jobs.Work, file: BinaryIO, tables: Sequence[Table]) -> None:
    if work.arguments["format"] == "csv":
        (table,) = tables
        delimited.write(file, _headers(table), _stashed(work, table))
        return
    book = Writer()
    for table in tables:
        book.add(TITLES[table], _headings(_headers(table)), _stashed(work, table))
    book.add(NOTES_TITLE, [Heading(title="导出信息", width=60)], [[line] for line in _watermark(work)])
    book.save(file)


def _watermark(work: jobs.Work) -> list[str]:
    """Return who took this away, when and why."""
    user = work.ctx.session.get_one(UserAccount, work.ctx.user_id)
    at = f"{work.ctx.now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return [f"导出人：{user.name}（{user.username}）", f"导出时间：{at}", f"导出原因：{work.arguments['reason']}"]


def _headings(titles: Iterable[str]) -> list[Heading]:
    return [Heading(title=title, width=_WIDTH) for title in titles]


def _headers(table: Table) -> list[str]:
    return [column.header for column in COLUMNS[table]]


def _stashed(work: jobs.Work, table: Table) -> Iterator[list[Any]]:
    for number, name in enumerate(work.state["parts"]):
        if name == table.value:
            yield from msgspec.json.decode(work.read_part(number), type=list[list[Any]])
