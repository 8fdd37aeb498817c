"""The verdict on ``inspection.save``: fields of a draft, merged one by one (sync.md §4)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from inspection_api.inspections.rules import Blocker, State
from sync.protocol import amend, draft
from sync.protocol.duty import captured, judge_duty
from sync.protocol.facts import Facts, Record
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sync.protocol.additions import MediaWrite
    from sync.protocol.amend import AmendmentWrite
    from sync.protocol.draft import Clash, Merged
    from sync.protocol.envelope import Operation, Save
    from sync.protocol.order import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftWrite:
    """The draft row as it stands after the save, the values that clash with it, and those that it set in a conflict."""

    row: dict[str, Any]
    conflicts: tuple[Clash, ...] = ()
    contested: Mapping[str, Any] = field(default_factory=dict)


def judge_save(
    facts: Facts, operation: Operation, payload: Save, step: Step
) -> tuple[Verdict, DraftWrite | AmendmentWrite | MediaWrite | None]:
    """Return the verdict and the draft to write; a later operation of the batch sees it in ``facts``."""
    record = facts.records.get(operation.entity_id)
    if not facts.knows(payload, operation.entity_id):
        return rejected("forbidden_or_unknown"), None
    if record is not None and record.state is not State.DRAFT:
        return amend.judge_late(facts, operation, payload, record, step)
    duty = judge_duty(facts, payload.checkpoint_id, captured(facts, operation))
    unapproved = () if facts.sender.is_approved else ("device_unapproved",)
    codes = () if step.is_accepted else (*step.codes, *duty.codes, *unapproved)
    if codes:
        return Verdict(status=Status.QUARANTINED, codes=codes, flags=step.flags), None
    merged = draft.merged(facts, operation, payload, record, is_whole=False)
    saved = _saved(facts, operation, payload, record, merged)
    facts.records[operation.entity_id] = saved
    verdict = Verdict(
        status=_status(merged),
        codes=("field_conflict",) if merged.clashes else (),
        flags=(*step.flags, *duty.flags),
        fields=merged.results,
        version=saved.version,
    )
    return verdict, DraftWrite(row=_row(facts, payload, saved), conflicts=merged.clashes, contested=merged.contested)


def _saved(facts: Facts, operation: Operation, payload: Save, record: Record | None, merged: Merged) -> Record:
    return Record(
        id=operation.entity_id,
        officer_id=facts.sender.user_id,
        checkpoint_id=payload.checkpoint_id,
        organisation_id=facts.checkpoints[payload.checkpoint_id].organisation_id,
        device_id=facts.sender.device_id,
        state=State.DRAFT,
        version=facts.next_version(record),
        answers=dict(merged.answers),
        note=merged.note,
        changes=merged.changes,
        in_conflict=bool(merged.clashes) or (record is not None and record.in_conflict),
    )


def _status(merged: Merged) -> Status:
    if merged.clashes:
        return Status.CONFLICT
    if merged.is_superseded:
        return Status.SUPERSEDED
    return Status.MERGED if merged.is_concurrent else Status.APPLIED


def _row(facts: Facts, payload: Save, saved: Record) -> dict[str, Any]:
    return {
        "id": saved.id,
        "version": saved.version,
        "task_id": payload.task_id,
        "checkpoint_id": saved.checkpoint_id,
        "customer_id": facts.checkpoints[saved.checkpoint_id].customer_id,
        "organisation_id": saved.organisation_id,
        "officer_id": saved.officer_id,
        "device_id": saved.device_id,
        "template_version_id": payload.template_version_id,
        "blockers": [Blocker.CONFLICT] if saved.in_conflict else [],
        "answers": saved.answers,
        "note": saved.note,
        "field_versions": saved.changes,
    }
