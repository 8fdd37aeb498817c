"""Edits of rules and plans: they count from a switch day on, and a started period keeps its terms (§1.10.2, §1.10.4).

An edit writes no task. It asks the generation to look at the episodes concerned from the beginning, which cancels what
is not required any more and makes what now is, in transactions of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text

from inspection_api.accounts.queries import get_one, in_subtree
from inspection_api.core.errors import PreconditionFailed
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.plans import queries, rules
from inspection_api.plans.errors import StartIsFixed
from inspection_api.plans.models import InspectionRule, Plan, PlanMembership
from inspection_api.plans.service.creating import EDIT, ensure_name_free, ensure_published, ensure_terms, keep_version

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context

EDIT_DATES = Permission(Action.RULES, "edit_dates")

_LOOK_AGAIN = text(
    """
    UPDATE plan_membership m SET generated_through = NULL
    FROM plan p WHERE p.id = m.plan_id AND (p.rule_id = :rule_id OR p.id = :plan_id)
    """
)
_LOOK_BACK = text(
    """
    UPDATE plan_membership m SET generated_through = NULL, recompute_from = :since
    FROM plan p WHERE p.id = m.plan_id AND p.rule_id = :rule_id AND p.active
    """
)
_FOLLOW_RULE = text("UPDATE plan SET end_on = :end_on WHERE rule_id = :rule_id AND NOT detached")


def edit_rule(ctx: Context, rule_id: UUID, *, version: int, effective_from: date, **changes: Any) -> InspectionRule:
    """Give a rule other terms from the switch day on; its name changes at once. ``version`` is the one that was read.

    Raises:
        NotFound: out of scope.
        PreconditionFailed: somebody edited it meanwhile.
        StartIsFixed: the grid keeps its start.
        RuleDatesInvalid, ExitChecksInvalid, RuleNameTaken, TemplateUnpublished: as for a new rule.
    """
    owned = select(InspectionRule).where(in_subtree(InspectionRule.organisation_id, ctx.actor.paths(EDIT)))
    rule = get_one(ctx.session, owned.where(InspectionRule.id == rule_id).with_for_update(of=InspectionRule))
    if rule.version != version:
        raise PreconditionFailed(current_version=rule.version)
    if changes.get("start_on", rule.start_on) != rule.start_on:
        raise StartIsFixed(fields={"start": StartIsFixed.title})
    if changes.get("name", rule.name) != rule.name:
        ensure_name_free(ctx, rule.organisation_id, changes["name"])
        rule.name = changes["name"]
    terms = {name: value for name, value in changes.items() if name != "name"}
    if any(getattr(rule, name) != value for name, value in terms.items()):
        _switch(ctx, rule, effective_from, terms)
    ctx.record("rule.edited", rule_id=str(rule.id), version=rule.version, fields=sorted(changes))
    return rule


def _switch(ctx: Context, rule: InspectionRule, effective_from: date, terms: dict[str, Any]) -> None:
    ensure_terms(ctx, {"start_on": rule.start_on, "end_on": rule.end_on, **terms})
    ensure_published(ctx, terms.get("template_id", rule.template_id))
    latest = rules.Version(number=rule.version, rule=rule.terms, since=queries.latest_since(ctx.session, rule.id))
    since = rules.switch_day(latest, today=local_day(ctx.now), effective_from=effective_from)
    joined_by_itself = rule.auto_join
    for name, value in terms.items():
        setattr(rule, name, value)
    rule.version += 1
    ctx.session.flush()
    keep_version(ctx, rule, since=since)
    ctx.session.execute(_FOLLOW_RULE, {"rule_id": rule.id, "end_on": rule.end_on})
    if rule.auto_join and not joined_by_itself:
        plan_ids = ctx.session.scalars(select(Plan.id).where(Plan.rule_id == rule.id)).all()
        queries.join_members(ctx.session, local_day(ctx.now), plan_ids=plan_ids, recorded_on=since)
    queries.lock_members(ctx.session, queries.of_rule(rule.id))
    ctx.session.execute(_LOOK_AGAIN, {"rule_id": rule.id, "plan_id": None})


def switch_back(ctx: Context, rule: InspectionRule, since: date) -> None:
    """Let the terms that a locked rule has now count from a day of the past on, and have its tasks recomputed."""
    rule.version += 1
    ctx.session.flush()
    keep_version(ctx, rule, since=since)
    queries.lock_members(ctx.session, queries.of_rule(rule.id))
    ctx.session.execute(_LOOK_BACK, {"rule_id": rule.id, "since": since})


def edit_plan(ctx: Context, plan_id: UUID, *, start_on: date, end_on: date | None) -> Plan:
    """Give a plan days of its own; from now on it is detached from its rule's.

    Raises:
        NotFound: out of scope.
        RuleDatesInvalid: it would end before it starts.
    """
    rules.ensure_dates(start_on, end_on)
    plan = _locked(ctx, plan_id)
    return _set_days(ctx, plan, start_on, end_on, detached=True)


def attach_plan(ctx: Context, plan_id: UUID) -> Plan:
    """Let a plan follow its rule's days again.

    Raises:
        NotFound: out of scope.
    """
    plan = _locked(ctx, plan_id)
    rule = ctx.session.get_one(InspectionRule, plan.rule_id)
    return _set_days(ctx, plan, rule.start_on, rule.end_on, detached=False)


def _locked(ctx: Context, plan_id: UUID) -> Plan:
    return get_one(
        ctx.session, queries.visible_plans(ctx.actor, EDIT_DATES).where(Plan.id == plan_id).with_for_update()
    )


def _set_days(ctx: Context, plan: Plan, start_on: date, end_on: date | None, *, detached: bool) -> Plan:
    plan.start_on, plan.end_on, plan.detached = start_on, end_on, detached
    ctx.session.flush()
    queries.lock_members(ctx.session, PlanMembership.plan_id == plan.id)
    ctx.session.execute(_LOOK_AGAIN, {"rule_id": None, "plan_id": plan.id})
    ctx.record("plan.edited", plan_id=str(plan.id), detached=detached)
    return plan


def remove_member(ctx: Context, plan_id: UUID, checkpoint_id: UUID) -> PlanMembership:
    """Take a checkpoint out of a plan by hand, from today on.

    Raises:
        NotFound: the plan is out of scope, or does not hold the checkpoint.
    """
    plan = get_one(ctx.session, queries.visible_plans(ctx.actor, EDIT).where(Plan.id == plan_id))
    stays = select(PlanMembership).where(PlanMembership.plan_id == plan.id, PlanMembership.left_on.is_(None))
    stay = get_one(ctx.session, stays.where(PlanMembership.checkpoint_id == checkpoint_id).with_for_update())
    stay.left_on, stay.left_reason, stay.generated_through = local_day(ctx.now), "removed", None
    ctx.session.flush()
    ctx.record(
        "checkpoint.left_plan", plan_id=str(plan.id), checkpoint_id=str(checkpoint_id), membership_id=str(stay.id)
    )
    return stay
