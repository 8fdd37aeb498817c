"""The doctor: what is stuck in a bank's offline sync, and why, in words."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from sqlalchemy import select

from sync.models import SyncDevice
from sync.protocol.complaints import Standing, complaints_of
from sync.service import devices

if TYPE_CHECKING:
    from inspection_api.core.context import Context

_FACTS = tuple(each.name for each in fields(Standing))


def examine(ctx: Context) -> list[str]:
    """Return one line for every device of the bank that should be looked at: whose it is, and what is wrong."""
    ids = ctx.session.scalars(select(SyncDevice.device_id).order_by(SyncDevice.device_id)).all()
    lines = []
    for row in devices.standings(ctx, ids):
        complaints = complaints_of(Standing(**{name: row[name] for name in _FACTS}), ctx.now)
        if complaints:
            lines.append(f"{row['user_name']} {row['name']} {row['id']}：{'；'.join(complaints)}")
    return lines
