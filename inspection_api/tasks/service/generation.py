"""Make the tasks that the rules require (domain.md §1.10): idempotent, and a few statements for a whole bank."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.core.ids import new_id
from inspection_api.plans.rules import history_credit, required_tasks
from inspection_api.tasks import queries
from inspection_api.tasks.service.assigning import assign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from inspection_api.core.context import Context
    from inspection_api.plans.models import InspectionRule, Plan
    from inspection_api.plans.rules import RequiredTask
    from inspection_api.tasks.queries import OpenEpisode

MOST_AT_ONCE = 5000
"""No transaction writes more synced rows than this (sync.md §5)."""

_INSERT = text(
    """
    INSERT INTO task (id, plan_id, rule_id, rule_version, episode_id, checkpoint_id, customer_id, kind, period_start,
                      period_end, due_on, window_end_on, credit_from, organisation_id, officer_id, template_version_id)
    SELECT n.id, p.id, r.id, r.version, m.id, c.id, c.customer_id, 'regular', n.period_start,
           n.period_end, n.due_on, n.window_end_on, n.credit_from, p.organisation_id, c.officer_id, v.id
    FROM unnest(CAST(:id AS uuid[]), CAST(:episode_id AS uuid[]), CAST(:period_start AS date[]),
                CAST(:period_end AS date[]), CAST(:due_on AS date[]), CAST(:window_end_on AS date[]),
                CAST(:credit_from AS date[]))
         AS n (id, episode_id, period_start, period_end, due_on, window_end_on, credit_from)
    JOIN plan_membership m ON m.id = n.episode_id
    JOIN plan p ON p.id = m.plan_id
    JOIN inspection_rule r ON r.id = p.rule_id
    JOIN checkpoint c ON c.id = m.checkpoint_id
    JOIN (SELECT DISTINCT ON (template_id) template_id, id FROM template_version
          WHERE status = 'published' ORDER BY template_id, number DESC) v ON v.template_id = r.template_id
    ON CONFLICT DO NOTHING
    RETURNING id, officer_id
    """
)

# The latest earlier visit that no other task of the same rule has used (domain.md §1.7).
_CREDIT = text(
    """
    WITH exempted AS (
        UPDATE task t
        SET state = 'exempt', reason = 'history', closed_by = e.inspection_id, performed_on = e.performed_on
        FROM (SELECT DISTINCT ON (n.id) n.id, v.inspection_id, v.performed_on
              FROM task n
              JOIN inspection_rule r ON r.id = n.rule_id
              JOIN template f ON f.id = r.template_id
              JOIN visit v ON v.checkpoint_id = n.checkpoint_id AND v.template_family = f.family
                   AND v.channel = ANY (r.channels)
                   AND v.performed_on >= n.credit_from AND v.performed_on < n.period_start
              WHERE n.id = ANY (CAST(:task_ids AS uuid[]))
                AND NOT EXISTS (SELECT 1 FROM task used
                                WHERE used.closed_by = v.inspection_id AND used.rule_id = n.rule_id)
              ORDER BY n.id, v.performed_on DESC, v.inspection_id) e
        WHERE t.id = e.id
        RETURNING t.id, t.closed_by
    )
    UPDATE visit v SET task_id = x.id, counted = true
    FROM exempted x
    WHERE v.inspection_id = x.closed_by AND NOT v.counted
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What one run made; not ``complete`` means that another transaction has to go on."""

    created: int
    complete: bool


def generate(ctx: Context, as_of: date, *, at_most: int = MOST_AT_ONCE) -> Generated:
    """Create the tasks that are missing on ``as_of``, the oldest period of each episode first, and assign them.

    Running it 0, 1 or 5 times a day, or after ten days of downtime, gives the same tasks. The officer of the
    checkpoint becomes the task's and holds a grant on it. Call again, in a new transaction, until it is complete.
    """
    missing = list(islice(_missing(ctx, as_of), at_most + 1))
    rows = missing[:at_most]
    created = ctx.session.execute(_INSERT, _columns(rows)).all() if rows else []
    if created:
        assign(ctx, [(row.id, row.officer_id) for row in created])
        ctx.session.execute(_CREDIT, {"task_ids": [row.id for row in created]})
        ctx.record("tasks.generated", as_of=as_of.isoformat(), created=len(created))
    return Generated(created=len(created), complete=len(missing) <= at_most or not created)


def _missing(ctx: Context, as_of: date) -> Iterator[dict[str, Any]]:
    episodes = queries.episodes_by_plan(ctx.session)
    for plan_id, (plan, rule) in queries.active_plans(ctx.session).items():
        yield from _missing_of(plan, rule, episodes.get(plan_id, []), as_of)


def _missing_of(
    plan: Plan, rule: InspectionRule, episodes: Sequence[OpenEpisode], as_of: date
) -> Iterator[dict[str, Any]]:
    """Yield a task's columns for every period later than the last one that its episode has a task for."""
    terms = rule.terms
    last_starts = {item.id: item.last_start for item in episodes}
    for task in required_tasks(terms, plan.terms, ((item.id, item.episode) for item in episodes), as_of):
        last_start = last_starts[task.episode_id]
        if last_start is None or task.period.start > last_start:
            credit = history_credit(terms, task.period) if task.is_first else None
            yield _row(task, credit.start if credit else None)


def _row(task: RequiredTask, credit_from: date | None) -> dict[str, Any]:
    return {
        "id": new_id(),
        "episode_id": task.episode_id,
        "period_start": task.period.start,
        "period_end": task.period.end,
        "due_on": task.due_on,
        "window_end_on": task.window_end_on,
        "credit_from": credit_from,
    }


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
