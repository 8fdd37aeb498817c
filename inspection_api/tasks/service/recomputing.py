"""Retroactive edits: shown as a difference, decided by a second person, made by the generation (domain.md §1.10.3)."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from inspection_api.accounts.queries import get_one, in_subtree, name_of
from inspection_api.calendars.queries import load_calendar
from inspection_api.core.periods import Period, local_day
from inspection_api.plans import service as plans
from inspection_api.plans.models import InspectionRule
from inspection_api.plans.queries import versions_by_rule
from inspection_api.plans.rules import Existing, Kind, PlanTerms, Version, difference, period_start, required_tasks
from inspection_api.tasks import queries
from inspection_api.tasks.errors import (
    RecomputeDayInvalid,
    RecomputeFourEyes,
    RecomputeOutdated,
    RecomputeSettled,
)
from inspection_api.tasks.models import RuleRecompute
from inspection_api.tasks.queries import Stay
from inspection_api.tasks.rules import OPEN, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.plans.rules import Difference

SHOWN = 100
"""How many tasks a difference names; of the others it tells the number."""

_STAYS = text(
    """
    SELECT m.plan_id, m.id, m.joined_on, m.recorded_on, m.left_on, m.exit_type, m.exit_approved_on, m.returned_on,
           m.generated_through, CAST(:since AS date) AS recompute_from, m.checkpoint_id,
           t.kind, t.period_start, t.period_end, t.due_on, t.state
    FROM plan p JOIN plan_membership m ON m.plan_id = p.id
    JOIN checkpoint c ON c.id = m.checkpoint_id AND c.archived_at IS NULL
    LEFT JOIN task t ON t.episode_id = m.id AND t.period_start >= :since AND t.state <> 'cancelled'
    WHERE p.rule_id = :rule_id AND p.active
    ORDER BY m.id, t.period_start
    """
).execution_options(yield_per=1000)


def propose_recompute(ctx: Context, rule_id: UUID, *, since: date, reason: str) -> RuleRecompute:
    """Propose that a rule's terms of now count from the period on that holds ``since``; show what that would change.

    Raises:
        NotFound: the rule is out of scope.
        RecomputeDayInvalid: the day is to come, or lies before the rule's start.
    """
    rule = _rule(ctx, rule_id)
    if not rule.start_on <= since <= local_day(ctx.now):
        raise RecomputeDayInvalid(fields={"since": RecomputeDayInvalid.title})
    versions = versions_by_rule(ctx.session)[rule.id]
    whole = PlanTerms(start=rule.start_on, end=None, recorded_on=rule.start_on)
    since = period_start(versions, whole, since)
    row = RuleRecompute(
        rule_id=rule.id,
        rule_version=rule.version,
        since=since,
        reason=reason,
        difference=_difference(ctx, rule, versions, since),
        proposed_by=ctx.user_id,
        proposed_at=ctx.now,
    )
    ctx.session.add(row)
    ctx.session.flush()
    ctx.record("rule.recompute_proposed", rule_id=str(rule.id), recompute_id=str(row.id), since=since.isoformat())
    return row


def approve_recompute(ctx: Context, recompute_id: UUID) -> RuleRecompute:
    """Approve somebody else's proposal: the next run of the generation makes and cancels what it showed.

    Raises:
        NotFound: the rule is out of scope.
        RecomputeSettled: it was decided meanwhile.
        RecomputeFourEyes: the actor proposed it.
        RecomputeOutdated: it would change something else by now.
    """
    row = _undecided(ctx, recompute_id)
    rule = _rule(ctx, row.rule_id)
    versions = versions_by_rule(ctx.session)[rule.id]
    if rule.version != row.rule_version or row.difference != _difference(ctx, rule, versions, row.since):
        raise RecomputeOutdated
    plans.switch_back(ctx, rule, row.since)
    return _decide(ctx, row, "approved")


def refuse_recompute(ctx: Context, recompute_id: UUID) -> RuleRecompute:
    """Refuse somebody else's proposal; nothing changes.

    Raises:
        NotFound, RecomputeSettled, RecomputeFourEyes: as for the approval.
    """
    return _decide(ctx, _undecided(ctx, recompute_id), "refused")


def _rule(ctx: Context, rule_id: UUID) -> InspectionRule:
    owned = select(InspectionRule).where(in_subtree(InspectionRule.organisation_id, ctx.actor.paths(plans.EDIT)))
    return get_one(ctx.session, owned.where(InspectionRule.id == rule_id).with_for_update(of=InspectionRule))


def _undecided(ctx: Context, recompute_id: UUID) -> RuleRecompute:
    reachable = queries.recomputes_of(ctx.actor, plans.EDIT).where(RuleRecompute.id == recompute_id)
    row = get_one(ctx.session, reachable.with_for_update(of=RuleRecompute))
    if row.status != "proposed":
        decider = name_of(ctx.session, row.decided_by)
        raise RecomputeSettled(f"该重算已由{decider}处理", current=row.status, decided_by_name=decider)
    if row.proposed_by == ctx.user_id:
        raise RecomputeFourEyes
    return row


def _decide(ctx: Context, row: RuleRecompute, status: str) -> RuleRecompute:
    row.status, row.decided_by, row.decided_at = status, ctx.user_id, ctx.now
    ctx.session.flush()
    ctx.record(f"rule.recompute_{status}", rule_id=str(row.rule_id), recompute_id=str(row.id))
    return row


def _difference(ctx: Context, rule: InspectionRule, versions: Sequence[Version], since: date) -> dict[str, Any]:
    """Return the counts of a recomputation and its first tasks; two streamed reads, whatever the size of the bank."""
    edited = (*versions, Version(number=rule.version + 1, rule=rule.terms, since=since))
    counts: Counter[str] = Counter(create=0, cancel=0, keep=0)
    items: list[dict[str, str]] = []
    for checkpoint_id, found in _differences(ctx, rule.id, edited, since):
        for change in ("create", "cancel", "keep"):
            tasks: Sequence[Any] = getattr(found, change)
            counts[change] += len(tasks)
            if change != "keep":
                items += [_item(change, checkpoint_id, task) for task in tasks[: SHOWN - len(items)]]
    return {**counts, "items": items}


def _item(change: str, checkpoint_id: UUID, task: Any) -> dict[str, str]:
    days = {"period_start": task.period.start.isoformat(), "period_end": task.period.end.isoformat()}
    return {"change": change, "checkpoint_id": str(checkpoint_id), "kind": task.kind.value, **days}


def _differences(
    ctx: Context, rule_id: UUID, versions: Sequence[Version], since: date
) -> Iterator[tuple[UUID, Difference]]:
    terms = {plan.id: plan.terms.seen_from(since) for plan in queries.active_plans(ctx.session)}
    calendar, as_of = load_calendar(ctx.session), local_day(ctx.now)
    known: dict[Any, Any] = {}
    rows = ctx.session.execute(_STAYS, {"rule_id": rule_id, "since": since})
    for _, group in groupby(rows, key=attrgetter("id")):
        tasks = list(group)
        stay = Stay(*tasks[0][: len(Stay._fields)])
        key = (terms[stay.plan_id], stay.episode)
        if key not in known:
            known[key] = required_tasks(versions, *key, as_of, calendar)
        yield tasks[0].checkpoint_id, difference(known[key], _existing(tasks), since)


def _existing(rows: Iterable[Row[Any]]) -> list[Existing]:
    return [
        Existing(
            kind=Kind(row.kind),
            period=Period(start=row.period_start, end=row.period_end),
            due_on=row.due_on,
            is_settled=State(row.state) not in {*OPEN, State.MISSED},
        )
        for row in rows
        if row.kind is not None
    ]
