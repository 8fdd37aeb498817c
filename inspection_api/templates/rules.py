"""Decisions about drafts and publishing: pure."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from inspection_api.templates.errors import (
    PublishNeedsAnother,
    VersionNotProposed,
    VersionProposed,
    VersionPublished,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID


class VersionStatus(StrEnum):
    """A draft is written, proposed, and published by another person; a published version never changes."""

    DRAFT = "draft"
    PROPOSED = "proposed"
    PUBLISHED = "published"


def ensure_unpublished(status: VersionStatus) -> None:
    """Raise VersionPublished unless the version may still change, or be thrown away."""
    if status is VersionStatus.PUBLISHED:
        raise VersionPublished


def ensure_proposable(status: VersionStatus) -> None:
    """Raise unless the version is a draft that nobody has proposed since it was written."""
    ensure_unpublished(status)
    if status is VersionStatus.PROPOSED:
        raise VersionProposed


def ensure_publishable(status: VersionStatus, authors: Sequence[UUID], publisher_id: UUID | None) -> None:
    """Raise unless ``publisher_id`` may publish: only what is proposed, and never one's own (¶ in domain.md §6).

    What the system alone wrote (no ``authors``) the system may publish: the default template of a new bank.
    """
    ensure_unpublished(status)
    if status is not VersionStatus.PROPOSED:
        raise VersionNotProposed
    if publisher_id in authors:
        raise PublishNeedsAnother


def with_author(authors: Sequence[UUID], user_id: UUID | None) -> list[UUID]:
    """Return the authors and this one, each once; the system (None) is none."""
    return [*authors] if user_id is None or user_id in authors else [*authors, user_id]
