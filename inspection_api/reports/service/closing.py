"""月结: freeze a month's figures of an organisation and all below it; another person reviews them (§1.9)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from inspection_api.accounts.models import Organisation
from inspection_api.accounts.queries import get_one, in_subtree, visible_organisations
from inspection_api.core.periods import local_day, month_of
from inspection_api.core.permissions import Action, Permission
from inspection_api.reports import queries, rules
from inspection_api.reports.errors import MonthClosed
from inspection_api.reports.models import MonthClosing, MonthFigure
from inspection_api.reports.rules import Counts, Coverage
from inspection_api.reports.service.keeping import keep_covered

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from sqlalchemy import Select

    from inspection_api.core.context import Context

FREEZE = Permission(Action.CLOSING, "freeze")
REVIEW = Permission(Action.CLOSING, "review")
READ = Permission(Action.CLOSING, "read")

_KEEP_STILL = text("LOCK TABLE task, visit IN SHARE MODE")


def closings(ctx: Context, *, organisation_id: UUID | None = None, month: date | None = None) -> Select[MonthClosing]:
    """Return the closings inside the actor's subtrees, narrowed by organisation and month."""
    asked = {MonthClosing.organisation_id: organisation_id, MonthClosing.month: month}
    mine = in_subtree(MonthClosing.organisation_id, ctx.actor.paths(READ))
    return select(MonthClosing).where(mine, *(column == value for column, value in asked.items() if value is not None))


def close_month(ctx: Context, *, organisation_id: UUID, month: date) -> MonthClosing:
    """Freeze what stands now for ``month`` (its first day); organisations below that did so before keep theirs.

    Nobody changes a task or adds a visit meanwhile: what was committed before is frozen, what comes after is noted.

    Raises:
        NotFound: the organisation is out of scope.
        MonthNotOver: the month's last day has not passed.
        MonthClosed: it is closed, by the organisation or by one above it.
    """
    scope = visible_organisations(ctx.actor, FREEZE).where(Organisation.id == organisation_id)
    organisation = get_one(ctx.session, scope, field="organisation_id")
    rules.ensure_over(month, local_day(ctx.now))
    ctx.session.execute(_KEEP_STILL)
    if ctx.session.get(MonthFigure, (organisation.id, month)) is not None:
        raise MonthClosed(fields={"month": MonthClosed.title})
    closing = MonthClosing(organisation_id=organisation.id, month=month, closed_by=ctx.user_id, closed_at=ctx.now)
    ctx.session.add(closing)
    ctx.session.flush()
    _freeze(ctx, organisation, closing)
    ctx.record("month.closed", closing_id=str(closing.id), organisation_id=str(organisation.id), month=str(month))
    return closing


def _freeze(ctx: Context, organisation: Organisation, closing: MonthClosing) -> None:
    window = month_of(closing.month)
    counts = queries.counts_by_path(ctx, organisation, window, local_day(ctx.now))
    below = select(Organisation).where(Organisation.path.startswith(organisation.path))
    frozen = [
        {
            "organisation_id": each.id,
            "month": closing.month,
            "closing_id": closing.id,
            **_numbers(counts.get(each.path, Counts())),
        }
        for each in ctx.session.scalars(below)
    ]
    ctx.session.execute(insert(MonthFigure).on_conflict_do_nothing(), frozen)
    keep_covered(ctx, closing)


def _numbers(counts: Counts) -> dict[str, Any]:
    """Return the columns of a figure; coverage is counted afterwards."""
    numbers = asdict(counts) | asdict(Coverage())
    return {name: number for name, number in numbers.items() if name in MonthFigure.__table__.columns}


def review_closing(ctx: Context, closing_id: UUID, *, note: str) -> MonthClosing:
    """Let a second person say that the frozen figures were looked at (审阅); once.

    Raises:
        NotFound: out of scope.
        FourEyes: whoever closed the month does not review it.
        MonthReviewed: somebody did.
    """
    scope = select(MonthClosing).where(
        MonthClosing.id == closing_id, in_subtree(MonthClosing.organisation_id, ctx.actor.paths(REVIEW))
    )
    closing = get_one(ctx.session, scope.with_for_update(), field="closing_id")
    rules.ensure_reviewable(closing.closed_by, closing.reviewed_by, ctx.user_id)
    closing.reviewed_by, closing.reviewed_at, closing.review_note = ctx.user_id, ctx.now, note
    ctx.session.flush()
    ctx.record("month.reviewed", closing_id=str(closing.id))
    return closing
