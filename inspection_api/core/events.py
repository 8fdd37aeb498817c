"""Events: audit trail, outbox, and the only way for a lower slice to reach a higher one (architecture.md §2, §3).

A use case records what happened (`Context.record`). Just before commit the inline handlers run, each once with all
events of its kind, until none is new; then the events wait for their numbers in one statement (`core/feed.py`), with
one delivery row for every `later` handler. The worker drains those rows from the database, so losing Redis loses
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from msgspec.structs import replace
from sqlalchemy import BigInteger, ForeignKey, Index, select, text
from sqlalchemy.orm import Mapped, mapped_column

from inspection_api.core import ahead
from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.tables import Base

if TYPE_CHECKING:
    from inspection_api.core.context import Context

_FIRST_RETRY = timedelta(seconds=5)
_LAST_RETRY = timedelta(hours=1)


class Event(Base):
    """What happened: immutable, ids and codes only, numbered from the bank's feed counter at commit."""

    __tablename__ = "event"
    __table_args__ = (
        Index("ix_event_number", "number", unique=True),
        Index("ix_event_kind_number", "kind", "number"),
        Index(
            "ix_event_task_id",
            text("(data ->> 'task_id')"),
            "number",
            postgresql_where=text("(data ->> 'task_id') IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    number: Mapped[int | None] = mapped_column(BigInteger)


class EventDelivery(Base):
    """One later handler's turn at one event; done when ``done_at`` is set."""

    __tablename__ = "event_delivery"
    __table_args__ = (Index("ix_event_delivery_open", "next_attempt_at", postgresql_where=text("done_at IS NULL")),)

    event_id: Mapped[UUID] = mapped_column(ForeignKey("event.id"), primary_key=True)
    handler: Mapped[str] = mapped_column(primary_key=True)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """An event as its handlers see it."""

    id: UUID
    kind: str
    actor_id: UUID | None
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """An event that a Problem leaves behind although its use case is rolled back."""

    kind: str
    data: dict[str, Any] = field(default_factory=dict)


Handler = Callable[["Context", Sequence[Recorded]], None]

# The rows come into being at the end of the transaction, with their numbers (`core/feed.py`).
_TELL = text(
    "INSERT INTO feed_tick (ids, events, deliveries)"
    " VALUES (CAST(:ids AS uuid[]), CAST(:events AS jsonb), CAST(:deliveries AS jsonb))"
)


class When(StrEnum):
    """Inline: in the same transaction, just before commit. Later: by the worker, from the outbox."""

    INLINE = "inline"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class Subscription:
    """One row of ``subscriptions.py``: which handler reacts to which kind of event, and when."""

    kind: str
    when: When
    handler: Handler

    @property
    def name(self) -> str:
        """Return the handler's name in the outbox: the function's, which stays when it moves to another module."""
        return self.handler.__name__


def settle(ctx: Context, subscriptions: Sequence[Subscription]) -> int:
    """Run the inline handlers until no event is new, then write all events; return how many later deliveries wait."""
    settled: list[Recorded] = []
    while ctx.pending:
        fresh, ctx.pending[:] = list(ctx.pending), []
        settled += fresh
        _run_inline(ctx, subscriptions, fresh)
    return _write(ctx, subscriptions, settled) if settled else 0


def _run_inline(ctx: Context, subscriptions: Sequence[Subscription], fresh: Sequence[Recorded]) -> None:
    by_kind: dict[str, list[Recorded]] = defaultdict(list)
    for event in fresh:
        by_kind[event.kind].append(event)
    for row in subscriptions:
        if row.when is When.INLINE and row.kind in by_kind:
            known = len(ctx.pending)
            row.handler(ctx, by_kind[row.kind])
            ctx.pending[known:] = [_caused(by, by_kind[row.kind]) for by in ctx.pending[known:]]


def _caused(event: Recorded, causes: Sequence[Recorded]) -> Recorded:
    """Return what an inline handler recorded, under the name of whoever caused it."""
    return event if event.actor_id else replace(event, actor_id=causes[0].actor_id)


def _write(ctx: Context, subscriptions: Sequence[Subscription], settled: Sequence[Recorded]) -> int:
    later: dict[str, list[str]] = defaultdict(list)
    for row in subscriptions:
        if row.when is When.LATER:
            later[row.kind].append(row.name)
    deliveries = [
        {"event_id": event.id, "handler": name, "next_attempt_at": ctx.now}
        for event in settled
        for name in later.get(event.kind, ())
    ]
    values = {"events": as_jsonb(settled), "deliveries": as_jsonb(deliveries)}
    ahead.send(ctx.session, _TELL, {"ids": [event.id for event in settled], **values})
    return len(deliveries)


def bring_forward(ctx: Context) -> None:
    """Let what was settled be in its tables now, numbered, as otherwise only at the commit.

    For a transaction that lives through many moments and must see the deliveries of each.
    """
    for when in ("IMMEDIATE", "DEFERRED"):
        ctx.session.execute(text(f"SET CONSTRAINTS ALL {when}"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A delivery whose turn it is; ``attempt`` counts from 1."""

    event_id: UUID
    handler: str
    attempt: int


def claim_next(ctx: Context) -> Claim | None:
    """Take the next due delivery and put it off at once, so that even a crash of its handler holds nobody up.

    The caller commits, then calls :func:`deliver` in a transaction of its own. Pauses double from 5 s to 1 h; two
    workers never take the same row at once.
    """
    due = (
        select(EventDelivery)
        .where(EventDelivery.done_at.is_(None), EventDelivery.next_attempt_at <= ctx.now)
        .order_by(EventDelivery.next_attempt_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    delivery = ctx.session.scalars(due).one_or_none()
    if delivery is None:
        return None
    delivery.attempts += 1
    delivery.next_attempt_at = ctx.now + min(_LAST_RETRY, _FIRST_RETRY * 2 ** min(delivery.attempts - 1, 12))
    return Claim(event_id=delivery.event_id, handler=delivery.handler, attempt=delivery.attempts)


def deliver(ctx: Context, claim: Claim, subscriptions: Sequence[Subscription]) -> None:
    """Run the handler; its writes and the mark ``done_at`` commit together, or the delivery is tried again later.

    Does nothing when the delivery is done, or another worker is at it because this one was slow.
    """
    mine = (
        select(EventDelivery)
        .where(EventDelivery.event_id == claim.event_id, EventDelivery.handler == claim.handler)
        .where(EventDelivery.done_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    delivery = ctx.session.scalars(mine).one_or_none()
    if delivery is None:
        return
    event = ctx.session.get_one(Event, claim.event_id)
    recorded = Recorded(id=event.id, kind=event.kind, actor_id=event.actor_id, at=event.at, data=event.data)
    function = claim.handler.rpartition(".")[2]  # an earlier version wrote the module's name, too
    later = {row.name: row.handler for row in subscriptions if row.when is When.LATER}
    later[function](ctx, [recorded])
    delivery.done_at = ctx.now
