"""Use cases of the tasks slice; each runs inside the caller's transaction and works on a set."""

from __future__ import annotations

from inspection_api.tasks.service.assigning import on_checkpoints_assigned, on_handlers_named, on_performers_left
from inspection_api.tasks.service.attempting import note_attempts
from inspection_api.tasks.service.campaigns import (
    advance_campaigns,
    cancel_campaign,
    create_campaign,
    on_campaign_points_exited,
    on_campaign_points_transferred,
    preview_campaign,
)
from inspection_api.tasks.service.closing import close, start
from inspection_api.tasks.service.explaining import explain
from inspection_api.tasks.service.generation import Generated, generate
from inspection_api.tasks.service.handing import reassign
from inspection_api.tasks.service.leaving import (
    on_checkpoints_exited,
    on_checkpoints_reactivated,
    on_checkpoints_transferred,
    on_exits_withdrawn,
    on_members_removed,
)
from inspection_api.tasks.service.makeup import EDIT, allow_makeup
from inspection_api.tasks.service.making import on_visits_imported
from inspection_api.tasks.service.recomputing import approve_recompute, propose_recompute, refuse_recompute
from inspection_api.tasks.service.sweeping import sweep
from inspection_api.tasks.service.voiding import forget_visit, lock_concerned

__all__ = [
    "EDIT",
    "Generated",
    "advance_campaigns",
    "allow_makeup",
    "approve_recompute",
    "cancel_campaign",
    "close",
    "create_campaign",
    "explain",
    "forget_visit",
    "generate",
    "lock_concerned",
    "note_attempts",
    "on_campaign_points_exited",
    "on_campaign_points_transferred",
    "on_checkpoints_assigned",
    "on_checkpoints_exited",
    "on_checkpoints_reactivated",
    "on_checkpoints_transferred",
    "on_exits_withdrawn",
    "on_handlers_named",
    "on_members_removed",
    "on_performers_left",
    "on_visits_imported",
    "preview_campaign",
    "propose_recompute",
    "reassign",
    "refuse_recompute",
    "start",
    "sweep",
]
