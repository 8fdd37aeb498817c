"""Endpoints of reports: each row of the catalogue is served the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.core.paging import paginate
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.schemas import StartedJobSchema, page_of
from inspection_api.reports import exporting, queries, schemas, service
from inspection_api.reports.catalogue import REPORTS
from inspection_api.reports.models import MonthClosing
from inspection_api.tasks import queries as tasks

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.jobs.models import Job
    from inspection_api.reports.table import Listing, Report, Table

blp = Blueprint("reports", "统计报表")


@blp.get("/reports", permission=queries.READ_ANY, out=schemas.CatalogueSchema)
def list_reports(ctx: Context) -> dict[str, Any]:
    """List the reports that I may read."""
    found = [report for report in REPORTS if ctx.actor.may(report.permission)]
    may = {"may_explain_tasks": tasks.READ, "may_export_lists": exporting.EXPORT}
    return {"items": found, **{name: ctx.actor.may(permission) for name, permission in may.items()}}


@blp.get(
    "/month-closings", permission=service.READ, query=schemas.MonthClosingQuery, out=page_of(schemas.MonthClosingSchema)
)
def list_closings(ctx: Context, *, limit: int, cursor: str | None, **narrowed: Any) -> Any:
    """List the closed months."""
    by = [MonthClosing.month, MonthClosing.id]
    return paginate(ctx.session, service.closings(ctx, **narrowed), by=by, limit=limit, cursor=cursor)


@blp.post(
    "/month-closings",
    permission=service.FREEZE,
    body=schemas.MonthClosingInput,
    out=schemas.MonthClosingSchema,
    status=201,
)
def close_month(ctx: Context, **values: Any) -> MonthClosing:
    """Freeze a month's figures of an organisation and of all below it."""
    return service.close_month(ctx, **values)


@blp.post(
    "/month-closings/<uuid:closing_id>/review",
    permission=service.REVIEW,
    body=schemas.ReviewInput,
    out=schemas.MonthClosingSchema,
)
def review_closing(ctx: Context, *, closing_id: UUID, note: str) -> MonthClosing:
    """Say that a second person looked at the frozen figures."""
    return service.review_closing(ctx, closing_id, note=note)


def _serve(report: Report) -> None:
    def show(ctx: Context, **asked: Any) -> Table:
        queries.plan_each_time(ctx)
        return report.table(ctx, **asked)

    show.__name__, show.__doc__ = f"show_{report.code}", report.summary
    blp.get(report.path, permission=report.permission, query=report.query, out=schemas.TableSchema)(show)
    _serve_export(report)
    for listing in report.lists:
        _serve_list(report, listing)


def _serve_export(report: Report) -> None:
    def export(ctx: Context, *, format: str, **asked: Any) -> Job:
        return exporting.request_table(ctx, report, asked, format=format)

    export.__name__ = f"export_{report.code}"
    export.__doc__ = f"Write {report.title} as a file, as a job; the query is the report's own."
    path = f"{report.path}/exports"
    given: Any = {"query": report.query, "body": schemas.TableExportInput, "out": StartedJobSchema, "status": 202}
    blp.post(path, permission=report.permission, **given)(export)


def _serve_list(report: Report, listing: Listing) -> None:
    def show(ctx: Context, **asked: Any) -> Any:
        return queries.summed_page(ctx, listing, **asked)

    show.__name__, show.__doc__ = f"list_{report.code}_{listing.path}", listing.summary
    path = f"{report.path}/{listing.path}"
    blp.get(path, permission=report.permission, query=listing.query, out=schemas.summed_page_of(listing.out))(show)

    def export(ctx: Context, *, reason: str, limit: int, cursor: str | None, **asked: Any) -> Job:  # noqa: ARG001 - all
        return exporting.request_list(ctx, report, listing, asked, reason=reason)

    export.__name__ = f"export_{report.code}_{listing.path}"
    export.__doc__ = "Write all rows of the list as a workbook, as a job; the query is the list's own, without pages."
    given: Any = {"query": listing.query, "body": schemas.ListExportInput, "out": StartedJobSchema, "status": 202}
    blp.post(f"{path}/exports", permission=exporting.EXPORT, **given)(export)


for _report in REPORTS:
    _serve(_report)
