"""Push: one batch, one transaction, a constant number of queries (sync.md §3).

Read the batch, lock the device, load what is named, judge every operation in memory, write everything in bulk. If the
bulk write raises, the batch is replayed operation by operation, so that a poison operation harms only itself.
"""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from inspection_api.core.errors import Problem, Unavailable
from inspection_api.core.logs import log
from sync import queries
from sync.entities import OPERATIONS
from sync.errors import BatchIdReused, OutboxFull
from sync.models import SyncBatch
from sync.protocol import order
from sync.protocol.envelope import Received, decode_batch, decode_head, decode_operation
from sync.protocol.naming import names_of
from sync.protocol.order import Position, Turn
from sync.protocol.signature import ensure_signed
from sync.protocol.verdicts import Status, Verdict, rejected
from sync.service import quarantine, receipts, writing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from sync.protocol.envelope import Batch
    from sync.protocol.facts import Facts
    from sync.protocol.order import Arrangement, Known
    from sync.queries import DeviceRow

MAX_HELD = 1_000


@dataclass(slots=True, kw_only=True)
class Judged:
    """One operation with its verdict, what it wants to write, and whom it concerns if it is quarantined."""

    received: Received
    verdict: Verdict
    write: Any = None
    organisation_id: UUID | None = None


@dataclass(slots=True, kw_only=True)
class _Judging:
    """The state of the loop: what was decided so far, for dependencies and for entities that are parked."""

    facts: Facts
    known: dict[UUID, Known]
    position: Position
    statuses: dict[UUID, Status]
    stuck: set[UUID] = field(default_factory=set)


def push(ctx: Context, body: bytes, signature: str) -> dict[str, Any]:
    """Apply a batch and return its receipts.

    Raises:
        BatchMalformed, BatchTooLarge: the envelope cannot be taken.
        DeviceUnknown, DeviceWiped, SignatureInvalid: not from a device of the caller.
        BatchIdReused, DeviceForked, OutboxFull: the device's history does not fit.
    """
    batch = decode_batch(body)
    device = queries.get_device(ctx.session, batch.device_id, ctx.user_id, lock=True)
    signed = ensure_signed(device.public_key, body, signature)
    position = queries.lock_device(ctx, device.id)
    sha256 = hashlib.sha256(body).digest()
    if _is_replayed(ctx, batch, sha256):
        return _answer(ctx, batch, device, position)
    received = [decode_operation(bytes(raw)) for raw in batch.ops]
    arrangement, judged = _judge_batch(ctx, batch, device, received, position)
    writing.store_batch(ctx, batch, sha256=sha256, body=zlib.compress(body, 1), signature=signed)
    _write(ctx, judged)
    receipts.store(ctx, batch, judged)
    quarantine.store(ctx, device.id, judged)
    writing.store_position(ctx, device.id, arrangement.position)
    return _answer(ctx, batch, device, arrangement.position, judged)


def _is_replayed(ctx: Context, batch: Batch, sha256: bytes) -> bool:
    statement = select(SyncBatch.sha256, SyncBatch.device_id).where(SyncBatch.id == batch.batch_id)
    stored = ctx.session.execute(statement).one_or_none()
    if stored is not None and (stored.sha256, stored.device_id) != (sha256, batch.device_id):
        raise BatchIdReused
    return stored is not None


def _judge_batch(
    ctx: Context, batch: Batch, device: DeviceRow, received: list[Received], position: Position
) -> tuple[Arrangement, list[Judged]]:
    rows = queries.receipts(ctx.session, device.id, [each.head.op_id for each in received])
    _ensure_room(rows, batch, received, position)
    waiting = queries.held(rows)
    known = queries.known(rows)
    arrangement = order.arrange(received, waiting, known, position, batch.abandon_seq)
    payloads = {each.head.op_id: _payload(each) for each in arrangement.queue}
    facts = queries.load_facts(ctx, device, names_of(arrangement.queue, payloads))
    judging = _Judging(
        facts=facts,
        known=known,
        position=arrangement.position,
        statuses={op_id: each.status for op_id, each in known.items()},
    )
    ordered = sorted(arrangement.queue, key=_binds_first)
    return arrangement, [judged for each in ordered if (judged := _judge(judging, each, payloads)) is not None]


def judge_again(ctx: Context, device_id: UUID, received: list[Received]) -> list[Judged]:
    """Judge kept operations of one device anew, in the order of their numbers, and write what they now mean.

    ``ctx`` acts for the device's user. Their receipts stand: a decision on the record is a fact of its own.
    """
    device = queries.get_device(ctx.session, device_id, ctx.user_id)
    queries.lock_device(ctx, device_id)
    ordered = sorted(received, key=lambda each: each.head.seq)
    payloads = {each.head.op_id: _payload(each) for each in ordered}
    facts = queries.load_facts(ctx, device, names_of(ordered, payloads))
    judging = _Judging(facts=facts, known={}, position=Position(), statuses={})
    step = order.Step(turn=Turn.JUDGE)
    judged = [_judged(judging, each, payloads[each.head.op_id], step) for each in ordered]
    _write(ctx, judged)
    return judged


