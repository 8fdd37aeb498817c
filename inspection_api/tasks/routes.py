"""Endpoints of tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from checkpoints.models import Checkpoint
from checkpoints.queries import visible_checkpoints
from inspection_api.accounts.queries import get_one
from inspection_api.core.paging import paginate
from inspection_api.http.blueprint import Blueprint
from inspection_api.http.schemas import PageQuery, page_of
from inspection_api.plans.queries import READ as READ_RULES
from inspection_api.plans.service import EDIT as EDIT_RULES
from inspection_api.tasks import queries, schemas, service
from inspection_api.tasks.models import Campaign, RuleRecompute, Task, VisitAttempt

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from inspection_api.core.context import Context

_OLDEST_FIRST = [VisitAttempt.performed_at, VisitAttempt.id]

blp = Blueprint("tasks", "检查任务")


@blp.get("/tasks", permission=queries.READ, query=schemas.TaskQuery, out=page_of(schemas.TaskSchema))
def list_tasks(ctx: Context, *, limit: int, cursor: str | None, **filters: Any) -> Any:
    """List my tasks and those of my subtrees, the first due first."""
    statement = queries.tasks_of(ctx.actor, ctx.now, filters)
    return paginate(ctx.session, statement, by=[Task.due_on, Task.id], limit=limit, cursor=cursor)


@blp.get("/tasks/<uuid:task_id>", permission=queries.READ, out=schemas.TaskSchema)
def get_task(ctx: Context, task_id: UUID) -> Task:
    """Show one task."""
    return get_one(ctx.session, queries.named_tasks(ctx.actor, ctx.now).where(Task.id == task_id))


@blp.get("/tasks/<uuid:task_id>/explain", permission=queries.READ, out=schemas.ExplanationSchema)
def explain_task(ctx: Context, task_id: UUID) -> dict[str, Any]:
    """Tell in Chinese which rule, period and events made a task and what became of it, with a code for each step."""
    return {"lines": service.explain(ctx, task_id)}


@blp.post("/tasks/reassign", permission=service.EDIT, body=schemas.ReassignInput, out=schemas.ChangedTasksSchema)
def reassign_tasks(ctx: Context, **values: Any) -> dict[str, int]:
    """Hand open tasks, with their checkpoints, to another officer, all or none."""
    return {"changed": service.reassign(ctx, **values)}


@blp.post("/tasks/<uuid:task_id>/makeup", permission=service.EDIT, body=schemas.MakeupInput, out=schemas.TaskSchema)
def allow_makeup(ctx: Context, task_id: UUID, *, reason: str) -> Task:
    """Allow a visit after the window (补检); it completes the task late."""
    service.allow_makeup(ctx, task_id, reason=reason)
    return get_one(ctx.session, queries.named_tasks(ctx.actor, ctx.now).where(Task.id == task_id))


@blp.get(
    "/tasks/<uuid:task_id>/attempts",
    permission=queries.READ,
    query=PageQuery,
    out=page_of(schemas.AttemptSchema),
)
def list_attempts(ctx: Context, task_id: UUID, *, limit: int, cursor: str | None) -> Any:
    """List the attempts at a task that were in vain, oldest first."""
    task = get_one(ctx.session, queries.visible_tasks(ctx.actor, ctx.now).where(Task.id == task_id))
    statement = queries.attempts_of(task_id=task.id)
    return paginate(ctx.session, statement, by=_OLDEST_FIRST, limit=limit, cursor=cursor)


@blp.get(
    "/checkpoints/<uuid:checkpoint_id>/attempts",
    permission=queries.READ,
    query=PageQuery,
    out=page_of(schemas.AttemptSchema),
)
def list_checkpoint_attempts(ctx: Context, checkpoint_id: UUID, *, limit: int, cursor: str | None) -> Any:
    """List the attempts at a checkpoint that were in vain, with and without a task, oldest first."""
    reached = visible_checkpoints(ctx.actor, queries.READ).where(Checkpoint.id == checkpoint_id)
    checkpoint = get_one(ctx.session, reached)
    statement = queries.attempts_of(checkpoint_id=checkpoint.id)
    return paginate(ctx.session, statement, by=_OLDEST_FIRST, limit=limit, cursor=cursor)


@blp.post(
    "/rules/<uuid:rule_id>/recomputes",
    permission=EDIT_RULES,
    body=schemas.RecomputeInput,
    out=schemas.RecomputeSchema,
    status=201,
)
def propose_recompute(ctx: Context, rule_id: UUID, *, since: date, reason: str) -> RuleRecompute:
    """Show what a rule's terms of now would change from a day of the past on, and propose it to a second person."""
    return service.propose_recompute(ctx, rule_id, since=since, reason=reason)


