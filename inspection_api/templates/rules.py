"""Decisions about drafts and publishing: pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.templates.errors import PublishNeedsAnother, VersionPublished

if TYPE_CHECKING:
    from uuid import UUID


class VersionStatus(StrEnum):
    """A draft may be thrown away; a published version never changes."""

    DRAFT = "draft"
    PUBLISHED = "published"


def ensure_draft(status: VersionStatus) -> None:
    """Raise VersionPublished unless the version is still a draft."""
    if status is not VersionStatus.DRAFT:
        raise VersionPublished


def ensure_publishable(status: VersionStatus, author_id: UUID | None, publisher_id: UUID | None) -> None:
    """Raise unless ``publisher_id`` may publish: only a draft, and never one's own (¶ in domain.md §6).

    A draft that the system wrote (``author_id`` None) the system may publish: the default template of a new bank.
    """
    ensure_draft(status)
    if author_id is not None and author_id == publisher_id:
        raise PublishNeedsAnother