def _ensure_room(rows: Sequence[Row[Any]], batch: Batch, received: Sequence[Received], position: Position) -> None:
    """Refuse a device with too many held operations, unless this batch brings or abandons what they wait for."""
    brings = {each.head.seq for each in received} | set(batch.abandon_seq)
    if sum(row.status == Status.HELD for row in rows) >= MAX_HELD and not brings & position.gaps:
        raise OutboxFull(retry_after_s=60)


def _binds_first(received: Received) -> bool:
    """Bindings of a batch apply before its visits are judged (domain.md §3.4); otherwise the order stays."""
    return received.operation is None or received.operation.type != "checkpoint.bind"


def _payload(received: Received) -> Any:
    """Return the decoded payload, or the Verdict that says why there is none."""
    operation = received.operation
    if operation is None or received.fault:
        return rejected("invalid_payload", received.fault)
    if operation.op_format != 1:
        return rejected("unknown_format")
    kind = OPERATIONS.get(operation.type)
    if kind is None:
        return rejected("unknown_type")
    try:
        return kind.payload.decode(operation.payload)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return rejected("invalid_payload", str(error))


def _judge(judging: _Judging, received: Received, payloads: dict[UUID, Any]) -> Judged | None:
    """Judge one operation; None for one whose stored receipt stands."""
    step = order.decide_step(received, judging.position, judging.known, judging.statuses)
    if step.turn is Turn.REPLAY:
        return None
    if step.verdict is not None:
        judged = Judged(received=received, verdict=step.verdict)
    else:
        judged = _judged(judging, received, payloads[received.head.op_id], step)
    judging.statuses[received.head.op_id] = judged.verdict.status
    return judged


def _judged(judging: _Judging, received: Received, payload: Any, step: order.Step) -> Judged:
    operation, facts = received.operation, judging.facts
    if isinstance(payload, Verdict) or operation is None:
        return Judged(received=received, verdict=payload)
    if operation.entity_id in judging.stuck:
        return Judged(received=received, verdict=Verdict(status=Status.HELD))
    try:
        verdict, write = OPERATIONS[operation.type].judge(facts, operation, payload, step)
    except Exception:
        log.exception("operation_parked", op_id=str(operation.op_id), type=operation.type)
        judging.stuck.add(operation.entity_id)
        return Judged(received=received, verdict=Verdict(status=Status.PARKED))
    concerns = facts.organisation_of(operation, payload) if verdict.status is Status.QUARANTINED else None
    return Judged(received=received, verdict=verdict, write=write, organisation_id=concerns)


def _write(ctx: Context, judged: list[Judged]) -> None:
    """Write all effects in one savepoint; if that raises, operation by operation, each in its own."""
    pending = len(ctx.pending)
    try:
        with ctx.session.begin_nested():
            writing.apply(ctx, judged)
    except (OperationalError, Unavailable):
        raise  # a lock timeout, a deadlock or a race passes: the whole batch comes again
    except Exception:
        log.exception("batch_replayed_singly", operations=len(judged))
        del ctx.pending[pending:]
        for each in judged:
            _write_alone(ctx, each)


def _write_alone(ctx: Context, judged: Judged) -> None:
    pending = len(ctx.pending)
    try:
        with ctx.session.begin_nested():
            writing.apply(ctx, [judged])
    except (OperationalError, Unavailable):
        raise
    except Problem as problem:
        del ctx.pending[pending:]
        judged.verdict = rejected(problem.code, problem.detail or problem.title)
    except Exception:
        del ctx.pending[pending:]
        log.exception("operation_parked", op_id=str(judged.received.head.op_id))
        judged.verdict = Verdict(status=Status.PARKED)


def _answer(
    ctx: Context, batch: Batch, device: DeviceRow, position: Position, judged: list[Judged] | None = None
) -> dict[str, Any]:
    """Return the receipts of the batch as they now stand, and of what it released; ``judged`` None: it is a replay."""
    op_ids = [decode_head(raw).op_id for raw in batch.ops]
    released = [each.received.head.op_id for each in judged or []]
    return {
        "epoch": device.epoch,
        "server_time": ctx.now.isoformat(),
        "acked_through": position.acked_through,
        "replayed": judged is None,
        "results": receipts.results(ctx, dict.fromkeys([*op_ids, *released]), judged or []),
    }
