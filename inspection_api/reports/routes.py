"""Endpoints of reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.core.paging import paginate
from inspection_api.core.periods import Period
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.schemas import page_of
from inspection_api.reports import completion, queries, schemas
from inspection_api.reports.catalogue import REPORTS
from inspection_api.reports.rules import Measure
from inspection_api.tasks.models import Task

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.reports.table import Table

blp = Blueprint("reports", "统计报表")


@blp.get("/reports", permission=queries.READ, out=schemas.CatalogueSchema)
def list_reports(_: Context) -> dict[str, Any]:
    """List the reports."""
    return {"items": REPORTS}


@blp.get("/reports/completion", permission=queries.READ, query=schemas.CompletionQuery, out=schemas.TableSchema)
def show_completion(ctx: Context, *, organisation_id: UUID, start: date, end: date) -> Table:
    """Completion of one organisation and of those directly below it."""
    return completion.table(ctx, organisation_id=organisation_id, window=Period(start=start, end=end))


@blp.get(
    "/reports/completion/tasks",
    permission=queries.READ,
    query=schemas.CountedTasksQuery,
    out=page_of(schemas.CountedTaskSchema),
)
def list_counted_tasks(
    ctx: Context, *, limit: int, cursor: str | None, start: date, end: date, measure: str, **place: Any
) -> Any:
    """List the tasks behind one number of the completion report."""
    window = Period(start=start, end=end)
    statement = completion.tasks(ctx, window=window, measure=Measure(measure), **place)
    return paginate(ctx.session, statement, by=[Task.due_on, Task.id], limit=limit, cursor=cursor)
