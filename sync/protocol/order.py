"""The order of a device's operations: duplicates, gaps, holds, dependencies, forks (sync.md §3.4, §4).

`arrange` numbers a batch before anything is judged; `decide_step` then says of one operation after the other whether
it is judged now, by what the `Ledger` knows of all that went before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from sync.errors import DeviceForked
from sync.protocol.ledger import Standing
from sync.protocol.verdicts import Status, Verdict, rejected

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from sync.protocol.envelope import Operation, Received
    from sync.protocol.ledger import Known, Ledger, Position

GAP_PATIENCE = timedelta(hours=72)
"""How long operations wait for a missing number; then they are judged behind the gap like captured facts."""

BEHIND_GAPS = frozenset({"inspection.submit", "visit.unmet", "comment.add", "follow_up.record"})
"""Operations that capture a fact: they are judged behind a gap, the others wait for what is missing."""

INHERITED = frozenset({"signature_invalid"})
"""Flags that an operation keeps while it waits; the others belong to the moment in which it is judged."""


class Turn(StrEnum):
    """What happens to an operation of a batch."""

    REPLAY = "replay"
    JUDGE = "judge"
    DECIDED = "decided"


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One operation's turn: judged now (with ``flags`` and inherited ``codes``), replayed, or decided by its order.

    ``is_accepted`` if a supervisor has accepted it: what it says is judged, not whether it counts.
    """

    turn: Turn
    verdict: Verdict | None = None
    flags: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    is_accepted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrangement:
    """Operations to take by number, the device's position after the batch, and what became of numbers without receipt.

    ``settled`` are numbers that were given up (None), or under which an operation came that is known by another.
    """

    queue: tuple[Received, ...]
    position: Position
    settled: Mapping[int, UUID | None]


def arrange(
    batch: Sequence[Received],
    waiting: Sequence[Received],
    known: Mapping[UUID, Known],
    position: Position,
    *,
    abandoned: Iterable[int] = (),
    now: datetime,
) -> Arrangement:
    """Arrange a batch by ``seq`` with the operations that are ``waiting`` among it, each id once.

    Every number of the batch counts as come, also that of an operation which is known from before.

    Raises:
        DeviceForked: a number that was used before comes with an operation that is not known.
        BatchMalformed: too many numbers are missing.
    """
    unique = {received.head.op_id: received for received in reversed(batch)}
    fresh = [received.head.seq for op_id, received in unique.items() if op_id not in known]
    settled = _repeated(batch, unique, known, position)
    after = _advanced(fresh, settled, position, now)
    given_up = sorted(seq for seq in set(abandoned) if after.is_free(seq))
    after = after.settling(frozenset(given_up), now)
    taken = {received.head.op_id: received for received in waiting} | unique
    queue = sorted(taken.values(), key=lambda each: each.head.seq)
    return Arrangement(queue=tuple(queue), position=after, settled=settled | dict.fromkeys(given_up))


def _repeated(
    batch: Sequence[Received], unique: Mapping[UUID, Received], known: Mapping[UUID, Known], position: Position
) -> dict[int, UUID | None]:
    """Return the free numbers under which operations come again, with the id whose receipt they share, if they do."""
    fresh = {each.head.seq for op_id, each in unique.items() if op_id not in known}
    repeated: dict[int, UUID | None] = {}
    for each in batch:
        op_id, seq = each.head.op_id, each.head.seq
        if seq not in fresh and position.is_free(seq):
            first = known[op_id].digest if op_id in known else unique[op_id].digest()
            repeated[seq] = op_id if each.digest() == first else None
    return repeated


def _advanced(fresh: Sequence[int], repeated: Iterable[int], position: Position, now: datetime) -> Position:
    used = [seq for seq in fresh if not position.is_free(seq) or fresh.count(seq) > 1]
    if used:
        raise DeviceForked(seq=min(used), next_seq=position.next_seq)
    return position.settling({*fresh, *repeated}, now)


def numbers_of(arrangement: Arrangement, known: Mapping[UUID, Known], stored: Mapping[int, UUID]) -> dict[int, UUID]:
    """Return which operation each own number means: those ``stored``, and those of the batch."""
    shared = {seq: op_id for seq, op_id in arrangement.settled.items() if op_id is not None}
    brought = {
        each.head.seq: each.head.op_id
        for each in arrangement.queue
        if each.head.op_id not in known or each.digest() == known[each.head.op_id].digest
    }
    return {**stored, **brought, **shared}


def decide_step(received: Received, ledger: Ledger) -> Step:
    """Decide one operation's turn after everything that must come before it."""
    before = ledger.known.get(received.head.op_id)
    if before is not None and received.digest() != before.digest:
        return _decided(rejected("op_id_reused"), ledger.flags)
    if before is not None and before.status is not Status.HELD and before.op_id not in ledger.retried:
        return Step(turn=Turn.REPLAY)
    flags = tuple(dict.fromkeys([*ledger.flags, *(before.flags if before else ())]))
    operation = received.operation
    if operation is None or received.fault:
        return _decided(rejected("invalid_payload", received.fault), flags)
    return _ordered(operation, ledger, flags)


def _ordered(operation: Operation, ledger: Ledger, flags: tuple[str, ...]) -> Step:
    leaders = {ledger.standing_of(leader, operation) for leader in operation.depends_on}
    waits = operation.type not in BEHIND_GAPS and ledger.is_behind_fresh_gap(operation.seq)
    if Standing.IMPOSSIBLE in leaders:
        return _decided(rejected("bad_dependency"), flags)
    if Standing.MISSING in leaders or waits or ledger.is_stuck(operation):
        return _decided(Verdict(status=Status.HELD), flags)
    codes = ("dependency",) if Standing.FAILED in leaders else ()
    gap = ("gap",) if ledger.is_behind_gap(operation.seq) else ()
    return Step(turn=Turn.JUDGE, flags=(*flags, *gap), codes=(*ledger.codes, *codes))


def _decided(verdict: Verdict, flags: tuple[str, ...]) -> Step:
    return Step(turn=Turn.DECIDED, verdict=replace(verdict, flags=flags))
