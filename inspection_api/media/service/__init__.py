"""Use cases of media: declaring, uploading, small pictures."""

from __future__ import annotations

from inspection_api.media.service.declarations import Bundle, MediaRow, declare, declare_ahead, declare_many
from inspection_api.media.service.thumbnails import make_thumbnail, open_original, open_thumbnail
from inspection_api.media.service.uploads import (
    Progress,
    Transactions,
    append,
    create,
    find_progress,
    sweep,
    terminate,
)

__all__ = [
    "Bundle",
    "MediaRow",
    "Progress",
    "Transactions",
    "append",
    "create",
    "declare",
    "declare_ahead",
    "declare_many",
    "find_progress",
    "make_thumbnail",
    "open_original",
    "open_thumbnail",
    "sweep",
    "terminate",
]
