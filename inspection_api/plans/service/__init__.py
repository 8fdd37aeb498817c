"""Use cases of the plans slice; each runs inside the caller's transaction and works on a set."""

from __future__ import annotations

from inspection_api.plans.service.creating import (
    EDIT,
    add_member,
    create_rule,
    ensure_published,
    on_checkpoints_created,
    on_organisations_created,
)
from inspection_api.plans.service.editing import (
    EDIT_DATES,
    attach_plan,
    edit_plan,
    edit_rule,
    remove_member,
    switch_back,
)
from inspection_api.plans.service.leaving import (
    on_checkpoints_exited,
    on_checkpoints_reactivated,
    on_checkpoints_transferred,
    on_exits_withdrawn,
    on_organisations_closed,
    on_organisations_edited,
)
from inspection_api.plans.service.previewing import Preview, preview_form, preview_rule

__all__ = [
    "EDIT",
    "EDIT_DATES",
    "Preview",
    "add_member",
    "attach_plan",
    "create_rule",
    "edit_plan",
    "edit_rule",
    "ensure_published",
    "on_checkpoints_created",
    "on_checkpoints_exited",
    "on_checkpoints_reactivated",
    "on_checkpoints_transferred",
    "on_exits_withdrawn",
    "on_organisations_closed",
    "on_organisations_created",
    "on_organisations_edited",
    "preview_form",
    "preview_rule",
    "remove_member",
    "switch_back",
]
