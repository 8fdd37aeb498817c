"""Content that comes after its record was submitted: it waits for a superior, and amends the record (sync.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from inspection_api.inspections.rules import Amendment
from inspection_api.templates import forms
from sync.protocol.additions import MediaWrite, judge_manifests
from sync.protocol.envelope import Save, Submit
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from sync.protocol.envelope import Operation
    from sync.protocol.facts import Facts, Record
    from sync.protocol.order import Step
    from sync.protocol.payloads import Amend


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendmentWrite:
    """What accepted content leaves: a proposal that whoever accepts it makes an amendment of, and further media."""

    amendment: Amendment
    media: MediaWrite


def judge_amend(
    facts: Facts, operation: Operation, payload: Amend, step: Step
) -> tuple[Verdict, AmendmentWrite | MediaWrite | None]:
    """Return the verdict on ``inspection.amend``: it always waits, whatever its record's state (nothing is lost)."""
    record = facts.records.get(operation.entity_id)
    if record is None or record.officer_id != facts.sender.user_id:
        return rejected("forbidden_or_unknown"), None
    return _proposed(facts, operation, payload, record, step, "amendment_pending")


def judge_late(
    facts: Facts, operation: Operation, payload: Save | Submit, record: Record, step: Step
) -> tuple[Verdict, AmendmentWrite | MediaWrite | None]:
    """Return the verdict on a save or submit whose record was submitted before it came.

    An own earlier save says nothing that the own submission did not; another submission always waits for a person.
    """
    own_later = (
        isinstance(payload, Save)
        and record.device_id == facts.sender.device_id
        and (record.submitted_seq or 0) > operation.seq
    )
    if own_later:
        return Verdict(status=Status.SUPERSEDED, version=record.version), None
    return _proposed(facts, operation, payload, record, step, "already_submitted")


def _proposed(
    facts: Facts, operation: Operation, payload: Amend | Save | Submit, record: Record, step: Step, code: str
) -> tuple[Verdict, AmendmentWrite | MediaWrite | None]:
    """Keep the content for a decision, and let its media come; accepted it amends the record, and they are its own."""
    manifests = judge_manifests(facts, record.id, payload.media if isinstance(payload, Submit) else ())
    media = MediaWrite.of(facts, record, manifests)
    if step.is_accepted:
        write = AmendmentWrite(amendment=_amendment(facts, operation, payload), media=media)
        return Verdict(status=Status.APPLIED, version=record.version), write
    is_locked = record.prints_until is not None and record.prints_until <= facts.sender.received_at
    unapproved = () if facts.sender.is_approved else ("device_unapproved",)
    codes = (code, *(("record_locked",) if is_locked else ()), *step.codes, *manifests.codes, *unapproved)
    verdict = Verdict(
        status=Status.QUARANTINED, codes=codes, flags=step.flags, version=record.version, traces=manifests.traces
    )
    return verdict, media.waiting


def _amendment(facts: Facts, operation: Operation, payload: Amend | Save | Submit) -> Amendment:
    return Amendment(
        inspection_id=operation.entity_id,
        op_id=operation.op_id,
        author_id=facts.sender.user_id,
        answers=forms.answers_from_wire(map(msgspec.structs.asdict, payload.answers)),
        notes=() if payload.note is msgspec.UNSET else (payload.note,),
    )
