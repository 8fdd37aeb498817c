"""Reads of the tasks slice: what an actor sees, what a visit may close, what a run has to make."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import and_, select, text
from sqlalchemy.orm import with_expression

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import UserAccount
from inspection_api.accounts.queries import in_subtree, visible
from inspection_api.core.periods import Period, local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among
from inspection_api.customers.models import Customer
from inspection_api.customers.queries import at_or_below
from inspection_api.plans.models import InspectionRule
from inspection_api.plans.queries import versions_by_rule
from inspection_api.plans.rules import Episode, Exit, PlanTerms, Version
from inspection_api.tasks.models import RuleRecompute, Task, VisitAttempt
from inspection_api.tasks.rules import OPEN, Attempt, State, TaskTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import Session
    from sqlalchemy.sql.base import ExecutableOption

    from inspection_api.core.context import Actor

READ = Permission(Action.ONSITE, "read")

_LOCKED = text(
    """
    SELECT t.id, t.rule_id, t.checkpoint_id, t.customer_id, t.organisation_id, t.officer_id, t.template_version_id,
           t.state, t.period_start, t.period_end, t.due_on, COALESCE(t.makeup_until, t.window_end_on) AS window_end_on,
           t.credit_from, t.version, f.family, COALESCE(r.channels, '{onsite}') AS channels,
           COALESCE(r.min_gap_days, 0) AS min_gap_days, r.performing_role,
           b.performed_on AS previous_on, b.period_start AS previous_start
    FROM task t
    LEFT JOIN inspection_rule_version r ON r.rule_id = t.rule_id AND r.number = t.rule_version
    JOIN template_version v ON v.id = t.template_version_id
    JOIN template f ON f.id = COALESCE(r.template_id, v.template_id)
    LEFT JOIN LATERAL (
        SELECT earlier.performed_on, earlier.period_start FROM task earlier
        WHERE r.min_gap_days > 0 AND earlier.rule_id = t.rule_id AND earlier.checkpoint_id = t.checkpoint_id
          AND earlier.state IN ('done', 'done_late') AND earlier.period_start < t.period_start
        ORDER BY earlier.period_start DESC, earlier.performed_on DESC LIMIT 1) b ON true
    WHERE t.id = ANY (CAST(:task_ids AS uuid[]))
       OR (t.checkpoint_id = ANY (CAST(:checkpoint_ids AS uuid[]))
           AND COALESCE(t.makeup_until, t.window_end_on) >= :first_day
           AND COALESCE(t.credit_from, t.period_start) <= :last_day)
    ORDER BY t.id
    FOR NO KEY UPDATE OF t
    """
)

_ATTEMPTS = text("SELECT id, officer_id, organisation_id FROM visit_attempt WHERE id = ANY (CAST(:ids AS uuid[]))")
_PLANS = text("SELECT id, rule_id, start_on, end_on, recorded_on FROM plan WHERE active ORDER BY id")
# Plan by plan, until there are enough: what comes later is neither sorted nor locked. What is done is passed by with a
# look or two at the index, for a bitmap would read again all that the earlier transactions of a run left dead.
_EPISODES = text(
    """
    SELECT h.plan_id, m.*
    FROM unnest(CAST(:plan_ids AS uuid[]), CAST(:horizons AS date[])) AS h (plan_id, horizon)
    CROSS JOIN LATERAL (
        SELECT m.id, m.joined_on, m.recorded_on, m.left_on, m.exit_type, m.exit_approved_on, m.returned_on,
               m.generated_through, m.recompute_from
        FROM plan_membership m
        WHERE m.plan_id = h.plan_id AND (m.generated_through IS NULL OR m.generated_through < h.horizon)
        ORDER BY m.id FOR NO KEY UPDATE) m
    WHERE EXISTS (SELECT FROM plan_membership n WHERE n.plan_id = h.plan_id AND n.generated_through IS NULL OFFSET 0)
       OR EXISTS (SELECT FROM plan_membership n
                  WHERE n.plan_id = h.plan_id AND n.generated_through < h.horizon OFFSET 0)
    LIMIT :most
    """
)


class LockedTask(msgspec.Struct, frozen=True, kw_only=True):
    """A task as it stands under its lock, with what a visit is authorised and judged by."""

    terms: TaskTerms
    period_end: date
    customer_id: UUID
    organisation_id: UUID
    template_version_id: UUID
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanToRun:
    """An active plan with the versions of its rule, by number."""

    id: UUID
    terms: PlanTerms
    versions: tuple[Version, ...]


class Stay(NamedTuple):
    """An episode whose tasks may be missing: those that begin by ``generated_through`` are there (None: perhaps none).

    A tuple, because a run of a big bank meets hundreds of thousands.
    """

    plan_id: UUID
    id: UUID
    joined_on: date
    recorded_on: date
    left_on: date | None
    exit_type: str | None
    exit_approved_on: date | None
    returned_on: date | None
    generated_through: date | None
    recompute_from: date | None

    @property
    def episode(self) -> Episode:
        """Return the stay as the value that the rules take."""
        left = None
        if self.exit_type is not None and self.exit_approved_on is not None:
            left = Exit(exit_type=self.exit_type, approved_on=self.exit_approved_on, returned_on=self.returned_on)
        recorded_on = min(self.recorded_on, self.recompute_from or self.recorded_on)
        return Episode(joined_on=self.joined_on, recorded_on=recorded_on, left_on=self.left_on, exit=left)


def is_overdue(today: date) -> ColumnElement[bool]:
    """Return the condition that a task is open past its due day (domain.md §1.2)."""
    return and_(Task.state.in_(OPEN), Task.due_on < today)


def visible_tasks(actor: Actor, now: datetime, permission: Permission = READ) -> Select[Task]:
    """Return the tasks of the actor's subtrees and those granted to him, each with ``overdue`` as of ``now``."""
    return (
        select(Task)
        .where(visible(Task, "task", actor, permission))
        .options(with_expression(Task.overdue, is_overdue(local_day(now))))
    )


