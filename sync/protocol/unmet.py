"""The verdict on ``visit.unmet``: 上门未遇 or 拒检, an attempt that never closes a task (sync.md §2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from checkpoints.rules import binding, fence
from inspection_api.tasks.rules import Attempt
from sync.protocol import plates
from sync.protocol.additions import MediaWrite, concluded, judge_manifests
from sync.protocol.duty import captured
from sync.protocol.fixes import all_or_none
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from checkpoints.rules.fence import Judgement
    from checkpoints.rules.values import CheckpointFacts
    from sync.protocol.envelope import Operation
    from sync.protocol.facts import Facts
    from sync.protocol.order import Step
    from sync.protocol.payloads import Unmet
    from sync.protocol.times import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptWrite:
    """An attempt at a visit, its media, and the security events that its verdict found."""

    row: dict[str, Any]
    media: MediaWrite


def judge_unmet(
    facts: Facts, operation: Operation, payload: Unmet, step: Step
) -> tuple[Verdict, AttemptWrite | MediaWrite | None]:
    """Return the verdict and the attempt to write; whoever was not responsible, or not there, needs a decision."""
    checkpoint = facts.checkpoints.get(payload.checkpoint_id)
    if checkpoint is None or not _is_known(facts, payload) or not _is_free(facts, operation.entity_id):
        return rejected("forbidden_or_unknown"), None
    manifests = judge_manifests(facts, operation.entity_id, payload.media)
    attempt = _attempt(facts, operation, payload)
    media = MediaWrite.of(facts, attempt, manifests)
    if operation.entity_id in facts.attempts:
        return _repeated(facts, step), media.waiting
    at = captured(facts, operation)
    scanned = plates.judge_scan(facts, checkpoint, payload.qr, at) if payload.qr else plates.Scanned()
    place = _judge_place(facts, checkpoint, payload, at.at)
    codes = (*scanned.codes, *_presence(place), *_responsibility(facts, checkpoint, at), *manifests.codes)
    row = _row(facts, attempt, payload, at.at) | {"judgement": _judgement(place)}
    traces = (*scanned.traces, *manifests.traces)
    verdict, write = concluded(facts, step, AttemptWrite(row=row, media=media), codes, traces, media=media)
    known = facts.attempts if isinstance(write, AttemptWrite) else facts.waiting_attempts
    known[attempt.id] = attempt
    return verdict, write


def _is_free(facts: Facts, entity_id: UUID) -> bool:
    """Tell whether the id is neither a record's nor another officer's attempt: the media would be counted for that."""
    attempt = facts.attempts.get(entity_id)
    is_mine = attempt is None or attempt.officer_id == facts.sender.user_id
    return is_mine and entity_id not in facts.records


def _repeated(facts: Facts, step: Step) -> Verdict:
    """Return the verdict on a second attempt under one id: it is kept, but even accepted it has no place."""
    unapproved = () if facts.sender.is_approved else ("device_unapproved",)
    codes = ("already_submitted", *step.codes, *unapproved)
    return Verdict(status=Status.QUARANTINED, codes=codes, flags=step.flags)


def _is_known(facts: Facts, payload: Unmet) -> bool:
    task = facts.tasks.get(payload.task_id) if payload.task_id else None
    is_fitting = payload.task_id is None or (task is not None and task.checkpoint_id == payload.checkpoint_id)
    return is_fitting and facts.is_known_to_sender(payload.checkpoint_id)


def _judge_place(facts: Facts, checkpoint: CheckpointFacts, payload: Unmet, at: datetime) -> Judgement | None:
    """Return where the officer was, None where the checkpoint had no place yet."""
    location = binding.location_at(facts.locations.get(checkpoint.id, []), at)
    if location is None:
        return None
    return fence.decide_verdict(all_or_none(payload.fixes), location.point, checkpoint.radius_at(at))


def _presence(place: Judgement | None) -> tuple[str, ...]:
    if place is None:
        return ("not_bound",)
    return () if place.is_accepted else (place.verdict.value,)


def _responsibility(facts: Facts, checkpoint: CheckpointFacts, at: Bound) -> tuple[str, ...]:
    is_responsible = any(facts.was_responsible(checkpoint.id, end) for end in at.ends)
    return () if is_responsible else ("not_assigned",)


def _judgement(place: Judgement | None) -> dict[str, Any]:
    if place is None:
        return {"verdict": None}
    return {"verdict": place.verdict.value, "distance_m": place.distance_m, "radius_m": place.radius_m}


def _attempt(facts: Facts, operation: Operation, payload: Unmet) -> Attempt:
    organisation_id = _organisation(facts, payload)
    return Attempt(id=operation.entity_id, officer_id=facts.sender.user_id, organisation_id=organisation_id)


def _organisation(facts: Facts, payload: Unmet) -> UUID:
    responsible = facts.responsible.get(payload.task_id) if payload.task_id else None
    return responsible or facts.checkpoints[payload.checkpoint_id].organisation_id


def _row(facts: Facts, attempt: Attempt, payload: Unmet, at: datetime) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(attempt),
        "checkpoint_id": payload.checkpoint_id,
        "task_id": payload.task_id,
        "device_id": facts.sender.device_id,
        "reason": payload.reason,
        "note": payload.note,
        "performed_at": at,
        "received_at": facts.sender.received_at,
    }
