"""Which open tasks go when their checkpoint leaves, moves, or their rule changes (domain.md §1.3, §1.5, §1.10)."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from inspection_api.core.periods import local_day
from inspection_api.plans.queries import versions_by_rule
from inspection_api.plans.rules import PlanTerms, decide_outcome, stop_of
from inspection_api.plans.rules.exits import Outcome
from inspection_api.tasks.errors import ExitWouldErase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.plans.rules import RequiredTask, Version
    from inspection_api.tasks.queries import PlanToRun


class Reason(StrEnum):
    """Why a task was cancelled."""

    EXIT = "exit"
    TRANSFERRED = "transferred"
    REACTIVATED = "reactivated"
    EXIT_WITHDRAWN = "exit_withdrawn"
    REMOVED = "removed"
    RULE_CHANGED = "rule_changed"
    PLAN_ENDED = "plan_ended"
    CAMPAIGN_CANCELLED = "campaign_cancelled"


REVOCABLE = (
    *(Reason.EXIT, Reason.EXIT_WITHDRAWN, Reason.TRANSFERRED),
    *(Reason.REMOVED, Reason.RULE_CHANGED, Reason.PLAN_ENDED),
)
"""The reasons that may pass: the task comes back if the rules require it after all."""

_SHOWN = 3
_LEFT = text(
    """
    SELECT t.id, t.checkpoint_id, t.period_end, t.due_on, m.left_on, m.exit_approved_on, t.rule_id, t.rule_version,
           p.start_on, p.end_on, p.recorded_on
    FROM task t
    JOIN plan_membership m ON m.id = t.episode_id AND m.left_reason = 'exit'
    JOIN plan p ON p.id = m.plan_id
    WHERE t.checkpoint_id = ANY (CAST(:checkpoint_ids AS uuid[])) AND t.kind <> 'exit'
      AND t.state IN ('pending', 'in_progress')
    ORDER BY t.id FOR NO KEY UPDATE OF t
    """
)
_EXIT_CHECKS = text(
    """
    SELECT id FROM task
    WHERE checkpoint_id = ANY (CAST(:checkpoint_ids AS uuid[])) AND kind = 'exit'
      AND state IN ('pending', 'in_progress') AND due_on >= :today
    ORDER BY id FOR NO KEY UPDATE
    """
)
_CHECKS_AHEAD = text(
    """
    SELECT id FROM task
    WHERE checkpoint_id = ANY (CAST(:checkpoint_ids AS uuid[])) AND kind = 'exit'
      AND state IN ('pending', 'in_progress') AND period_start > :today
    ORDER BY id FOR NO KEY UPDATE
    """
)
# What was due before the day of the move stays with whom it was overdue.
_MOVED = text(
    """
    SELECT t.id, n.id AS episode_id, q.id AS plan_id, q.organisation_id
    FROM task t
    JOIN plan_membership m ON m.id = t.episode_id AND m.left_reason = 'transferred'
    LEFT JOIN (plan_membership n JOIN plan q ON q.id = n.plan_id AND q.active)
         ON n.checkpoint_id = t.checkpoint_id AND n.left_on IS NULL AND q.rule_id = t.rule_id
        AND q.start_on <= t.period_start AND (q.end_on IS NULL OR q.end_on >= t.period_end)
    WHERE t.checkpoint_id = ANY (CAST(:checkpoint_ids AS uuid[])) AND t.state IN ('pending', 'in_progress')
      AND t.due_on >= m.left_on
    ORDER BY t.id FOR NO KEY UPDATE OF t
    """
)
_REMOVED = text(
    """
    SELECT t.id FROM task t JOIN plan_membership m ON m.id = t.episode_id
    WHERE m.id = ANY (CAST(:episode_ids AS uuid[])) AND t.state IN ('pending', 'in_progress') AND t.due_on >= m.left_on
    ORDER BY t.id FOR NO KEY UPDATE OF t
    """
)
_FOLLOW = text(
    """
    UPDATE task t SET plan_id = f.plan_id, episode_id = f.episode_id, organisation_id = f.organisation_id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:plan_ids AS uuid[]), CAST(:episode_ids AS uuid[]),
                CAST(:organisation_ids AS uuid[])) AS f (id, plan_id, episode_id, organisation_id)
    WHERE t.id = f.id
    """
)
# Also what began while nothing ran, although other terms were to hold from its first day on: a run in time would have
# replaced it, and downtime changes nothing (§1.10.1).
_AHEAD = text(
    """
    SELECT t.id, t.episode_id, t.kind, t.period_start, t.period_end, t.due_on, t.rule_version
    FROM task t JOIN plan_membership m ON m.id = t.episode_id
    WHERE m.id = ANY (CAST(:episode_ids AS uuid[]))
      AND (t.period_start > :as_of OR t.period_start >= m.recompute_from
           OR (t.kind = 'regular' AND t.state = 'pending'
               AND EXISTS (SELECT FROM inspection_rule_version v
                           WHERE v.rule_id = t.rule_id AND v.number > t.rule_version AND v.since <= t.period_start)))
      AND (t.state IN ('pending', 'in_progress') OR (t.state = 'missed' AND m.recompute_from IS NOT NULL))
    ORDER BY t.id FOR NO KEY UPDATE OF t
    """
)
_CANCEL = text(
    """
    UPDATE task t SET state = 'cancelled', reason = c.reason
    FROM unnest(CAST(:ids AS uuid[]), CAST(:reasons AS text[])) AS c (id, reason)
    WHERE t.id = c.id
    """
)


def cancel(ctx: Context, reasons: Mapping[UUID, Reason]) -> None:
    """Cancel open tasks whose rows the caller has locked; one event each says why."""
    if not reasons:
        return
    ctx.session.execute(_CANCEL, {"ids": list(reasons), "reasons": [reason.value for reason in reasons.values()]})
    for task_id, reason in reasons.items():
        ctx.record("task.cancelled", task_id=str(task_id), reason=reason.value)


def on_checkpoints_exited(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.exited``, after the episodes: the table of §1.5 for every open task.

    Raises:
        ExitWouldErase: tasks fell due between the exit's day and its approval, and the approver did not say so.
    """
    ctx.session.flush()
    _ensure_known(events, drop_after_exit(ctx, _checkpoints(events)))


