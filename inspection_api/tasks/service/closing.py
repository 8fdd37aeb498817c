"""What accepted visits do to tasks (domain.md §1.8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace
from sqlalchemy import text

from inspection_api.accounts.queries import roles_held
from inspection_api.core.ids import new_id
from inspection_api.core.periods import Period
from inspection_api.tasks import queries, rules

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.tasks.rules import Closing, State, TaskTerms, Visit

_CLOSE = text(
    """
    UPDATE task t SET state = c.state, closed_by = c.inspection_id, performed_on = c.performed_on,
           reason = CASE WHEN c.state = 'exempt' THEN 'history' END
    FROM unnest(CAST(:task_id AS uuid[]), CAST(:state AS text[]), CAST(:inspection_id AS uuid[]),
                CAST(:performed_on AS date[])) AS c (task_id, state, inspection_id, performed_on)
    WHERE t.id = c.task_id
    """
)

_VISITS = text(
    """
    INSERT INTO visit (id, checkpoint_id, template_family, channel, performed_on, inspection_id, officer_id, task_id,
                       counted, accepted_at)
    SELECT v.*, CAST(:accepted_at AS timestamptz)
    FROM unnest(CAST(:id AS uuid[]), CAST(:checkpoint_id AS uuid[]), CAST(:template_family AS text[]),
                CAST(:channel AS text[]), CAST(:performed_on AS date[]), CAST(:inspection_id AS uuid[]),
                CAST(:officer_id AS uuid[]), CAST(:task_id AS uuid[]), CAST(:counted AS boolean[])) AS v
    """
)

_START = text(
    """
    UPDATE task t SET state = 'in_progress'
    FROM (SELECT id FROM task WHERE id = ANY (CAST(:task_ids AS uuid[])) AND state = ANY (CAST(:before AS text[]))
          ORDER BY id FOR NO KEY UPDATE) s
    WHERE t.id = s.id
    """
)


def close(ctx: Context, visits: Sequence[Visit]) -> list[Closing]:
    """Decide and write what newly accepted visits do, in their order, under the locks of the tasks concerned.

    Each visit is written down once, whether it counts or is extra. Three statements for any number of visits; the
    answer has one `Closing` per visit. An inspection must not be given twice (``visit.inspection_id`` is unique).
    """
    if not visits:
        return []
    ctx.session.flush()
    days = Period(start=min(item.performed_on for item in visits), end=max(item.performed_on for item in visits))
    points = {item.checkpoint_id for item in visits}
    locked = queries.lock_tasks(ctx.session, days=days, checkpoint_ids=points)
    terms = [task.terms for task in locked]
    visits = with_roles(ctx, visits, terms)
    closings = rules.decide_closings(visits, terms)
    pairs = list(zip(visits, closings, strict=True))
    write_tasks(ctx, pairs)
    ctx.session.execute(_VISITS, {"accepted_at": ctx.now, **_columns([_visit_row(*pair) for pair in pairs])})
    return closings


def with_roles(ctx: Context, visits: Sequence[Visit], tasks: Sequence[TaskTerms]) -> Sequence[Visit]:
    """Return the visits with the roles that their officers held on their days, where a rule asks; else ask nothing."""
    if not any(task.performing_role for task in tasks):
        return visits
    held = roles_held(ctx.session, {visit.officer_id for visit in visits if visit.officer_id})
    return [
        replace(visit, roles=frozenset(row.role for row in held if row.user_id == visit.officer_id and _on(row, visit)))
        for visit in visits
    ]


def _on(row: Row[UUID, str, date, date | None], visit: Visit) -> bool:
    return bool(row.valid_from <= visit.performed_on <= (row.valid_to or visit.performed_on))


def start(ctx: Context, task_ids: Iterable[UUID]) -> None:
    """Mark pending tasks as begun (a draft of their inspection arrived); anything further on stays as it is."""
    before = [state.value for state in rules.states_before(rules.State.IN_PROGRESS)]
    ctx.session.execute(_START, {"task_ids": list(task_ids), "before": before})


def write_tasks(ctx: Context, pairs: Sequence[tuple[Visit, Closing]]) -> None:
    """Write what visits do to locked tasks; one event for each task."""
    rows = [_task_row(visit, *each) for visit, closing in pairs for each in closing.outcomes.items()]
    if rows:
        ctx.session.execute(_CLOSE, _columns(rows))
    for row in rows:
        data = {"task_id": str(row["task_id"]), "inspection_id": str(row["inspection_id"]), "state": row["state"]}
        ctx.record("task.closed", **data)


def _task_row(visit: Visit, task_id: UUID, state: State) -> dict[str, Any]:
    return {
        "task_id": task_id,
        "state": state.value,
        "inspection_id": visit.inspection_id,
        "performed_on": visit.performed_on,
    }


def _visit_row(visit: Visit, closing: Closing) -> dict[str, Any]:
    return {
        "id": new_id(),
        "checkpoint_id": visit.checkpoint_id,
        "template_family": visit.template_family,
        "channel": visit.channel,
        "performed_on": visit.performed_on,
        "inspection_id": visit.inspection_id,
        "officer_id": visit.officer_id,
        "task_id": closing.task_id,
        "counted": closing.state is not None,
    }


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
