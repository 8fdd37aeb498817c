"""The verdict on ``inspection.submit``: the whole visit in one operation (sync.md §2, Verdict on a submit; §4).

First what cannot mean anything (rejected), then all reasons for quarantine together, then conflict, merge, extra. The
visit is kept whatever the verdict: it happened.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from checkpoints.rules import binding, fence, plate
from checkpoints.rules.binding import LocationStatus
from inspection_api.core.errors import Problem
from inspection_api.core.periods import local_day
from inspection_api.inspections import evidence
from inspection_api.inspections.rules import FieldChange, Outcome, State, blockers, merge_fields
from inspection_api.media.rules.kinds import KIND_OF_TYPE, MAX_BYTES, Kind
from inspection_api.tasks import rules as task_rules
from inspection_api.templates import forms
from sync.protocol import times
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from checkpoints.rules.binding import Location
    from checkpoints.rules.fence import Judgement
    from checkpoints.rules.values import CheckpointFacts
    from sync.protocol.envelope import Fix, Manifest, Operation, Stamp, Submit
    from sync.protocol.facts import Facts, PublishedTemplate, Record
    from sync.protocol.order import Step
    from sync.protocol.times import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWrite:
    """The inspection row and the media rows that a submit leaves."""

    row: dict[str, Any]
    media: tuple[Manifest, ...] = ()
    conflicts: tuple[dict[str, Any], ...] = ()
    scanned_plate: tuple[UUID, int] | None = None
    traces: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class _Visit:
    """A submit while it is being judged: what is known of it, and what speaks against it."""

    facts: Facts
    operation: Operation
    payload: Submit
    checkpoint: CheckpointFacts
    template: PublishedTemplate
    at: Bound
    codes: list[str] = field(default_factory=list)
    flags: list[str] = field(default_factory=list)
    traces: list[str] = field(default_factory=list)
    media: list[Manifest] = field(default_factory=list)
    scanned_plate: tuple[UUID, int] | None = None


def judge_submit(facts: Facts, operation: Operation, payload: Submit, step: Step) -> tuple[Verdict, VisitWrite | None]:
    """Return the verdict and what to write (nothing when the operation is rejected, or the record was submitted)."""
    record = facts.records.get(operation.entity_id)
    if not facts.knows(payload, record):
        return rejected("forbidden_or_unknown"), None
    if record is not None and record.state is not State.DRAFT:
        codes = ("already_submitted",)
        return Verdict(status=Status.QUARANTINED, codes=codes, version=record.version), None
    visit = _opened(facts, operation, payload, step)
    _judge_plate(visit)
    presence = _judge_place(visit)
    closing = _judge_time(visit)
    verdict = _judge_answers(visit)
    _judge_media(visit)
    return _concluded(visit, record, verdict, closing, presence)


def _opened(facts: Facts, operation: Operation, payload: Submit, step: Step) -> _Visit:
    sender = facts.sender
    at = times.trusted(
        payload.scan.at, sender.samples, seq=operation.seq, since=sender.since, received_at=sender.received_at
    )
    visit = _Visit(
        facts=facts,
        operation=operation,
        payload=payload,
        checkpoint=facts.checkpoints[payload.checkpoint_id],
        template=facts.templates[payload.template_version_id],
        at=at,
        codes=list(step.codes),
        flags=list(step.flags),
    )
    if not sender.is_approved:
        visit.codes.append("device_unapproved")
    if times.is_skewed(payload.scan.at, at):
        visit.flags.append("clock_skew")
    return visit


def _judge_plate(visit: _Visit) -> None:
    """Judge the scanned text: genuine, this checkpoint's, and in force when it was scanned (domain.md §0)."""
    sender, text = visit.facts.sender, visit.payload.scan.qr
    parts = plate.parse(text)
    genuine = parts is not None and plate.is_genuine(parts, bank_tag=sender.bank_tag, key=sender.plate_key)
    if parts is None or not genuine or parts.public_id != visit.checkpoint.public_id:
        visit.codes.append("qr_invalid")
        visit.traces.append("security.qr_invalid")
        return
    issued = plate.find_plate(visit.facts.plates.get(visit.checkpoint.id, []), parts.generation)
    if issued is None:
        visit.codes.append("qr_invalid")
    elif plate.is_revoked_at(issued, visit.at.at):
        visit.codes.append("qr_revoked")
    else:
        visit.scanned_plate = (visit.checkpoint.id, parts.generation)


