"""异常汇总: what went wrong in a window, by organisation, and the share of accepted exceptions (domain.md §1.9)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from checkpoints.models import CheckpointExit, CheckpointReset
from inspection_api.alerts.models import Alert
from inspection_api.inspections.models import Inspection
from inspection_api.reports import incidents, schemas, scope, words
from inspection_api.reports.rules import Rate
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Row, Shape, Table, days_of
from inspection_api.tasks.models import Task, VisitAttempt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from uuid import UUID

    from marshmallow import Schema
    from sqlalchemy.orm import InstrumentedAttribute

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.incidents import Rows, Source
    from inspection_api.reports.table import Cell

CODE = "anomalies"
TITLE = "异常汇总"
EXCEPTED_SHARE = "excepted_share"
_SOURCES: Mapping[str, Source] = {
    "tasks": incidents.TASKS,
    "attempts": incidents.ATTEMPTS,
    "visits": incidents.VISITS,
    "resets": incidents.RESETS,
    "exits": incidents.EXITS,
    "alerts": incidents.ALERTS,
}
_ATTEMPTED = (VisitAttempt.performed_at, VisitAttempt.id)
_RESET = (CheckpointReset.checkpoint_id, CheckpointReset.generation)
COLUMNS = (
    *(
        Column(key=kind, title=title, kind=Kind.COUNT, numerator=kind, listing=path)
        for path, kinds in words.INCIDENTS.items()
        for kind, title in kinds.items()
    ),
    Column(key=EXCEPTED_SHARE, title="特批占比", numerator="excepted", denominator="valid", listing="visits"),
)
NOTE = "任务按应完成日，检查按检查日，退出按生效日，其余按发生日统计；补算任务不计；定位重置和退出归检查点现属机构。"


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date) -> Table:
    """Return how many incidents of each kind there were, by organisation.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end)
    counted = _counted(ctx, parent, window)
    whole: dict[str, int] = defaultdict(int)
    for counts in counted.values():
        for kind, number in counts.items():
            whole[kind] += number
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline="missed",
        heading="机构",
        columns=COLUMNS,
        rows=tuple(
            Row.of(place.organisation, _cells(counted.get(place.path, {})), own=place.own)
            for place in scope.places(ctx, parent, counted)
        ),
        total=Row.of(parent, _cells(whole)),
        chart=Chart(shape=Shape.BARS, columns=("missed", "overdue", "unmet", "refused", "waiting")),
        notes=(NOTE,),
        drill=days_of(window),
    )


def _counted(ctx: Context, parent: Organisation, window: Period) -> dict[str, dict[str, int]]:
    """Return the numbers of each row by its path, in one query for each source."""
    found: dict[str, dict[str, int]] = {}
    for source in _SOURCES.values():
        for place, counts in incidents.counted(ctx, source, parent, window).items():
            found.setdefault(place, {}).update(counts)
    return found


def _cells(counts: Mapping[str, int]) -> dict[str, Cell]:
    share = Rate(numerator=counts.get("excepted", 0), denominator=counts.get("valid", 0))
    return {**{column.key: counts.get(column.key, 0) for column in COLUMNS}, EXCEPTED_SHARE: share}


def _rows(source: Source) -> Callable[..., Rows]:
    def listed(ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool) -> Rows:
        parent, window = scope.about(ctx, organisation_id, start, end)
        return incidents.listed(ctx, source, parent, window, measure, own=own)

    return listed


def _listing(path: str, query: type[Schema], out: type[Schema], *by: InstrumentedAttribute[Any]) -> Listing:
    return Listing(
        path=path,
        summary=f"List the {path} behind one number of the report of anomalies.",
        query=query,
        out=out,
        by=by,
        rows=_rows(_SOURCES[path]),
    )


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="What went wrong in a window, of one organisation and of those directly below it.",
    query=schemas.WindowQuery,
    table=table,
    lists=(
        _listing("tasks", schemas.FailedTasksQuery, schemas.TaskRowSchema, Task.due_on, Task.id),
        _listing(
            "attempts", schemas.AttemptsQuery, schemas.AttemptRowSchema, VisitAttempt.performed_at, VisitAttempt.id
        ),
        _listing("visits", schemas.QuarantinedVisitsQuery, schemas.VisitRowSchema, Inspection.id),
        _listing("resets", schemas.ResetsQuery, schemas.ResetRowSchema, *_RESET),
        _listing("exits", schemas.ExitsQuery, schemas.ExitRowSchema, CheckpointExit.effective_on, CheckpointExit.id),
        _listing("alerts", schemas.AlertsQuery, schemas.AlertRowSchema, Alert.first_seen_on, Alert.id),
    ),
)
