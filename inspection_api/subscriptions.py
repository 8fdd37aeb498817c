"""Every upward reaction of the system, on one page: event kind -> handler, inline or later (architecture.md §2)."""

from __future__ import annotations

from inspection_api.accounts import service as accounts
from inspection_api.core.events import Subscription, When
from inspection_api.plans import service as plans

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription("login.failed", When.INLINE, accounts.on_login_failed),
    Subscription("organisation.created", When.INLINE, plans.on_organisations_created),
    Subscription("checkpoint.created", When.INLINE, plans.on_checkpoints_created),
)
