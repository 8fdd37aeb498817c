"""Write down which tasks nobody did (domain.md §1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from inspection_api.core.periods import local_day
from inspection_api.tasks import rules

if TYPE_CHECKING:
    from inspection_api.core.context import Context

MOST_AT_ONCE = 5000
"""No transaction writes more synced rows than this (sync.md §5)."""

# What is materialised is chosen once: a join that looked again and again would find others behind the limit each time.
# Phones that were offline have ``late_sync_hours`` left after the window, and after the days of a 补检. A campaign has
# no 补检, and the usual hours.
_MISS = text(
    """
    WITH s AS MATERIALIZED (
          SELECT w.id FROM task w
          LEFT JOIN inspection_rule_version v ON v.rule_id = w.rule_id AND v.number = w.rule_version
          WHERE w.state = ANY (CAST(:before AS text[])) AND w.window_end_on < :today
            AND w.window_end_on + COALESCE(v.makeup_days, 0)
                < CAST((CAST(:now AS timestamptz) - make_interval(hours => COALESCE(v.late_sync_hours, 72)))
                       AT TIME ZONE 'Asia/Shanghai' AS date)
          ORDER BY w.id LIMIT :at_most FOR NO KEY UPDATE OF w)
    UPDATE task t SET state = 'missed' FROM s
    WHERE t.id = s.id
    RETURNING t.id
    """
)


def sweep(ctx: Context, *, at_most: int = MOST_AT_ONCE) -> int:
    """Mark the open tasks as missed whose window, makeup and time for late phones are over; return how many (§1.8).

    Idempotent. Call again, in a new transaction, while it returns ``at_most``.
    """
    values = {
        "now": ctx.now,
        "today": local_day(ctx.now),
        "before": [state.value for state in rules.states_before(rules.State.MISSED)],
        "at_most": at_most,
    }
    missed = ctx.session.scalars(_MISS, values).all()
    for task_id in missed:
        ctx.record("task.missed", task_id=str(task_id))
    return len(missed)
