"""Which ids a batch names, so that everything can be loaded at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sync.protocol.envelope import Bind, Fix, Manifest, Save, Submit, UnlockRequest
from sync.protocol.payloads import AlertFeedback, Amend, Comment, DeclareMedia, Unmet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sync.protocol.envelope import Received


@dataclass(slots=True, kw_only=True)
class Names:
    """The ids that a batch's operations name; ``bound`` are the checkpoints to bind, with their fixes.

    ``attempts`` are the ids that an attempt may have already, ``declared`` those that further media are to belong to.
    """

    records: set[UUID] = field(default_factory=set)
    attempts: set[UUID] = field(default_factory=set)
    declared: set[UUID] = field(default_factory=set)
    checkpoints: set[UUID] = field(default_factory=set)
    bound: dict[UUID, list[Fix]] = field(default_factory=dict)
    tasks: set[UUID] = field(default_factory=set)
    templates: set[UUID] = field(default_factory=set)
    media: list[Manifest] = field(default_factory=list)
    commented: set[UUID] = field(default_factory=set)
    alerts: set[UUID] = field(default_factory=set)


def names_of(queue: Sequence[Received], payloads: Mapping[UUID, Any]) -> Names:
    """Return what the operations of ``queue`` name; what could not be decoded names nothing."""
    names = Names()
    for received in queue:
        if received.operation is not None:
            _note(names, received.operation.entity_id, payloads[received.head.op_id])
    return names


def _note(names: Names, entity_id: UUID, payload: Any) -> None:
    match payload:
        case Submit():
            _note_record(names, entity_id, payload)
            names.media.extend(payload.media)
        case Save():
            _note_record(names, entity_id, payload)
        case Amend():
            names.records.add(entity_id)
        case DeclareMedia():
            names.records.add(entity_id)
            names.attempts.add(entity_id)
            names.declared.add(entity_id)
            names.media.extend(payload.media)
        case Unmet():
            _note_attempt(names, entity_id, payload)
        case Comment():
            names.records.add(payload.inspection_id)
            names.commented.add(payload.inspection_id)
        case AlertFeedback():
            names.alerts.add(entity_id)
        case Bind():
            names.checkpoints.add(entity_id)
            names.bound[entity_id] = payload.fixes
            names.media.append(payload.photo)
        case UnlockRequest():
            names.records.add(payload.inspection_id)


def _note_record(names: Names, entity_id: UUID, payload: Submit | Save) -> None:
    names.records.add(entity_id)
    names.attempts.add(entity_id)
    names.checkpoints.add(payload.checkpoint_id)
    names.templates.add(payload.template_version_id)
    if payload.task_id is not None:
        names.tasks.add(payload.task_id)


def _note_attempt(names: Names, entity_id: UUID, payload: Unmet) -> None:
    names.records.add(entity_id)  # an attempt must not take the id of a record: its media would count for that
    names.attempts.add(entity_id)
    names.checkpoints.add(payload.checkpoint_id)
    names.media.extend(payload.media)
    if payload.task_id is not None:
        names.tasks.add(payload.task_id)
