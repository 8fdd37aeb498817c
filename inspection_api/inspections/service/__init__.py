"""Use cases of the inspections slice."""

from __future__ import annotations

from inspection_api.inspections.service.acceptance import (
    on_device_approved,
    on_media_stored,
    on_visits_counted,
    settle,
)
from inspection_api.inspections.service.amending import amend
from inspection_api.inspections.service.commenting import comment
from inspection_api.inspections.service.deciding import (
    accept_quarantined,
    decide_field,
    end_conflict,
    find_locked,
    get_locked,
    refuse_quarantined,
)
from inspection_api.inspections.service.rejudging import judge_again
from inspection_api.inspections.service.voiding import REVIEW, may_void, void
from inspection_api.inspections.service.writing import save_drafts, submit_visits

__all__ = [
    "REVIEW",
    "accept_quarantined",
    "amend",
    "comment",
    "decide_field",
    "end_conflict",
    "find_locked",
    "get_locked",
    "judge_again",
    "may_void",
    "on_device_approved",
    "on_media_stored",
    "on_visits_counted",
    "refuse_quarantined",
    "save_drafts",
    "settle",
    "submit_visits",
    "void",
]
