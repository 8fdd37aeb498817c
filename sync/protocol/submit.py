"""The verdict on ``inspection.submit``: the whole visit in one operation (sync.md §2, Verdict on a submit; §4).

First what cannot mean anything (rejected), then all reasons for quarantine together, then conflict, merge, extra. The
visit is kept whatever the verdict: it happened.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from checkpoints.rules import fence
from inspection_api.inspections import evidence
from inspection_api.inspections.rules import State, blockers
from inspection_api.templates import forms
from sync.protocol import amend, draft
from sync.protocol import visit as visits
from sync.protocol.draft import Clash, Merged
from sync.protocol.envelope import Manifest
from sync.protocol.facts import Record
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.tasks.rules import Closing
    from sync.protocol.additions import MediaWrite
    from sync.protocol.amend import AmendmentWrite
    from sync.protocol.envelope import Operation, Submit
    from sync.protocol.facts import Facts
    from sync.protocol.order import Step
    from sync.protocol.visit import Visit


class VisitWrite(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a submit leaves: the inspection row, the media, and the plate if it was scanned for the first time.

    ``conflicts`` and ``contested`` as in a draft (``save.py``).
    """

    row: dict[str, Any]
    media: tuple[Manifest, ...] = ()
    conflicts: tuple[Clash, ...] = ()
    contested: Mapping[str, Any] = msgspec.field(default_factory=dict)
    scanned_plate: tuple[UUID, int] | None = None


def judge_submit(
    facts: Facts, operation: Operation, payload: Submit, step: Step
) -> tuple[Verdict, VisitWrite | AmendmentWrite | MediaWrite | None]:
    """Return the verdict and what to write (nothing when the operation is rejected, or the record was submitted)."""
    record = facts.records.get(operation.entity_id)
    if not facts.knows(payload, operation.entity_id):
        return rejected("forbidden_or_unknown"), None
    if record is not None and record.state is not State.DRAFT:
        return amend.judge_late(facts, operation, payload, record, step)
    visit = visits.opened(facts, operation, payload, step)
    visits.judge_plate(visit)
    judgement = visits.judge_place(visit)
    closing = visits.judge_time(visit)
    content = _content(visit, record)
    verdict = _judge_answers(visit, content.answers, is_weak=judgement["verdict"] is fence.Verdict.INDETERMINATE)
    visits.judge_media(visit)
    asked = {"roles": visit.roles} if visit.template.form.by_role else {}
    row = _row(visit, content, verdict, {**judgement, **asked, **_typed(payload), **_faults(content, verdict)})
    receipt, write = _concluded(visit, content, closing, row)
    facts.records[operation.entity_id] = _submitted(row)
    return receipt, write


def _submitted(row: dict[str, Any]) -> Record:
    """Return the record as later operations of the batch see it: submitted, so that they come too late."""
    return Record(
        id=row["id"],
        officer_id=row["officer_id"],
        checkpoint_id=row["checkpoint_id"],
        organisation_id=row["organisation_id"],
        device_id=row["device_id"],
        submitted_seq=row["submitted_seq"],
        state=State.SUBMITTED,
        version=row["version"],
        answers={},
        note=None,
        changes={},
    )


def _judge_answers(visit: Visit, answers: forms.Answers, *, is_weak: bool) -> forms.FormVerdict:
    """Validate against the template version that the device used; a weak scan asks for proof of its own."""
    media = [forms.Medium(each.item, each.kind, each.seconds) for each in visit.payload.media]
    verdict = forms.validate(visit.form, answers, media)
    if is_weak:
        missing = (*verdict.evidence_missing, *evidence.weak_lacks(media))
        verdict = msgspec.structs.replace(verdict, evidence_missing=missing)
    if verdict.errors:
        visit.codes.append("answers_invalid")
    if verdict.evidence_missing:
        visit.codes.append("evidence_missing")
    return verdict


