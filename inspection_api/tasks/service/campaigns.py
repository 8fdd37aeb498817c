"""专项检查: one visit to every checkpoint that a filter finds, made and cancelled in portions (issue 4 §3)."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, visible_organisations
from inspection_api.core.ids import new_id
from inspection_api.core.periods import local_day
from inspection_api.plans.rules import decide_outcome
from inspection_api.plans.rules.exits import Outcome
from inspection_api.plans.service import ensure_published
from inspection_api.tasks import queries
from inspection_api.tasks.errors import CampaignCancelled, CampaignDaysInvalid, CampaignNameTaken
from inspection_api.tasks.models import Campaign
from inspection_api.tasks.service.assigning import assign
from inspection_api.tasks.service.leaving import Reason, cancel
from inspection_api.tasks.service.makeup import EDIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

MOST_AT_ONCE = 5000
"""No transaction writes more synced rows than this (sync.md §5)."""

_INSERT = text(
    """
    INSERT INTO task (id, campaign_id, checkpoint_id, customer_id, kind, inspection_type, period_start, period_end,
                      due_on, window_end_on, organisation_id, officer_id, template_version_id)
    SELECT n.id, g.id, c.id, c.customer_id, 'campaign', 'special', g.start_on, g.due_on, g.due_on, g.due_on,
           c.organisation_id, c.officer_id, v.id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:checkpoint_ids AS uuid[])) AS n (id, checkpoint_id)
    JOIN checkpoint c ON c.id = n.checkpoint_id
    JOIN campaign g ON g.id = :campaign_id
    JOIN (SELECT DISTINCT ON (template_id) template_id, id FROM template_version
          WHERE status = 'published' ORDER BY template_id, number DESC) v ON v.template_id = g.template_id
    RETURNING id, officer_id
    """
)
_OPEN = text(
    """
    SELECT id FROM task
    WHERE campaign_id = :campaign_id AND state IN ('pending', 'in_progress')
    ORDER BY id LIMIT :at_most FOR NO KEY UPDATE
    """
)
_LEFT = text(
    """
    SELECT t.id, t.period_end, t.due_on, e.left_on, e.approved_on
    FROM unnest(CAST(:checkpoint_ids AS uuid[]), CAST(:left_on AS date[]), CAST(:approved_on AS date[]))
         AS e (checkpoint_id, left_on, approved_on)
    JOIN task t ON t.checkpoint_id = e.checkpoint_id
    WHERE t.kind = 'campaign' AND t.state IN ('pending', 'in_progress') AND e.left_on <= :today
    ORDER BY t.id FOR NO KEY UPDATE OF t
    """
)
_CALLED_OFF = text(
    """
    SELECT t.id FROM task t JOIN campaign g ON g.id = t.campaign_id AND g.cancelled_at IS NOT NULL
    WHERE t.id = ANY (CAST(:ids AS uuid[])) AND t.state IN ('pending', 'in_progress')
    """
)
# What was due before the day of the move stays with whom it was overdue.
_MOVE = text(
    """
    UPDATE task t SET organisation_id = f.organisation_id
    FROM (SELECT o.id, c.organisation_id FROM task o JOIN checkpoint c ON c.id = o.checkpoint_id
          WHERE c.id = ANY (CAST(:checkpoint_ids AS uuid[])) AND o.kind = 'campaign' AND o.due_on >= :today
            AND o.state IN ('pending', 'in_progress') AND o.organisation_id <> c.organisation_id
          ORDER BY o.id FOR NO KEY UPDATE OF o) f
    WHERE t.id = f.id
    """
)


def preview_campaign(ctx: Context, *, organisation_id: UUID, filters: dict[str, Any]) -> list[queries.OfficerCount]:
    """Tell how many tasks such a campaign would give to each officer, by id and name; None stands for nobody.

    Raises:
        NotFound: the organisation is out of scope.
    """
    _ensure_reached(ctx, organisation_id)
    return queries.by_officer(ctx.session, queries.matching(organisation_id, filters))


def create_campaign(
    ctx: Context,
    *,
    organisation_id: UUID,
    name: str,
    template_id: UUID,
    start_on: date,
    due_on: date,
    filters: dict[str, Any],
) -> Campaign:
    """Create a campaign with the first portion of its tasks; `advance_campaigns` makes the others.

    Raises:
        NotFound: the organisation is out of scope.
        CampaignDaysInvalid: it begins in the past, or ends before it begins.
        CampaignNameTaken: the organisation has a campaign of this name.
        TemplateUnpublished: the template has no published version.
    """
    _ensure_reached(ctx, organisation_id)
    if not local_day(ctx.now) <= start_on <= due_on:
        raise CampaignDaysInvalid(fields={"start_on": CampaignDaysInvalid.title})
    _ensure_name_free(ctx, organisation_id, name)
    ensure_published(ctx, template_id)
    campaign = Campaign(
        organisation_id=organisation_id,
        name=name,
        template_id=template_id,
        start_on=start_on,
        due_on=due_on,
        filters={key: str(value) for key, value in filters.items()},
        status="filling",
        created_by=ctx.user_id,
        created_at=ctx.now,
    )
    ctx.session.add(campaign)
    ctx.session.flush()
    ctx.record("campaign.created", campaign_id=str(campaign.id), organisation_id=str(organisation_id))
    _advance(ctx, campaign, MOST_AT_ONCE)
    return campaign


def cancel_campaign(ctx: Context, campaign_id: UUID, *, reason: str) -> Campaign:
    """Cancel the open tasks of a campaign, the first portion at once; what is done stays.

    Raises:
        NotFound: out of scope.
        CampaignCancelled: it was cancelled already.
    """
    reached = queries.campaigns_of(ctx.actor, EDIT).where(Campaign.id == campaign_id)
    campaign = get_one(ctx.session, reached.with_for_update(of=Campaign))
    if campaign.cancelled_at is not None:
        raise CampaignCancelled
    campaign.status, campaign.cancel_reason = "cancelling", reason
    campaign.cancelled_by, campaign.cancelled_at = ctx.user_id, ctx.now
    ctx.session.flush()
    ctx.record("campaign.cancelled", campaign_id=str(campaign.id), reason=reason)
    _advance(ctx, campaign, MOST_AT_ONCE)
    return campaign


def advance_campaigns(ctx: Context, *, at_most: int = MOST_AT_ONCE) -> bool:
    """Make or cancel the next portion of one campaign's tasks; return False when no campaign waits.

    Idempotent. Call again, in a new transaction, while it returns True.
    """
    waiting = select(Campaign).where(Campaign.status.in_(["filling", "cancelling"])).order_by(Campaign.id).limit(1)
    campaign = ctx.session.scalars(waiting.with_for_update()).one_or_none()
    if campaign is None:
        return False
    _advance(ctx, campaign, at_most)
    return True


def on_campaign_points_exited(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to exits that are in effect: §1.5 with 当月停止; a scheduled exit waits for its day."""
    ctx.session.flush()
    names = ("effective_on", "approved_on")
    days = {UUID(event.data["checkpoint_id"]): [event.data[name] for name in names] for event in events}
    leave_campaigns(
        ctx, {point: (date.fromisoformat(left), date.fromisoformat(at)) for point, (left, at) in days.items()}
    )


