"""Judging: every operation in its turn, all effects in bulk, and one bad operation alone (sync.md §3.4-§3.6).

If that raises, nothing of it stays, and the operations are taken one by one, each judged anew by what the
database then holds: so a poison operation harms only itself and what waits for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec.structs import replace
from sqlalchemy.exc import OperationalError

from inspection_api.core import ahead
from inspection_api.core.errors import Problem, Unavailable
from inspection_api.core.logs import log
from sync import queries
from sync.entities import OPERATIONS, SERVER_ONLY
from sync.protocol.envelope import Submit
from sync.protocol.ledger import Ledger, Position
from sync.protocol.naming import names_of
from sync.protocol.order import Step, Turn, decide_step
from sync.protocol.turns import in_turn
from sync.protocol.upcasts import is_known_format, upcast
from sync.protocol.verdicts import UNSETTLED, Status, Verdict, rejected
from sync.service import receipts, writing
from sync.service.facts import load_facts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from sync.protocol.envelope import Received
    from sync.protocol.facts import Facts
    from sync.queries import DeviceRow

    Decide = Callable[[Received, Ledger], Step]


@dataclass(slots=True, kw_only=True)
class Judged:
    """One operation with its verdict, what it wants to write, whom it concerns if it is quarantined, its receipt."""

    received: Received
    verdict: Verdict
    write: Any = None
    organisation_id: UUID | None = None
    receipt: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Docket:
    """What is judged: the payloads by operation, for whom, and how an operation's turn is decided."""

    ctx: Context
    device: DeviceRow
    payloads: dict[UUID, Any]
    decide: Decide


def judge(
    ctx: Context,
    device: DeviceRow,
    queue: Sequence[Received],
    opened: Callable[[], Ledger],
    decide: Decide = decide_step,
) -> list[Judged]:
    """Judge ``queue`` (by number) and write its effects; return what has a new receipt.

    ``opened`` returns the ledger as it stands before the first operation.
    """
    payloads = {each.head.op_id: payload_of(each) for each in queue}
    docket = _Docket(ctx=ctx, device=device, payloads=payloads, decide=decide)
    ordered = in_turn(queue, {id_: each.checkpoint_id for id_, each in payloads.items() if isinstance(each, Submit)})
    ledger, pending = opened(), len(ctx.pending)
    try:
        judged = _judge_all(docket, ordered, ledger)
        with ahead.savepoint(ctx.session):
            writing.apply(ctx, judged, meanwhile=lambda: receipts.draw_up(judged, ledger.known))
    except (OperationalError, Unavailable):
        raise  # a lock timeout, a deadlock or a race passes: the whole batch comes again
    except Exception:
        log.exception("batch_replayed_singly", operations=len(ordered))
        del ctx.pending[pending:]
        judged = _judge_singly(docket, ordered, opened())
    return [each for each in judged if _has_moved(each, ledger)]


def judge_again(
    ctx: Context, device: DeviceRow, received: Sequence[Received], *, are_accepted: bool = False
) -> list[Judged]:
    """Judge kept operations of one device anew, in the order of their numbers, and write what they now mean.

    ``ctx`` acts for the device's user. Their receipts stand: a decision on the record is a fact of its own. What
    spoke against operations that somebody has accepted does so no more.
    """
    queries.lock_position(ctx.session, device.id)
    queue = sorted(received, key=lambda each: each.head.seq)
    decide = _accepted if are_accepted else _anew
    return judge(ctx, device, queue, lambda: Ledger(position=Position(), patient_since=ctx.now), decide)


def _accepted(_received: Received, _ledger: Ledger) -> Step:
    return Step(turn=Turn.JUDGE, is_accepted=True)


def _anew(received: Received, ledger: Ledger) -> Step:
    """Return the turn of a kept operation: whatever it waited for has been decided, unless one before it is parked."""
    if received.operation is not None and ledger.is_stuck(received.operation):
        return Step(turn=Turn.DECIDED, verdict=Verdict(status=Status.HELD))
    return Step(turn=Turn.JUDGE)