def _judge_place(visit: _Visit) -> dict[str, Any]:
    """Judge presence by the location that was valid at the scan; return the stored judgement (§3.3–§3.5)."""
    location = binding.location_at(visit.facts.locations.get(visit.checkpoint.id, []), visit.at.at)
    if location is None:
        visit.codes.append("not_bound")
        return {"verdict": None, "location_generation": None}
    if location.status is LocationStatus.PROVISIONAL:
        visit.codes.append("binding_pending")
    scan, captures, submit = _acts(visit, location)
    min_dwell_s = visit.template.form.definition.min_dwell_s
    presence = evidence.judge_presence(scan, captures, submit, min_dwell_s=min_dwell_s)
    visit.codes.extend(presence.codes)
    visit.flags.extend(presence.flags)
    if "mock" in presence.codes:
        visit.traces.append("security.mock_location")
    return _judgement(visit, location, scan, [*captures, submit])


def _acts(visit: _Visit, location: Location) -> tuple[Judgement, list[evidence.Act], evidence.Act]:
    payload, start = visit.payload, visit.payload.scan.at

    def act(fixes: Sequence[Fix], stamp: Stamp) -> evidence.Act:
        return evidence.Act(judgement=_verdict(visit, location, fixes), after_scan_ms=_elapsed_ms(start, stamp))

    scan = _verdict(visit, location, payload.scan.fixes)
    captures = [act([medium.fix] if medium.fix else [], medium.captured) for medium in payload.media]
    return scan, captures, act(payload.fixes, visit.operation.captured)


def _verdict(visit: _Visit, location: Location, fixes: Sequence[Fix]) -> Judgement:
    try:
        received = [fence.fix_as_received(msgspec.structs.asdict(fix)) for fix in fixes]
    except Problem:
        received = []
    return fence.decide_verdict(received, location.point, visit.checkpoint.radius_m)


def _elapsed_ms(start: Stamp, stamp: Stamp) -> int | None:
    """Return the monotonic milliseconds between two moments of one boot, None where they cannot be compared."""
    if start.boot_id is None or start.boot_id != stamp.boot_id or start.mono_ms is None or stamp.mono_ms is None:
        return None
    return stamp.mono_ms - start.mono_ms


def _judgement(visit: _Visit, location: Location, scan: Judgement, acts: Sequence[evidence.Act]) -> dict[str, Any]:
    """Return what a reviewer needs to follow the verdict: radius, generations, distances in metres."""
    return {
        "verdict": scan.verdict.value,
        "distance_m": scan.distance_m,
        "accuracy_m": scan.accuracy_m,
        "radius_m": scan.radius_m,
        "location_generation": location.generation,
        "plate_generation": visit.scanned_plate[1] if visit.scanned_plate else None,
        "acts": [act.judgement.verdict.value for act in acts],
    }


def _judge_time(visit: _Visit) -> task_rules.Closing:
    """Judge assignment and period at both ends of the time bound: harmless if nothing depends on it (sync.md §6)."""
    closings = [_closing(visit, at) for at in (visit.at.at, visit.at.earliest, visit.at.latest)]
    if visit.at.is_exact:
        closings = closings[:1]
    if any((each.task_id, each.state) != (closings[0].task_id, closings[0].state) for each in closings):
        visit.codes.append("time_bounded")
    owner_ends = [visit.facts.was_assigned(visit.checkpoint.id, at) for at in (visit.at.earliest, visit.at.latest)]
    if visit.checkpoint.id not in visit.facts.reachable and not any(owner_ends):
        visit.codes.append("not_assigned")
    elif visit.checkpoint.id not in visit.facts.reachable:
        visit.flags.append("late")
    visit.flags.extend(closings[0].flags)
    return closings[0]


def _closing(visit: _Visit, at: Any) -> task_rules.Closing:
    performed = task_rules.Visit(
        inspection_id=visit.operation.entity_id,
        checkpoint_id=visit.checkpoint.id,
        performed_on=local_day(at),
        template_family=visit.template.family,
        channel=visit.payload.channel,
        task_id=visit.payload.task_id,
    )
    return task_rules.decide_closing(performed, visit.facts.tasks.values())


def _judge_answers(visit: _Visit) -> forms.FormVerdict:
    """Validate against the template version that the device used."""
    answers = forms.answers_from_wire(msgspec.structs.asdict(answer) for answer in visit.payload.answers)
    media = [forms.Medium(item=each.item, kind=each.kind, seconds=each.seconds) for each in visit.payload.media]
    verdict = forms.validate(visit.template.form, answers, media)
    if verdict.errors:
        visit.codes.append("answers_invalid")
    if verdict.evidence_missing:
        visit.codes.append("evidence_missing")
    return verdict


def _judge_media(visit: _Visit) -> None:
    """Look for contradictions in the manifests: type against kind, size, and bytes that another visit brought."""
    record_id, elsewhere = visit.operation.entity_id, visit.facts.media_elsewhere
    for medium in visit.payload.media:
        fits = KIND_OF_TYPE.get(medium.mime) == medium.kind and medium.bytes <= MAX_BYTES[Kind(medium.kind)]
        is_reused = elsewhere.get(medium.sha256, record_id) != record_id
        is_taken = visit.facts.is_media_taken(medium, record_id)
        if is_reused or is_taken or not fits:
            visit.codes.append("media_contradiction")
        if is_reused:
            visit.traces.append("security.media_reused")
        if fits and not is_taken:
            visit.media.append(medium)
        elsewhere.setdefault(medium.sha256, record_id)


