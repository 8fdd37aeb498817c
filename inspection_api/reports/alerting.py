"""预警统计表: which alerts were raised, how grave they are and what became of them (domain.md §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_

from inspection_api.accounts.queries import visible
from inspection_api.alerts.models import Alert
from inspection_api.alerts.rules import Condition, Handling, Level
from inspection_api.reports import incidents, queries, schemas, scope, words
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Row, Shape, Table, days_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.core.periods import Period
    from inspection_api.reports.table import Cell

CODE = "alerts"
TITLE = "预警统计表"
_ALERTS = "alerts"
COLUMNS = tuple(
    Column(key=kind, title=title, kind=Kind.COUNT, numerator=kind, listing=_ALERTS)
    for kind, title in words.ALERTS.items()
)


def _kinds(window: Period, _: date) -> incidents.Conditions:
    raised = Alert.first_seen_on.between(window.start, window.end)
    parts = {
        "notice": Alert.level == Level.NOTICE,
        "warning": Alert.level == Level.WARNING,
        "suspicious": Alert.level == Level.SUSPICIOUS,
        "active": Alert.condition == Condition.ACTIVE,
        "new": Alert.handling == Handling.NEW,
        "confirmed": Alert.handling == Handling.CONFIRMED,
        "false_alarm_proposed": Alert.handling == Handling.FALSE_ALARM_PROPOSED,
        "false_alarm": Alert.handling == Handling.FALSE_ALARM,
    }
    return {words.ANY: raised, **{kind: and_(raised, part) for kind, part in parts.items()}}


SOURCE = incidents.Source(
    model=Alert,
    organisation=Alert.organisation_id,
    is_in_reach=lambda actor: visible(Alert, "alert", actor, queries.READ_ALERTS),
    kinds=_kinds,
    listed=incidents.ALERTS.listed,
)


def table(ctx: Context, *, organisation_id: UUID, start: date, end: date) -> Table:
    """Return how many alerts were first seen in the window, by level and by how they stand, by organisation.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end, queries.READ_ALERTS)
    counted = incidents.counted(ctx, SOURCE, parent, window)
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=words.ANY,
        heading="机构",
        columns=COLUMNS,
        rows=tuple(
            Row.of(place.organisation, _cells([counted.get(place.path, {})]), own=place.own)
            for place in scope.places(ctx, parent, counted)
        ),
        total=Row.of(parent, _cells(list(counted.values()))),
        chart=Chart(shape=Shape.BARS, columns=("notice", "warning", "suspicious")),
        drill=days_of(window),
    )


def _cells(parts: list[Mapping[str, int]]) -> dict[str, Cell]:
    return {kind: sum(part.get(kind, 0) for part in parts) for kind in words.ALERTS}


def raised_alerts(
    ctx: Context, *, organisation_id: UUID, start: date, end: date, measure: str, own: bool
) -> incidents.Rows:
    """Return the alerts behind one number of the table.

    Raises:
        NotFound: the organisation is out of the actor's scope.
        ReportWindowInvalid: the window ends before it begins.
    """
    parent, window = scope.about(ctx, organisation_id, start, end, queries.READ_ALERTS)
    return incidents.listed(ctx, SOURCE, parent, window, measure, own=own)


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="Alerts raised in a window, of one organisation and of those directly below it.",
    query=schemas.WindowQuery,
    table=table,
    permission=queries.READ_ALERTS,
    lists=(
        Listing(
            path=_ALERTS,
            summary="List the alerts behind one number of the report of alerts.",
            query=schemas.RaisedAlertsQuery,
            out=schemas.AlertRowSchema,
            by=(Alert.first_seen_on, Alert.id),
            rows=raised_alerts,
        ),
    ),
)
