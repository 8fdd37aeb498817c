"""What people at their desks did in the past: 补检 allowed, months closed and reviewed, a campaign."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select, update

from inspection_api.accounts.models import Organisation
from inspection_api.core.periods import local_day
from inspection_api.demo.past.rounds import Way, of_way
from inspection_api.reports import service as reports
from inspection_api.reports.models import MonthAdjustment, MonthClosing
from inspection_api.tasks import service as tasks
from inspection_api.templates.models import Template

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from inspection_api.demo.past.era import Era
    from inspection_api.demo.past.rounds import Errand

_WHY_MADE_UP = "客户经理临时抽调，本月未能按期到访"
_REVIEWED = "已核对逾期清单，无异议"
_CAMPAIGN_DAYS = 24
_DATE_ADJUSTMENTS = update(MonthAdjustment).where(MonthAdjustment.adjusted_at == func.now())


def allow_makeups(era: Era, errands: Iterable[Errand]) -> None:
    """Let branch managers allow the 补检 that are about to be done."""
    for errand in of_way(errands, Way.MADE_UP):
        manager = era.acting(f"b{errand.duty.code[:2]}")
        tasks.allow_makeup(manager, errand.duty.task_id, reason=_WHY_MADE_UP)


def close_month(era: Era, month: date) -> None:
    """Close a month for the whole province."""
    ctx = era.acting("hq")
    (held,) = ctx.actor.assignments
    reports.close_month(ctx, organisation_id=held.organisation_id, month=month)
    era.settle()


def review_closings(era: Era) -> None:
    """Let the risk manager review the provincial closings that nobody has reviewed."""
    waits = (
        select(MonthClosing.id)
        .join(Organisation, Organisation.id == MonthClosing.organisation_id)
        .where(Organisation.kind == "province", MonthClosing.reviewed_by.is_(None))
    )
    for closing_id in era.system().session.scalars(waits).all():
        reports.review_closing(era.acting("risk"), closing_id, note=_REVIEWED)
    era.settle()


def date_adjustments(era: Era) -> None:
    """Give the adjustments of this moment its date: their triggers know only when the seeding began."""
    era.system().session.execute(_DATE_ADJUSTMENTS.values(adjusted_at=era.now))


def begin_campaign(era: Era, branch: str, name: str) -> None:
    """Let a branch manager send everybody of his branch once more to whom the campaign finds."""
    ctx = era.acting(branch)
    (held,) = ctx.actor.assignments
    today = local_day(era.now)
    tasks.create_campaign(
        ctx,
        organisation_id=held.organisation_id,
        name=name,
        template_id=ctx.session.scalars(select(Template.id)).one(),
        start_on=today,
        due_on=today + timedelta(days=_CAMPAIGN_DAYS),
        filters={"five_class": "normal"},
    )
    era.settle()
    while tasks.advance_campaigns(era.system()):
        era.settle()
