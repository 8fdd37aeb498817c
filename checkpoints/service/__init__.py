"""Use cases of the checkpoints slice; each runs inside the caller's transaction."""

from __future__ import annotations

from checkpoints.service.bindings import NewBinding, apply_bindings
from checkpoints.service.concluding import on_conclusions_voided, on_exits_concluded
from checkpoints.service.creation import (
    NewCheckpoint,
    create,
    create_many,
    grant_with_customer,
    on_customers_created,
)
from checkpoints.service.describing import Described, describe, qr_text
from checkpoints.service.editing import Radius, edit, edit_many, put_usual_radius, reissue_plate, usual_radius
from checkpoints.service.exits import (
    approve_exit,
    call_off_exit,
    let_exits_take_effect,
    propose_exit,
    put_exit_type,
    reactivate,
    refuse_exit,
    withdraw_exit,
)
from checkpoints.service.handing import archive, assign, assign_many, transfer
from checkpoints.service.locations import bind, confirm, reject, reset
from checkpoints.service.proposals import (
    accept_proposal,
    propose_checkpoint,
    propose_edit,
    refuse_proposal,
    withdraw_proposal,
)
from checkpoints.service.scans import Scanned, look_up, note_scans
from checkpoints.service.succession import hand_on_expired, on_officers_left, on_organisations_closed

__all__ = [
    "Described",
    "NewBinding",
    "NewCheckpoint",
    "Radius",
    "Scanned",
    "accept_proposal",
    "apply_bindings",
    "approve_exit",
    "archive",
    "assign",
    "assign_many",
    "bind",
    "call_off_exit",
    "confirm",
    "create",
    "create_many",
    "describe",
    "edit",
    "edit_many",
    "grant_with_customer",
    "hand_on_expired",
    "let_exits_take_effect",
    "look_up",
    "note_scans",
    "on_conclusions_voided",
    "on_customers_created",
    "on_exits_concluded",
    "on_officers_left",
    "on_organisations_closed",
    "propose_checkpoint",
    "propose_edit",
    "propose_exit",
    "put_exit_type",
    "put_usual_radius",
    "qr_text",
    "reactivate",
    "refuse_exit",
    "refuse_proposal",
    "reissue_plate",
    "reject",
    "reset",
    "transfer",
    "usual_radius",
    "withdraw_exit",
    "withdraw_proposal",
]