def payload_of(received: Received) -> Any:
    """Return the decoded payload, or the Verdict that says why there is none."""
    operation = received.operation
    if operation is None or received.fault:
        return rejected("invalid_payload", received.fault)
    if not is_known_format(operation.op_format):
        return rejected("unknown_format")
    kind = OPERATIONS.get(operation.type)
    if kind is None:
        is_ours = operation.type.partition(".")[0] in SERVER_ONLY
        return rejected("forbidden_or_unknown" if is_ours else "unknown_type")
    try:
        return kind.payload.decode(upcast(operation.type, operation.payload, operation.op_format))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return rejected("invalid_payload", f"操作内容格式有误：{error}")


def _judge_all(docket: _Docket, ordered: Sequence[Received], ledger: Ledger) -> list[Judged]:
    facts = load_facts(docket.ctx, docket.device, names_of(ordered, docket.payloads))
    judged = []
    for each in ordered:
        docket.ctx.stand_aside()
        one = _judge_in_turn(docket, facts, each, ledger)
        if one is not None:
            judged.append(one)
            ledger.note(each, one.verdict)
    return judged


def _judge_in_turn(docket: _Docket, facts: Facts, received: Received, ledger: Ledger) -> Judged | None:
    """Return what becomes of an operation, None where its stored receipt stands; a bug of ours parks it alone."""
    try:
        step = docket.decide(received, ledger)
    except Exception:
        log.exception("operation_parked", op_id=str(received.head.op_id))
        return Judged(received=received, verdict=Verdict(status=Status.PARKED, flags=ledger.flags))
    if step.turn is Turn.REPLAY:
        return None
    return _judge_one(facts, received, docket.payloads[received.head.op_id], step)


def _judge_one(facts: Facts, received: Received, payload: Any, step: Step) -> Judged:
    operation = received.operation
    if step.verdict is not None or operation is None:
        return Judged(received=received, verdict=step.verdict or payload)
    if isinstance(payload, Verdict):
        return Judged(received=received, verdict=replace(payload, flags=step.flags))
    try:
        verdict, write = OPERATIONS[operation.type].judge(facts, operation, payload, step)
    except Exception:
        log.exception("operation_parked", op_id=str(operation.op_id), type=operation.type)
        return Judged(received=received, verdict=Verdict(status=Status.PARKED, flags=step.flags))
    concerns = facts.organisation_of(operation, payload) if verdict.status is Status.QUARANTINED else None
    return Judged(received=received, verdict=verdict, write=write, organisation_id=concerns)


def _judge_singly(docket: _Docket, ordered: Sequence[Received], ledger: Ledger) -> list[Judged]:
    judged = []
    for each in ordered:
        for one in _judge_alone(docket, each, ledger):
            _write_alone(docket.ctx, one)
            ledger.note(each, one.verdict)
            judged.append(one)
    return judged


def _judge_alone(docket: _Docket, received: Received, ledger: Ledger) -> list[Judged]:
    """Judge one operation; if what it names cannot even be loaded, it is parked, unless its receipt stands."""
    try:
        return _judge_all(docket, [received], ledger)
    except (OperationalError, Unavailable):
        raise
    except Exception:
        log.exception("operation_parked", op_id=str(received.head.op_id))
    step = docket.decide(received, ledger)
    if step.turn is Turn.REPLAY:
        return []
    return [Judged(received=received, verdict=step.verdict or Verdict(status=Status.PARKED, flags=step.flags))]


def _write_alone(ctx: Context, judged: Judged) -> None:
    pending = len(ctx.pending)
    try:
        with ahead.savepoint(ctx.session):
            writing.apply(ctx, [judged])
    except (OperationalError, Unavailable):
        raise
    except Problem as problem:
        del ctx.pending[pending:]
        judged.verdict = replace(rejected(problem.code, problem.detail or problem.title), flags=judged.verdict.flags)
    except Exception:
        del ctx.pending[pending:]
        log.exception("operation_parked", op_id=str(judged.received.head.op_id))
        judged.verdict = Verdict(status=Status.PARKED, flags=judged.verdict.flags)


def _has_moved(judged: Judged, ledger: Ledger) -> bool:
    """Tell whether there is news: an operation that waits as it waited before has none."""
    before = ledger.known.get(judged.received.head.op_id)
    is_same = before is not None and (before.status, before.seq) == (judged.verdict.status, judged.received.head.seq)
    return not is_same or judged.verdict.status not in UNSETTLED
