"""How the tasks of a generation are written: one statement for each table, whatever their number.

The database looks up by index what each stay names (``OFFSET 0`` keeps the planner from reading whole tables instead,
which are filled while they are read), and arrays of what was made go from statement to statement as it wrote them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from inspection_api.accounts import service as accounts
from inspection_api.core.ids import new_ids
from inspection_api.tasks.rules import Credit, decide_credits
from inspection_api.tasks.service.assigning import let_hold
from inspection_api.tasks.service.counting import count_earlier
from inspection_api.tasks.service.leaving import REVOCABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from sqlalchemy import Row, TextClause

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

TERMS = (
    *("kind", "version", "inspection_type", "period_start", "period_end", "due_on", "window_end_on"),
    *("credit_from", "backfilled"),
)
"""What a task says of its period: equal for the many stays that need the same."""

_WANTED = """
    form AS MATERIALIZED (
        SELECT r.rule_id, r.number, r.per_loan, r.performing_role, v.id AS template_version_id
        FROM inspection_rule_version r
        JOIN (SELECT DISTINCT ON (template_id) template_id, id FROM template_version
              WHERE status = 'published' ORDER BY template_id, number DESC) v ON v.template_id = r.template_id
    ),
    stay AS MATERIALIZED (
        SELECT n.sort, m.id AS episode_id, m.plan_id, p.rule_id, p.organisation_id,
               c.id AS checkpoint_id, c.customer_id, c.officer_id
        FROM unnest(CAST(:episode_ids AS uuid[]), CAST(:sorts AS int[])) AS n (id, sort)
        CROSS JOIN LATERAL (SELECT id, plan_id, checkpoint_id FROM plan_membership WHERE id = n.id OFFSET 0) m
        CROSS JOIN LATERAL (SELECT id, customer_id, officer_id FROM checkpoint
                            WHERE id = m.checkpoint_id AND archived_at IS NULL OFFSET 0) c
        CROSS JOIN LATERAL (SELECT rule_id, organisation_id FROM plan WHERE id = m.plan_id OFFSET 0) p
    ),
    wanted AS MATERIALIZED (
        SELECT s.*, t.*, (CAST(:ids AS uuid[]))[row_number() OVER ()] AS id
        FROM stay s
        JOIN unnest(CAST(:sort_of AS int[]), CAST(:kind AS text[]), CAST(:version AS int[]),
                    CAST(:inspection_type AS text[]), CAST(:period_start AS date[]), CAST(:period_end AS date[]),
                    CAST(:due_on AS date[]), CAST(:window_end_on AS date[]), CAST(:credit_from AS date[]),
                    CAST(:backfilled AS boolean[]))
             AS t (sort_of, kind, version, inspection_type, period_start, period_end, due_on, window_end_on,
                   credit_from, backfilled) ON t.sort_of = s.sort
    )"""
_MADE = """
    SELECT count(*) AS made, CAST(array_agg(id) AS text) AS ids, CAST(array_agg(officer_id) AS text) AS officers,
           CAST(array_agg(id) FILTER (WHERE credit_from IS NOT NULL) AS text) AS creditable,
           CAST(array_agg(id) FILTER (WHERE r.performing_role IS NOT NULL) AS text) AS by_role
    FROM made m
    JOIN form r ON r.rule_id = m.rule_id AND r.number = m.rule_version"""


def _statement(made: str) -> TextClause:
    """Return the statement that writes what is ``wanted`` by ``made`` and tells of it."""
    return text(f"WITH {_WANTED}, made AS ({made}) {_MADE}")


# A point has no second task of a rule for days that have one already: it came back, or over from another plan of the
# rule, or what has begun keeps other days than are required now.
_INSERT = _statement(
    """
        INSERT INTO task (id, plan_id, rule_id, rule_version, episode_id, checkpoint_id, customer_id, loan_id, kind,
                          inspection_type, period_start, period_end, due_on, window_end_on, credit_from, backfilled,
                          organisation_id, officer_id, template_version_id)
        SELECT CASE WHEN l.loan_id IS NULL THEN n.id ELSE gen_random_uuid() END, n.plan_id, n.rule_id, n.version,
               n.episode_id, n.checkpoint_id, n.customer_id, l.loan_id, n.kind, n.inspection_type, n.period_start,
               n.period_end, n.due_on, n.window_end_on, n.credit_from, n.backfilled, n.organisation_id,
               CASE WHEN r.performing_role IS NULL THEN n.officer_id
                    ELSE performer_of(n.checkpoint_id, r.performing_role, :today) END, r.template_version_id
        FROM wanted n
        JOIN form r ON r.rule_id = n.rule_id AND r.number = n.version
        LEFT JOIN LATERAL (SELECT cl.loan_id FROM checkpoint_loan cl JOIN loan ON loan.id = cl.loan_id
                           WHERE r.per_loan AND cl.checkpoint_id = n.checkpoint_id
                             AND loan.disbursed_on <= n.period_end OFFSET 0) l ON true
        WHERE NOT EXISTS (SELECT FROM task x
                          WHERE x.checkpoint_id = n.checkpoint_id AND x.rule_id = n.rule_id
                            AND x.kind = n.kind AND x.loan_id IS NOT DISTINCT FROM l.loan_id AND x.state <> 'cancelled'
                            AND x.period_start <= n.period_end AND x.period_end >= n.period_start OFFSET 0)
        ON CONFLICT DO NOTHING
        RETURNING id, officer_id, credit_from, rule_id, rule_version
    """
)

# What is required after all comes back with the terms of now: an exit was called off, a rule edited once more.
_REVIVE = _statement(
    """
        UPDATE task t
        SET state = 'pending', reason = NULL, rule_version = n.version, inspection_type = n.inspection_type,
            period_end = n.period_end, due_on = n.due_on, window_end_on = n.window_end_on, backfilled = n.backfilled,
            credit_from = n.credit_from,
            officer_id = CASE WHEN r.performing_role IS NULL THEN n.officer_id
                              ELSE performer_of(n.checkpoint_id, r.performing_role, :today) END
        FROM wanted n
        JOIN form r ON r.rule_id = n.rule_id AND r.number = n.version
        WHERE t.episode_id = n.episode_id AND t.kind = n.kind AND t.period_start = n.period_start
          AND t.state = 'cancelled' AND t.reason = ANY (CAST(:reasons AS text[]))
          AND (t.loan_id IS NULL) = (NOT r.per_loan OR NOT EXISTS (
              SELECT FROM checkpoint_loan cl JOIN loan ON loan.id = cl.loan_id
              WHERE cl.checkpoint_id = n.checkpoint_id AND loan.disbursed_on <= n.period_end))
          AND NOT EXISTS (SELECT FROM task x
                          WHERE x.checkpoint_id = t.checkpoint_id AND x.rule_id = t.rule_id AND x.kind = t.kind
                            AND x.loan_id IS NOT DISTINCT FROM t.loan_id AND x.state <> 'cancelled' AND x.id <> t.id
                            AND x.period_start <= n.period_end AND x.period_end >= n.period_start)
        RETURNING t.id, t.officer_id, t.credit_from, t.rule_id, t.rule_version
    """
)

# Visits from before the system that no other task of the same rule has used (domain.md §1.7), the latest ones of each
# task: as many as there are tasks that may want them. They name no officer, so no rule for a role takes them.
_CREDITS = text(
    """
    SELECT n.id, n.rule_id, n.period_start, v.id AS inspection_id, v.performed_on
    FROM (SELECT t.*, count(*) OVER (PARTITION BY t.rule_id, t.checkpoint_id) AS rivals
          FROM task t
          WHERE t.id = ANY (CAST(:task_ids AS uuid[]) || CAST(:others AS uuid[]))
            AND t.state IN ('pending', 'in_progress')) n
    JOIN inspection_rule_version r ON r.rule_id = n.rule_id AND r.number = n.rule_version AND r.performing_role IS NULL
    JOIN template f ON f.id = r.template_id
    CROSS JOIN LATERAL (
        SELECT v.id, v.performed_on FROM imported_visit v
        WHERE v.checkpoint_id = n.checkpoint_id AND v.performed_on >= n.credit_from AND v.performed_on < n.period_start
          AND v.template_family = f.family AND v.channel = ANY (r.channels)
          AND NOT EXISTS (SELECT 1 FROM task used WHERE used.closed_by = v.id AND used.rule_id = n.rule_id)
        ORDER BY v.performed_on DESC, v.id LIMIT n.rivals) v
    """
)

_EXEMPT = text(
    """
    UPDATE task t
    SET state = 'exempt', reason = 'history', closed_by = c.inspection_id, performed_on = c.performed_on
    FROM unnest(CAST(:task_ids AS uuid[]), CAST(:inspection_ids AS uuid[]), CAST(:days AS date[]))
         AS c (task_id, inspection_id, performed_on)
    WHERE t.id = c.task_id
    """
)

_CREDITABLE = text(
    """
    SELECT id FROM task
    WHERE state IN ('pending', 'in_progress') AND credit_from IS NOT NULL
      AND checkpoint_id IN (SELECT checkpoint_id FROM imported_visit
                            WHERE import_id = ANY (CAST(:import_ids AS uuid[])))
    ORDER BY id FOR NO KEY UPDATE
    """
)

_BY_ROLE = text(
    "SELECT DISTINCT officer_id, checkpoint_id, customer_id FROM task WHERE id = ANY (CAST(:task_ids AS uuid[]))"
)
_MARK = text(
    """
    UPDATE plan_membership m SET generated_through = n.through, recompute_from = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) AS n (id, through)
    CROSS JOIN LATERAL (SELECT ctid AS place FROM plan_membership WHERE id = n.id OFFSET 0) f
    WHERE m.ctid = f.place
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portion:
    """Stays, each with the number of its sort, and by that number the rows of `TERMS`: ``size`` tasks in all."""

    episode_ids: Sequence[UUID]
    sorts: Sequence[int]
    terms: Sequence[Sequence[tuple[Any, ...]]]
    size: int

    def columns(self) -> dict[str, list[Any]]:
        """Return the parameters of a statement about these tasks."""
        rows = [(sort, *row) for sort in sorted(set(self.sorts)) for row in self.terms[sort]]
        terms = dict(zip(("sort_of", *TERMS), map(list, zip(*rows, strict=True)), strict=True))
        return {"episode_ids": list(self.episode_ids), "sorts": list(self.sorts), "ids": new_ids(self.size), **terms}


