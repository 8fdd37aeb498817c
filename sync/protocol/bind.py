"""The verdict on ``checkpoint.bind``: the first scan of an unbound checkpoint gives it its place (domain.md §3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace

from checkpoints.rules import binding, fence
from checkpoints.rules.binding import Location, LocationStatus, PendingReason, Rivalry
from inspection_api.core.errors import Problem
from inspection_api.core.ids import new_id
from sync.protocol import manifests, plates
from sync.protocol.additions import MediaWrite
from sync.protocol.duty import captured
from sync.protocol.fixes import received
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

    from checkpoints.rules.binding import BindingDecision
    from checkpoints.rules.plate import Plate
    from checkpoints.rules.values import CheckpointFacts
    from sync.protocol.envelope import Bind, Manifest, Operation
    from sync.protocol.facts import Facts
    from sync.protocol.order import Step
    from sync.protocol.times import Bound

CONTESTING = {Rivalry.TAKES_OVER, Rivalry.STANDS_BESIDE}


@dataclass(frozen=True, slots=True, kw_only=True)
class BindWrite:
    """A new location of a checkpoint; ``rivalry`` is None for the first of its generation."""

    location: Location
    device_id: UUID
    organisation_id: UUID
    rivalry: Rivalry | None
    reasons: tuple[str, ...]
    fixes: list[dict[str, Any]]
    photo: Manifest
    scanned_plate: tuple[UUID, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Arrival:
    """When a binding was made, how it stands to the one that holds, and whether its time leaves a doubt."""

    at: datetime
    rivalry: Rivalry | None
    is_unsure: bool


def judge_bind(
    facts: Facts, operation: Operation, payload: Bind, step: Step
) -> tuple[Verdict, BindWrite | MediaWrite | None]:
    """Return the verdict and the location to write; visits later in the batch are judged by it."""
    checkpoint = facts.checkpoints.get(operation.entity_id)
    if checkpoint is None or not _may_ever_bind(facts, checkpoint.id):
        return rejected("forbidden_or_unknown"), None
    at = captured(facts, operation)
    duty = {checkpoint.id in facts.bindable or facts.was_responsible(checkpoint.id, end) for end in at.ends}
    scanned = plates.judge_scan(facts, checkpoint, payload.qr, at)
    photo = manifests.judge_medium(facts, payload.photo, None)
    waiting = _photo(facts, checkpoint, payload) if photo.is_kept else None
    if scanned.plate is None or duty == {False}:
        codes = (*scanned.codes, *(() if any(duty) else ("not_assigned",)))
        return _kept(step, *codes, traces=scanned.traces), waiting
    if photo.codes or payload.photo.kind != "photo":
        return _kept(step, "media_contradiction", traces=photo.traces), waiting
    try:
        decision = _decide(facts, operation, payload)
    except Problem as problem:
        return rejected("invalid_payload", problem.title), None
    if decision.refusal is not None:
        is_mock = decision.refusal is fence.Verdict.MOCK
        return _kept(step, decision.refusal.value, traces=("security.mock_location",) if is_mock else ()), waiting
    arrival = _arrival(facts, checkpoint, at, is_unsure=bool(scanned.codes) or len(duty) > 1)
    write = _write(facts, checkpoint, payload, decision, arrival, scanned.plate, is_clear=not step.codes)
    return _concluded(facts, write, step, is_unsure=arrival.is_unsure), write


def _may_ever_bind(facts: Facts, checkpoint_id: UUID) -> bool:
    """Tell whether the sender is one who may give the checkpoint a place: now, or when it was his; never his own reset.

    Which of both it was is judged at the capture, as for a visit (sync.md §4).
    """
    is_known = checkpoint_id in facts.bindable or facts.is_known_to_sender(checkpoint_id)
    return is_known and checkpoint_id not in facts.reset_by_himself


def _kept(step: Step, *codes: str, traces: tuple[str, ...]) -> Verdict:
    """Return the verdict on a binding that binds nothing, but is kept with what speaks against it."""
    return Verdict(status=Status.QUARANTINED, codes=(*step.codes, *codes), flags=step.flags, traces=traces)


def _photo(facts: Facts, checkpoint: CheckpointFacts, payload: Bind) -> MediaWrite:
    """Return the photo of a binding that binds nothing: it may come, and shows a person what was there."""
    return MediaWrite(
        owner_id=facts.sender.user_id,
        organisation_id=checkpoint.organisation_id,
        device_id=facts.sender.device_id,
        inspection_id=None,
        media=(payload.photo,),
    )


def _decide(facts: Facts, operation: Operation, payload: Bind) -> BindingDecision:
    fixes = [received(fix) for fix in payload.fixes]
    checkpoint = facts.checkpoints[operation.entity_id]
    near = [place for place in facts.neighbours if place.customer_id != checkpoint.customer_id]
    return binding.decide_binding(fixes, registered=checkpoint.registered, neighbours=[place.point for place in near])


def _arrival(facts: Facts, checkpoint: CheckpointFacts, at: Bound, *, is_unsure: bool) -> _Arrival:
    """Return when the binding was made, and how it stands to the one that holds.

    Captured before the last reset it comes too late. If only one end of its bound lies before, it counts as made after
    the reset, and waits for a manager.
    """
    since = checkpoint.generation_since
    late = {since is not None and end < since for end in at.ends}
    if late == {True}:
        return _Arrival(at=at.at, rivalry=Rivalry.TOO_LATE, is_unsure=False)
    made_at = at.at if since is None else max(at.at, since)
    standing = binding.standing(facts.locations.get(checkpoint.id, []))
    generation = checkpoint.location_generation
    rivalry = binding.decide_rivalry(standing, generation=generation, bound_at=made_at) if standing else None
    return _Arrival(at=made_at, rivalry=rivalry, is_unsure=is_unsure or len(late) > 1)


def _write(
    facts: Facts,
    checkpoint: CheckpointFacts,
    payload: Bind,
    decision: BindingDecision,
    arrival: _Arrival,
    plate: Plate,
    *,
    is_clear: bool,
) -> BindWrite:
    """Return the location; not ``is_clear``: what it depends on waits for somebody, so it waits for a manager too."""
    sender = facts.sender
    unsure = (PendingReason.TIME_BOUNDED,) if arrival.is_unsure else ()
    reasons = (*decision.reasons, *unsure)
    location = Location(
        id=new_id(),
        checkpoint_id=checkpoint.id,
        generation=checkpoint.location_generation,
        point=binding.ensure_bound(decision, checkpoint_id=str(checkpoint.id)),
        status=_status(reasons, arrival.rivalry, is_approved=sender.is_approved and is_clear),
        bound_by=sender.user_id,
        bound_at=arrival.at,
        valid_from=arrival.at,
        valid_to=arrival.at if arrival.rivalry is Rivalry.TOO_LATE else None,
    )
    return BindWrite(
        location=location,
        device_id=sender.device_id,
        organisation_id=checkpoint.organisation_id,
        rivalry=arrival.rivalry,
        reasons=tuple(reason.value for reason in reasons),
        fixes=[msgspec.to_builtins(fix) for fix in payload.fixes],
        photo=payload.photo,
        scanned_plate=(checkpoint.id, plate.generation),
    )


def _status(reasons: Sequence[PendingReason], rivalry: Rivalry | None, *, is_approved: bool) -> LocationStatus:
    if rivalry is Rivalry.TOO_LATE:
        return LocationStatus.SUPERSEDED
    is_clear = not reasons and rivalry is None and is_approved
    return LocationStatus.CONFIRMED if is_clear else LocationStatus.PROVISIONAL


def _concluded(facts: Facts, write: BindWrite, step: Step, *, is_unsure: bool) -> Verdict:
    known = facts.locations.get(write.location.checkpoint_id, [])
    if write.rivalry in CONTESTING:
        known = [replace(each, status=LocationStatus.PROVISIONAL) if _stands(each) else each for each in known]
    facts.locations[write.location.checkpoint_id] = [*known, write.location]
    codes = (*step.codes, "time_bounded") if is_unsure else step.codes
    if write.location.status is LocationStatus.SUPERSEDED:
        return Verdict(status=Status.SUPERSEDED, codes=codes, flags=step.flags)
    if write.location.status is LocationStatus.PROVISIONAL:
        codes = (*codes, "binding_pending")
    if not facts.sender.is_approved:
        codes = (*codes, "device_unapproved")
    return Verdict(status=Status.QUARANTINED if codes else Status.APPLIED, codes=codes, flags=step.flags)


def _stands(location: Location) -> bool:
    """Tell whether the location holds without anybody's doubt, until a rival came."""
    return location.status is LocationStatus.CONFIRMED and location.valid_to is None
