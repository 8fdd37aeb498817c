"""Rules, their plans, and who belongs to them from the beginning (domain.md §1.1, §1.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from checkpoints.errors import ExitTypeUnknown, StateForbids
from checkpoints.models import Checkpoint
from checkpoints.queries import unknown_exit_types
from checkpoints.rules.lifecycle import State, is_in_force
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, in_subtree, visible_organisations
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.plans import queries, rules
from inspection_api.plans.errors import AlreadyMember, RuleNameTaken, TemplateUnpublished
from inspection_api.plans.models import TERMS, InspectionRule, Plan, PlanMembership, RuleVersion
from inspection_api.plans.rules import ExitCheck
from inspection_api.templates import queries as templates

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

EDIT = Permission(Action.RULES, "edit")


def create_rule(ctx: Context, *, organisation_id: UUID, name: str, template_id: UUID, **form: Any) -> InspectionRule:
    """Create a rule with a plan for every organisation of its type in the owner's subtree, and their members.

    ``form`` holds the other columns of `InspectionRule`. Three statements, whatever the size of the bank.

    Raises:
        NotFound: the owner organisation is out of scope.
        OrganisationTypeAbove: its type of organisation stands above the owner.
        RuleDatesInvalid: the rule ends before it starts.
        ExitChecksInvalid: there are checks after an exit, but in no interval.
        RuleNameTaken: the owner has a rule of this name.
        TemplateUnpublished: the template has no published version.
    """
    owner = get_one(ctx.session, _reachable(ctx).where(Organisation.id == organisation_id), field="organisation_id")
    rules.ensure_org_type(owner.kind, form["org_type"])
    terms = {**form, "template_id": template_id}
    ensure_terms(ctx, terms)
    ensure_name_free(ctx, owner.id, name)
    ensure_published(ctx, template_id)
    rule = InspectionRule(organisation_id=owner.id, name=name, **terms)
    ctx.session.add(rule)
    ctx.session.flush()
    keep_version(ctx, rule, since=None)
    today = local_day(ctx.now)
    plan_ids = queries.create_plans(ctx.session, today, rule_ids=[rule.id])
    queries.join_members(ctx.session, today, plan_ids=plan_ids)
    ctx.record("rule.created", rule_id=str(rule.id), organisation_id=str(owner.id), plans=len(plan_ids))
    return rule


def ensure_terms(ctx: Context, terms: dict[str, Any]) -> None:
    """Refuse terms that contradict each other, or name exits that there are not.

    Raises:
        RuleDatesInvalid, ExitChecksInvalid: they contradict each other.
        ExitTypeUnknown: the dictionary has no such type.
    """
    rules.ensure_dates(terms["start_on"], terms["end_on"])
    check = ExitCheck(interval=terms.get("exit_interval", 0), count=terms.get("exit_count", 0))
    overrides = {
        f"exit_overrides.{exit_type}": ExitCheck(interval=each["interval"], count=each["count"])
        for exit_type, each in terms.get("exit_overrides", {}).items()
    }
    rules.ensure_exit_checks({"exit_interval": check, **overrides})
    unknown = unknown_exit_types(ctx.session, terms.get("exit_overrides", {}))
    if unknown:
        raise ExitTypeUnknown(fields={f"exit_overrides.{code}": ExitTypeUnknown.title for code in unknown})


def keep_version(ctx: Context, rule: InspectionRule, *, since: date | None) -> None:
    """Write down the terms that a rule has now as its newest version, in force from ``since`` on."""
    terms = {name: getattr(rule, name) for name in TERMS}
    version = RuleVersion(
        rule_id=rule.id, number=rule.version, since=since, edited_by=ctx.actor.user_id, edited_at=ctx.now, **terms
    )
    ctx.session.add(version)
    ctx.session.flush()


def add_member(ctx: Context, plan_id: UUID, *, checkpoint_id: UUID) -> PlanMembership:
    """Put a checkpoint of the plan's subtree into the plan by hand.

    Raises:
        NotFound: the plan is out of scope, or the checkpoint is not in its organisation's subtree.
        StateForbids: the checkpoint has left, by exit or archive.
        AlreadyMember: a plan of the rule holds the checkpoint.
    """
    plan = get_one(ctx.session, queries.visible_plans(ctx.actor, EDIT).where(Plan.id == plan_id))
    answers = ctx.session.get_one(Organisation, plan.organisation_id)
    covered = select(Checkpoint).where(in_subtree(Checkpoint.organisation_id, [answers.path]))
    checkpoint = get_one(ctx.session, covered.where(Checkpoint.id == checkpoint_id), field="checkpoint_id")
    if checkpoint.archived_at is not None or not is_in_force(State(checkpoint.state)):
        raise StateForbids(state=checkpoint.state)
    if queries.is_member(ctx.session, plan.rule_id, checkpoint.id):
        raise AlreadyMember
    today = local_day(ctx.now)
    membership = PlanMembership(
        plan_id=plan.id,
        checkpoint_id=checkpoint.id,
        joined_on=checkpoint.effective_from,
        source="manual",
        recorded_on=today,
    )
    ctx.session.add(membership)
    ctx.session.flush()
    ctx.record("checkpoint.joined_plan", plan_id=str(plan.id), checkpoint_id=str(checkpoint.id))
    return membership


def on_organisations_created(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``organisation.created``: create the plans of the rules that govern the new organisations (§1.1)."""
    ids = [UUID(event.data["organisation_id"]) for event in events]
    ctx.session.flush()
    queries.create_plans(ctx.session, local_day(ctx.now), organisation_ids=ids)


def on_checkpoints_created(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.created``: the new points join every plan with 自动加入 that covers them (§1.1)."""
    ids = [UUID(event.data["checkpoint_id"]) for event in events]
    ctx.session.flush()
    queries.join_members(ctx.session, local_day(ctx.now), checkpoint_ids=ids)


def _reachable(ctx: Context) -> Any:
    return select(Organisation) if ctx.actor.is_system else visible_organisations(ctx.actor, EDIT)


def ensure_name_free(ctx: Context, organisation_id: UUID, name: str) -> None:
    """Refuse a second rule of one name in an organisation.

    Raises:
        RuleNameTaken: there is one.
    """
    same = select(InspectionRule.id).where(
        InspectionRule.organisation_id == organisation_id, InspectionRule.name == name
    )
    existing = ctx.session.scalars(same).one_or_none()
    if existing is not None:
        raise RuleNameTaken(existing_id=str(existing))


def ensure_published(ctx: Context, template_id: UUID) -> None:
    """Refuse a template of which nothing is published.

    Raises:
        TemplateUnpublished: it has no published version, or does not exist.
    """
    if not templates.current_versions(ctx.session, [template_id]):
        raise TemplateUnpublished(fields={"template_id": TemplateUnpublished.title})