def named_tasks(actor: Actor, now: datetime) -> Select[Task]:
    """Return the visible tasks, each with the names of what it names by id."""
    return visible_tasks(actor, now).options(
        _named(Task.checkpoint_name, Checkpoint, Task.checkpoint_id),
        _named(Task.customer_name, Customer, Task.customer_id),
        _named(Task.officer_name, UserAccount, Task.officer_id),
    )


def tasks_of(actor: Actor, now: datetime, filters: dict[str, Any]) -> Select[Task]:
    """Return the visible tasks with names, narrowed by every filter of `FILTERS` that is not None."""
    statement = named_tasks(actor, now)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(FILTERS[name](value, local_day(now)))
    return statement


def _named(name: Any, holder: Any, id_: Any) -> ExecutableOption:
    """Return the option that fills a task's ``name`` with the one of what it names by id."""
    return with_expression(name, select(holder.name).where(holder.id == id_).scalar_subquery())


FILTERS: dict[str, Callable[[Any, date], ColumnElement[bool]]] = {
    "state": lambda value, _: Task.state == value,
    "due_from": lambda value, _: Task.due_on >= value,
    "due_to": lambda value, _: Task.due_on <= value,
    "checkpoint_id": lambda value, _: Task.checkpoint_id == value,
    "campaign_id": lambda value, _: Task.campaign_id == value,
    "officer_id": lambda value, _: Task.officer_id == value,
    "overdue": lambda value, today: is_overdue(today) if value else ~is_overdue(today),
    "unassigned": lambda value, _: (
        and_(Task.officer_id.is_(None), Task.state.in_(OPEN)) if value else Task.officer_id.is_not(None)
    ),
    "open": lambda value, _: Task.state.in_(OPEN) if value else Task.state.not_in(OPEN),
    "organisation_id": lambda value, _: at_or_below(Task.organisation_id, value),
}
"""The filters of the list of tasks; each takes its value and the present day in Asia/Shanghai."""


