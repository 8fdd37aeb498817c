"""Time that has passed: one transaction in which the clock goes from then to now, and each act is somebody's.

Whatever a request and the worker would do after it happens here at its own moment: inline reactions, events, later
ones. So a year fits into the seeding's transaction, of which nothing is left if it is killed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from sqlalchemy import select

from inspection_api.accounts.models import UserAccount
from inspection_api.accounts.queries import assignments_on
from inspection_api.core import events
from inspection_api.core.context import Actor
from inspection_api.core.periods import day_start, local_day
from inspection_api.notifications import service as notifications

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.core.events import Subscription

_INBOX_DAYS = timedelta(days=30)
_BY_THE_THOUSAND = frozenset({"checkpoint.bound", "paper.closing_soon", "paper.locked"})


@dataclass(slots=True, kw_only=True)
class Era:
    """The moment that it is (``now``, up to ``today``), and a context for whoever acts in it."""

    ctx: Context
    subscriptions: Sequence[Subscription]
    public_url: str
    today: date
    now: datetime
    random: Random = field(default_factory=lambda: Random(20251101))  # noqa: S311 - invented data, no secret
    _actors: dict[str, Actor] = field(default_factory=dict)

    def go_to(self, day: date, after_midnight: timedelta) -> None:
        """Let it be that time of ``day``; it never becomes earlier."""
        self.now = max(self.now, day_start(day) + after_midnight)

    def system(self) -> Context:
        """Return the context of what nobody does: the clock, the worker."""
        return replace(self.ctx, now=self.now)

    def acting(self, username: str) -> Context:
        """Return the context of a user, with the roles that he holds."""
        if username not in self._actors:
            self._actors[username] = self._actor(username)
        return replace(self.ctx, now=self.now, actor=self._actors[username])

    def _actor(self, username: str) -> Actor:
        named = select(UserAccount.id).where(UserAccount.username == username)
        user_id: UUID = self.ctx.session.scalars(named).one()
        held = assignments_on(self.ctx.session, [user_id], local_day(self.now))
        return Actor(user_id=user_id, assignments=held[user_id])

    def _reactions(self) -> list[Subscription]:
        """Return the table of reactions; inboxes begin a month ago, without what would fill them by the thousand."""
        is_recent = self.today - local_day(self.now) <= _INBOX_DAYS
        told = [row for row in self.subscriptions if row.handler is notifications.tell_people]
        dropped = {row.kind for row in told if not is_recent or row.kind in _BY_THE_THOUSAND}
        return [row for row in self.subscriptions if row not in told or row.kind not in dropped]

    def settle(self) -> None:
        """Let everything react to what has happened, as at a commit; what was read is forgotten as after one."""
        ctx, reactions = self.system(), self._reactions()
        self._settle(ctx, reactions)
        while (claim := events.claim_next(ctx)) is not None:
            events.deliver(ctx, claim, reactions)
            self._settle(ctx, reactions)
        ctx.session.flush()
        ctx.session.expunge_all()

    def _settle(self, ctx: Context, reactions: Sequence[Subscription]) -> None:
        if events.settle(ctx, reactions):
            events.bring_forward(ctx)