def leave_campaigns(ctx: Context, left: Mapping[UUID, tuple[date, date]]) -> None:
    """Cancel what campaigns ask of checkpoints that left on one day, which was approved on another."""
    values = {
        "checkpoint_ids": list(left),
        "left_on": [left_on for left_on, _ in left.values()],
        "approved_on": [approved_on for _, approved_on in left.values()],
        "today": local_day(ctx.now),
    }
    rows = ctx.session.execute(_LEFT, values).all()
    gone = [row.id for row in rows if _outcome(row) is Outcome.CANCELLED]
    cancel(ctx, dict.fromkeys(gone, Reason.EXIT))


def _outcome(row: Row[Any]) -> Outcome:
    return decide_outcome(
        period_end=row.period_end,
        due_on=row.due_on,
        left_on=row.left_on,
        stops_on=row.left_on,
        approved_on=row.approved_on,
    )


def drop_after_campaign(ctx: Context, task_ids: Sequence[UUID]) -> None:
    """Cancel the open ones among these tasks whose campaign was cancelled."""
    gone = ctx.session.scalars(_CALLED_OFF, {"ids": list(task_ids)}).all()
    cancel(ctx, dict.fromkeys(gone, Reason.CAMPAIGN_CANCELLED))


def on_campaign_points_transferred(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.transferred``: the open tasks of campaigns follow their checkpoint."""
    ctx.session.flush()
    values = {
        "checkpoint_ids": [UUID(event.data["checkpoint_id"]) for event in events],
        "today": local_day(ctx.now),
    }
    ctx.session.execute(_MOVE, values)


def _ensure_reached(ctx: Context, organisation_id: UUID) -> None:
    reached = visible_organisations(ctx.actor, EDIT).where(Organisation.id == organisation_id)
    get_one(ctx.session, reached, field="organisation_id")


def _ensure_name_free(ctx: Context, organisation_id: UUID, name: str) -> None:
    same = select(Campaign.id).where(Campaign.organisation_id == organisation_id, Campaign.name == name)
    existing = ctx.session.scalars(same).one_or_none()
    if existing is not None:
        raise CampaignNameTaken(existing_id=str(existing))


def _advance(ctx: Context, campaign: Campaign, at_most: int) -> None:
    """Do one portion under the campaign's lock; the last one is smaller than ``at_most``."""
    step, done = _STEPS[campaign.status]
    if step(ctx, campaign, at_most) < at_most:
        campaign.status = done
    ctx.session.flush()


def _fill(ctx: Context, campaign: Campaign, at_most: int) -> int:
    found = queries.missing(campaign).with_only_columns(Checkpoint.id).order_by(Checkpoint.id).limit(at_most)
    checkpoint_ids = ctx.session.scalars(found.with_for_update(read=True, of=Checkpoint)).all()
    ids = [new_id() for _ in checkpoint_ids]
    values = {"campaign_id": campaign.id, "ids": ids, "checkpoint_ids": checkpoint_ids}
    assign(ctx, [(row.id, row.officer_id) for row in ctx.session.execute(_INSERT, values)])
    return len(ids)


def _drop(ctx: Context, campaign: Campaign, at_most: int) -> int:
    ids = ctx.session.scalars(_OPEN, {"campaign_id": campaign.id, "at_most": at_most}).all()
    cancel(ctx, dict.fromkeys(ids, Reason.CAMPAIGN_CANCELLED))
    return len(ids)


_STEPS = {"filling": (_fill, "open"), "cancelling": (_drop, "cancelled")}
