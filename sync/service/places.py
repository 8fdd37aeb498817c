"""What a manager's decision about a doubtful place means for visits, and for the quarantine's book (domain.md §3.4).

It runs after the decision, in a transaction of its own: the decision holds the checkpoint, and devices and tasks are
locked before checkpoints by every writer (sync.md §3).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from inspection_api.inspections import queries as inspection_queries
from inspection_api.inspections import service as inspections
from sync import queries
from sync.service import quarantine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded


def on_places_decided(ctx: Context, events: Sequence[Recorded]) -> None:
    """Judge the visits of decided places again; the devices that brought them come first, as at the desk."""
    points = {UUID(event.data["checkpoint_id"]) for event in events}
    waiting = inspection_queries.submitted_at(ctx.session, points)
    for device_id in sorted({row.device_id for row in waiting if row.device_id is not None}):
        queries.lock_position(ctx.session, device_id)
    quarantine.follow(ctx, inspections.judge_again(ctx, [row.id for row in waiting]))
