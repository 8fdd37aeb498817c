"""Use cases of the inbox: telling people of steps, and what a person does with his items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text, update

from inspection_api.accounts import service as accounts
from inspection_api.core.ids import new_id
from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.paging import Page, paginate
from inspection_api.core.periods import local_day
from inspection_api.notifications import queries
from inspection_api.notifications.models import InboxItem
from inspection_api.notifications.rules.recipients import Named, is_stale, recipients
from inspection_api.notifications.rules.steps import STEPS_OF
from inspection_api.notifications.rules.words import words_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.notifications.queries import Count
    from inspection_api.notifications.rules.steps import Step

_STORE = text(
    """
    INSERT INTO inbox_item (id, user_id, key, code, asks, text, target_kind, target_id, checkpoint_id, inspection_id,
                            organisation_id, actor_id, at)
    SELECT r.* FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, user_id uuid, key text, code text, asks boolean, text text, target_kind text, target_id uuid,
        checkpoint_id uuid, inspection_id uuid, organisation_id uuid, actor_id uuid, at timestamptz)
    ORDER BY r.user_id, r.key
    ON CONFLICT (user_id, key) DO NOTHING
    RETURNING id, user_id
    """
)


def tell_people(ctx: Context, events: Sequence[Recorded]) -> None:
    """Let everybody whom a step concerns find it in his inbox (handler of every event in the table of steps).

    A delivery that is repeated, also by two workers at once, adds nothing: an item is one of (person, key). Whoever did
    it is not told; nor is anybody disabled or without a role, nor anybody after 30 days. Of the rows for one event a
    person gets the first.
    """
    for event in events:
        if not is_stale(event.at, ctx.now):
            _tell(ctx, event)


def _tell(ctx: Context, event: Recorded) -> None:
    facts = queries.facts_of(ctx.session, event.data)
    steps = [step for step in STEPS_OF[event.kind] if step.when(facts) and facts.get(step.target[1])]
    for step in steps:
        if step.settles:
            _settle(ctx, UUID(str(facts[step.target[1]])))
    rows = _rows(ctx, event, facts, steps)
    if rows:
        made = ctx.session.execute(_STORE, {"rows": as_jsonb(rows)}).all()
        accounts.grant(ctx, [(row.user_id, "inbox_item", row.id) for row in made])


def _rows(ctx: Context, event: Recorded, facts: Mapping[str, Any], steps: Sequence[Step]) -> list[dict[str, Any]]:
    day = local_day(ctx.now)
    asks_above = any(not isinstance(step.audience, Named) for step in steps) and facts.get("organisation_id")
    holders = queries.holders_over(ctx.session, facts["organisation_id"], day) if asks_above else []
    told: dict[UUID, Step] = {}
    for step in steps:
        for user_id in recipients(step.audience, facts, holders):
            if step.tells_actor or user_id != event.actor_id:
                told.setdefault(user_id, step)
    present = queries.in_office(ctx.session, told, day) if told else frozenset()
    return [_row(event, facts, told[user_id], user_id) for user_id in sorted(present, key=str)]


def _row(event: Recorded, facts: Mapping[str, Any], step: Step, user_id: UUID) -> dict[str, Any]:
    kind, key = step.target
    return {
        "id": new_id(),
        "user_id": user_id,
        "key": step.key(event.id, event.at, event.actor_id),
        "code": step.code,
        "asks": step.asks,
        "text": step.sentence.format_map(words_of(facts)),
        "target_kind": kind,
        "target_id": facts[key],
        "checkpoint_id": facts.get("checkpoint_id"),
        "inspection_id": facts.get("inspection_id"),
        "organisation_id": facts.get("organisation_id"),
        "actor_id": event.actor_id,
        "at": event.at,
    }


def _settle(ctx: Context, target_id: UUID) -> None:
    """Let nobody's item ask any more for what has been decided; rows are locked in one order."""
    asking = (
        select(InboxItem.id)
        .where(InboxItem.target_id == target_id, InboxItem.asks, InboxItem.settled_at.is_(None))
        .order_by(InboxItem.id)
        .with_for_update()
    )
    ctx.session.execute(
        update(InboxItem)
        .where(InboxItem.id.in_(asking.scalar_subquery()))
        .values(settled_at=ctx.now)
        .execution_options(synchronize_session=False)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemView:
    """An item as its person reads it: with the names of the place, if he still sees it, and of who did it."""

    id: UUID
    code: str
    text: str
    asks: bool
    is_settled: bool
    target_kind: str
    target_id: UUID
    inspection_id: UUID | None
    checkpoint_id: UUID | None
    checkpoint_name: str | None
    actor_name: str | None
    at: datetime
    read_at: datetime | None


def list_items(
    ctx: Context, *, unread: bool | None, code: str | None, limit: int, cursor: str | None
) -> Page[ItemView]:
    """Return one page of the acting person's inbox, the newest first, in three statements."""
    statement = queries.own_items(ctx.actor, unread=unread, code=code)
    page = paginate(ctx.session, statement, by=[InboxItem.id], limit=limit, cursor=cursor, newest_first=True)
    return Page(items=_views(ctx, page.items), next_cursor=page.next_cursor)


def _views(ctx: Context, items: Sequence[InboxItem]) -> list[ItemView]:
    places = queries.checkpoint_names(
        ctx.session, ctx.actor, {each.checkpoint_id for each in items if each.checkpoint_id}
    )
    people = queries.person_names(ctx.session, {each.actor_id for each in items if each.actor_id})
    return [
        ItemView(
            id=each.id,
            code=each.code,
            text=each.text,
            asks=each.asks and each.settled_at is None,
            is_settled=each.settled_at is not None,
            target_kind=each.target_kind,
            target_id=each.target_id,
            inspection_id=each.inspection_id,
            checkpoint_id=each.checkpoint_id,
            checkpoint_name=places.get(each.checkpoint_id) if each.checkpoint_id else None,
            actor_name=people.get(each.actor_id) if each.actor_id else None,
            at=each.at,
            read_at=each.read_at,
        )
        for each in items
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many items are unread, how many of those ask for a decision, and both by code."""

    unread: int
    asking: int
    codes: Sequence[Count]


def count(ctx: Context) -> Counts:
    """Return the acting person's unread items, counted."""
    found = queries.count_unread(ctx.session, ctx.actor)
    return Counts(unread=sum(each.unread for each in found), asking=sum(each.asking for each in found), codes=found)


def mark_read(ctx: Context, item_id: UUID) -> ItemView:
    """Mark one of the acting person's items as read; the first time counts.

    Raises:
        NotFound: it is not his.
    """
    item = queries.get_own(ctx.session, ctx.actor, item_id)
    if item.read_at is None:
        item.read_at = ctx.now
        ctx.session.flush()
    (view,) = _views(ctx, [item])
    return view


def mark_all_read(ctx: Context, *, until_id: UUID | None) -> int:
    """Mark the acting person's items as read, up to the one that he saw last; return how many were not yet."""
    unread = queries.own_items(ctx.actor, unread=True)
    if until_id is not None:
        unread = unread.where(InboxItem.id <= until_id)
    ids = unread.with_only_columns(InboxItem.id).order_by(InboxItem.id).with_for_update()
    marked = ctx.session.execute(
        update(InboxItem)
        .where(InboxItem.id.in_(ids.scalar_subquery()))
        .values(read_at=ctx.now)
        .returning(InboxItem.id)
        .execution_options(synchronize_session=False)
    ).all()
    return len(marked)
