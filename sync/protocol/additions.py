"""Verdicts on what a device only ever adds: media, comments, an officer's word on an alert (sync.md §4, grow-only)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from inspection_api.alerts.rules import FeedbackVerdict, is_feedback_enough
from sync.protocol.manifests import judge_medium
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.tasks.rules import Attempt
    from sync.protocol.envelope import Manifest, Operation
    from sync.protocol.facts import Facts, Record
    from sync.protocol.order import Step
    from sync.protocol.payloads import AlertFeedback, Comment, DeclareMedia

Write = TypeVar("Write")


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifests:
    """Declared media after judging: those that may be written, what speaks against them, and security events."""

    media: tuple[Manifest, ...]
    codes: tuple[str, ...]
    traces: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaWrite:
    """Media to be declared for a record or an attempt of the sender's; for none while their operation waits."""

    owner_id: UUID
    organisation_id: UUID
    device_id: UUID
    inspection_id: UUID | None
    media: tuple[Manifest, ...]

    @property
    def waiting(self) -> MediaWrite | None:
        """Return what is written while the operation waits: its bytes may come, and count for nothing yet."""
        return replace(self, inspection_id=None) if self.media else None

    @classmethod
    def of(cls, facts: Facts, thing: Record | Attempt, manifests: Manifests) -> MediaWrite:
        """Return what is to be declared for a record or an attempt of the sender's."""
        return cls(
            owner_id=thing.officer_id,
            organisation_id=thing.organisation_id,
            device_id=facts.sender.device_id,
            inspection_id=thing.id,
            media=manifests.media,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentWrite:
    """A comment on a record; its id is the operation's, so that it is written once."""

    id: UUID
    inspection_id: UUID
    author_id: UUID
    officer_id: UUID
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackWrite:
    """What the author found behind an alert; its id is the operation's."""

    id: UUID
    alert_id: UUID
    author_id: UUID
    verdict: FeedbackVerdict
    text: str


def judge_manifests(facts: Facts, record_id: UUID, media: Sequence[Manifest]) -> Manifests:
    """Judge several media that belong to one record or attempt."""
    exhibits = []
    for medium in media:
        exhibits.append((medium, judge_medium(facts, medium, record_id)))
        facts.media_elsewhere.setdefault(medium.sha256, record_id)
    return Manifests(
        media=tuple(medium for medium, exhibit in exhibits if exhibit.is_kept),
        codes=tuple(dict.fromkeys(code for _, exhibit in exhibits for code in exhibit.codes)),
        traces=tuple(trace for _, exhibit in exhibits for trace in exhibit.traces),
    )


def concluded(
    facts: Facts,
    step: Step,
    write: Write,
    codes: Sequence[str] = (),
    traces: tuple[str, ...] = (),
    *,
    media: MediaWrite | None = None,
) -> tuple[Verdict, Write | MediaWrite | None]:
    """Return an addition's verdict: it waits with all reasons, unless there are none or somebody has accepted it.

    Of what waits only the ``media`` are written, so that their bytes may come.
    """
    unapproved = () if facts.sender.is_approved else ("device_unapproved",)
    reasons = () if step.is_accepted else (*step.codes, *codes, *unapproved)
    if reasons:
        verdict = Verdict(status=Status.QUARANTINED, codes=reasons, flags=step.flags, traces=traces)
        return verdict, media.waiting if media else None
    return Verdict(status=Status.APPLIED, flags=step.flags), write


def judge_declare(
    facts: Facts, operation: Operation, payload: DeclareMedia, step: Step
) -> tuple[Verdict, MediaWrite | None]:
    """Return the verdict on ``media.declare``: more media for an own record, in whatever state, or attempt.

    Of an attempt that waits for a decision, or for its device's approval, they wait as well.
    """
    id_ = operation.entity_id
    thing = facts.records.get(id_) or facts.attempts.get(id_)
    owner = thing or facts.waiting_attempts.get(id_)
    if owner is None or owner.officer_id != facts.sender.user_id:
        return rejected("forbidden_or_unknown"), None
    manifests = judge_manifests(facts, owner.id, payload.media)
    write = MediaWrite.of(facts, owner, manifests)
    if thing is None and facts.sender.is_approved:
        codes = ("dependency", *(code for code in step.codes if code != "dependency"), *manifests.codes)
        return Verdict(status=Status.QUARANTINED, codes=codes, flags=step.flags, traces=manifests.traces), write.waiting
    return concluded(facts, step, write, manifests.codes, manifests.traces, media=write)


def judge_comment(
    facts: Facts, operation: Operation, payload: Comment, step: Step
) -> tuple[Verdict, CommentWrite | MediaWrite | None]:
    """Return the verdict on ``comment.add``: anybody who reaches a record may say something about it."""
    record = facts.records.get(payload.inspection_id)
    if record is None or (record.officer_id != facts.sender.user_id and record.id not in facts.reachable_records):
        return rejected("forbidden_or_unknown"), None
    write = CommentWrite(
        id=operation.op_id,
        inspection_id=record.id,
        author_id=facts.sender.user_id,
        officer_id=record.officer_id,
        text=payload.text,
    )
    return concluded(facts, step, write)


def judge_feedback(
    facts: Facts, operation: Operation, payload: AlertFeedback, step: Step
) -> tuple[Verdict, FeedbackWrite | MediaWrite | None]:
    """Return the verdict on ``alert.feedback``: the alert is the sender's, and 正常 is explained (domain.md §5.5)."""
    if operation.entity_id not in facts.alerts:
        return rejected("forbidden_or_unknown"), None
    verdict = FeedbackVerdict(payload.verdict)
    if not is_feedback_enough(verdict, payload.text):
        return rejected("feedback_too_short"), None
    write = FeedbackWrite(
        id=operation.op_id,
        alert_id=operation.entity_id,
        author_id=facts.sender.user_id,
        verdict=verdict,
        text=payload.text,
    )
    return concluded(facts, step, write)
