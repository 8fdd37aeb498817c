"""机构对比: the completion of chosen organisations side by side, month by month of a year (domain.md §1.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.reports import queries, rules, schemas
from inspection_api.reports.duties import DUE_TASKS
from inspection_api.reports.rules import Counts, Measure
from inspection_api.reports.table import Chart, Column, Report, Row, Shape, Table, days_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.accounts.models import Organisation
    from inspection_api.core.context import Context

CODE = "comparison"
TITLE = "机构完成率对比"


def table(ctx: Context, *, organisation_ids: Sequence[UUID], year: int) -> Table:
    """Return a row per month and a column per organisation, each with everything below it; they may overlap.

    Raises:
        NotFound: one of the organisations is out of the actor's scope.
        OrganisationRepeated: one of them is named twice.
    """
    rules.ensure_distinct(organisation_ids)
    chosen = queries.get_all_readable(ctx, organisation_ids)
    window, months = rules.months_of(year)
    found = queries.due_by_path_and_month(ctx, chosen, window)
    counts = {
        str(place.id): rules.added_up((part for path, part in found.items() if path.startswith(place.path)), months)
        for place in chosen
    }
    return Table(
        code=CODE,
        title=TITLE,
        window=window,
        as_of=ctx.now,
        headline=str(chosen[0].id),
        heading="月份",
        columns=tuple(_column(place) for place in chosen),
        rows=tuple(
            Row(
                label=f"{first.month}月",
                key=first.isoformat(),
                cells={key: rules.completion_of(by_month[first]) for key, by_month in counts.items()},
                drill=days_of(month),
            )
            for first, month in months.items()
        ),
        total=Row(
            label="全年",
            key="year",
            cells={key: rules.completion_of(sum(by_month.values(), Counts())) for key, by_month in counts.items()},
        ),
        chart=Chart(shape=Shape.LINES, columns=tuple(str(place.id) for place in chosen)),
        drill=days_of(window),
    )


def _column(place: Organisation) -> Column:
    return Column(
        key=str(place.id),
        title=place.name,
        numerator=Measure.COMPLETED,
        denominator=Measure.DUE,
        listing=DUE_TASKS.path,
        drill={"organisation_id": str(place.id)},
    )


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="Completion of chosen organisations side by side by the months of a year.",
    query=schemas.ComparisonQuery,
    table=table,
    lists=(DUE_TASKS,),
)
