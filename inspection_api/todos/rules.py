"""What is said of a thing that waits: until when, what happens if nobody decides, and which decisions there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from inspection_api.core.periods import local_day
from inspection_api.notifications.rules.recipients import deciding_roles

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from uuid import UUID

    from inspection_api.calendars.rules import Calendar
    from inspection_api.core.permissions import Permission, Role

_LAST_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A call that decides: ``path`` names members of the item in braces, ``body`` goes as it is.

    ``asks`` are the members of the body that a person fills in; with ``if_match`` the item's ``version`` is sent.
    """

    code: str
    label: str
    path: str
    body: Mapping[str, object] = field(default_factory=dict)
    asks: tuple[str, ...] = ()
    if_match: bool = False
    method: str = "POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the sentences of a kind are made of; ``until`` is an instant that the row itself names."""

    since: datetime
    until: datetime | None
    note: str | None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Until when a decision is due, None: no time is set; and the code of what happens if nobody takes it."""

    due_at: datetime | None
    if_nothing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Somebody with a role over an organisation; the greater ``depth``, the nearer to it he holds it."""

    user_id: UUID
    role: str
    depth: int


def nearest(holders: Iterable[Holder], roles: Collection[str], barred: Collection[UUID]) -> list[UUID]:
    """Return who is the nearest to decide by one of ``roles`` (todos, domain.md §3.2): several where as near."""
    able = [each for each in holders if each.role in roles and each.user_id not in barred]
    depth = max((each.depth for each in able), default=0)
    return sorted({each.user_id for each in able if each.depth == depth})


Foresight = Callable[[Facts, "Calendar"], Outlook]


def always(code: str) -> Foresight:
    """Return the foresight of what waits without a time: it goes on being so."""

    def foresee(_facts: Facts, _calendar: Calendar) -> Outlook:
        return Outlook(due_at=None, if_nothing=code)

    return foresee


def until_then(code: str) -> Foresight:
    """Return the foresight of what happens at the instant that the row names."""

    def foresee(facts: Facts, _calendar: Calendar) -> Outlook:
        return Outlook(due_at=facts.until, if_nothing=code)

    return foresee


def workdays_left(due_at: datetime | None, now: datetime, calendar: Calendar) -> int | None:
    """Return how many workdays are left after today before ``due_at``: 0 on the last day, and once it is over."""
    if due_at is None:
        return None
    return calendar.count_workdays(local_day(now), local_day(due_at - _LAST_INSTANT))


def is_overdue(due_at: datetime | None, now: datetime) -> bool:
    """Tell whether the time is over."""
    return due_at is not None and due_at <= now


def roles_with(*permissions: Permission) -> frozenset[Role]:
    """Return the roles that reach any of ``permissions`` in a whole subtree."""
    return frozenset().union(*(deciding_roles(each) for each in permissions))