def lock_tasks(
    session: Session, *, days: Period, checkpoint_ids: Iterable[UUID] = (), task_ids: Iterable[UUID] = ()
) -> list[LockedTask]:
    """Lock, in id order, the named tasks and those of the checkpoints that a visit on one of ``days`` may concern.

    One statement, ``FOR NO KEY UPDATE`` (sync.md §3); whatever the state, so that an extra visit finds its task.
    """
    values = {
        "task_ids": list(set(task_ids)),
        "checkpoint_ids": list(set(checkpoint_ids)),
        "first_day": days.start,
        "last_day": days.end,
    }
    return [_locked(row) for row in session.execute(_LOCKED, values)]


def _locked(row: Row[Any]) -> LockedTask:
    terms = TaskTerms(
        id=row.id,
        rule_id=row.rule_id,
        checkpoint_id=row.checkpoint_id,
        state=State(row.state),
        period_start=row.period_start,
        due_on=row.due_on,
        window_end_on=row.window_end_on,
        template_family=row.family,
        channels=frozenset(row.channels),
        min_gap_days=row.min_gap_days,
        previous_on=row.previous_on,
        previous_start=row.previous_start,
        credit_from=row.credit_from,
        performing_role=row.performing_role,
        officer_id=row.officer_id,
    )
    return LockedTask(
        terms=terms,
        period_end=row.period_end,
        customer_id=row.customer_id,
        organisation_id=row.organisation_id,
        template_version_id=row.template_version_id,
        version=row.version,
    )


def active_plans(session: Session) -> list[PlanToRun]:
    """Return every active plan with the versions of its rule, by id."""
    versions = versions_by_rule(session)
    return [
        PlanToRun(
            id=row.id,
            terms=PlanTerms(start=row.start_on, end=row.end_on, recorded_on=row.recorded_on),
            versions=versions[row.rule_id],
        )
        for row in session.execute(_PLANS)
    ]


def lock_stays(session: Session, horizons: Mapping[UUID, date], most: int) -> list[Stay]:
    """Lock and return the first episodes of these plans that have not been looked at up to their plan's horizon.

    An exit or a transfer waits until their tasks are made, or is seen here: either way none is made too many.
    """
    values = {"plan_ids": list(horizons), "horizons": list(horizons.values()), "most": most}
    return [Stay(*row) for row in session.execute(_EPISODES, values)]


def with_tasks(session: Session, episode_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these episodes have tasks already; without ids nothing is asked."""
    if not episode_ids:
        return set()
    return set(session.scalars(select(Task.episode_id).where(among(Task.episode_id, episode_ids)).distinct()))


def recomputes_of(actor: Actor, permission: Permission) -> Select[RuleRecompute]:
    """Return the recomputations of the rules that organisations of the actor's subtrees own."""
    owned = select(InspectionRule.id).where(in_subtree(InspectionRule.organisation_id, actor.paths(permission)))
    return select(RuleRecompute).where(RuleRecompute.rule_id.in_(owned))


def attempts_among(session: Session, ids: Collection[UUID]) -> dict[UUID, Attempt]:
    """Return the attempts among ``ids``; without ids nothing is asked."""
    if not ids:
        return {}
    rows = session.execute(_ATTEMPTS, {"ids": list(ids)})
    return {row.id: Attempt(id=row.id, officer_id=row.officer_id, organisation_id=row.organisation_id) for row in rows}


def attempts_of(*, task_id: UUID | None = None, checkpoint_id: UUID | None = None) -> Select[VisitAttempt]:
    """Return the attempts at one task, or all at one checkpoint, those without a task among them."""
    if task_id is not None:
        return select(VisitAttempt).where(VisitAttempt.task_id == task_id)
    return select(VisitAttempt).where(VisitAttempt.checkpoint_id == checkpoint_id)
