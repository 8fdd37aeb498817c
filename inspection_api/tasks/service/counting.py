"""Visits that were there before their task: it is as if it had been made in time (domain.md §1.7, §1.8, §1.10.1).

Phones may push before the first run after a downtime, a rule may begin in the midst of a month that somebody has used,
and what an exit had cancelled may come back. A run 0, 1 or 5 times a day leaves the same tasks in the same states.
"""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.core.periods import Period, local_day
from inspection_api.tasks import queries, rules
from inspection_api.tasks.rules import DONE, Visit
from inspection_api.tasks.service.closing import with_roles, write_tasks

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.tasks.rules import Closing

# In the order in which they were accepted. OFFSET 0 lets the index answer for each task.
_EARLIER = text(
    """
    SELECT t.id, t.rule_id, v.*
    FROM task t
    CROSS JOIN LATERAL (
        SELECT inspection_id, checkpoint_id, performed_on, template_family, channel, officer_id, accepted_at, id AS seq
        FROM visit
        WHERE checkpoint_id = t.checkpoint_id AND performed_on <= COALESCE(t.makeup_until, t.window_end_on)
          AND performed_on >= COALESCE(t.credit_from, t.period_start)
        OFFSET 0) v
    WHERE t.id = ANY (CAST(:made AS uuid[]) || CAST(:others AS uuid[]))
      AND COALESCE(t.credit_from, t.period_start) <= :today
      AND NOT EXISTS (SELECT FROM task used WHERE used.closed_by = v.inspection_id AND used.rule_id = t.rule_id)
    ORDER BY t.rule_id, v.accepted_at, v.seq
    """
)
_COUNT = text(
    """
    UPDATE visit v SET task_id = c.task_id, counted = true
    FROM unnest(CAST(:inspection_ids AS uuid[]), CAST(:task_ids AS uuid[])) AS c (inspection_id, task_id)
    WHERE v.inspection_id = c.inspection_id AND NOT v.counted
    """
)


def count_earlier(ctx: Context, made: Sequence[Any]) -> None:
    """Let visits close or exempt the tasks in these one or two arrays of ids, which were not there when they came."""
    if not made:
        return
    values = {"made": made[0], "others": made[-1], "today": local_day(ctx.now)}
    found = ctx.session.execute(_EARLIER, values).all()
    pairs = [pair for _, group in groupby(found, key=attrgetter("rule_id")) for pair in _decided(ctx, list(group))]
    if pairs:
        write_tasks(ctx, pairs)
        _count(ctx, [closing for _, closing in pairs])


def _decided(ctx: Context, rows: Sequence[Row[Any]]) -> Iterator[tuple[Visit, Closing]]:
    """Yield the visits that do something to the new tasks of one rule."""
    days = Period(start=min(row.performed_on for row in rows), end=max(row.performed_on for row in rows))
    terms = [task.terms for task in queries.lock_tasks(ctx.session, days=days, task_ids={row.id for row in rows})]
    visits = with_roles(ctx, list({row.inspection_id: _visit(row) for row in rows}.values()), terms)
    for visit, closing in zip(visits, rules.decide_closings(visits, terms), strict=True):
        if closing.outcomes:
            yield visit, closing


def _visit(row: Row[Any]) -> Visit:
    return Visit(
        inspection_id=row.inspection_id,
        checkpoint_id=row.checkpoint_id,
        performed_on=row.performed_on,
        template_family=row.template_family,
        channel=row.channel,
        officer_id=row.officer_id,
    )


def _count(ctx: Context, closings: Sequence[Closing]) -> None:
    """Write down what the visits count for; one event each tells of those that completed their task."""
    ids = {"inspection_ids": [each.inspection_id for each in closings], "task_ids": [each.task_id for each in closings]}
    ctx.session.execute(_COUNT, ids)
    for each in closings:
        if each.state in DONE:
            ctx.record("visit.counted", inspection_id=str(each.inspection_id), task_id=str(each.task_id))
