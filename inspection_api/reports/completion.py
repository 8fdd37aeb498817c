"""完成率, 及时完成率, 逾期率 and 本期进度 by organisation, 专项 apart (domain.md §1.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from inspection_api.core.periods import local_day
from inspection_api.reports import duties, queries, schemas, scope
from inspection_api.reports.rules import Counts, Measure, Rate
from inspection_api.reports.table import Chart, Column, Listing, Report, Shape, Table, days_of, rows_by_place
from inspection_api.tasks.models import Task

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period

CODE = "completion"
TITLE = "检查完成率"
PROGRESS, COMPLETION = "progress", "completion"
_RATES = {
    PROGRESS: ("本期进度", Measure.PROGRESSED, Measure.RUNNING),
    COMPLETION: ("完成率", Measure.COMPLETED, Measure.DUE),
    "on_time": ("及时完成率", Measure.ON_TIME, Measure.DUE),
    "overdue": ("逾期率", Measure.OVERDUE, Measure.DUE),
    "special": ("专项完成率", Measure.SPECIAL_COMPLETED, Measure.SPECIAL),
}
COLUMNS = tuple(
    Column(key=key, title=title, numerator=numerator, denominator=denominator, listing="tasks")
    for key, (title, numerator, denominator) in _RATES.items()
)


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date) -> Table:
    """Return one row per organisation directly below the chosen one, its own tasks if any, and their sum.

    While the window holds today the headline is 本期进度, so that nobody reads "—" until the month ends.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    today = local_day(ctx.now)
    counts = queries.counts_by_path(ctx, parent, window, today)
    rows, whole = rows_by_place(parent, queries.children_of(ctx, parent), counts, rates, Counts())
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=PROGRESS if today in window else COMPLETION,
        heading="机构",
        columns=COLUMNS,
        rows=rows,
        total=whole,
        notes=_closed(ctx, parent, window),
        chart=Chart(shape=Shape.BARS, columns=(PROGRESS, COMPLETION)),
        drill=days_of(window),
    )


def _closed(ctx: Context, parent: Organisation, window: Period) -> tuple[str, ...]:
    """Return the note that months of the window are closed: what stands here may differ from what was frozen."""
    months = [f"{month:%Y-%m}" for month in queries.closed_months(ctx, parent, window)]
    return (f"{'、'.join(months)} 已月结：本表为现在的数字，月结时的数字与其后的调整见“月结报表”。",) if months else ()


def tasks(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> Select[*tuple[Any, ...]]:
    """Return the list behind one number of the table: as many tasks as the number says.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    counted = queries.conditions(window, local_day(ctx.now))[Measure(measure)]
    return duties.listed(ctx, duties.among(ctx, parent, own=own), counted)


def rates(counts: Counts) -> dict[str, Rate]:
    """Return the rates of ``counts`` by the keys of `COLUMNS`."""
    return {
        key: Rate(numerator=counts.of(numerator), denominator=counts.of(denominator))
        for key, (_, numerator, denominator) in _RATES.items()
    }


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="Completion of one organisation and of those directly below it.",
    query=schemas.WindowQuery,
    table=table,
    lists=(
        Listing(
            path="tasks",
            summary="List the tasks behind one number of the completion report.",
            query=schemas.CountedTasksQuery,
            out=schemas.TaskRowSchema,
            by=(Task.due_on, Task.id),
            rows=tasks,
        ),
    ),
)
