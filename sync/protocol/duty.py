"""Who was responsible at a capture: what he did while he was is his, whoever is responsible now (sync.md §4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sync.protocol import times

if TYPE_CHECKING:
    from uuid import UUID

    from sync.protocol.envelope import Operation
    from sync.protocol.facts import Facts
    from sync.protocol.times import Bound


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What speaks against an operation because of its sender's responsibility, and what is worth a look."""

    codes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


_HIS = Duty()
_LATE = Duty(flags=("late",))
_UNSURE = Duty(codes=("time_bounded",))
_NOT_ASSIGNED = Duty(codes=("not_assigned",))


def captured(facts: Facts, operation: Operation) -> Bound:
    """Return when an operation was captured, in server time."""
    sender = facts.sender
    return times.trusted(
        operation.captured, sender.samples, seq=operation.seq, since=sender.since, received_at=sender.received_at
    )


def judge_duty(facts: Facts, checkpoint_id: UUID, at: Bound) -> Duty:
    """Judge responsibility for a checkpoint at both ends of a time bound; ``late`` if it has ended since."""
    duty = {facts.was_responsible(checkpoint_id, end) for end in at.ends}
    if True not in duty:
        return _NOT_ASSIGNED
    if len(duty) > 1:
        return _UNSURE
    is_still = facts.was_responsible(checkpoint_id, facts.sender.received_at)
    return _HIS if is_still else _LATE
