"""Payloads of the operations that amend a record, and of those that only add (sync.md §2, ``op_format`` 1)."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from sync.protocol.envelope import Answer, Fix, Manifest, Payload, Text


class Amend(Payload, frozen=True, kw_only=True):
    """``inspection.amend``: fields of a submitted record that ought to say something else, and why."""

    answers: Annotated[list[Answer], msgspec.Meta(max_length=200)] = msgspec.field(default_factory=list)
    note: Text | msgspec.UnsetType | None = msgspec.UNSET
    reason: Text | None = None


class DeclareMedia(Payload, frozen=True, kw_only=True):
    """``media.declare``: more media for a record or an attempt."""

    media: Annotated[list[Manifest], msgspec.Meta(min_length=1, max_length=100)]


class Unmet(Payload, frozen=True, kw_only=True):
    """``visit.unmet``: nobody was there (``unmet``), or they did not let the officer in (``refused``)."""

    checkpoint_id: UUID
    reason: Literal["unmet", "refused"]
    task_id: UUID | None = None
    qr: Annotated[str, msgspec.Meta(max_length=300)] | None = None
    fixes: Annotated[list[Fix], msgspec.Meta(max_length=50)] = msgspec.field(default_factory=list)
    media: Annotated[list[Manifest], msgspec.Meta(max_length=20)] = msgspec.field(default_factory=list)
    note: Text | None = None


class Comment(Payload, frozen=True, kw_only=True):
    """``comment.add``: a word on a record; nobody changes it afterwards."""

    inspection_id: UUID
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]


class AlertFeedback(Payload, frozen=True, kw_only=True):
    """``alert.feedback``: what the officer found behind an alert."""

    verdict: Literal["normal", "watch", "major_risk"]
    text: Text = ""