def drop_after_exit(ctx: Context, checkpoint_ids: Sequence[UUID]) -> list[Row[Any]]:
    """Cancel the open tasks that an exit has ended; return those that stay only because it was approved so late."""
    versions = versions_by_rule(ctx.session)
    left = ctx.session.execute(_LEFT, {"checkpoint_ids": list(checkpoint_ids)}).all()
    owed = {row.id: _outcome(row, versions[row.rule_id], row.exit_approved_on) is Outcome.STAYS for row in left}
    cancel(ctx, dict.fromkeys([row.id for row in left if not owed[row.id]], Reason.EXIT))
    return [
        row for row in left if owed[row.id] and _outcome(row, versions[row.rule_id], row.left_on) is Outcome.CANCELLED
    ]


def _ensure_known(events: Sequence[Recorded], saved: Sequence[Row[Any]]) -> None:
    """Refuse an approval of whoever does not know that only its day saves these tasks (§1.5, issue 4)."""
    unaware = {event.data["checkpoint_id"] for event in events if not event.data.get("keeps_overdue", True)}
    found = [row.due_on for row in saved if str(row.checkpoint_id) in unaware]
    if found:
        days = "、".join(day.isoformat() for day in sorted(set(found))[:_SHOWN])
        told = f"{len(found)} 项任务已于 {days} 到期，退出后仍按逾期计；确认请设 keep_overdue"
        raise ExitWouldErase(fields={"effective_on": told}, tasks=len(found))


def _outcome(row: Row[Any], versions: Sequence[Version], approved_on: date) -> Outcome:
    plan = PlanTerms(start=row.start_on, end=row.end_on, recorded_on=row.recorded_on)
    return decide_outcome(
        period_end=row.period_end,
        due_on=row.due_on,
        left_on=row.left_on,
        stops_on=stop_of(versions, plan, row.left_on),
        approved_on=approved_on,
    )