def write(ctx: Context, portion: Portion, today: date, *, is_anew: bool) -> int:
    """Write the tasks that are not there, and let earlier visits close or spare them; return how many.

    ``is_anew``: some of them may have been cancelled for a passing reason, and are opened again.
    """
    columns = {**portion.columns(), "today": today}
    statements = [(_REVIVE, {**columns, "reasons": list(REVOCABLE)})] if is_anew else []
    written = [_write(ctx, *each) for each in (*statements, (_INSERT, columns))]
    count_earlier(ctx, [row.ids for row in written if row.ids is not None])
    credit_imported(ctx, [row.creditable for row in written if row.creditable is not None])
    return sum(row.made for row in written)


def mark(ctx: Context, through: Mapping[UUID, date]) -> None:
    """Note of each episode until when its tasks are made."""
    ctx.session.execute(_MARK, {"ids": list(through), "days": list(through.values())})


def _write(ctx: Context, statement: TextClause, columns: Mapping[str, Any]) -> Row[Any]:
    """Write tasks and grant them to their officers; return what was written."""
    made = ctx.session.execute(statement, columns).one()
    if made.ids is not None:
        accounts.grant_written(ctx, "task", users=made.officers, ids=made.ids)
    if made.by_role is not None:
        let_hold(ctx, ctx.session.execute(_BY_ROLE, {"task_ids": made.by_role}).all())
    return made


def credit_imported(ctx: Context, task_ids: Sequence[Any]) -> None:
    """Exempt the open first tasks in one or two arrays of ids that a visit from before the system has done (§1.7)."""
    if not task_ids:
        return
    values = {"task_ids": task_ids[0], "others": task_ids[-1]}
    given = decide_credits(Credit(*row) for row in ctx.session.execute(_CREDITS, values))
    if given:
        columns = zip(*((each.task_id, each.inspection_id, each.performed_on) for each in given), strict=True)
        ctx.session.execute(_EXEMPT, dict(zip(("task_ids", "inspection_ids", "days"), map(list, columns), strict=True)))


def on_visits_imported(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``visits.imported``: visits from before the system spare open first tasks (§1.7)."""
    ctx.session.flush()
    import_ids = [UUID(event.data["import_id"]) for event in events]
    task_ids = ctx.session.scalars(_CREDITABLE, {"import_ids": import_ids}).all()
    if task_ids:
        credit_imported(ctx, [task_ids])
