"""Use cases of the checkpoints slice; each runs inside the caller's transaction."""

from __future__ import annotations

from checkpoints.service.bindings import NewBinding, apply_bindings
from checkpoints.service.creation import NewCheckpoint, create, create_many, on_customers_created
from checkpoints.service.describing import Described, describe, qr_text
from checkpoints.service.editing import assign, edit, reissue_plate
from checkpoints.service.locations import bind, confirm, reject, reset
from checkpoints.service.scans import Scanned, look_up, note_scans

__all__ = [
    "Described",
    "NewBinding",
    "NewCheckpoint",
    "Scanned",
    "apply_bindings",
    "assign",
    "bind",
    "confirm",
    "create",
    "create_many",
    "describe",
    "edit",
    "look_up",
    "note_scans",
    "on_customers_created",
    "qr_text",
    "reissue_plate",
    "reject",
    "reset",
]
