"""The bank's own settings of the offline sync."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from sync.models import SyncSetting

if TYPE_CHECKING:
    from inspection_api.core.context import Context


def set_bad_signature(ctx: Context, rule: str) -> None:
    """Say whether a batch with a bad signature is refused (``refuse``) or taken with a flag (``flag``)."""
    ctx.session.execute(update(SyncSetting).values(bad_signature=rule))
    ctx.record("sync.bad_signature_set", rule=rule)
