"""What the server knows when it judges a batch: loaded in a constant number of queries, then only memory.

`Facts` also carries the batch's own effects forward: a binding applies before the visits of its batch are judged.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from inspection_api.core.periods import local_day
from inspection_api.inspections.rules import FieldChange, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from checkpoints.rules.binding import Location
    from checkpoints.rules.plate import Plate
    from checkpoints.rules.values import AssignedSpan, CheckpointFacts, Neighbour
    from inspection_api.tasks.rules import Attempt, TaskTerms
    from inspection_api.templates.forms import Form
    from sync.protocol.envelope import Manifest, Operation, Save, Submit
    from sync.protocol.times import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who pushes, and from what; ``since`` is the device's enrolment.

    ``inspected_until`` is the last day on which he was one who inspects, None for one who still is.
    """

    user_id: UUID
    device_id: UUID
    is_approved: bool
    since: datetime
    samples: tuple[Sample, ...]
    bank_tag: str
    plate_key: bytes
    received_at: datetime
    inspected_until: date | None = None

    def was_inspector(self, at: datetime) -> bool:
        """Tell whether he had a role at ``at`` that inspects; the last one ends with its day."""
        return self.inspected_until is None or local_day(at) <= self.inspected_until


class HeldRole(NamedTuple):
    """A role that the sender held from its first to its last day (None: still)."""

    role: str
    since: date
    until: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedTemplate:
    """A published template version, compiled, and the family that its visits count for."""

    form: Form
    family: str


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An inspection that exists already (perhaps as a draft).

    ``in_conflict`` while a clash waits for a decision; ``submitted_seq`` numbers the submission on ``device_id``;
    ``prints_until`` is when its last print window closes, and then it is locked.
    """

    id: UUID
    officer_id: UUID
    checkpoint_id: UUID
    organisation_id: UUID
    device_id: UUID | None
    state: State
    version: int
    answers: dict[str, Any]
    note: str | None
    changes: dict[str, FieldChange]
    in_conflict: bool = False
    submitted_seq: int | None = None
    prints_until: datetime | None = None


class DeclaredMedia(msgspec.Struct, frozen=True, kw_only=True):
    """A medium that is declared already."""

    owner_user_id: UUID
    inspection_id: UUID | None
    sha256: str
    bytes: int
    mime: str


@dataclass(slots=True, kw_only=True)
class Facts:
    """Everything that the batch's operations name, by id.

    ``stored_versions`` are those of the database: whatever a batch does to a record raises its version once.
    ``responsible`` maps a task to its organisation, ``reachable`` are the checkpoints in the sender's scope now,
    ``supervised`` those of them that a role of his covers whoever is assigned, and ``media_elsewhere`` maps a sha256 to
    the inspection that brought these bytes first. The id of one of ``attempts`` is no record's;
    ``waiting_attempts`` wait in quarantine, and further media that are declared for them wait with them.
    ``reachable_records`` are those of the commented ones in the sender's scope, and ``alerts`` maps those that he may
    give feedback on to their organisation. ``held_roles`` are loaded only for forms and rules that ask by role;
    ``entrusted`` are the checkpoints at which a task is the sender's own.
    """

    sender: Sender
    tasks: dict[UUID, TaskTerms] = field(default_factory=dict)
    responsible: dict[UUID, UUID] = field(default_factory=dict)
    checkpoints: dict[UUID, CheckpointFacts] = field(default_factory=dict)
    plates: dict[UUID, list[Plate]] = field(default_factory=dict)
    locations: dict[UUID, list[Location]] = field(default_factory=dict)
    assignments: dict[UUID, list[AssignedSpan]] = field(default_factory=dict)
    reachable: frozenset[UUID] = frozenset()
    supervised: frozenset[UUID] = frozenset()
    templates: dict[UUID, PublishedTemplate] = field(default_factory=dict)
    records: dict[UUID, Record] = field(default_factory=dict)
    attempts: dict[UUID, Attempt] = field(default_factory=dict)
    waiting_attempts: dict[UUID, Attempt] = field(default_factory=dict)
    media_elsewhere: dict[str, UUID] = field(default_factory=dict)
    media: dict[UUID, DeclaredMedia] = field(default_factory=dict)
    bindable: frozenset[UUID] = frozenset()
    reset_by_himself: frozenset[UUID] = frozenset()
    neighbours: tuple[Neighbour, ...] = ()
    stored_versions: dict[UUID, int] = field(default_factory=dict)
    reachable_records: frozenset[UUID] = frozenset()
    alerts: dict[UUID, UUID] = field(default_factory=dict)
    held_roles: tuple[HeldRole, ...] = ()
    entrusted: frozenset[UUID] = frozenset()
    _tasks_at: dict[UUID, list[TaskTerms]] = field(init=False, default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        """Sort the tasks by checkpoint."""
        for task in self.tasks.values():
            self._tasks_at[task.checkpoint_id].append(task)

    def tasks_at(self, checkpoint_id: UUID) -> Sequence[TaskTerms]:
        """Return the tasks of one checkpoint."""
        return self._tasks_at.get(checkpoint_id, ())

    def roles_on(self, day: date) -> list[str]:
        """Return the roles that the sender held on a day."""
        return sorted({held.role for held in self.held_roles if held.since <= day and (held.until or day) >= day})

    def was_responsible(self, checkpoint_id: UUID, at: datetime) -> bool:
        """Tell whether the sender might visit the checkpoint at ``at``: assigned then, or by a role that covers it.

        Whose own a task there is, by his rule's performing role, may visit, too.
        """
        is_inspector = self.sender.was_inspector(at)
        spans = self.assignments.get(checkpoint_id, ()) if is_inspector else ()
        is_entrusted = is_inspector and checkpoint_id in self.entrusted
        return (
            is_entrusted
            or checkpoint_id in self.supervised
            or any(
                span.officer_id == self.sender.user_id
                and span.valid_from <= at
                and (span.valid_to is None or at < span.valid_to)
                for span in spans
            )
        )

    def knows(self, payload: Submit | Save, entity_id: UUID) -> bool:
        """Tell whether checkpoint, template and task exist within the sender's reach, and the record may be his.

        Foreign answers alike, and so does an id that means an attempt.
        """
        record = self.records.get(entity_id)
        task = self.tasks.get(payload.task_id) if payload.task_id else None
        owner = (self.sender.user_id, payload.checkpoint_id)
        return (
            payload.checkpoint_id in self.checkpoints
            and entity_id not in self.attempts
            and self.is_known_to_sender(payload.checkpoint_id)
            and payload.template_version_id in self.templates
            and (payload.task_id is None or (task is not None and task.checkpoint_id == payload.checkpoint_id))
            and (record is None or (record.officer_id, record.checkpoint_id) == owner)
        )

    def is_known_to_sender(self, checkpoint_id: UUID) -> bool:
        """Tell whether the sender may know of the checkpoint at all: in reach now, or once his."""
        spans = self.assignments.get(checkpoint_id, ())
        return checkpoint_id in self.reachable or any(span.officer_id == self.sender.user_id for span in spans)

    def is_media_taken(self, medium: Manifest, inspection_id: UUID | None) -> bool:
        """Tell whether the medium's id already means other bytes, another's medium, or another record's."""
        declared = self.media.get(medium.id) if self.media else None
        if declared is None:
            return False
        same = (self.sender.user_id, medium.sha256, medium.bytes, medium.mime)
        is_same = (declared.owner_user_id, declared.sha256, declared.bytes, declared.mime) == same
        return not is_same or declared.inspection_id not in {None, inspection_id}

    def organisation_of(self, operation: Operation, payload: Any) -> UUID:
        """Return the organisation that is responsible for what an operation (not a rejected one) names."""
        if operation.entity_id in self.alerts:
            return self.alerts[operation.entity_id]
        record = self.records.get(getattr(payload, "inspection_id", operation.entity_id))
        attempts = {**self.waiting_attempts, **self.attempts}
        thing = record or attempts.get(operation.entity_id)
        if thing is not None:
            return thing.organisation_id
        return self.checkpoints[getattr(payload, "checkpoint_id", operation.entity_id)].organisation_id

    def next_version(self, record: Record | None) -> int:
        """Return the version that this batch gives the record."""
        return self.stored_versions.get(record.id, 0) + 1 if record else 1
