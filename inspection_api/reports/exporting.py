"""Giving reports out: a table as XLSX or PDF, a list behind its numbers as XLSX, each as a job (domain.md §1.9).

The worker asks the same question again with the rights that whoever asked has then. A list is read page by page, one a
step; it names people and enterprises, so it takes the right to export personal data, and the reason is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import func, select

from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import get_one, visible_organisations
from inspection_api.core.paging import paginate
from inspection_api.core.periods import SHANGHAI
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.workbooks import MIME
from inspection_api.exports import service as exports
from inspection_api.jobs import service as jobs
from inspection_api.reports import printing, queries, spreadsheets
from inspection_api.reports.catalogue import REPORTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.jobs.models import Job
    from inspection_api.reports.table import Listing, Report

EXPORT = Permission(Action.PERSONAL_EXPORT, "export")
AT_ONCE = 2_000
"""How many rows of a list one step reads."""
PDF = "application/pdf"


def request_table(ctx: Context, report: Report, asked: Mapping[str, Any], *, format: str) -> Job:
    """Ask for a table as a file.

    Raises:
        NotFound, ReportWindowInvalid, …: what the report itself refuses, at once.
        TooManyJobs: the user waits for enough of them.
    """
    queries.plan_each_time(ctx)
    report.table(ctx, **asked)
    query = _written(report.query().dump(asked))
    ctx.record("report.export_requested", report=report.code, format=format, query=query)
    return jobs.request(ctx, "report_export", report=report.code, listing=None, format=format, query=query)


def request_list(ctx: Context, report: Report, listing: Listing, asked: Mapping[str, Any], *, reason: str) -> Job:
    """Ask for all rows of a list as a workbook.

    Raises:
        NotFound, …: what the list itself refuses; the actor may not take names out of that organisation.
        ExportQuotaExceeded: more rows than he may take in a day.
        TooManyJobs: the user waits for enough of them.
    """
    _ensure_may_take(ctx, asked)
    rows = ctx.session.scalars(select(func.count()).select_from(listing.rows(ctx, **asked).subquery())).one()
    content, place = f"{report.code}/{listing.path}", asked["organisation_id"]
    taking = exports.ensure_quota(ctx, organisation_id=place, content=content, rows=rows)
    query = _written(listing.query().dump(asked))
    told: dict[str, Any] = {"report": report.code, "listing": listing.path, "reason": reason, "query": query}
    ctx.record("report.export_requested", format="xlsx", **told)
    within = jobs.Within(permission=EXPORT, organisation_id=place)
    job = jobs.request(ctx, "report_export", within=within, format="xlsx", **told)
    exports.book(ctx, job, taking, reason=reason)
    return job


def on_report_export_due(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``job.report_export``: write the table, or read the next rows of the list."""
    jobs.advance(ctx, events, _step)


def _ensure_may_take(ctx: Context, asked: Mapping[str, Any]) -> None:
    scope = visible_organisations(ctx.actor, EXPORT).where(Organisation.id == asked["organisation_id"])
    get_one(ctx.session, scope, field="organisation_id")


def _written(query: Mapping[str, Any]) -> dict[str, Any]:
    """Return a question as a query string writes it, so that its schema reads it again."""
    return {name: _text(value) for name, value in query.items() if value is not None}


def _text(value: Any) -> Any:
    if isinstance(value, list):
        return [_text(each) for each in value]
    return str(value).lower() if isinstance(value, bool) else str(value)


def _step(work: jobs.Work) -> jobs.Step:
    queries.plan_each_time(work.ctx)
    report = next(each for each in REPORTS if each.code == work.arguments["report"])
    if work.arguments["listing"] is None:
        return _write_table(work, report)
    listing = next(each for each in report.lists if each.path == work.arguments["listing"])
    return _write_list(work, report, listing) if work.state.get("read") else _read_some(work, listing)


def _write_table(work: jobs.Work, report: Report) -> jobs.Step:
    table = report.table(work.ctx, **report.query().load(work.arguments["query"]))
    write, mime = _FORMATS[work.arguments["format"]]
    work.stash_file(lambda file: write(file, table, _taker(work)))
    return jobs.Step(done=1, total=1, file=jobs.File(name=f"{report.code}.{work.arguments['format']}", mime=mime))


_FORMATS = {"xlsx": (spreadsheets.write_table, MIME), "pdf": (printing.write_table, PDF)}


def _read_some(work: jobs.Work, listing: Listing) -> jobs.Step:
    asked = listing.query().load(work.arguments["query"])
    asked = {name: value for name, value in asked.items() if name not in {"limit", "cursor"}}
    _ensure_may_take(work.ctx, asked)
    rows = listing.rows(work.ctx, **asked)
    page = paginate(work.ctx.session, rows, by=listing.by, limit=AT_ONCE, cursor=work.state.get("cursor"))
    fields = dict(listing.columns)
    told = listing.out(many=True).dump(page.items)
    values = [[_in_a_cell(row[name]) for name in fields] for row in told]
    work.stash_part(work.parts, lambda file: file.write(msgspec.json.encode(values)))
    done = work.state.get("done", 0) + len(values)
    total = work.state.get("total") or work.ctx.session.scalar(select(func.count()).select_from(rows.subquery()))
    widths = spreadsheets.widened(work.state.get("widths") or [0] * len(fields), values)
    state = {"cursor": page.next_cursor, "done": done, "total": total, "widths": widths}
    state["read"] = page.next_cursor is None
    return jobs.Step(done=done, total=max(done, int(total or 0)), state=state, parts=work.parts + 1)


def _in_a_cell(value: Any) -> Any:
    """Return what one cell holds of a value: of several (the indicators of a visit) all, side by side."""
    return ("、".join(map(str, value)) or None) if isinstance(value, list) else value


def _write_list(work: jobs.Work, report: Report, listing: Listing) -> jobs.Step:
    done, widths, taker = work.state["done"], work.state["widths"], _taker(work)
    work.stash_file(lambda file: spreadsheets.write_list(file, report.title, listing, _stashed(work), widths, taker))
    file = jobs.File(name=f"{report.code}-{listing.path}.xlsx", mime=MIME)
    return jobs.Step(done=done, total=done, parts=work.parts, file=file)


def _stashed(work: jobs.Work) -> Iterator[list[Any]]:
    for number in range(work.parts):
        yield from msgspec.json.decode(work.read_part(number), type=list[list[Any]])


def _taker(work: jobs.Work) -> str:
    """Return who takes this away and when: it stands on every page."""
    user = work.ctx.session.get_one(UserAccount, work.ctx.user_id)
    at = f"{work.ctx.now.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return f"{user.name}（{user.username}） {at} 导出 {work.job_id.hex[-8:]}"
