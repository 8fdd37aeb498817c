"""Who may publish what."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspection_api.templates import rules
from inspection_api.templates.errors import (
    PublishNeedsAnother,
    VersionNotProposed,
    VersionProposed,
    VersionPublished,
)
from inspection_api.templates.rules import VersionStatus

AUTHOR, SECOND, OTHER = uuid4(), uuid4(), uuid4()


def test_another_person_publishes_what_was_proposed() -> None:
    rules.ensure_publishable(VersionStatus.PROPOSED, [AUTHOR, SECOND], OTHER)


def test_the_system_publishes_what_it_wrote_itself() -> None:
    rules.ensure_publishable(VersionStatus.PROPOSED, [], None)


@pytest.mark.parametrize("author", [AUTHOR, SECOND])
def test_no_author_publishes(author: UUID) -> None:
    with pytest.raises(PublishNeedsAnother):
        rules.ensure_publishable(VersionStatus.PROPOSED, [AUTHOR, SECOND], author)


def test_what_nobody_proposed_is_not_published() -> None:
    with pytest.raises(VersionNotProposed):
        rules.ensure_publishable(VersionStatus.DRAFT, [AUTHOR], OTHER)


def test_a_published_version_is_never_published_or_proposed_again() -> None:
    with pytest.raises(VersionPublished):
        rules.ensure_publishable(VersionStatus.PUBLISHED, [AUTHOR], OTHER)
    with pytest.raises(VersionPublished):
        rules.ensure_proposable(VersionStatus.PUBLISHED)


def test_a_draft_is_proposed_once() -> None:
    rules.ensure_proposable(VersionStatus.DRAFT)
    with pytest.raises(VersionProposed):
        rules.ensure_proposable(VersionStatus.PROPOSED)


@given(st.lists(st.sampled_from([None, AUTHOR, SECOND, OTHER])))
def test_whoever_had_a_hand_in_a_draft_stays_an_author_once(writers: list[UUID | None]) -> None:
    authors: list[UUID] = []
    for writer in writers:
        authors = rules.with_author(authors, writer)
    assert len(authors) == len(set(authors))
    assert set(authors) == set(writers) - {None}
