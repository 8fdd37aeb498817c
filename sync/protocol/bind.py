"""The verdict on ``checkpoint.bind``: the first scan of an unbound checkpoint gives it its place (domain.md §3.4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec

from checkpoints.rules import binding, fence, plate
from checkpoints.rules.binding import Location, LocationStatus, Rivalry
from inspection_api.core.errors import Problem
from inspection_api.core.ids import new_id
from sync.protocol import times
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from checkpoints.rules.binding import BindingDecision
    from checkpoints.rules.values import CheckpointFacts
    from sync.protocol.envelope import Bind, Manifest, Operation
    from sync.protocol.facts import Facts
    from sync.protocol.order import Step

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


def judge_bind(facts: Facts, operation: Operation, payload: Bind, step: Step) -> tuple[Verdict, BindWrite | None]:
    """Return the verdict and the location to write; visits later in the batch are judged by it."""
    checkpoint = facts.checkpoints.get(operation.entity_id)
    if checkpoint is None or checkpoint.id not in facts.bindable:
        return rejected("forbidden_or_unknown"), None
    generation = _plate_generation(facts, operation, payload)
    if generation is None:
        return Verdict(status=Status.QUARANTINED, codes=(*step.codes, "qr_invalid"), flags=step.flags), None
    try:
        decision = _decide(facts, operation, payload)
    except Problem as problem:
        return rejected("invalid_payload", problem.title), None
    if decision.refusal is not None:
        return Verdict(status=Status.QUARANTINED, codes=(*step.codes, decision.refusal.value), flags=step.flags), None
    write = _write(facts, operation, payload, decision, generation)
    return _concluded(facts, write, step), write


def _plate_generation(facts: Facts, operation: Operation, payload: Bind) -> int | None:
    sender = facts.sender
    parts = plate.parse(payload.qr)
    if parts is None or not plate.is_genuine(parts, bank_tag=sender.bank_tag, key=sender.plate_key):
        return None
    checkpoint = facts.checkpoints[operation.entity_id]
    issued = plate.find_plate(facts.plates.get(checkpoint.id, []), parts.generation)
    return parts.generation if parts.public_id == checkpoint.public_id and issued is not None else None


def _decide(facts: Facts, operation: Operation, payload: Bind) -> BindingDecision:
    fixes = [fence.fix_as_received(msgspec.structs.asdict(fix)) for fix in payload.fixes]
    checkpoint = facts.checkpoints[operation.entity_id]
    near = [place for place in facts.neighbours if place.customer_id != checkpoint.customer_id]
    return binding.decide_binding(fixes, registered=checkpoint.registered, neighbours=[place.point for place in near])


def _write(facts: Facts, operation: Operation, payload: Bind, decision: BindingDecision, generation: int) -> BindWrite:
    sender, checkpoint = facts.sender, facts.checkpoints[operation.entity_id]
    at = times.trusted(
        operation.captured, sender.samples, seq=operation.seq, since=sender.since, received_at=sender.received_at
    ).at
    rivalry = _rivalry(facts, checkpoint, at)
    location = Location(
        id=new_id(),
        checkpoint_id=checkpoint.id,
        generation=checkpoint.location_generation,
        point=binding.ensure_bound(decision, checkpoint_id=str(checkpoint.id)),
        status=_status(decision, rivalry, is_approved=sender.is_approved),
        bound_by=sender.user_id,
        bound_at=at,
        valid_from=at,
        valid_to=at if rivalry is Rivalry.TOO_LATE else None,
    )
    return BindWrite(
        location=location,
        device_id=sender.device_id,
        organisation_id=checkpoint.organisation_id,
        rivalry=rivalry,
        reasons=tuple(reason.value for reason in decision.reasons),
        fixes=[msgspec.to_builtins(fix) for fix in payload.fixes],
        photo=payload.photo,
        scanned_plate=(checkpoint.id, generation),
    )


def _rivalry(facts: Facts, checkpoint: CheckpointFacts, at: datetime) -> Rivalry | None:
    """Return how the binding stands to the one that holds; captured before the last reset it comes too late."""
    if checkpoint.generation_since is not None and at < checkpoint.generation_since:
        return Rivalry.TOO_LATE
    standing = binding.standing(facts.locations.get(checkpoint.id, []))
    if standing is None:
        return None
    return binding.decide_rivalry(standing, generation=checkpoint.location_generation, bound_at=at)


def _status(decision: BindingDecision, rivalry: Rivalry | None, *, is_approved: bool) -> LocationStatus:
    if rivalry is Rivalry.TOO_LATE:
        return LocationStatus.SUPERSEDED
    is_clear = decision.status is LocationStatus.CONFIRMED and rivalry is None and is_approved
    return LocationStatus.CONFIRMED if is_clear else LocationStatus.PROVISIONAL


def _concluded(facts: Facts, write: BindWrite, step: Step) -> Verdict:
    known = facts.locations.get(write.location.checkpoint_id, [])
    if write.rivalry in CONTESTING:
        known = [replace(each, status=LocationStatus.PROVISIONAL) if _stands(each) else each for each in known]
    facts.locations[write.location.checkpoint_id] = [*known, write.location]
    codes = step.codes
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
