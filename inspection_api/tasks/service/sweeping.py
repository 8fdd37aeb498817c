"""Write down which tasks nobody did (domain.md §1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from inspection_api.tasks import queries, rules

if TYPE_CHECKING:
    from inspection_api.core.context import Context

MOST_AT_ONCE = 5000
"""No transaction writes more synced rows than this (sync.md §5)."""

_MISS = text(
    """
    UPDATE task t SET state = 'missed'
    FROM (SELECT w.id FROM task w
          JOIN inspection_rule r ON r.id = w.rule_id
          JOIN unnest(CAST(:hours AS int[]), CAST(:days AS date[])) AS late (hours, day)
               ON late.hours = r.late_sync_hours
          WHERE w.state = ANY (CAST(:before AS text[])) AND w.window_end_on < late.day
          ORDER BY w.id LIMIT :at_most FOR NO KEY UPDATE OF w) s
    WHERE t.id = s.id
    RETURNING t.id
    """
)


def sweep(ctx: Context, *, at_most: int = MOST_AT_ONCE) -> int:
    """Mark the open tasks as missed whose window and time for late phones are over; return how many.

    Idempotent. Call again, in a new transaction, while it returns ``at_most``.
    """
    hours = queries.late_sync_hours(ctx.session)
    values = {
        "hours": hours,
        "days": [rules.missed_before(ctx.now, late) for late in hours],
        "before": [state.value for state in rules.states_before(rules.State.MISSED)],
        "at_most": at_most,
    }
    missed = ctx.session.scalars(_MISS, values).all()
    for task_id in missed:
        ctx.record("task.missed", task_id=str(task_id))
    return len(missed)
