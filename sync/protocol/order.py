"""The order of a device's operations: duplicates, gaps, holds, dependencies, forks (sync.md §3.4, §4).

`arrange` decides for one batch, before anything is judged, which operations are judged now and in which order.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from sync.errors import BatchMalformed, DeviceForked
from sync.protocol.verdicts import UNSETTLED, Status, Verdict, rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from uuid import UUID

    from sync.protocol.envelope import Operation, Received

MAX_GAP = 10_000
BEHIND_GAPS = frozenset({"inspection.submit", "visit.unmet", "comment.add", "follow_up.record"})
"""Operations that capture a fact: they are judged behind a gap, the others wait for what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a device's sequence stands: the next number, and the numbers before it that never came."""

    next_seq: int = 1
    gaps: frozenset[int] = frozenset()

    @property
    def acked_through(self) -> int:
        """Return the highest number up to which everything is durable here."""
        return min(self.gaps, default=self.next_seq) - 1

    def taking(self, seq: int) -> Position:
        """Return the position after ``seq`` has come."""
        if seq < self.next_seq:
            return Position(next_seq=self.next_seq, gaps=self.gaps - {seq})
        if seq - self.next_seq > MAX_GAP:
            raise BatchMalformed("序号跳跃过大")
        return Position(next_seq=seq + 1, gaps=self.gaps | frozenset(range(self.next_seq, seq)))

    def has_gap_before(self, seq: int) -> bool:
        """Tell whether a number smaller than ``seq`` is missing."""
        return min(self.gaps, default=seq) < seq


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An operation that has a receipt already."""

    op_id: UUID
    digest: bytes
    status: Status


class Turn(StrEnum):
    """What happens to an operation of a batch."""

    REPLAY = "replay"
    JUDGE = "judge"
    DECIDED = "decided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One operation's turn: judged now (with ``flags`` and inherited ``codes``), replayed, or decided by its order."""

    turn: Turn
    verdict: Verdict | None = None
    flags: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Operations to take in this order, and the device's position after the batch."""

    queue: tuple[Received, ...]
    position: Position


def arrange(
    batch: Sequence[Received],
    held: Sequence[Received],
    known: Mapping[UUID, Known],
    position: Position,
    abandoned: Iterable[int] = (),
) -> Arrangement:
    """Arrange a batch by ``seq`` with the device's ``held`` operations among it, each id once, replays first.

    Raises:
        DeviceForked: a number that was used before comes with an operation that is not known.
    """
    unique = {received.head.op_id: received for received in reversed(batch)}
    waiting = {received.head.op_id: received for received in held}
    replays = [received for op_id, received in unique.items() if op_id in known and op_id not in waiting]
    fresh = [received for op_id, received in unique.items() if op_id not in known]
    resent = {op_id: unique.get(op_id, received) for op_id, received in waiting.items()}
    ordered = sorted((*fresh, *resent.values()), key=lambda each: each.head.seq)
    return Arrangement(queue=(*replays, *ordered), position=_advanced(fresh, position, abandoned))


def _advanced(fresh: Sequence[Received], position: Position, abandoned: Iterable[int]) -> Position:
    for seq in sorted(received.head.seq for received in fresh):
        if seq < position.next_seq and seq not in position.gaps:
            raise DeviceForked(seq=seq, next_seq=position.next_seq)
        position = position.taking(seq)
    return Position(next_seq=position.next_seq, gaps=position.gaps - frozenset(abandoned))


def decide_step(
    received: Received, position: Position, known: Mapping[UUID, Known], statuses: Mapping[UUID, Status]
) -> Step:
    """Decide one operation's turn; ``statuses`` are those of every operation known or taken before it."""
    before = known.get(received.head.op_id)
    if before is not None and received.digest() != before.digest:
        return Step(turn=Turn.DECIDED, verdict=rejected("op_id_reused"))
    if before is not None and before.status is not Status.HELD:
        return Step(turn=Turn.REPLAY)
    operation = received.operation
    if operation is None or received.fault:
        return Step(turn=Turn.DECIDED, verdict=rejected("invalid_payload", received.fault))
    if any(op_id not in statuses for op_id in operation.depends_on):
        return Step(turn=Turn.DECIDED, verdict=rejected("bad_dependency"))
    return _ordered(operation, position, {statuses[op_id] for op_id in operation.depends_on})


def _ordered(operation: Operation, position: Position, leaders: set[Status]) -> Step:
    behind_gap = position.has_gap_before(operation.seq)
    if leaders & UNSETTLED or (behind_gap and operation.type not in BEHIND_GAPS):
        return Step(turn=Turn.DECIDED, verdict=Verdict(status=Status.HELD))
    bad = leaders & {Status.QUARANTINED, Status.REJECTED}
    flags = ("gap",) if behind_gap else ()
    return Step(turn=Turn.JUDGE, flags=flags, codes=("dependency",) if bad else ())