def _content(visit: Visit, record: Record | None) -> Merged:
    """Return what the visit says, merged into its draft where there is one (the hot path has none)."""
    facts, operation, payload = visit.facts, visit.operation, visit.payload
    if record is not None:
        return draft.merged(facts, operation, payload, record, is_whole=True)
    return Merged(
        answers=forms.answers_from_wire(map(msgspec.structs.asdict, payload.answers)),
        note=None if payload.note is msgspec.UNSET else payload.note,
    )


def _typed(payload: Submit) -> dict[str, Any]:
    """Return what was typed instead of scanned, and why: whoever decides must see it."""
    reason = payload.scan.manual_reason
    return {"manual": {"text": payload.scan.qr, "reason": reason}} if reason else {}


def _faults(content: Merged, verdict: forms.FormVerdict) -> dict[str, Any]:
    """Return what is wrong with the answers, with the values as they were sent: a reviewer must see them."""
    wrong = {
        item: {"code": code, "message": sentence, "value": content.answers.get(item, {}).get("value")}
        for item, (code, sentence) in verdict.errors.items()
    }
    missing = [each._asdict() for each in verdict.evidence_missing]
    return {name: found for name, found in (("wrong_answers", wrong), ("evidence_missing", missing)) if found}


def _concluded(visit: Visit, content: Merged, closing: Closing, row: dict[str, Any]) -> tuple[Verdict, VisitWrite]:
    clashes = content.clashes
    receipt = Verdict(
        status=_status(row["quarantine_codes"], content, extra=closing.is_extra),
        codes=row["quarantine_codes"] or (("field_conflict",) if clashes else ()),
        flags=row["flags"],
        fields=content.results,
        version=row["version"],
        traces=tuple(visit.traces),
    )
    return receipt, VisitWrite(
        row=row,
        media=tuple(visit.media),
        conflicts=clashes,
        contested=content.contested,
        scanned_plate=visit.first_scan,
    )


def _status(codes: Sequence[str], content: Merged, *, extra: bool) -> Status:
    if codes:
        return Status.QUARANTINED
    if content.clashes:
        return Status.CONFLICT
    if extra:
        return Status.EXTRA
    return Status.MERGED if content.is_concurrent else Status.APPLIED


def _row(visit: Visit, content: Merged, verdict: forms.FormVerdict, judgement: dict[str, Any]) -> dict[str, Any]:
    """Return the inspection row as if none of its media had come; whether it is accepted is decided afterwards."""
    sender, payload, answers = visit.facts.sender, visit.payload, verdict.values
    record = visit.facts.records.get(visit.operation.entity_id)
    codes = tuple(dict.fromkeys(visit.codes))
    responsible = visit.facts.responsible.get(payload.task_id) if payload.task_id else None
    in_conflict = bool(content.clashes) or (record is not None and record.in_conflict)
    return {
        "id": visit.operation.entity_id,
        "version": visit.facts.next_version(record),
        "task_id": payload.task_id,
        "checkpoint_id": visit.checkpoint.id,
        "customer_id": visit.checkpoint.customer_id,
        "organisation_id": responsible or visit.checkpoint.organisation_id,
        "officer_id": sender.user_id,
        "device_id": sender.device_id,
        "template_version_id": payload.template_version_id,
        "channel": payload.channel,
        "quarantine_codes": codes,
        "blockers": blockers(quarantine_codes=codes, in_conflict=in_conflict, media_missing=verdict.needs_media),
        "flags": tuple(dict.fromkeys(visit.flags)),
        "answers": answers,
        "note": content.note,
        "conclusion": answers.get("conclusion", {}).get("value"),
        "indicators": verdict.indicators,
        "judgement": judgement,
        "evidence": visits.evidence_of(visit.operation, payload),
        "performed_at": visit.at.at,
        "performed_on": visit.day,
        "submitted_at": sender.received_at,
        "submitted_seq": visit.operation.seq,
    }
