"""Media of a device that has ended: what its operations declared may still come (ADR 0012)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from inspection_api.core.context import Actor
from inspection_api.core.errors import Unauthenticated
from inspection_api.media import queries as media
from sync import queries
from sync.protocol.parting import ensure_may_part
from sync.protocol.signature import ensure_signed

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context


def uploader(ctx: Context, media_id: UUID, *, text: bytes, signature: str) -> Actor:
    """Return the officer on whose behalf the calling device, which has ended, brings one of his media.

    Which of his devices declared it does not matter: this one may have been enrolled anew, and bytes prove themselves.

    Raises:
        Unauthenticated: no device that has ended.
        SignatureInvalid: not its signature over ``text``.
        DeviceWiped: it ended too long ago.
        MediaNotFound: none of his operations declared this medium.
    """
    device = queries.find_device(ctx.session, ctx.actor.device_id) if ctx.actor.device_id else None
    if device is None or device.ending is None:
        raise Unauthenticated
    ensure_signed(device.public_key, text, signature)
    ensure_may_part(device.ending, ctx.now)
    officer = Actor(user_id=device.user_id)
    media.get_own(ctx.session, officer, media_id)
    return officer
