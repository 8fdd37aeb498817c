"""Every upward reaction of the system, on one page: event kind -> handler, inline or later (architecture.md §2)."""

from __future__ import annotations

from inspection_api.accounts import service as accounts
from inspection_api.alerts import service as alerts
from inspection_api.core.events import Subscription, When
from inspection_api.media import service as media
from inspection_api.plans import service as plans
from inspection_api.tasks import service as tasks
from inspection_api.telemetry import service as telemetry

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription("login.failed", When.INLINE, accounts.on_login_failed),
    Subscription("organisation.created", When.INLINE, plans.on_organisations_created),
    Subscription("checkpoint.created", When.INLINE, plans.on_checkpoints_created),
    Subscription("checkpoint.assigned", When.INLINE, tasks.on_checkpoints_assigned),
    Subscription("media.stored", When.LATER, media.make_thumbnail),
    Subscription("telemetry.ingested", When.LATER, telemetry.refresh_facts),
    Subscription("telemetry.facts_changed", When.LATER, alerts.on_facts_changed),
)
