"""The verdict on ``inspection.save``: fields of a draft, merged one by one (sync.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from inspection_api.inspections.rules import FieldChange, Merge, Outcome, State, merge_fields
from sync.protocol.facts import Facts, Record
from sync.protocol.submit import field_results
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from sync.protocol.envelope import Operation, Save
    from sync.protocol.order import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftWrite:
    """The draft row as it stands after the save."""

    row: dict[str, Any]


def judge_save(facts: Facts, operation: Operation, payload: Save, step: Step) -> tuple[Verdict, DraftWrite | None]:
    """Return the verdict and the draft to write; a later operation of the batch sees it in ``facts``."""
    record = facts.records.get(operation.entity_id)
    if not facts.knows(payload, record):
        return rejected("forbidden_or_unknown"), None
    if record is not None and record.state is not State.DRAFT:
        return Verdict(status=Status.QUARANTINED, codes=("already_submitted",), version=record.version), None
    codes = (*step.codes, *(() if facts.sender.is_approved else ("device_unapproved",)))
    if codes:
        return Verdict(status=Status.QUARANTINED, codes=codes, flags=step.flags), None
    merge = _merged(facts, operation, payload, record)
    saved = _saved(facts, operation, payload, record, merge)
    facts.records[operation.entity_id] = saved
    fields = field_results(merge.outcomes, _current(record), record.changes if record else {})
    verdict = Verdict(status=_status(merge), flags=step.flags, fields=fields, version=saved.version)
    return verdict, DraftWrite(row=_row(facts, payload, saved))


def _merged(facts: Facts, operation: Operation, payload: Save, record: Record | None) -> Merge:
    return merge_fields(
        _pushed(payload),
        _current(record),
        record.changes if record else {},
        base_version=operation.base_version,
        device_id=str(facts.sender.device_id),
        seq=operation.seq,
    )


def _pushed(payload: Save) -> dict[str, Any]:
    fields: dict[str, Any] = {
        f"answers.{answer.item}": {"value": answer.value, **({"note": answer.note} if answer.note else {})}
        for answer in payload.answers
    }
    if payload.note is not msgspec.UNSET:
        fields["note"] = payload.note
    return fields


def _current(record: Record | None) -> dict[str, Any]:
    if record is None:
        return {}
    return {**{f"answers.{item}": value for item, value in record.answers.items()}, "note": record.note}


def _saved(facts: Facts, operation: Operation, payload: Save, record: Record | None, merge: Merge) -> Record:
    version = facts.next_version(record)
    change = FieldChange(version=version, device_id=str(facts.sender.device_id), seq=operation.seq)
    values = _current(record) | merge.values
    return Record(
        id=operation.entity_id,
        officer_id=facts.sender.user_id,
        checkpoint_id=payload.checkpoint_id,
        state=State.DRAFT,
        version=version,
        answers={name.removeprefix("answers."): value for name, value in values.items() if name != "note"},
        note=values.get("note"),
        changes={**(record.changes if record else {}), **dict.fromkeys(merge.values, change)},
    )


def _status(merge: Merge) -> Status:
    outcomes = set(merge.outcomes.values())
    if Outcome.CONFLICT in outcomes:
        return Status.CONFLICT
    if outcomes == {Outcome.SUPERSEDED}:
        return Status.SUPERSEDED
    return Status.MERGED if merge.is_concurrent else Status.APPLIED


def _row(facts: Facts, payload: Save, saved: Record) -> dict[str, Any]:
    checkpoint = facts.checkpoints[payload.checkpoint_id]
    return {
        "id": saved.id,
        "task_id": payload.task_id,
        "checkpoint_id": saved.checkpoint_id,
        "customer_id": checkpoint.customer_id,
        "organisation_id": checkpoint.organisation_id,
        "officer_id": saved.officer_id,
        "device_id": facts.sender.device_id,
        "template_version_id": payload.template_version_id,
        "answers": saved.answers,
        "note": saved.note,
        "field_versions": saved.changes,
    }