@blp.get("/recomputes", permission=READ_RULES, query=PageQuery, out=page_of(schemas.RecomputeSchema))
def list_recomputes(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List the recomputations of my subtrees' rules, oldest first."""
    statement = queries.recomputes_of(ctx.actor, READ_RULES)
    return paginate(ctx.session, statement, by=[RuleRecompute.id], limit=limit, cursor=cursor)


@blp.get("/recomputes/<uuid:recompute_id>", permission=READ_RULES, out=schemas.RecomputeSchema)
def get_recompute(ctx: Context, recompute_id: UUID) -> RuleRecompute:
    """Show one recomputation."""
    statement = queries.recomputes_of(ctx.actor, READ_RULES)
    return get_one(ctx.session, statement.where(RuleRecompute.id == recompute_id))


@blp.post("/recomputes/<uuid:recompute_id>/approve", permission=EDIT_RULES, out=schemas.RecomputeSchema)
def approve_recompute(ctx: Context, recompute_id: UUID) -> RuleRecompute:
    """Approve somebody else's recomputation; the next run makes and cancels the tasks."""
    return service.approve_recompute(ctx, recompute_id)


@blp.post("/recomputes/<uuid:recompute_id>/refuse", permission=EDIT_RULES, out=schemas.RecomputeSchema)
def refuse_recompute(ctx: Context, recompute_id: UUID) -> RuleRecompute:
    """Refuse somebody else's recomputation."""
    return service.refuse_recompute(ctx, recompute_id)


@blp.post(
    "/campaigns/preview",
    permission=service.EDIT,
    body=schemas.CampaignPreviewInput,
    out=schemas.CampaignPreviewSchema,
)
def preview_campaign(ctx: Context, **values: Any) -> dict[str, Any]:
    """Tell how many checkpoints a campaign (专项检查) would visit, per officer; nothing is made."""
    found = service.preview_campaign(ctx, **values)
    return {"tasks": sum(each.tasks for each in found), "officers": found}


@blp.post("/campaigns", permission=service.EDIT, body=schemas.CampaignInput, out=schemas.CampaignSchema, status=201)
def create_campaign(ctx: Context, **values: Any) -> Campaign:
    """Create a campaign: a task for every checkpoint that the filters find now, from the first day to the last."""
    return service.create_campaign(ctx, **values)


@blp.get("/campaigns", permission=queries.READ, query=PageQuery, out=page_of(schemas.CampaignSchema))
def list_campaigns(ctx: Context, *, limit: int, cursor: str | None) -> Any:
    """List the campaigns of my subtrees, oldest first."""
    statement = queries.campaigns_of(ctx.actor)
    return paginate(ctx.session, statement, by=[Campaign.id], limit=limit, cursor=cursor)


@blp.get("/campaigns/<uuid:campaign_id>", permission=queries.READ, out=schemas.CampaignSchema)
def get_campaign(ctx: Context, campaign_id: UUID) -> Campaign:
    """Show one campaign."""
    return get_one(ctx.session, queries.campaigns_of(ctx.actor).where(Campaign.id == campaign_id))


@blp.get("/campaigns/<uuid:campaign_id>/progress", permission=queries.READ, out=schemas.ProgressSchema)
def show_campaign_progress(ctx: Context, campaign_id: UUID) -> dict[str, Any]:
    """Count the tasks of a campaign by state."""
    campaign = get_one(ctx.session, queries.campaigns_of(ctx.actor).where(Campaign.id == campaign_id))
    return {"states": queries.progress_of(ctx.session, campaign.id)}


@blp.post(
    "/campaigns/<uuid:campaign_id>/cancel",
    permission=service.EDIT,
    body=schemas.CampaignCancelInput,
    out=schemas.CampaignSchema,
)
def cancel_campaign(ctx: Context, campaign_id: UUID, *, reason: str) -> Campaign:
    """Cancel a campaign: its open tasks go, what is done stays."""
    return service.cancel_campaign(ctx, campaign_id, reason=reason)
