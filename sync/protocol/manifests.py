"""A declared medium: can it be what it says, and is it nobody else's? (domain.md §4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from inspection_api.media.rules import kinds

if TYPE_CHECKING:
    from uuid import UUID

    from sync.protocol.envelope import Manifest
    from sync.protocol.facts import Facts


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What speaks against a medium, the security events, and whether it can be declared at all."""

    codes: tuple[str, ...] = ()
    traces: tuple[str, ...] = ()
    is_kept: bool = True


_SOUND = Exhibit()


def judge_medium(facts: Facts, medium: Manifest, record_id: UUID | None) -> Exhibit:
    """Judge a medium of ``record_id`` (None: the photo of a plate): type, size, its id, and who brought its bytes."""
    is_sound = kinds.is_admissible(medium.kind, medium.mime, medium.bytes)
    is_sound = is_sound and not facts.is_media_taken(medium, record_id)
    first = facts.media_elsewhere.get(medium.sha256, record_id)
    is_reused = first is not record_id and first != record_id
    if is_sound and not is_reused:
        return _SOUND
    return Exhibit(
        codes=("media_contradiction",) if is_reused or not is_sound else (),
        traces=("security.media_reused",) if is_reused else (),
        is_kept=is_sound,
    )
