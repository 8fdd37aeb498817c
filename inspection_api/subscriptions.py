"""Every upward reaction of the system, on one page: event kind -> handler, inline or later (architecture.md §2)."""

from __future__ import annotations

from checkpoints import service as checkpoints
from inspection_api.accounts import service as accounts
from inspection_api.alerts import service as alerts
from inspection_api.core.events import Subscription, When
from inspection_api.imports import service as imports
from inspection_api.inspections import service as inspections
from inspection_api.media import service as media
from inspection_api.notifications import service as notifications
from inspection_api.notifications.rules.steps import STEPS_OF
from inspection_api.plans import service as plans
from inspection_api.reports import exporting
from inspection_api.tasks import service as tasks
from inspection_api.telemetry import service as telemetry
from kiosk_print import service as papers
from sync import service as sync

SUBSCRIPTIONS: tuple[Subscription, ...] = (
    Subscription("organisation.created", When.INLINE, plans.on_organisations_created),
    Subscription("organisation.edited", When.INLINE, plans.on_organisations_edited),
    Subscription("organisation.closed", When.INLINE, accounts.on_organisations_closed),
    Subscription("organisation.closed", When.INLINE, checkpoints.on_organisations_closed),
    Subscription("organisation.closed", When.INLINE, plans.on_organisations_closed),
    Subscription("user.disabled", When.INLINE, checkpoints.on_officers_left),
    Subscription("user.disabled", When.INLINE, tasks.on_performers_left),
    Subscription("role.ended", When.INLINE, checkpoints.on_officers_left),
    Subscription("role.ended", When.INLINE, tasks.on_performers_left),
    Subscription("customer.created", When.INLINE, checkpoints.on_customers_created),
    Subscription("checkpoint.created", When.INLINE, plans.on_checkpoints_created),
    Subscription("checkpoint.assigned", When.INLINE, tasks.on_checkpoints_assigned),
    Subscription("checkpoint.edited", When.INLINE, tasks.on_handlers_named),
    Subscription("checkpoint.created", When.INLINE, alerts.on_checkpoints_served),
    Subscription("checkpoint.assigned", When.INLINE, alerts.on_checkpoints_served),
    Subscription("alert.raised", When.INLINE, alerts.on_alerts_waiting),
    Subscription("alert.confirmed", When.INLINE, alerts.on_alerts_waiting),
    Subscription("checkpoint.exited", When.INLINE, plans.on_checkpoints_exited),
    Subscription("checkpoint.exited", When.INLINE, tasks.on_checkpoints_exited),
    Subscription("checkpoint.exited", When.INLINE, tasks.on_campaign_points_exited),
    Subscription("checkpoint.exit_took_effect", When.INLINE, plans.on_checkpoints_exited),
    Subscription("checkpoint.exit_took_effect", When.INLINE, tasks.on_checkpoints_exited),
    Subscription("checkpoint.exit_took_effect", When.INLINE, tasks.on_campaign_points_exited),
    Subscription("checkpoint.exit_withdrawn", When.INLINE, plans.on_exits_withdrawn),
    Subscription("checkpoint.exit_withdrawn", When.INLINE, tasks.on_exits_withdrawn),
    Subscription("checkpoint.reactivated", When.INLINE, plans.on_checkpoints_reactivated),
    Subscription("checkpoint.reactivated", When.INLINE, tasks.on_checkpoints_reactivated),
    Subscription("checkpoint.transferred", When.INLINE, plans.on_checkpoints_transferred),
    Subscription("checkpoint.transferred", When.INLINE, tasks.on_checkpoints_transferred),
    Subscription("checkpoint.transferred", When.INLINE, tasks.on_campaign_points_transferred),
    Subscription("checkpoint.left_plan", When.INLINE, tasks.on_members_removed),
    Subscription("visits.imported", When.INLINE, tasks.on_visits_imported),
    Subscription("visit.counted", When.INLINE, inspections.on_visits_counted),
    Subscription("device.approved", When.INLINE, sync.on_devices_approved),
    Subscription("device.approved", When.INLINE, inspections.on_device_approved),
    Subscription("media.stored", When.INLINE, inspections.on_media_stored),
    Subscription("inspection.accepted", When.INLINE, papers.on_inspections_accepted),
    Subscription("inspection.extra", When.INLINE, papers.on_inspections_accepted),
    Subscription("inspection.amended", When.INLINE, papers.on_inspections_amended),
    Subscription("inspection.voided", When.INLINE, papers.on_inspections_voided),
    Subscription("media.stored", When.LATER, media.make_thumbnail),
    Subscription("checkpoint.binding_confirmed", When.LATER, sync.on_places_decided),
    Subscription("checkpoint.binding_rejected", When.LATER, sync.on_places_decided),
    Subscription("inspection.exit_concluded", When.LATER, checkpoints.on_exits_concluded),
    Subscription("inspection.voided", When.LATER, checkpoints.on_conclusions_voided),
    Subscription("job.portfolio_export", When.LATER, imports.on_export_due),
    Subscription("job.report_export", When.LATER, exporting.on_report_export_due),
    Subscription("job.label_sheets", When.LATER, papers.on_label_sheets_due),
    Subscription("job.paper_batch", When.LATER, papers.on_paper_batch_due),
    Subscription("telemetry.ingested", When.LATER, telemetry.refresh_facts),
    Subscription("telemetry.facts_changed", When.LATER, alerts.on_facts_changed),
    *(Subscription(kind, When.LATER, notifications.tell_people) for kind in sorted(STEPS_OF)),
)