def on_checkpoints_reactivated(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.reactivated``: the checks after the exit that are not overdue are not needed (§1.6)."""
    values = {"checkpoint_ids": _checkpoints(events), "today": local_day(ctx.now)}
    ids = ctx.session.scalars(_EXIT_CHECKS, values).all()
    cancel(ctx, dict.fromkeys(ids, Reason.REACTIVATED))


def on_exits_withdrawn(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.exit_withdrawn``: a scheduled exit was called off, so nothing is checked after it.

    At once: a run that comes late would find them begun. Rounds that the exit cancelled come back with the next run.
    """
    values = {"checkpoint_ids": _checkpoints(events), "today": local_day(ctx.now)}
    ids = ctx.session.scalars(_CHECKS_AHEAD, values).all()
    cancel(ctx, dict.fromkeys(ids, Reason.EXIT_WITHDRAWN))


def on_checkpoints_transferred(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.transferred``, after the episodes: open tasks follow into the same rule's plan (§1.3)."""
    ctx.session.flush()
    follow_transfer(ctx, _checkpoints(events))


def follow_transfer(ctx: Context, checkpoint_ids: Sequence[UUID]) -> None:
    """Let the open tasks of checkpoints that have moved follow, or cancel them where there is no such plan."""
    rows = ctx.session.execute(_MOVED, {"checkpoint_ids": list(checkpoint_ids)}).all()
    follow = [row for row in rows if row.episode_id is not None]
    if follow:
        names = ("id", "plan_id", "episode_id", "organisation_id")
        ctx.session.execute(_FOLLOW, {f"{name}s": [getattr(row, name) for row in follow] for name in names})
    cancel(ctx, dict.fromkeys([row.id for row in rows if row.episode_id is None], Reason.TRANSFERRED))


def on_members_removed(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.left_plan``: what is not overdue goes with the membership."""
    ctx.session.flush()
    drop_after_removal(ctx, [UUID(event.data["membership_id"]) for event in events])


def drop_after_removal(ctx: Context, episode_ids: Sequence[UUID]) -> None:
    """Cancel the open tasks of memberships that ended before they fell due."""
    ids = ctx.session.scalars(_REMOVED, {"episode_ids": list(episode_ids)}).all()
    cancel(ctx, dict.fromkeys(ids, Reason.REMOVED))


def drop_unrequired(ctx: Context, as_of: date, stays: Mapping[UUID, tuple[PlanToRun, Sequence[RequiredTask]]]) -> None:
    """Cancel the tasks of these episodes that have not begun and are not required as they are.

    A started period keeps its terms (§1.10.2), unless it is recomputed with other days (§1.10.3) or other terms had
    been set before it started. What is required with other terms is made anew afterwards.
    """
    wanted = {
        (episode_id, task.kind.value, task.period.start): (task.version, task.period.end, task.due_on)
        for episode_id, (_, tasks) in stays.items()
        for task in tasks
    }
    ahead = ctx.session.execute(_AHEAD, {"episode_ids": list(stays), "as_of": as_of})
    gone = [row for row in ahead if not _stands(row, as_of, wanted.get((row.episode_id, row.kind, row.period_start)))]
    cancel(ctx, {row.id: _reason(stays[row.episode_id][0], row) for row in gone})


def _stands(row: Row[Any], as_of: date, wanted: tuple[int, date, date] | None) -> bool:
    """Tell whether a task is required as it is; one that has begun keeps its version."""
    if wanted is None or wanted[1:] != (row.period_end, row.due_on):
        return False
    return bool(row.period_start <= as_of or wanted[0] == row.rule_version)


def _reason(plan: PlanToRun, row: Row[Any]) -> Reason:
    has_ended = plan.terms.end is not None and row.period_end > plan.terms.end
    return Reason.PLAN_ENDED if has_ended else Reason.RULE_CHANGED


def _checkpoints(events: Iterable[Recorded]) -> list[UUID]:
    return [UUID(event.data["checkpoint_id"]) for event in events]
