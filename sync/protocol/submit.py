"""The verdict on ``inspection.submit``: the whole visit in one operation (sync.md §2, Verdict on a submit; §4).

First what cannot mean anything (rejected), then all reasons for quarantine together, then conflict, merge, extra. The
visit is kept whatever the verdict: it happened.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from inspection_api.core.periods import local_day
from inspection_api.inspections.rules import FieldChange, Outcome, State, blockers, merge_fields
from inspection_api.templates import forms
from sync.protocol import visit as visits
from sync.protocol.facts import Record
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from inspection_api.tasks.rules import Closing
    from sync.protocol.envelope import Manifest, Operation, Submit
    from sync.protocol.facts import Facts
    from sync.protocol.order import Step
    from sync.protocol.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWrite:
    """What a submit leaves: the inspection row, the media, and the plate if it was scanned for the first time."""

    row: dict[str, Any]
    media: tuple[Manifest, ...] = ()
    conflicts: tuple[dict[str, Any], ...] = ()
    scanned_plate: tuple[UUID, int] | None = None
    traces: tuple[str, ...] = ()


def judge_submit(facts: Facts, operation: Operation, payload: Submit, step: Step) -> tuple[Verdict, VisitWrite | None]:
    """Return the verdict and what to write (nothing when the operation is rejected, or the record was submitted)."""
    record = facts.records.get(operation.entity_id)
    if not facts.knows(payload, record):
        return rejected("forbidden_or_unknown"), None
    if record is not None and record.state is not State.DRAFT:
        codes = ("already_submitted",)
        return Verdict(status=Status.QUARANTINED, codes=codes, version=record.version), None
    visit = visits.opened(facts, operation, payload, step)
    visits.judge_plate(visit)
    judgement = visits.judge_place(visit)
    closing = visits.judge_time(visit)
    verdict = _judge_answers(visit)
    visits.judge_media(visit)
    receipt, write = _concluded(visit, record, verdict, closing, judgement)
    facts.records[operation.entity_id] = _submitted(facts, operation, payload, receipt)
    return receipt, write


def _submitted(facts: Facts, operation: Operation, payload: Submit, receipt: Verdict) -> Record:
    """Return the record as later operations of the batch see it: submitted, so that they come too late."""
    return Record(
        id=operation.entity_id,
        officer_id=facts.sender.user_id,
        checkpoint_id=payload.checkpoint_id,
        state=State.SUBMITTED,
        version=receipt.version or 1,
        answers={},
        note=None,
        changes={},
    )


def _judge_answers(visit: Visit) -> forms.FormVerdict:
    """Validate against the template version that the device used."""
    answers = forms.answers_from_wire(msgspec.structs.asdict(answer) for answer in visit.payload.answers)
    media = [forms.Medium(item=each.item, kind=each.kind, seconds=each.seconds) for each in visit.payload.media]
    verdict = forms.validate(visit.template.form, answers, media)
    if verdict.errors:
        visit.codes.append("answers_invalid")
    if verdict.evidence_missing:
        visit.codes.append("evidence_missing")
    return verdict


def _concluded(
    visit: Visit,
    record: Record | None,
    verdict: forms.FormVerdict,
    closing: Closing,
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
        scanned_plate=visit.first_scan,
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
    visit: Visit, record: Record | None, verdict: forms.FormVerdict
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
    visit: Visit,
    verdict: forms.FormVerdict,
    judgement: dict[str, Any],
    codes: tuple[str, ...],
    flags: tuple[str, ...],
    values: dict[str, Any],
    *,
    in_conflict: bool,
) -> dict[str, Any]:
    """Return the inspection row as if none of its media had come; whether it is accepted is decided afterwards."""
    sender, payload = visit.facts.sender, visit.payload
    answers = {name.removeprefix("answers."): value for name, value in values.items()}
    responsible = visit.facts.responsible.get(payload.task_id) if payload.task_id else None
    media_missing = bool(forms.evidence_missing(visit.template.form, answers, ()))
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
        "blockers": blockers(quarantine_codes=codes, in_conflict=in_conflict, media_missing=media_missing),
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
