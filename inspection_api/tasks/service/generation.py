"""Make the tasks that the rules require (domain.md §1.10): idempotent, and a few statements for a whole bank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.calendars.queries import load_calendar
from inspection_api.core.ids import new_id
from inspection_api.plans.rules import InspectionType, Kind, history_credit, horizon, required_tasks
from inspection_api.tasks import queries
from inspection_api.tasks.service.assigning import assign, let_hold
from inspection_api.tasks.service.leaving import REVOCABLE, drop_unrequired

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Row

    from inspection_api.calendars.rules import Calendar
    from inspection_api.core.context import Context
    from inspection_api.plans.rules import Episode, RequiredTask
    from inspection_api.tasks.queries import PlanToRun, Stay

MOST_AT_ONCE = 5000
"""No transaction writes more synced rows than this (sync.md §5)."""

# A point has no second task of a rule for days that have one already: it came back, or over from another plan of the
# rule, or what has begun keeps other days than are required now.
_INSERT = text(
    """
    INSERT INTO task (id, plan_id, rule_id, rule_version, episode_id, checkpoint_id, customer_id, loan_id, kind,
                      inspection_type, period_start, period_end, due_on, window_end_on, credit_from, backfilled,
                      organisation_id, officer_id, template_version_id)
    SELECT CASE WHEN l.loan_id IS NULL THEN n.id ELSE gen_random_uuid() END, p.id, p.rule_id, r.number, m.id, c.id,
           c.customer_id, l.loan_id, n.kind, n.inspection_type, n.period_start, n.period_end, n.due_on,
           n.window_end_on, n.credit_from, n.backfilled, p.organisation_id,
           CASE WHEN r.performing_role IS NULL THEN c.officer_id
                ELSE performer_of(c.id, r.performing_role, :today) END, v.id
    FROM unnest(CAST(:id AS uuid[]), CAST(:episode_id AS uuid[]), CAST(:kind AS text[]), CAST(:version AS int[]),
                CAST(:inspection_type AS text[]), CAST(:period_start AS date[]), CAST(:period_end AS date[]),
                CAST(:due_on AS date[]), CAST(:window_end_on AS date[]), CAST(:credit_from AS date[]),
                CAST(:backfilled AS boolean[]))
         AS n (id, episode_id, kind, version, inspection_type, period_start, period_end, due_on, window_end_on,
               credit_from, backfilled)
    JOIN plan_membership m ON m.id = n.episode_id
    JOIN plan p ON p.id = m.plan_id
    JOIN inspection_rule_version r ON r.rule_id = p.rule_id AND r.number = n.version
    JOIN checkpoint c ON c.id = m.checkpoint_id AND c.archived_at IS NULL
    LEFT JOIN LATERAL (SELECT cl.loan_id FROM checkpoint_loan cl JOIN loan ON loan.id = cl.loan_id
                       WHERE r.per_loan AND cl.checkpoint_id = c.id AND loan.disbursed_on <= n.period_end) l ON true
    JOIN (SELECT DISTINCT ON (template_id) template_id, id FROM template_version
          WHERE status = 'published' ORDER BY template_id, number DESC) v ON v.template_id = r.template_id
    WHERE NOT EXISTS (SELECT 1 FROM task x
                      WHERE x.checkpoint_id = c.id AND x.rule_id = p.rule_id
                        AND x.kind = n.kind AND x.loan_id IS NOT DISTINCT FROM l.loan_id AND x.state <> 'cancelled'
                        AND x.period_start <= n.period_end AND x.period_end >= n.period_start)
    ON CONFLICT DO NOTHING
    RETURNING id, officer_id, plan_id, rule_version, checkpoint_id, customer_id
    """
)
_MARK = text(
    """
    UPDATE plan_membership m SET generated_through = n.through, recompute_from = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:days AS date[])) AS n (id, through)
    WHERE m.id = n.id
    """
)

# What is required after all comes back with the terms of now: an exit was called off, a rule edited once more.
_REVIVE = text(
    """
    UPDATE task t
    SET state = 'pending', reason = NULL, rule_version = n.version, inspection_type = n.inspection_type,
        period_end = n.period_end, due_on = n.due_on, window_end_on = n.window_end_on, backfilled = n.backfilled,
        credit_from = n.credit_from,
        officer_id = CASE WHEN r.performing_role IS NULL THEN c.officer_id
                          ELSE performer_of(c.id, r.performing_role, :today) END
    FROM unnest(CAST(:episode_id AS uuid[]), CAST(:kind AS text[]), CAST(:version AS int[]),
                CAST(:inspection_type AS text[]), CAST(:period_start AS date[]), CAST(:period_end AS date[]),
                CAST(:due_on AS date[]), CAST(:window_end_on AS date[]), CAST(:backfilled AS boolean[]),
                CAST(:credit_from AS date[]))
         AS n (episode_id, kind, version, inspection_type, period_start, period_end, due_on, window_end_on, backfilled,
               credit_from),
         checkpoint c, inspection_rule_version r
    WHERE t.episode_id = n.episode_id AND t.kind = n.kind AND t.period_start = n.period_start
      AND r.rule_id = t.rule_id AND r.number = n.version
      AND t.state = 'cancelled' AND t.reason = ANY (CAST(:reasons AS text[])) AND c.id = t.checkpoint_id
      AND NOT EXISTS (SELECT FROM task x
                      WHERE x.checkpoint_id = t.checkpoint_id AND x.rule_id = t.rule_id AND x.kind = t.kind
                        AND x.loan_id IS NOT DISTINCT FROM t.loan_id AND x.state <> 'cancelled' AND x.id <> t.id
                        AND x.period_start <= n.period_end AND x.period_end >= n.period_start)
    RETURNING t.id, t.officer_id, t.plan_id, t.rule_version, t.checkpoint_id, t.customer_id
    """
)

# The latest earlier visit that no other task of the same rule has used (domain.md §1.7): with a task for each loan the
# latest for the first of them, and so on. Who was in which role at an earlier visit is not asked: a rule that names one
# counts only those that are accepted while the task is open.
_CREDIT = text(
    """
    WITH exempted AS (
        UPDATE task t
        SET state = 'exempt', reason = 'history', closed_by = e.inspection_id, performed_on = e.performed_on
        FROM (SELECT n.id, v.inspection_id, v.performed_on,
                     dense_rank() OVER (PARTITION BY n.rule_id, n.checkpoint_id ORDER BY n.id) AS task_number,
                     dense_rank() OVER (PARTITION BY n.rule_id, n.checkpoint_id
                                        ORDER BY v.performed_on DESC, v.inspection_id) AS visit_number
              FROM task n
              JOIN inspection_rule_version r ON r.rule_id = n.rule_id AND r.number = n.rule_version
              JOIN template f ON f.id = r.template_id
              JOIN visit v ON v.checkpoint_id = n.checkpoint_id AND v.template_family = f.family
                   AND v.channel = ANY (r.channels) AND r.performing_role IS NULL
                   AND v.performed_on >= n.credit_from AND v.performed_on < n.period_start
              WHERE n.id = ANY (CAST(:task_ids AS uuid[]))
                AND NOT EXISTS (SELECT 1 FROM task used
                                WHERE used.closed_by = v.inspection_id AND used.rule_id = n.rule_id)) e
        WHERE t.id = e.id AND e.task_number = e.visit_number
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run: the plans with their horizons, and what equal episodes have been found to need.

    Plans with the same number in ``alike`` have the same terms, so a bank's whole portfolio costs a few computations.
    """

    as_of: date
    calendar: Calendar
    plans: Mapping[UUID, PlanToRun]
    horizons: Mapping[UUID, date]
    alike: Mapping[UUID, int]
    known: dict[tuple[int, Episode, date | None], list[RequiredTask]]

    def required(self, stay: Stay) -> list[RequiredTask]:
        """Return the tasks of a stay; equal stays in plans alike cost one computation."""
        key = (self.alike[stay.plan_id], stay.episode, stay.recompute_from)
        if key not in self.known:
            plan = self.plans[stay.plan_id]
            terms = plan.terms.seen_from(stay.recompute_from)
            self.known[key] = required_tasks(plan.versions, terms, stay.episode, self.as_of, self.calendar)
        return self.known[key]

    def is_by_role(self, task: Row[Any]) -> bool:
        """Tell whether a rule says in which role a task is done, so that it may be another's than its checkpoint."""
        return self.plans[task.plan_id].versions[task.rule_version - 1].rule.performing_role is not None


def generate(ctx: Context, as_of: date, *, at_most: int = MOST_AT_ONCE) -> Generated:
    """Create the tasks that are missing on ``as_of``, the oldest period of each episode first, and assign them.

    Running it 0, 1 or 5 times a day, or after ten days of downtime, gives the same tasks. The officer of the
    checkpoint becomes the task's and holds a grant on it. Call again, in a new transaction, until it is complete.
    """
    run = _begin(ctx, as_of)
    stays = queries.lock_stays(ctx.session, run.horizons, most=at_most)
    looked_at, rows = _missing(run, stays, at_most)
    anew = queries.with_tasks(ctx.session, [stay.id for stay in looked_at if stay.generated_through is None])
    if anew:
        found = {stay.id: (run.plans[stay.plan_id], run.required(stay)) for stay in looked_at if stay.id in anew}
        drop_unrequired(ctx, as_of, found)
    created = _create(ctx, as_of, rows, is_anew=bool(anew)) if rows else []
    if created:
        assign(ctx, [(row.id, row.officer_id) for row in created])
        let_hold(ctx, [row for row in created if run.is_by_role(row)])
        ctx.session.execute(_CREDIT, {"task_ids": [row.id for row in created]})
        ctx.record("tasks.generated", as_of=as_of.isoformat(), created=len(created))
    if looked_at:
        days = [run.horizons[stay.plan_id] for stay in looked_at]
        ctx.session.execute(_MARK, {"ids": [stay.id for stay in looked_at], "days": days})
    return Generated(created=len(created), complete=len(looked_at) == len(stays) < at_most)


def _create(ctx: Context, today: date, rows: Sequence[tuple[Any, ...]], *, is_anew: bool) -> list[Any]:
    """Write the tasks that are not there; only who is looked at anew may have some that were cancelled."""
    columns = {**dict(zip(_COLUMNS, map(list, zip(*rows, strict=True)), strict=True)), "today": today}
    revived = ctx.session.execute(_REVIVE, {**columns, "reasons": list(REVOCABLE)}).all() if is_anew else []
    return [*revived, *ctx.session.execute(_INSERT, columns).all()]


def _begin(ctx: Context, as_of: date) -> _Run:
    plans = {plan.id: plan for plan in queries.active_plans(ctx.session)}
    kinds: dict[Any, int] = {}
    alike = {plan.id: kinds.setdefault((plan.versions, plan.terms), len(kinds)) for plan in plans.values()}
    days = [horizon(versions, terms, as_of) for versions, terms in kinds]
    horizons = {plan_id: days[kind] for plan_id, kind in alike.items()}
    calendar = load_calendar(ctx.session)
    return _Run(as_of=as_of, calendar=calendar, plans=plans, horizons=horizons, alike=alike, known={})


def _missing(run: _Run, stays: Sequence[Stay], at_most: int) -> tuple[list[Stay], list[tuple[Any, ...]]]:
    """Return the stays that fit into one transaction, at least one, and their tasks that may not be there."""
    looked_at: list[Stay] = []
    rows: list[tuple[Any, ...]] = []
    for stay in stays:
        through = stay.generated_through
        missing = [task for task in run.required(stay) if through is None or task.period.start > through]
        if looked_at and len(rows) + len(missing) > at_most:
            break
        looked_at.append(stay)
        rows += [_row(run, stay, task) for task in missing]
    return looked_at, rows


_COLUMNS = (
    "id",
    "episode_id",
    "kind",
    "version",
    "inspection_type",
    "period_start",
    "period_end",
    "due_on",
    "window_end_on",
    "credit_from",
    "backfilled",
)


def _row(run: _Run, stay: Stay, task: RequiredTask) -> tuple[Any, ...]:
    terms = run.plans[stay.plan_id].versions[task.version - 1].rule
    credit = history_credit(terms, task.period) if task.is_first and task.kind is Kind.REGULAR else None
    kind, its_type = task.kind.value, _TYPES.get(task.kind, terms.inspection_type).value
    days = (task.period.start, task.period.end, task.due_on, task.window_end_on, credit.start if credit else None)
    is_backfilled = stay.recompute_from is not None and task.period.end < run.as_of
    return (new_id(), stay.id, kind, task.version, its_type, *days, is_backfilled)


_TYPES = {Kind.EXIT: InspectionType.EXIT, Kind.INITIAL: InspectionType.NEW}
"""What a task's kind says of its 检查类型; the rule's own rounds are of the rule's."""
