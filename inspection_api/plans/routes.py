"""Endpoints of rules and plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints.models import Checkpoint
from inspection_api.accounts.queries import get_one
from inspection_api.core.paging import paginate
from inspection_api.http.blueprint import SNAPSHOT, Blueprint
from inspection_api.http.schemas import PageQuery, page_of
from inspection_api.plans import queries, schemas, service
from inspection_api.plans.models import InspectionRule, Plan, PlanMembership

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.plans.service import Preview

blp = Blueprint("plans", "检查规则与检查计划")


@blp.get("/rules", permission=queries.READ, query=PageQuery, out=page_of(schemas.RuleSchema))
def list_rules(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List the rules of my subtrees and those that govern them."""
    statement = queries.visible_rules(ctx.actor)
    return paginate(ctx.session, statement, by=[InspectionRule.name, InspectionRule.id], limit=limit, cursor=cursor)


@blp.post("/rules", permission=service.EDIT, body=schemas.RuleInput, out=schemas.RuleSchema, status=201)
def create_rule(ctx: Context, **values: Any) -> InspectionRule:
    """Create a rule; every organisation of its type below the owner gets a plan at once."""
    return service.create_rule(ctx, **values)


@blp.get("/rules/<uuid:rule_id>", permission=queries.READ, out=schemas.RuleSchema)
def get_rule(ctx: Context, rule_id: UUID) -> InspectionRule:
    """Show one rule."""
    return get_one(ctx.session, queries.visible_rules(ctx.actor).where(InspectionRule.id == rule_id))


@blp.put("/rules/<uuid:rule_id>", permission=service.EDIT, body=schemas.RuleEdit, out=schemas.RuleSchema, if_match=True)
def edit_rule(ctx: Context, rule_id: UUID, *, version: int, **values: Any) -> InspectionRule:
    """Give a rule other terms; they count from the first period that begins after today and after `effective_from`."""
    return service.edit_rule(ctx, rule_id, version=version, **values)


@blp.post(
    "/rules/preview",
    permission=service.EDIT,
    body=schemas.RuleInput,
    out=schemas.ForecastSchema,
    transaction=SNAPSHOT,
)
def preview_form(ctx: Context, **values: Any) -> Preview:
    """Foresee the visits of a rule that is not saved: how many in the next 12 months, per officer and week."""
    return service.preview_form(ctx, **values)


@blp.get("/rules/<uuid:rule_id>/preview", permission=queries.READ, out=schemas.ForecastSchema)
def preview_rule(ctx: Context, rule_id: UUID) -> Preview:
    """Foresee the visits that a rule will ask for in my subtrees: how many in 12 months, per officer and week."""
    return service.preview_rule(ctx, rule_id)


@blp.get("/rules/<uuid:rule_id>/versions", permission=queries.READ, out=schemas.RuleVersionsSchema)
def list_versions(ctx: Context, rule_id: UUID) -> dict[str, Any]:
    """List the versions of a rule, with the days from which they count."""
    rule = get_one(ctx.session, queries.visible_rules(ctx.actor).where(InspectionRule.id == rule_id))
    return {"items": queries.versions_of(ctx.session, rule.id)}


@blp.get("/plans", permission=queries.READ, query=schemas.PlanQuery, out=page_of(schemas.PlanSchema))
def list_plans(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List the plans of my subtrees."""
    statement = queries.plans_of(ctx.actor, **filters)
    return paginate(ctx.session, statement, by=[Plan.id], limit=limit, cursor=cursor)


@blp.get("/plans/<uuid:plan_id>", permission=queries.READ, out=schemas.PlanSchema)
def get_plan(ctx: Context, plan_id: UUID) -> Plan:
    """Show one plan."""
    return get_one(ctx.session, queries.visible_plans(ctx.actor).where(Plan.id == plan_id))


@blp.get(
    "/plans/<uuid:plan_id>/checkpoints",
    permission=queries.READ,
    query=schemas.MembersQuery,
    out=page_of(schemas.MemberRowSchema),
)
def list_members(ctx: Context, plan_id: UUID, *, limit: int, cursor: str | None, former: bool | None) -> Any:
    """List the checkpoints of a plan, by code: who is in it, and who was."""
    plan = get_one(ctx.session, queries.visible_plans(ctx.actor).where(Plan.id == plan_id))
    statement = queries.members_of(plan.id, former=former)
    return paginate(ctx.session, statement, by=[Checkpoint.code, PlanMembership.id], limit=limit, cursor=cursor)


@blp.post(
    "/plans/<uuid:plan_id>/checkpoints",
    permission=service.EDIT,
    body=schemas.MemberInput,
    out=schemas.MemberSchema,
    status=201,
)
def add_member(ctx: Context, plan_id: UUID, *, checkpoint_id: UUID) -> PlanMembership:
    """Put a checkpoint into a plan by hand."""
    return service.add_member(ctx, plan_id, checkpoint_id=checkpoint_id)


@blp.delete(
    "/plans/<uuid:plan_id>/checkpoints/<uuid:checkpoint_id>",
    permission=service.EDIT,
    out=schemas.MemberSchema,
)
def remove_member(ctx: Context, plan_id: UUID, checkpoint_id: UUID) -> PlanMembership:
    """Take a checkpoint out of a plan by hand; what is not overdue goes with it."""
    return service.remove_member(ctx, plan_id, checkpoint_id)


@blp.put("/plans/<uuid:plan_id>/dates", permission=service.EDIT_DATES, body=schemas.PlanDates, out=schemas.PlanSchema)
def edit_plan(ctx: Context, plan_id: UUID, *, start_on: date, end_on: date | None) -> Plan:
    """Give a plan days of its own; it does not follow its rule's any more."""
    return service.edit_plan(ctx, plan_id, start_on=start_on, end_on=end_on)


@blp.delete("/plans/<uuid:plan_id>/dates", permission=service.EDIT_DATES, out=schemas.PlanSchema)
def attach_plan(ctx: Context, plan_id: UUID) -> Plan:
    """Let a plan follow its rule's days again."""
    return service.attach_plan(ctx, plan_id)
