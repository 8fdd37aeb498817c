"""What goes wrong in the field, by where it is kept: tasks, attempts, quarantine, places, exits and alerts.

Each source says whose its rows are, who may read figures of them, and when one counts as which kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Date, Select, and_, cast, false, func, or_, select
from sqlalchemy.orm import aliased

from checkpoints.models import Checkpoint, CheckpointExit, CheckpointReset, ExitType
from checkpoints.rules.exits import ExitStatus
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import in_subtree, visible
from inspection_api.alerts.models import Alert
from inspection_api.core.periods import Period, day_start, local_day
from inspection_api.customers.models import Customer
from inspection_api.inspections.models import Inspection
from inspection_api.inspections.queries import in_reach
from inspection_api.inspections.rules import State as RecordState
from inspection_api.reports import duties, queries, scope, visits
from inspection_api.tasks.models import Task, VisitAttempt
from inspection_api.tasks.queries import is_overdue
from inspection_api.tasks.rules import State

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.orm import InstrumentedAttribute

    from inspection_api.core.context import Actor, Context
    from inspection_api.core.tables import Base

Rows = Select[*tuple[Any, ...]]
Conditions = Mapping[str, ColumnElement[bool]]
_NAMED = (
    Checkpoint.id.label("checkpoint_id"),
    Checkpoint.code.label("checkpoint_code"),
    Checkpoint.name.label("checkpoint_name"),
    Customer.name.label("customer_name"),
)
_A_YEAR = timedelta(days=365)
_MOST_RESETS = 2
"""How often a place may be given up in a year before it is worth a look (domain.md §3.4)."""
_LEFT = (ExitStatus.APPROVED, ExitStatus.REACTIVATED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Rows that may be incidents; ``organisation`` answers for each, ``kinds`` says which of a window are which.

    ``at`` names the checkpoint of a row that has no organisation itself: that of the checkpoint, as it is today.
    """

    model: type[Base]
    organisation: InstrumentedAttribute[UUID]
    at: InstrumentedAttribute[UUID] | None = None
    is_in_reach: Callable[[Actor], ColumnElement[bool]]
    kinds: Callable[[Period, date], Conditions]
    listed: Callable[[Context], Rows]


def counted(ctx: Context, source: Source, parent: Organisation, window: Period) -> dict[str, Mapping[str, int]]:
    """Return how many incidents of each kind the source holds, by the path of their row, in one query."""
    kinds = source.kinds(window, local_day(ctx.now))
    columns: list[ColumnElement[Any]] = [kind.label(name) for name, kind in kinds.items()]
    row_of = scope.rows_of(parent)
    rows: Rows = select(row_of.c.place, *columns).select_from(source.model)
    rows = rows if source.at is None else rows.join(Checkpoint, Checkpoint.id == source.at)
    rows = rows.join(row_of, row_of.c.id == source.organisation).where(or_(*kinds.values()))
    facts = _narrowed(ctx, source, parent, rows, own=False).subquery().c
    numbers = [func.count().filter(facts[name]).label(name) for name in kinds]
    found = ctx.session.execute(select(facts.place, *numbers).group_by(facts.place)).mappings()
    return {row["place"]: {name: row[name] for name in kinds} for row in found}


def listed(ctx: Context, source: Source, parent: Organisation, window: Period, kind: str, *, own: bool) -> Rows:
    """Return the incidents of one kind, with the names that people know them by."""
    rows = source.listed(ctx).where(source.kinds(window, local_day(ctx.now))[kind])
    return _narrowed(ctx, source, parent, rows, own=own)


def _narrowed(ctx: Context, source: Source, parent: Organisation, rows: Rows, *, own: bool) -> Rows:
    return rows.where(source.is_in_reach(ctx.actor), scope.held_by(source.organisation, parent, own=own))


def _instants(column: InstrumentedAttribute[Any], window: Period) -> ColumnElement[bool]:
    """Return the condition that an instant falls on a day of ``window``."""
    return and_(column >= day_start(window.start), column < day_start(window.end + timedelta(days=1)))


def _task_kinds(window: Period, today: date) -> Conditions:
    counted_once = and_(duties.due_in(window), Task.backfilled.is_(False))
    return {
        "missed": and_(counted_once, Task.state == State.MISSED),
        "overdue": and_(counted_once, is_overdue(today)),
        "exempted_by_exit": and_(counted_once, Task.state == State.CANCELLED, Task.reason == "exit"),
    }


TASKS = Source(
    model=Task,
    organisation=Task.organisation_id,
    is_in_reach=lambda actor: visible(Task, "task", actor, queries.READ),
    kinds=_task_kinds,
    listed=duties.listed,
)


