"""Reading alerts: a list, one, and the feed with its commit-safe cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select

from inspection_api.alerts import queries, rules
from inspection_api.alerts.models import Alert, AlertFeedback
from inspection_api.core.paging import Page, paginate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.alerts.queries import FeedItem
    from inspection_api.core.context import Context


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedPage:
    """A page of the feed; ``cursor`` asks for what comes after it, also when nothing has come yet."""

    items: Sequence[FeedItem]
    cursor: str
    has_more: bool


def find_page(
    ctx: Context,
    *,
    limit: int,
    cursor: str | None,
    condition: str | None = None,
    handling: str | None = None,
    customer_id: UUID | None = None,
) -> Page[Alert]:
    """Return one page of the visible alerts, narrowed.

    Raises:
        Forbidden: none of the actor's roles sees alerts.
    """
    rules.ensure_may_read(ctx.actor)
    statement = queries.visible_alerts(ctx.actor)
    for column, value in (
        (Alert.condition, condition),
        (Alert.handling, handling),
        (Alert.customer_id, customer_id),
    ):
        statement = statement if value is None else statement.where(column == value)
    return paginate(ctx.session, statement, by=[Alert.id], limit=limit, cursor=cursor)


def get(ctx: Context, alert_id: UUID) -> Alert:
    """Return one visible alert.

    Raises:
        Forbidden: none of the actor's roles sees alerts.
        AlertNotFound: out of scope.
    """
    rules.ensure_may_read(ctx.actor)
    return queries.get_visible(ctx.session, ctx.actor, alert_id)


def find_feedback(ctx: Context, alert_id: UUID, *, limit: int, cursor: str | None) -> Page[AlertFeedback]:
    """Return one page of what was found behind a visible alert.

    Raises:
        Forbidden: none of the actor's roles sees alerts.
        AlertNotFound: out of scope.
    """
    alert = get(ctx, alert_id)
    statement = select(AlertFeedback).where(AlertFeedback.alert_id == alert.id)
    by = [AlertFeedback.at, AlertFeedback.id]
    return paginate(ctx.session, statement, by=by, limit=limit, cursor=cursor)


def read_feed(ctx: Context, *, limit: int, cursor: str | None) -> FeedPage:
    """Return what happened to visible alerts after ``cursor`` (None: from the beginning), in commit order.

    Raises:
        Forbidden: none of the actor's roles sees alerts.
        FeedCursorInvalid: the cursor is not one of this bank's feed.
    """
    rules.ensure_may_read(ctx.actor)
    key = ctx.bank.derived_key("alert-feed")
    after = 0 if cursor is None else rules.open_cursor(key, cursor)
    head = queries.feed_head(ctx.session)
    found = queries.feed(ctx.session, ctx.actor, after=after, head=head, limit=limit + 1)
    items, has_more = found[:limit], len(found) > limit
    reached = items[-1].number if has_more else max(head, after)
    return FeedPage(items=items, cursor=rules.seal_cursor(key, reached), has_more=has_more)