def _concluded(
    visit: _Visit,
    record: Record | None,
    verdict: forms.FormVerdict,
    closing: task_rules.Closing,
    judgement: dict[str, Any],
) -> tuple[Verdict, VisitWrite]:
    values, outcomes, clashes, concurrent = _merged(visit, record, verdict)
    codes = tuple(dict.fromkeys(visit.codes))
    flags = tuple(dict.fromkeys(visit.flags))
    version = visit.facts.next_version(record)
    receipt = Verdict(
        status=_status(codes, clashes=bool(clashes), extra=closing.is_extra, concurrent=concurrent),
        codes=codes or (("field_conflict",) if clashes else ()),
        flags=flags,
        fields=outcomes,
        version=version,
    )
    row = _row(visit, verdict, judgement, codes, flags, values, in_conflict=bool(clashes))
    return receipt, VisitWrite(
        row=row,
        media=tuple(visit.media),
        conflicts=tuple(clashes),
        scanned_plate=visit.scanned_plate,
        traces=tuple(visit.traces),
    )


def _status(codes: Sequence[str], *, clashes: bool, extra: bool, concurrent: bool) -> Status:
    if codes:
        return Status.QUARANTINED
    if clashes:
        return Status.CONFLICT
    if extra:
        return Status.EXTRA
    return Status.MERGED if concurrent else Status.APPLIED


def _merged(
    visit: _Visit, record: Record | None, verdict: forms.FormVerdict
) -> tuple[dict[str, Any], dict[str, dict[str, Any]], list[dict[str, Any]], bool]:
    """Merge the submitted fields into a draft, where there is one; a visit without a draft takes them as they are."""
    pushed = {f"answers.{item}": value for item, value in verdict.values.items()}
    if record is None:
        return pushed, {}, [], False
    current = {f"answers.{item}": value for item, value in record.answers.items()}
    merge = merge_fields(
        pushed,
        current,
        record.changes,
        base_version=visit.operation.base_version,
        device_id=str(visit.facts.sender.device_id),
        seq=visit.operation.seq,
    )
    clashes: list[dict[str, Any]] = [
        {"field": name, "server": current.get(name), "device": pushed[name]}
        for name, outcome in merge.outcomes.items()
        if outcome is Outcome.CONFLICT
    ]
    stays: dict[str, Any] = {clash["field"]: clash["server"] for clash in clashes}
    kept = pushed | stays
    return kept, field_results(merge.outcomes, current, record.changes), clashes, merge.is_concurrent


def field_results(
    outcomes: dict[str, Outcome], current: dict[str, Any], changes: dict[str, FieldChange]
) -> dict[str, dict[str, Any]]:
    """Return the receipt's ``fields``: what became of each, and for a clash the value that stays."""
    results: dict[str, dict[str, Any]] = {}
    for name, outcome in outcomes.items():
        results[name] = {"outcome": outcome.value}
        if outcome is Outcome.CONFLICT:
            results[name] |= {"server": current.get(name), "server_version": changes[name].version}
    return results


def _row(
    visit: _Visit,
    verdict: forms.FormVerdict,
    judgement: dict[str, Any],
    codes: tuple[str, ...],
    flags: tuple[str, ...],
    values: dict[str, Any],
    *,
    in_conflict: bool,
) -> dict[str, Any]:
    """Return the inspection row; acceptance is decided afterwards, for all rows of the batch together."""
    sender, payload = visit.facts.sender, visit.payload
    answers = {name.removeprefix("answers."): value for name, value in values.items()}
    responsible = visit.facts.responsible.get(payload.task_id) if payload.task_id else None
    return {
        "id": visit.operation.entity_id,
        "task_id": payload.task_id,
        "checkpoint_id": visit.checkpoint.id,
        "customer_id": visit.checkpoint.customer_id,
        "organisation_id": responsible or visit.checkpoint.organisation_id,
        "officer_id": sender.user_id,
        "device_id": sender.device_id,
        "template_version_id": payload.template_version_id,
        "channel": payload.channel,
        "quarantine_codes": codes,
        "blockers": blockers(quarantine_codes=codes, in_conflict=in_conflict, media_missing=False),
        "flags": flags,
        "answers": answers,
        "note": payload.note,
        "conclusion": answers.get("conclusion", {}).get("value"),
        "indicators": verdict.indicators,
        "judgement": judgement,
        "evidence": {"scan": payload.scan, "fixes": payload.fixes},
        "performed_at": visit.at.at,
        "performed_on": local_day(visit.at.at),
        "submitted_at": sender.received_at,
    }