def _own_or_below(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that an attempt was made in the actor's subtrees, or by himself."""
    mine = VisitAttempt.officer_id == actor.user_id if actor.may_own(queries.READ) else false()
    return or_(in_subtree(VisitAttempt.organisation_id, actor.paths(queries.READ)), mine)


def _attempts(_: Context) -> Rows:
    return (
        select(
            VisitAttempt.id,
            VisitAttempt.performed_at,
            VisitAttempt.reason,
            VisitAttempt.note,
            VisitAttempt.task_id,
            *_NAMED,
            Organisation.name.label("organisation_name"),
            UserAccount.name.label("officer_name"),
        )
        .join(Organisation, Organisation.id == VisitAttempt.organisation_id)
        .join(Checkpoint, Checkpoint.id == VisitAttempt.checkpoint_id)
        .join(Customer, Customer.id == Checkpoint.customer_id)
        .join(UserAccount, UserAccount.id == VisitAttempt.officer_id)
    )


ATTEMPTS = Source(
    model=VisitAttempt,
    organisation=VisitAttempt.organisation_id,
    is_in_reach=_own_or_below,
    kinds=lambda window, _: {
        reason: and_(VisitAttempt.reason == reason, _instants(VisitAttempt.performed_at, window))
        for reason in ("unmet", "refused")
    },
    listed=_attempts,
)


def _visit_kinds(window: Period, _: date) -> Conditions:
    """Return the conditions by the day of the visit, or by that of its submission while nobody knows the former."""
    undated = and_(Inspection.performed_on.is_(None), _instants(Inspection.submitted_at, window))
    dated = or_(Inspection.performed_on.between(window.start, window.end), undated)
    waits = and_(Inspection.state == RecordState.SUBMITTED, func.cardinality(Inspection.quarantine_codes) > 0)
    valid = Inspection.state.in_(visits.VALID)
    return {
        "waiting": and_(dated, waits),
        "excepted": and_(dated, valid, Inspection.excepted),
        "rejected": and_(dated, Inspection.state == RecordState.REFUSED),
        "valid": and_(dated, valid),
    }


VISITS = Source(
    model=Inspection,
    organisation=Inspection.organisation_id,
    is_in_reach=lambda actor: in_reach(actor, queries.READ),
    kinds=_visit_kinds,
    listed=lambda _: visits.listed(),
)


def _resets(_: Context) -> Rows:
    return (
        select(
            CheckpointReset.generation,
            CheckpointReset.reset_at,
            CheckpointReset.reason,
            *_NAMED,
            Organisation.name.label("organisation_name"),
            UserAccount.name.label("reset_by_name"),
        )
        .join(Checkpoint, Checkpoint.id == CheckpointReset.checkpoint_id)
        .join(Organisation, Organisation.id == Checkpoint.organisation_id)
        .join(Customer, Customer.id == Checkpoint.customer_id)
        .join(UserAccount, UserAccount.id == CheckpointReset.reset_by)
    )


def _reset_kinds(window: Period, _: date) -> Conditions:
    """Return the resets of a window, and those before which the checkpoint had two in a year (domain.md §3.4)."""
    earlier = aliased(CheckpointReset)
    within = and_(
        earlier.checkpoint_id == CheckpointReset.checkpoint_id,
        earlier.reset_at > CheckpointReset.reset_at - _A_YEAR,
        earlier.reset_at < CheckpointReset.reset_at,
    )
    before = select(func.count()).where(within).scalar_subquery()
    resets = _instants(CheckpointReset.reset_at, window)
    return {"resets": resets, "reset_often": and_(resets, before >= _MOST_RESETS)}


RESETS = Source(
    model=CheckpointReset,
    organisation=Checkpoint.organisation_id,
    at=CheckpointReset.checkpoint_id,
    is_in_reach=lambda actor: visible(Checkpoint, "checkpoint", actor, queries.READ),
    kinds=_reset_kinds,
    listed=_resets,
)


def _exit_kinds(window: Period, _: date) -> Conditions:
    left = and_(CheckpointExit.status.in_(_LEFT), CheckpointExit.effective_on.between(window.start, window.end))
    decided_on = cast(func.timezone("Asia/Shanghai", CheckpointExit.decided_at), Date)
    return {"exits": left, "back_dated": and_(left, CheckpointExit.effective_on < decided_on)}


def _exits(_: Context) -> Rows:
    return (
        select(
            CheckpointExit.id,
            CheckpointExit.effective_on,
            CheckpointExit.decided_at,
            CheckpointExit.status,
            CheckpointExit.exit_type,
            ExitType.label.label("exit_type_word"),
            CheckpointExit.reason,
            *_NAMED,
            Organisation.name.label("organisation_name"),
            UserAccount.name.label("proposed_by_name"),
        )
        .join(Checkpoint, Checkpoint.id == CheckpointExit.checkpoint_id)
        .join(Organisation, Organisation.id == Checkpoint.organisation_id)
        .join(Customer, Customer.id == Checkpoint.customer_id)
        .join(ExitType, ExitType.code == CheckpointExit.exit_type)
        .join(UserAccount, UserAccount.id == CheckpointExit.proposed_by)
    )


EXITS = Source(
    model=CheckpointExit,
    organisation=Checkpoint.organisation_id,
    at=CheckpointExit.checkpoint_id,
    is_in_reach=lambda actor: visible(Checkpoint, "checkpoint", actor, queries.READ),
    kinds=_exit_kinds,
    listed=_exits,
)


def _alerts(_: Context) -> Rows:
    return (
        select(
            Alert.id,
            Alert.rule,
            Alert.level,
            Alert.condition,
            Alert.handling,
            Alert.first_seen_on,
            Alert.customer_id,
            Customer.name.label("customer_name"),
            Organisation.name.label("organisation_name"),
        )
        .join(Customer, Customer.id == Alert.customer_id)
        .join(Organisation, Organisation.id == Alert.organisation_id)
    )


ALERTS = Source(
    model=Alert,
    organisation=Alert.organisation_id,
    is_in_reach=lambda actor: visible(Alert, "alert", actor, queries.READ),
    kinds=lambda window, _: {"alerts": Alert.first_seen_on.between(window.start, window.end)},
    listed=_alerts,
)
