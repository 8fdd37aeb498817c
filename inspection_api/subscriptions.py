"""Every upward reaction of the system, on one page: event kind -> handler, inline or later (architecture.md §2)."""

from __future__ import annotations

from inspection_api.accounts import service as accounts
from inspection_api.core.events import Subscription, When

SUBSCRIPTIONS: tuple[Subscription, ...] = (Subscription("login.failed", When.INLINE, accounts.on_login_failed),)
