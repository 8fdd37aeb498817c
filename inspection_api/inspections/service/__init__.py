"""Use cases of the inspections slice."""

from __future__ import annotations

from inspection_api.inspections.service.acceptance import (
    on_binding_confirmed,
    on_device_approved,
    on_media_stored,
    settle,
)
from inspection_api.inspections.service.writing import save_drafts, submit_visits

__all__ = [
    "on_binding_confirmed",
    "on_device_approved",
    "on_media_stored",
    "save_drafts",
    "settle",
    "submit_visits",
]
