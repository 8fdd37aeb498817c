"""The queue of the acting person: a page of it, and its counts, in a number of statements that never grows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from inspection_api.calendars.queries import load_calendar
from inspection_api.core.paging import Page, paginate
from inspection_api.todos import rules
from inspection_api.todos.queries import asked, listing
from inspection_api.todos.rules import Facts

if TYPE_CHECKING:
    from sqlalchemy import CTE, Row

    from inspection_api.calendars.rules import Calendar
    from inspection_api.core.context import Context
    from inspection_api.todos.queries.kind import Kind
    from inspection_api.todos.rules import Decision

Kinds = Sequence["Kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Todo:
    """One thing that waits; ``note`` is a code or a name, ``note_text`` how people say it.

    ``deciders`` are the names of those who decide it, told to whoever waits for them.
    """

    kind: str
    id: UUID
    organisation_id: UUID
    organisation_name: str
    since: datetime
    due_at: datetime | None
    workdays_left: int | None
    is_overdue: bool
    if_nothing: str
    checkpoint_id: UUID | None
    checkpoint_name: str | None
    customer_name: str | None
    inspection_id: UUID | None
    person_name: str | None
    note: str | None
    note_text: str | None
    version: int | None
    deciders: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KindView:
    """A kind with its number: what is said once for all of its things."""

    code: str
    title: str
    number: int
    if_nothing: Mapping[str, str]
    decisions: Sequence[Decision]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A page of what waits, and all that waits by kind."""

    items: Sequence[Todo]
    next_cursor: str | None
    total: int
    kinds: Sequence[KindView]


def find_page(
    ctx: Context,
    kinds: Kinds,
    *,
    kind: str | None,
    scope: str,
    organisation_id: UUID | None,
    limit: int,
    cursor: str | None,
) -> Queue:
    """Return one page of what waits for the actor, the most urgent first, with the counts of all kinds.

    Four eyes are kept: what is the actor's own, or his own proposal, is not in it.
    """
    mine = listing.open_to(ctx.actor, kinds)
    if not mine:
        return Queue(items=(), next_cursor=None, total=0, kinds=())
    todo = listing.waiting(ctx, mine, everything=scope == "all")
    statement, order = listing.named(todo, organisation_id, kind)
    page: Page[Any] = paginate(ctx.session, statement, by=order, limit=limit, cursor=cursor)
    if page.items:
        counted = _views(mine, page.items[0].numbers)
    else:
        is_all = kind is None and cursor is None
        counted = _views(mine, {} if is_all else _numbers(ctx, todo, organisation_id))
    calendar, by_code = load_calendar(ctx.session), {each.code: each for each in mine}
    return Queue(
        items=[_todo(ctx, by_code[row.kind], row, calendar) for row in page.items],
        next_cursor=page.next_cursor,
        total=sum(each.number for each in counted),
        kinds=[each for each in counted if each.number],
    )


def find_asked(ctx: Context, kinds: Kinds, *, kind: str | None, limit: int, cursor: str | None) -> Queue:
    """Return one page of what the actor brought about and only others decide, with who they are, the same order."""
    if not ctx.actor.assignments:
        return Queue(items=(), next_cursor=None, total=0, kinds=())
    statement, order = listing.named(asked.asked(ctx, kinds), None, kind)
    page: Page[Any] = paginate(ctx.session, statement, by=order, limit=limit, cursor=cursor)
    by_code = {each.code: each for each in kinds}
    deciders, calendar = _deciders(ctx, by_code, page.items), load_calendar(ctx.session)
    counted = [each for each in _views(kinds, page.items[0].numbers if page.items else {}) if each.number]
    return Queue(
        items=[
            replace(_todo(ctx, by_code[row.kind], row, calendar), deciders=named)
            for row, named in zip(page.items, deciders, strict=True)
        ],
        next_cursor=page.next_cursor,
        total=sum(each.number for each in counted),
        kinds=counted,
    )


def _deciders(ctx: Context, by_code: Mapping[str, Kind], rows: Sequence[Any]) -> list[list[str]]:
    """Return who decides each row, by name: by the rule of its kind, else whoever is the nearest with a role."""
    by_rule: dict[UUID, Sequence[UUID]] = {}
    for kind in by_code.values():
        if kind.deciders:
            by_rule.update(kind.deciders(ctx, [row.id for row in rows if row.kind == kind.code]))
    roles = frozenset().union(*(by_code[row.kind].roles for row in rows))
    held = asked.holders(ctx, {row.organisation_id for row in rows}, roles)
    found = [
        by_rule.get(row.id, ())
        if by_code[row.kind].deciders
        else rules.nearest(held[row.organisation_id], by_code[row.kind].roles, row.barred)
        for row in rows
    ]
    names = asked.names(ctx, {user_id for each in found for user_id in each})
    return [sorted(names[user_id] for user_id in each) for each in found]


def _todo(ctx: Context, kind: Kind, row: Row[*tuple[Any, ...]], calendar: Calendar) -> Todo:
    outlook = kind.foresee(Facts(since=row.since, until=row.until, note=row.note, now=ctx.now), calendar)
    return Todo(
        kind=kind.code,
        id=row.id,
        organisation_id=row.organisation_id,
        organisation_name=row.organisation_name,
        since=row.since,
        due_at=outlook.due_at,
        workdays_left=rules.workdays_left(outlook.due_at, ctx.now, calendar),
        is_overdue=rules.is_overdue(outlook.due_at, ctx.now),
        if_nothing=outlook.if_nothing,
        checkpoint_id=row.checkpoint_id,
        checkpoint_name=row.checkpoint_name,
        customer_name=row.customer_name,
        inspection_id=row.inspection_id,
        person_name=row.person_name,
        note=row.note,
        note_text=kind.notes.get(row.note, row.note) if row.note else None,
        version=row.version,
    )


def count(ctx: Context, kinds: Kinds, *, scope: str, organisation_id: UUID | None) -> list[KindView]:
    """Return how much of every kind that the actor may decide waits for him, none included."""
    mine = listing.open_to(ctx.actor, kinds)
    if not mine:
        return []
    return _views(mine, _numbers(ctx, listing.waiting(ctx, mine, everything=scope == "all"), organisation_id))


def _numbers(ctx: Context, todo: CTE, organisation_id: UUID | None) -> dict[str, int]:
    found = ctx.session.execute(listing.counts(todo, organisation_id))
    return {row.kind: row.number for row in found}


def _views(kinds: Kinds, numbers: Mapping[str, int]) -> list[KindView]:
    return [
        KindView(
            code=each.code,
            title=each.title,
            number=numbers.get(each.code, 0),
            if_nothing=each.if_nothing,
            decisions=each.decisions,
        )
        for each in kinds
    ]
