"""What is known of a device's operations before one of them has its turn: its numbers, and what became of them.

The `Position` says which numbers are missing, the `Ledger` how everything stands that an operation may wait for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from sync.errors import BatchMalformed
from sync.protocol.envelope import MAX_GAP
from sync.protocol.verdicts import UNSETTLED, Status, Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime

    from sync.protocol.envelope import Operation, Received


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a device's sequence stands: the next number, and the missing ones, each with when it was first missed."""

    next_seq: int = 1
    gaps: Mapping[int, datetime] = field(default_factory=dict)

    @property
    def acked_through(self) -> int:
        """Return the highest number up to which everything is durable here."""
        return min(self.gaps, default=self.next_seq) - 1

    def is_free(self, seq: int) -> bool:
        """Tell whether ``seq`` has neither come nor been given up."""
        return seq >= self.next_seq or seq in self.gaps

    def settling(self, seqs: Collection[int], now: datetime) -> Position:
        """Return the position after ``seqs`` have come, or were given up.

        Raises:
            BatchMalformed: more numbers would be missing than a device may miss.
        """
        kept = {gap: since for gap, since in self.gaps.items() if gap not in seqs}
        beyond = [seq for seq in seqs if seq >= self.next_seq]
        end = max(beyond, default=self.next_seq - 1)
        if end + 1 - self.next_seq - len(beyond) + len(kept) > MAX_GAP:
            raise BatchMalformed("序号跳跃过大")
        missing = (seq for seq in range(self.next_seq, end) if seq not in seqs)
        return Position(next_seq=end + 1, gaps={**kept, **dict.fromkeys(missing, now)})


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """An operation that has a receipt already; ``seq`` is its number here, None where another device brought it.

    ``entity_id`` and ``depends_on`` are told of held and parked ones only: the others make nothing wait.
    """

    op_id: UUID
    digest: bytes
    status: Status
    seq: int | None = None
    entity_id: UUID | None = None
    depends_on: frozenset[UUID] = frozenset()
    flags: tuple[str, ...] = ()


class Standing(StrEnum):
    """How a dependency stands."""

    GOOD = "good"
    MISSING = "missing"
    FAILED = "failed"
    IMPOSSIBLE = "impossible"


_STANDINGS = {
    **dict.fromkeys(Status, Standing.GOOD),
    **dict.fromkeys(UNSETTLED, Standing.MISSING),
    Status.QUARANTINED: Standing.FAILED,
    Status.REJECTED: Standing.FAILED,
}


@dataclass(slots=True, kw_only=True)
class Ledger:
    """All that was known and decided before an operation's turn; it grows as the batch is taken.

    ``numbers`` names the operation behind each own number; gaps noticed before ``patient_since`` are waited for no
    longer; ``retried`` are the parked ones whose turn it is again; every operation inherits ``codes`` and ``flags``.
    """

    position: Position
    patient_since: datetime
    known: Mapping[UUID, Known] = field(default_factory=dict)
    numbers: Mapping[int, UUID] = field(default_factory=dict)
    retried: Collection[UUID] = ()
    codes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    statuses: dict[UUID, Status] = field(init=False)
    _seqs: dict[UUID, int] = field(init=False)
    _stuck: dict[UUID, int] = field(init=False, default_factory=dict)
    _first_gap: int | None = field(init=False)
    _first_fresh_gap: int | None = field(init=False)

    def __post_init__(self) -> None:
        """Take over what is known, and find the first gaps once for all."""
        self.statuses = {op_id: each.status for op_id, each in self.known.items()}
        self._seqs = {op_id: seq for seq, op_id in self.numbers.items()}
        for each in self.known.values():
            if each.status is Status.PARKED and each.op_id not in self.retried:
                self._stick(each.entity_id, each.seq)
        gaps = self.position.gaps
        self._first_gap = min(gaps, default=None)
        self._first_fresh_gap = min((gap for gap, since in gaps.items() if since > self.patient_since), default=None)

    def note(self, received: Received, verdict: Verdict) -> None:
        """Write down what became of an operation; the second of an id leaves the first as it was."""
        if verdict.code == "op_id_reused":
            return
        self.statuses[received.head.op_id] = verdict.status
        if verdict.status is Status.PARKED and received.operation is not None:
            self._stick(received.operation.entity_id, received.head.seq)

    def _stick(self, entity_id: UUID | None, seq: int | None) -> None:
        if entity_id is not None and seq is not None:
            self._stuck[entity_id] = min(seq, self._stuck.get(entity_id, seq))

    def is_stuck(self, operation: Operation) -> bool:
        """Tell whether an earlier operation on the same entity is parked."""
        return self._stuck.get(operation.entity_id, operation.seq) < operation.seq

    def is_behind_gap(self, seq: int) -> bool:
        """Tell whether a number before ``seq`` is missing."""
        return self._first_gap is not None and self._first_gap < seq

    def is_behind_fresh_gap(self, seq: int) -> bool:
        """Tell whether a number before ``seq`` is missing that is still waited for."""
        return self._first_fresh_gap is not None and self._first_fresh_gap < seq

    def standing_of(self, leader: UUID | int, operation: Operation) -> Standing:
        """Return how what ``operation`` depends on stands: an own smaller number, or an operation that is known."""
        return self._of_number(leader, operation) if isinstance(leader, int) else self._of_id(leader, operation)

    def _of_number(self, leader: int, operation: Operation) -> Standing:
        if leader >= operation.seq:
            return Standing.IMPOSSIBLE
        if leader in self.position.gaps:
            return Standing.MISSING if self.position.gaps[leader] > self.patient_since else Standing.FAILED
        op_id = self.numbers.get(leader)
        if op_id is None:
            return Standing.FAILED
        return _STANDINGS[self.statuses[op_id]] if op_id in self.statuses else Standing.IMPOSSIBLE

    def _of_id(self, leader: UUID, operation: Operation) -> Standing:
        known = self.known.get(leader)
        if (known is None or known.status in UNSETTLED) and self._comes_later(leader, known, operation):
            return Standing.IMPOSSIBLE
        if leader in self.statuses:
            return _STANDINGS[self.statuses[leader]]
        if not self.is_behind_gap(operation.seq):
            return Standing.IMPOSSIBLE
        return Standing.MISSING if self.is_behind_fresh_gap(operation.seq) else Standing.FAILED

    def _comes_later(self, leader: UUID, known: Known | None, operation: Operation) -> bool:
        """Tell whether the leader has no smaller own number, or waits for the operation itself."""
        waits_for = known.depends_on if known else ()
        return self._seqs.get(leader, 0) >= operation.seq or operation.op_id in waits_for
