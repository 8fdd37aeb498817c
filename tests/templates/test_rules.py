"""Who may publish what."""

from __future__ import annotations

from uuid import uuid4

import pytest

from inspection_api.templates import rules
from inspection_api.templates.errors import PublishNeedsAnother, VersionPublished
from inspection_api.templates.rules import VersionStatus

AUTHOR, OTHER = uuid4(), uuid4()


def test_another_person_publishes_a_draft() -> None:
    rules.ensure_publishable(VersionStatus.DRAFT, AUTHOR, OTHER)


def test_the_system_publishes_what_it_wrote_itself() -> None:
    rules.ensure_publishable(VersionStatus.DRAFT, None, None)


def test_the_author_does_not_publish() -> None:
    with pytest.raises(PublishNeedsAnother):
        rules.ensure_publishable(VersionStatus.DRAFT, AUTHOR, AUTHOR)


def test_a_published_version_is_never_published_again() -> None:
    with pytest.raises(VersionPublished):
        rules.ensure_publishable(VersionStatus.PUBLISHED, AUTHOR, OTHER)
