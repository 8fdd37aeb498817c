"""支行检查明细: every task that is due in a window, how it stands, and what its visit found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from inspection_api.core.periods import local_day
from inspection_api.reports import duties, schemas, scope, words
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Row, Shape, Table, days_of
from inspection_api.reports.words import ANY
from inspection_api.tasks.models import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.table import Cell

CODE = "details"
TITLE = "支行检查明细"
_TASKS = "tasks"
COLUMNS = (
    Column(key=ANY, title="任务数", kind=Kind.COUNT, numerator=ANY, listing=_TASKS),
    *(
        Column(key=code, title=word, kind=Kind.COUNT, numerator=code, listing=_TASKS)
        for code, word in words.STANDINGS.items()
    ),
)
NOTE = "按应完成日统计区间内的全部任务，含专项、免检、已取消和补算任务；完成率见“检查完成率”。"


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date) -> Table:
    """Return how many tasks stand how, by organisation: all of them, whether they count in a rate or not.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    counted = _counted(ctx, parent, window)
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=ANY,
        heading="机构",
        columns=COLUMNS,
        rows=tuple(
            Row.of(place.organisation, _cells([counted.get(place.path, {})]), own=place.own)
            for place in scope.places(ctx, parent, counted)
        ),
        total=Row.of(parent, _cells(counted.values())),
        chart=Chart(shape=Shape.BARS, columns=(ANY, words.OVERDUE)),
        notes=(NOTE,),
        drill=days_of(window),
    )


def _cells(parts: Iterable[Mapping[str, int]]) -> dict[str, Cell]:
    found = list(parts)
    cells = {code: sum(part.get(code, 0) for part in found) for code in words.STANDINGS}
    return {ANY: sum(cells.values()), **cells}


def _counted(ctx: Context, parent: Organisation, window: Period) -> dict[str, dict[str, int]]:
    """Return how many tasks stand how, by the path of their row, in one query."""
    rows = scope.rows_of(parent)
    tasks = (
        select(rows.c.place, duties.standing(local_day(ctx.now)).label("standing"))
        .join(rows, rows.c.id == Task.organisation_id)
        .where(duties.among(ctx, parent), duties.due_in(window))
        .subquery()
    )
    counting = select(tasks.c.place, tasks.c.standing, func.count()).group_by(tasks.c.place, tasks.c.standing)
    found: dict[str, dict[str, int]] = {}
    for place, standing, number in ctx.session.execute(counting):
        found.setdefault(place, {})[standing] = number
    return found


def listed_tasks(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> Select[*tuple[Any, ...]]:
    """Return the tasks behind one number of the table.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    statement = duties.listed(ctx, duties.among(ctx, parent, own=own), duties.due_in(window))
    return statement if measure == ANY else statement.where(duties.standing(local_day(ctx.now)) == measure)


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="How the tasks of a window stand, of one organisation and of those directly below it.",
    query=schemas.WindowQuery,
    table=table,
    lists=(
        Listing(
            path=_TASKS,
            summary="List the tasks that are due in a window, with what their visits found.",
            query=schemas.StandingQuery,
            out=schemas.TaskRowSchema,
            by=(Task.due_on, Task.id),
            rows=listed_tasks,
        ),
    ),
)
