"""The verdict on ``checkpoint.bind``: the first scan of an unbound checkpoint gives it its place (domain.md §3.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from checkpoints.rules import binding, fence, plate
from checkpoints.rules.binding import Location, LocationStatus, Rivalry
from inspection_api.core.errors import Problem
from inspection_api.core.ids import new_id
from sync.protocol import times
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from uuid import UUID

    from checkpoints.rules.binding import BindingDecision
    from sync.protocol.envelope import Bind, Manifest, Operation
    from sync.protocol.facts import Facts
    from sync.protocol.order import Step


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
    standing = binding.standing(facts.locations.get(checkpoint.id, []))
    rivalry = (
        binding.decide_rivalry(standing, generation=checkpoint.location_generation, bound_at=at) if standing else None
    )
    location = Location(
        id=new_id(),
        checkpoint_id=checkpoint.id,
        generation=checkpoint.location_generation,
        point=binding.ensure_bound(decision, checkpoint_id=str(checkpoint.id)),
        status=_status(decision, rivalry, is_approved=sender.is_approved),
        bound_by=sender.user_id,
        bound_at=at,
        valid_from=at,
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


def _status(decision: BindingDecision, rivalry: Rivalry | None, *, is_approved: bool) -> LocationStatus:
    if rivalry is Rivalry.TOO_LATE:
        return LocationStatus.SUPERSEDED
    is_clear = decision.status is LocationStatus.CONFIRMED and rivalry is None and is_approved
    return LocationStatus.CONFIRMED if is_clear else LocationStatus.PROVISIONAL


def _concluded(facts: Facts, write: BindWrite, step: Step) -> Verdict:
    facts.locations.setdefault(write.location.checkpoint_id, []).append(write.location)
    codes = step.codes
    if write.location.status is LocationStatus.SUPERSEDED:
        return Verdict(status=Status.SUPERSEDED, codes=codes, flags=step.flags)
    if write.location.status is LocationStatus.PROVISIONAL:
        codes = (*codes, "binding_pending")
    if not facts.sender.is_approved:
        codes = (*codes, "device_unapproved")
    return Verdict(status=Status.QUARANTINED if codes else Status.APPLIED, codes=codes, flags=step.flags)
