"""In which order the operations of a batch are judged: by number, but a binding before the visits of its checkpoint.

Dependencies and the operations on one entity point to smaller numbers only, so the numbers alone would do. A visit that
was captured before the first scan was sent must still find its place: it waits for the binding of its own checkpoint,
unless the binding itself depends on it (domain.md §3.4).
"""

from __future__ import annotations

from graphlib import TopologicalSorter
from heapq import heappop, heappush
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sync.protocol.envelope import Received

BIND = "checkpoint.bind"


def in_turn(queue: Sequence[Received], visited: Mapping[UUID, UUID]) -> list[Received]:
    """Return ``queue`` (by number) in the order of judgement; ``visited`` maps a visit's id to its checkpoint."""
    late = [bind for bind in queue if _is_bind(bind) and _earlier_visits(bind, queue, visited)]
    if not late:
        return list(queue)
    leaders = _leaders(queue)
    for bind in late:
        for visit in _earlier_visits(bind, queue, visited):
            if not _leads(visit.head.op_id, bind.head.op_id, leaders):
                leaders[visit.head.op_id].add(bind.head.op_id)
    return _by_number(queue, leaders)


def _is_bind(received: Received) -> bool:
    return received.operation is not None and received.operation.type == BIND


def _earlier_visits(bind: Received, queue: Sequence[Received], visited: Mapping[UUID, UUID]) -> list[Received]:
    checkpoint = bind.operation.entity_id if bind.operation else None
    return [
        each
        for each in queue
        if each.head.seq < bind.head.seq and visited.get(each.head.op_id, bind.head.op_id) == checkpoint
    ]


def _leaders(queue: Sequence[Received]) -> dict[UUID, set[UUID]]:
    """Return what must be judged before each operation: its dependencies, and the one before it on its entity."""
    ids = {each.head.seq: each.head.op_id for each in queue}
    seqs = {op_id: seq for seq, op_id in ids.items()}
    last: dict[UUID, UUID] = {}
    leaders: dict[UUID, set[UUID]] = {op_id: set() for op_id in seqs}
    for each in queue:
        if each.operation is None:
            continue
        named = [ids.get(leader) if isinstance(leader, int) else leader for leader in each.operation.depends_on]
        before = {op_id for op_id in (*named, last.get(each.operation.entity_id)) if op_id in seqs}
        leaders[each.head.op_id] |= {op_id for op_id in before if seqs[op_id] < each.head.seq}
        last[each.operation.entity_id] = each.head.op_id
    return leaders


def _leads(first: UUID, then: UUID, leaders: Mapping[UUID, set[UUID]]) -> bool:
    """Tell whether ``first`` must be judged before ``then``, through whatever lies between."""
    seen, open_ = {then}, [then]
    while open_:
        new = leaders[open_.pop()] - seen
        seen |= new
        open_ += new
    return first in seen


def _by_number(queue: Sequence[Received], leaders: Mapping[UUID, set[UUID]]) -> list[Received]:
    """Return the operations so that leaders come first and everything else by number."""
    items = {each.head.op_id: each for each in queue}
    sorter = TopologicalSorter(leaders)
    sorter.prepare()
    ready: list[tuple[int, UUID]] = []
    ordered = []
    while sorter.is_active():
        for op_id in sorter.get_ready():
            heappush(ready, (items[op_id].head.seq, op_id))
        _, op_id = heappop(ready)
        sorter.done(op_id)
        ordered.append(items[op_id])
    return ordered
