"""Reads of the checkpoints slice: what an actor sees, and what visits and bindings are judged by."""

from __future__ import annotations

from checkpoints.queries.drawing import drawn_locations, fence_of
from checkpoints.queries.exits import (
    exit_in_effect,
    exit_types,
    exits_of,
    get_exit,
    open_exit_of,
    unknown_exit_types,
    visible_exits,
)
from checkpoints.queries.judging import (
    BIND,
    CheckpointSet,
    facts_of,
    locations_by_checkpoint,
    neighbours_of,
    plate_value,
)
from checkpoints.queries.locking import lock_open_tasks
from checkpoints.queries.proposals import get_proposal, proposals_of, visible_proposals
from checkpoints.queries.seeing import (
    FILTERS,
    checkpoints_of,
    ensure_empty,
    get_checkpoint,
    handed_over_by,
    loan_ids_of,
    locations_of,
    order_of,
    place_of,
    registered_place,
    usual_radius,
    visible_checkpoints,
)

__all__ = [
    "BIND",
    "FILTERS",
    "CheckpointSet",
    "checkpoints_of",
    "drawn_locations",
    "ensure_empty",
    "exit_in_effect",
    "exit_types",
    "exits_of",
    "facts_of",
    "fence_of",
    "get_checkpoint",
    "get_exit",
    "get_proposal",
    "handed_over_by",
    "loan_ids_of",
    "locations_by_checkpoint",
    "locations_of",
    "lock_open_tasks",
    "neighbours_of",
    "open_exit_of",
    "order_of",
    "place_of",
    "plate_value",
    "proposals_of",
    "registered_place",
    "unknown_exit_types",
    "usual_radius",
    "visible_checkpoints",
    "visible_exits",
    "visible_proposals",
]
