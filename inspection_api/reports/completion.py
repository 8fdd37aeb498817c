"""完成率, 及时完成率, 逾期率 and 本期进度 by organisation (domain.md §1.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one
from inspection_api.core.periods import local_day
from inspection_api.reports import queries, rules
from inspection_api.reports.rules import Measure, Rate
from inspection_api.reports.table import Column, Row, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from uuid import UUID

    from sqlalchemy import Select

    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.rules import Counts
    from inspection_api.tasks.models import Task

CODE = "completion"
TITLE = "检查完成率"
PROGRESS = Column(key="progress", title="本期进度", numerator=Measure.PROGRESSED, denominator=Measure.RUNNING)
COMPLETION = Column(key="completion", title="完成率", numerator=Measure.COMPLETED, denominator=Measure.DUE)
COLUMNS = (
    PROGRESS,
    COMPLETION,
    Column(key="on_time", title="及时完成率", numerator=Measure.ON_TIME, denominator=Measure.DUE),
    Column(key="overdue", title="逾期率", numerator=Measure.OVERDUE, denominator=Measure.DUE),
)


def table(ctx: Context, *, organisation_id: UUID, window: Period) -> Table:
    """Return one row per organisation directly below the chosen one, its own tasks if any, and their sum.

    While ``window`` holds today the headline is 本期进度, so that nobody reads "—" until the month ends.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    rules.ensure_window(window)
    today = local_day(ctx.now)
    parent = _chosen(ctx, organisation_id)
    counts = queries.counts_by_path(ctx, parent, window, today)
    rows = [_row(child, rules.subtree_counts(counts, child.path)) for child in queries.children_of(ctx, parent)]
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=PROGRESS.key if today in window else COMPLETION.key,
        columns=COLUMNS,
        rows=(*_own_row(parent, counts), *rows),
        total=_row(parent, rules.total(counts.values())),
    )


def tasks(ctx: Context, *, organisation_id: UUID, window: Period, measure: Measure, own: bool) -> Select[Task]:
    """Return the list behind one number of the table: as many tasks as the number says.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    rules.ensure_window(window)
    return queries.counted_tasks(ctx, _chosen(ctx, organisation_id), window, measure, own=own)


def _chosen(ctx: Context, organisation_id: UUID) -> Organisation:
    readable = queries.readable_organisations(ctx.actor)
    return get_one(ctx.session, readable.where(Organisation.id == organisation_id), field="organisation_id")


def _own_row(parent: Organisation, counts: Mapping[str, Counts]) -> Iterator[Row]:
    if parent.path in counts:
        yield _row(parent, counts[parent.path], own=True)


def _row(organisation: Organisation, counts: Counts, *, own: bool = False) -> Row:
    return Row(organisation=organisation, own=own, cells={column.key: _rate(counts, column) for column in COLUMNS})


def _rate(counts: Counts, column: Column) -> Rate:
    return Rate(numerator=counts.of(column.numerator), denominator=counts.of(column.denominator))
