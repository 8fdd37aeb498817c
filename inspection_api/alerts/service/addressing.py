"""Whose an alert is: whoever holds its enterprise holds it too, and so do his devices (sync.md §5, Scope)."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from inspection_api.accounts import service as accounts
from inspection_api.alerts import queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded


def address(ctx: Context, customer_ids: Iterable[UUID]) -> None:
    """Let the holders of enterprises hold their open alerts, in two statements; what is finished comes no more."""
    found = queries.addressees(ctx.session, customer_ids)
    accounts.grant(ctx, [(user_id, "alert", alert_id) for user_id, alert_id in found])


def on_checkpoints_served(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``checkpoint.created`` and ``checkpoint.assigned``: alerts follow whoever serves the enterprise now.

    A former officer who holds nothing of it any more loses them; his devices drop them.
    """
    ctx.session.flush()
    checkpoint_ids = [UUID(event.data["checkpoint_id"]) for event in events]
    customer_ids = queries.lock_customers(ctx.session, queries.of_checkpoints(checkpoint_ids)).keys()
    former_ids = [UUID(event.data["former_id"]) for event in events if event.data.get("former_id")]
    lost = queries.unserved(ctx.session, customer_ids, former_ids)
    accounts.revoke(ctx, [(user_id, "alert", alert_id) for user_id, alert_id in lost], reason="reassigned")
    address(ctx, customer_ids)
