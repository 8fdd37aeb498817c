"""Evaluation: all rules over all enterprises at the close of a day, from stored facts, as often as one likes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from inspection_api.alerts import queries, rules
from inspection_api.alerts.models import Alert
from inspection_api.alerts.rules import RULES, Condition, Episode, Handling, Judgement, Rule, Step
from inspection_api.alerts.service.addressing import address
from inspection_api.core.ids import new_id
from inspection_api.core.tables import among
from inspection_api.customers.models import Customer
from inspection_api.telemetry import queries as telemetry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One rule's word about one enterprise on one day, and the latest alert that it made there."""

    customer_id: UUID
    rule: Rule
    day: date
    judged: Judgement
    alert: Alert | None


@dataclass(slots=True)
class _Outcome:
    """What one evaluation is about to write."""

    raised: list[dict[str, Any]] = field(default_factory=list)
    cleared: list[Alert] = field(default_factory=list)


def evaluate_recent(ctx: Context) -> int:
    """Judge the latest closed day, and again those that late data may have changed; return how many were raised.

    A day closes at 02:00 of the next (domain.md §5.1), so this may run as often as one likes.
    """
    return sum(evaluate(ctx, day) for day in rules.days_to_judge(ctx.now))


def on_facts_changed(ctx: Context, events: Sequence[Recorded]) -> None:
    """Judge again what changed facts may decide (handler of ``telemetry.facts_changed``); open days wait."""
    touched: dict[UUID, date] = {}
    for event in events:
        for customer_id, days in event.data["days"].items():
            earliest = min(map(date.fromisoformat, days))
            touched[UUID(customer_id)] = min(earliest, touched.get(UUID(customer_id), earliest))
    for day in rules.days_to_judge(ctx.now):
        evaluate(ctx, day, [customer_id for customer_id, earliest in touched.items() if earliest <= day])


def evaluate(ctx: Context, day: date, customer_ids: Iterable[UUID] | None = None) -> int:
    """Judge ``day`` for the given enterprises (None: all with a meter) by every rule; return how many were raised.

    The number of statements does not depend on how many enterprises there are. Judging a day again changes nothing
    unless its facts have changed.
    """
    ids = telemetry.metered_customers(ctx.session) if customer_ids is None else list(customer_ids)
    if not ids:
        return 0
    latest = {(alert.customer_id, alert.rule): alert for alert in queries.latest_alerts(ctx.session, ids)}
    energy = telemetry.known_energy(ctx.session, ids, day - timedelta(days=rules.DAYS_BACK), day)
    outcome = _Outcome()
    for customer_id in ids:
        for rule in RULES:
            judged = rule.judge(energy.get(customer_id, {}), day)
            alert = latest.get((customer_id, rule.code))
            _apply(ctx, outcome, _Case(customer_id=customer_id, rule=rule, day=day, judged=judged, alert=alert))
    _write(ctx, outcome)
    return len(outcome.raised)


def _apply(ctx: Context, outcome: _Outcome, case: _Case) -> None:
    """Raise an alert or carry the latest one on; the unit of work writes what changed on it."""
    alert = case.alert
    step = rules.decide_step(None if alert is None else _episode(alert), case.judged.outcome, case.day)
    if step is Step.RAISE:
        outcome.raised.append(_new(ctx, case))
    elif alert is not None and step is Step.HOLD:
        _hold(alert, case)
    elif alert is not None and step is not Step.NOTHING:
        alert.condition, alert.cleared_on = Condition.CLEARED, case.day
        alert.corrected = step is Step.CORRECT
        outcome.cleared.append(alert)


def _episode(alert: Alert) -> Episode:
    return Episode(first_seen_on=alert.first_seen_on, last_seen_on=alert.last_seen_on, cleared_on=alert.cleared_on)


def _new(ctx: Context, case: _Case) -> dict[str, Any]:
    return {
        "id": new_id(),
        "rule": case.rule.code,
        "customer_id": case.customer_id,
        "level": case.rule.level,
        "subject_date": case.day,
        "episode": 1 if case.alert is None else case.alert.episode + 1,
        "condition": Condition.ACTIVE,
        "handling": Handling.NEW,
        "numbers": {**case.judged.numbers, "peak": str(case.judged.extreme)},
        "first_seen_on": case.day,
        "last_seen_on": case.day,
        "count": 1,
        "created_at": ctx.now,
    }


def _hold(alert: Alert, case: _Case) -> None:
    episode = _episode(alert)
    wider = rules.widened(episode, case.day)
    alert.count += rules.is_seen_anew(episode, case.day)
    alert.first_seen_on, alert.last_seen_on = wider.first_seen_on, wider.last_seen_on
    peak = str(rules.next_peak(case.rule, alert.numbers["peak"], case.judged))
    if peak != alert.numbers["peak"]:
        alert.numbers = {**alert.numbers, "peak": peak}


def _write(ctx: Context, outcome: _Outcome) -> None:
    """Insert the raised alerts in one statement and record what happened; a rival's same alert is not raised twice."""
    ctx.session.flush()
    if outcome.raised:
        stopped = among(Customer.id, [row["customer_id"] for row in outcome.raised])
        organisations = queries.lock_customers(ctx.session, stopped)
        rows = [{**row, "organisation_id": organisations[row["customer_id"]]} for row in outcome.raised]
        made = set(ctx.session.scalars(insert(Alert).on_conflict_do_nothing().returning(Alert.id), rows))
        outcome.raised[:] = [row for row in rows if row["id"] in made]
        address(ctx, {row["customer_id"] for row in outcome.raised})
    for row in outcome.raised:
        ctx.record("alert.raised", alert_id=str(row["id"]), rule=row["rule"], customer_id=str(row["customer_id"]))
    for alert in outcome.cleared:
        ctx.record(
            "alert.cleared",
            alert_id=str(alert.id),
            rule=alert.rule,
            customer_id=str(alert.customer_id),
            corrected=alert.corrected,
        )
