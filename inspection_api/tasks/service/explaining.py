"""Everything that is written down about one task, for its story (issue 4 §5): a constant number of queries."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, names_of
from inspection_api.core.events import Event
from inspection_api.core.periods import Period, local_day
from inspection_api.imports.models import ImportedVisit
from inspection_api.plans.models import InspectionRule, Plan, PlanMembership, RuleVersion
from inspection_api.tasks import queries, rules
from inspection_api.tasks.models import Campaign, Task
from inspection_api.tasks.rules.explaining import TOLD

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspection_api.core.context import Context

_BY_TIME = 7
SYSTEM = "系统"


def explain(ctx: Context, task_id: UUID) -> Sequence[rules.Line]:
    """Tell why a task exists and what became of it.

    Raises:
        NotFound: out of scope.
    """
    task = get_one(ctx.session, queries.visible_tasks(ctx.actor, ctx.now).where(Task.id == task_id))
    events = _events(ctx, task.id)
    return _of_rule(ctx, task, events) if task.campaign_id is None else _of_campaign(ctx, task, events)


def _of_campaign(ctx: Context, task: Task, events: Sequence[Event]) -> Sequence[rules.Line]:
    made = select(Campaign, Organisation.name).join(Organisation, Organisation.id == Campaign.organisation_id)
    campaign, organisation = ctx.session.execute(made.where(Campaign.id == task.campaign_id)).one()
    names = _names(ctx, events, campaign.created_by)
    story = rules.CampaignStory(
        campaign=campaign.name,
        organisation=organisation,
        created_by=names[str(campaign.created_by)],
        created_at=campaign.created_at,
        period=Period(start=task.period_start, end=task.period_end),
        state=rules.State(task.state),
        today=local_day(ctx.now),
        happenings=tuple(_happening(event, names) for event in events),
        names=names,
    )
    return rules.explain_campaign(story)


def _of_rule(ctx: Context, task: Task, events: Sequence[Event]) -> Sequence[rules.Line]:
    made = (
        select(InspectionRule, RuleVersion, Plan, PlanMembership, Organisation)
        .join(RuleVersion, RuleVersion.rule_id == InspectionRule.id)
        .join(Plan, Plan.rule_id == InspectionRule.id)
        .join(PlanMembership, PlanMembership.plan_id == Plan.id)
        .join(Organisation, Organisation.id == Plan.organisation_id)
        .where(PlanMembership.id == task.episode_id, RuleVersion.number == task.rule_version)
    )
    rule, version, plan, stay, organisation = ctx.session.execute(made).one()
    names = _names(ctx, events, version.edited_by)
    story = rules.Story(
        kind=rules.Kind(task.kind),
        state=rules.State(task.state),
        period=Period(start=task.period_start, end=task.period_end),
        due_on=task.due_on,
        window_end_on=task.window_end_on,
        rule=rule.name,
        version=version.value,
        edited_by=names.get(str(version.edited_by), SYSTEM),
        plan=plan.terms,
        stay=_stay(stay, organisation),
        today=local_day(ctx.now),
        backfilled=task.backfilled,
        made_at=_made_at(task.id, events),
        performed_on=task.performed_on,
        credit_from=task.credit_from,
        imported=ctx.session.get(ImportedVisit, task.closed_by) is not None if task.closed_by else False,
        happenings=tuple(_happening(event, names) for event in events),
        names=names,
    )
    return rules.explain(story)


def _events(ctx: Context, task_id: UUID) -> Sequence[Event]:
    about = select(Event).where(Event.data["task_id"].astext == str(task_id), Event.kind.in_(TOLD))
    return ctx.session.scalars(about.order_by(Event.number)).all()


def _names(ctx: Context, events: Sequence[Event], author: UUID | None) -> dict[str, str]:
    ids = {author, *(event.actor_id for event in events)} - {None}
    ids |= {UUID(event.data["officer_id"]) for event in events if event.data.get("officer_id")}
    return {str(id_): name for id_, name in names_of(ctx.session, [each for each in ids if each]).items()}


def _stay(stay: PlanMembership, organisation: Organisation) -> rules.Stay:
    return rules.Stay(
        organisation=organisation.name,
        joined_on=stay.joined_on,
        source=stay.source,
        left_on=stay.left_on,
        exit_type=stay.exit_type,
        exit_approved_on=stay.exit_approved_on,
    )


def _made_at(task_id: UUID, events: Sequence[Event]) -> datetime | None:
    """Return the instant that the task's id was made at, where the id tells it.

    A loan's own task has a random one, and the ids of a demo bank's past are younger than what happened to it.
    """
    if task_id.version != _BY_TIME:
        return None
    made_at = datetime.fromtimestamp((task_id.int >> 80) / 1000, UTC)
    return None if any(event.at < made_at for event in events) else made_at


def _happening(event: Event, names: Mapping[str, str]) -> rules.Happening:
    actor = names.get(str(event.actor_id), SYSTEM)
    return rules.Happening(kind=event.kind, at=event.at, actor_id=event.actor_id, actor=actor, data=event.data)
