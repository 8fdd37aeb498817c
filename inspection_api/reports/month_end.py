"""月结报表: what stood when a month was closed, and what became of it since (domain.md §1.9).

The list behind a frozen number is made from the tasks of today: one that was adjusted counts as it was before the first
change, and where it was. Those behind its coverage were kept at the closing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, case, exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation
from inspection_api.core.periods import month_of
from inspection_api.customers.models import Customer
from inspection_api.plans.rules import InspectionType
from inspection_api.reports import duties, kept, queries, schemas
from inspection_api.reports.kept import is_read
from inspection_api.reports.models import MonthAdjustment, MonthCheckpoint, MonthCustomer, MonthFigure
from inspection_api.reports.rules import ADJUSTED, FROZEN, Change, Counts, Coverage, Measure, Rate, Sums, adjusted
from inspection_api.reports.table import Chart, Column, Kind, Listing, Report, Shape, Table, rows_by_place
from inspection_api.tasks.models import Task
from inspection_api.tasks.rules import DONE, LEFT_OUT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select, Subquery

    from inspection_api.core.context import Context
    from inspection_api.reports.table import Cell

CODE, TITLE = "month_end", "月结报表"
_FROZEN = {
    "completion": ("完成率（月结）", Measure.COMPLETED, Measure.DUE),
    "on_time": ("及时完成率（月结）", Measure.ON_TIME, Measure.DUE),
    "overdue": ("逾期率（月结）", Measure.OVERDUE, Measure.DUE),
    "special": ("专项完成率（月结）", Measure.SPECIAL_COMPLETED, Measure.SPECIAL),
}
NOTE = "月结后的变动逐笔列为调整，不改动月结数；覆盖率为月结时的数。"
_COVERED = {
    "checkpoints": ("检查点覆盖率（月结）", "checkpoints"),
    "customers": ("客户覆盖率（月结）", "customers"),
    "balance": ("余额覆盖率（月结）", "customers"),
}
COLUMNS = (
    *(
        Column(key=key, title=title, numerator=numerator, denominator=denominator, listing="tasks")
        for key, (title, numerator, denominator) in _FROZEN.items()
    ),
    Column(
        key="adjusted",
        title="完成率（调整后）",
        numerator=ADJUSTED[Measure.COMPLETED],
        denominator=ADJUSTED[Measure.DUE],
        listing="tasks",
    ),
    Column(key="adjustments", title="月结后调整", kind=Kind.COUNT, numerator="adjustments", listing="adjustments"),
    *(
        Column(key=key, title=title, numerator="covered", denominator="due", listing=listing)
        for key, (title, listing) in _COVERED.items()
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthEnd(Sums):
    """What closings froze of one organisation or more, and the changes since."""

    frozen: Counts = field(default_factory=Counts)
    after: Counts = field(default_factory=Counts)
    covered: Coverage = field(default_factory=Coverage)
    adjustments: int = 0


def table(ctx: Context, *, organisation_id: UUID, month: date) -> Table:
    """Return the frozen figures by organisation, those after the adjustments, and how many adjustments there were.

    Raises:
        NotFound: the organisation is out of the actor's scope.
    """
    parent = queries.get_readable(ctx, organisation_id)
    parts = _parts(ctx, parent, month)
    rows, whole = rows_by_place(parent, queries.children_of(ctx, parent), parts, _cells, MonthEnd())
    return Table(
        code=CODE,
        title=TITLE,
        window=month_of(month),
        as_of=ctx.now,
        headline="completion",
        heading="机构",
        columns=COLUMNS,
        rows=rows,
        total=whole,
        chart=Chart(shape=Shape.BARS, columns=("completion", "adjusted")),
        notes=(*_unclosed(ctx, parent, len(parts)), NOTE),
        drill={"month": f"{month:%Y-%m}"},
    )


def _cells(part: MonthEnd) -> dict[str, Cell]:
    frozen, after, covered = part.frozen, part.after, part.covered
    return {
        **{key: Rate(numerator=frozen.of(one), denominator=frozen.of(all_)) for key, (_, one, all_) in _FROZEN.items()},
        "adjusted": Rate(numerator=after.completed, denominator=after.due),
        "adjustments": part.adjustments,
        **{
            key: Rate(numerator=getattr(covered, f"covered_{key}"), denominator=getattr(covered, key))
            for key in _COVERED
        },
    }


def _unclosed(ctx: Context, parent: Organisation, closed: int) -> Iterator[str]:
    below = select(func.count()).select_from(Organisation).where(Organisation.path.startswith(parent.path))
    missing = (ctx.session.scalar(below) or 0) - closed
    if missing:
        yield f"其中 {missing} 个机构该月尚未月结，未计入。"


def _parts(ctx: Context, parent: Organisation, month: date) -> dict[str, MonthEnd]:
    """Return what is frozen of each organisation at or below ``parent``, by path, in two queries."""
    changes = _changes(ctx, parent, month)
    statement = (
        select(Organisation.path, MonthFigure)
        .join(MonthFigure, MonthFigure.organisation_id == Organisation.id)
        .where(MonthFigure.month == month, is_read(ctx, MonthFigure.organisation_id, parent, own=False))
    )
    return {path: _part(figure, changes[path]) for path, figure in ctx.session.execute(statement)}


def _part(figure: MonthFigure, changes: dict[Change, int]) -> MonthEnd:
    frozen = Counts(**{name.value: getattr(figure, name) for name in FROZEN})
    covered = Coverage(**{each.name: getattr(figure, each.name) for each in fields(Coverage)})
    return MonthEnd(frozen=frozen, after=adjusted(frozen, changes), covered=covered, adjustments=sum(changes.values()))


def _changes(ctx: Context, parent: Organisation, month: date) -> dict[str, dict[Change, int]]:
    kinds = (MonthAdjustment.was, MonthAdjustment.became, MonthAdjustment.special)
    statement = (
        select(Organisation.path, *kinds, func.count())
        .join(MonthAdjustment, MonthAdjustment.organisation_id == Organisation.id)
        .where(MonthAdjustment.month == month, is_read(ctx, MonthAdjustment.organisation_id, parent, own=False))
        .group_by(Organisation.path, *kinds)
    )
    changes: dict[str, dict[Change, int]] = defaultdict(dict)
    for path, was, became, special, times in ctx.session.execute(statement):
        changes[path][Change(was, became, special)] = times
    return changes


def adjustments(
    ctx: Context,
    *,
    organisation_id: UUID,
    month: date,
    measure: str,  # noqa: ARG001 - there is one
    own: bool,
) -> Select[*tuple[Any, ...]]:
    """Return the changes that came after the closing, in their order.

    Raises:
        NotFound: the organisation is out of the actor's scope.
    """
    parent = queries.get_readable(ctx, organisation_id)
    is_there = is_read(ctx, MonthAdjustment.organisation_id, parent, own=own)
    return (
        select(
            *MonthAdjustment.__table__.columns,
            Organisation.name.label("organisation_name"),
            Checkpoint.code.label("checkpoint_code"),
            Checkpoint.name.label("checkpoint_name"),
        )
        .join(Organisation, Organisation.id == MonthAdjustment.organisation_id)
        .join(Checkpoint, Checkpoint.id == MonthAdjustment.checkpoint_id)
        .where(MonthAdjustment.month == month, is_there)
    )


def tasks(ctx: Context, *, organisation_id: UUID, month: date, measure: str, own: bool) -> Select[*tuple[Any, ...]]:
    """Return the tasks behind one number: as they were when the month was closed, or as they are.

    Raises:
        NotFound: the organisation is out of the actor's scope.
    """
    parent = queries.get_readable(ctx, organisation_id)
    now = {name: measure for measure, name in ADJUSTED.items()}
    first = _first_changes(ctx, parent, month, own=own)
    unchanged = ~exists().where(first.c.task_id == Task.id, first.c.organisation_id == Task.organisation_id)
    is_frozen = exists().where(MonthFigure.organisation_id == Task.organisation_id, MonthFigure.month == month)
    stands = and_(
        is_read(ctx, Task.organisation_id, parent, own=own),
        is_frozen,
        Task.due_on.between(month, month_of(month).end),
        Task.state.not_in(LEFT_OUT),
        Task.backfilled.is_(False),
    )
    special = Task.inspection_type == InspectionType.SPECIAL
    outcome = case((Task.state.in_(DONE), Task.state), else_="overdue")
    if measure in now:
        behind = and_(stands, _counts(now[measure], outcome, special))
    else:
        were = select(first.c.task_id).where(_counts(Measure(measure), first.c.was, first.c.special))
        behind = or_(Task.id.in_(were), and_(stands, unchanged, _counts(Measure(measure), outcome, special)))
    return duties.listed(ctx, behind)


def _first_changes(ctx: Context, parent: Organisation, month: date, *, own: bool) -> Subquery:
    """Return what each task was in an organisation when its month was closed there; None: not there, or not counted."""
    place = (MonthAdjustment.task_id, MonthAdjustment.organisation_id)
    is_there = is_read(ctx, MonthAdjustment.organisation_id, parent, own=own)
    return (
        select(*place, MonthAdjustment.was, MonthAdjustment.special)
        .where(MonthAdjustment.month == month, MonthAdjustment.task_id.is_not(None), is_there)
        .ext(distinct_on(*place))
        .order_by(*place, MonthAdjustment.id)
        .subquery()
    )


def _counts(measure: Measure, outcome: Any, special: Any) -> ColumnElement[bool]:
    """Return that a task of this outcome is counted in ``measure``."""
    done = outcome.in_(DONE)
    return {
        Measure.DUE: and_(~special, outcome.is_not(None)),
        Measure.COMPLETED: and_(~special, done),
        Measure.ON_TIME: and_(~special, outcome == "done"),
        Measure.OVERDUE: and_(~special, outcome == "overdue"),
        Measure.SPECIAL: and_(special, outcome.is_not(None)),
        Measure.SPECIAL_COMPLETED: and_(special, done),
    }[measure]


REPORT = Report(
    code=CODE,
    title=TITLE,
    summary="The frozen figures of a month, by organisation, and what became of them.",
    query=schemas.MonthQuery,
    table=table,
    lists=(
        Listing(
            path="tasks",
            summary="List the tasks behind one number of the month's report.",
            query=schemas.FrozenTasksQuery,
            out=schemas.TaskRowSchema,
            by=(Task.due_on, Task.id),
            rows=tasks,
        ),
        Listing(
            path="checkpoints",
            summary="List the checkpoints behind one number of the month's coverage.",
            query=schemas.KeptQuery,
            out=schemas.CoveredCheckpointSchema,
            by=(Checkpoint.code, MonthCheckpoint.organisation_id),
            rows=kept.checkpoints,
        ),
        Listing(
            path="customers",
            summary="List the customers behind one number of the month's coverage.",
            query=schemas.KeptQuery,
            out=schemas.CoveredCustomerSchema,
            by=(Customer.name, Customer.id, MonthCustomer.organisation_id),
            rows=kept.customers,
            summed=("balance",),
        ),
        Listing(
            path="adjustments",
            summary="List what changed after the month was closed.",
            query=schemas.AdjustmentsQuery,
            out=schemas.AdjustmentSchema,
            by=(MonthAdjustment.id,),
            rows=adjustments,
        ),
    ),
)
