"""The book of one device: its receipts as far as a batch needs them, and what still waits (sync.md §3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from sync.protocol import order
from sync.protocol.envelope import decode_operation
from sync.protocol.ledger import Known, Ledger
from sync.protocol.verdicts import Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from sync.protocol.envelope import Received
    from sync.protocol.order import Arrangement

NOBODYS = b""
"""The digest of an operation whose id another user has used: no content equals it."""

_RECEIPTS = text(
    """
    SELECT r.op_id, r.device_id, r.seq, r.digest, r.status, r.raw, r.result -> 'flags' AS flags, d.user_id
    FROM sync_receipt r JOIN device d ON d.id = r.device_id
    WHERE r.op_id = ANY (CAST(:op_ids AS uuid[])) OR (r.device_id = :device_id AND r.raw IS NOT NULL)
    """
)
_NUMBERS = text(
    """
    SELECT seq, op_id FROM sync_receipt WHERE device_id = :device_id AND seq = ANY (CAST(:seqs AS bigint[]))
    UNION ALL
    SELECT seq, op_id FROM sync_number
    WHERE device_id = :device_id AND seq = ANY (CAST(:seqs AS bigint[])) AND op_id IS NOT NULL
    """
)


@dataclass(slots=True, kw_only=True)
class Book:
    """``known`` receipts by id, the ``unsettled`` operations with their bytes, and own ``numbers`` that are named."""

    device_id: UUID
    known: dict[UUID, Known] = field(default_factory=dict)
    unsettled: dict[UUID, Received] = field(default_factory=dict)
    numbers: dict[int, UUID] = field(default_factory=dict)

    def taken_again(self, batch: Iterable[Received] = (), retried: Collection[UUID] = ()) -> list[Received]:
        """Return what has its turn again: held operations of this device and of the batch, and ``retried`` ones."""
        brought = {each.head.op_id for each in batch}
        return [
            received
            for op_id, received in self.unsettled.items()
            if op_id in retried
            or (self.known[op_id].status is Status.HELD and (self.known[op_id].seq is not None or op_id in brought))
        ]

    def held(self) -> set[UUID]:
        """Return which operations of the device are held."""
        return {op_id for op_id, each in self.known.items() if each.status is Status.HELD and each.seq is not None}

    def ledger(self, arrangement: Arrangement, ctx: Context, **terms: Any) -> Ledger:
        """Return the ledger as it stands before the first operation of ``arrangement``."""
        return Ledger(
            position=arrangement.position,
            known=self.known,
            numbers=order.numbers_of(arrangement, self.known, self.numbers),
            **{"patient_since": ctx.now - order.GAP_PATIENCE, **terms},
        )


def open_book(ctx: Context, device_id: UUID, batch: Sequence[Received] = ()) -> Book:
    """Read the receipts of a batch, of everything that waits, and of all that these depend on."""
    book = Book(device_id=device_id)
    named = {each.head.op_id for each in batch}
    _read(ctx, book, named | _leaders(batch, UUID), named)
    waiting = [*batch, *book.unsettled.values()]
    _read_numbers(ctx, book, _leaders(waiting, int))
    missing = (_leaders(waiting, UUID) | set(book.numbers.values())) - book.known.keys() - _leaders(batch, UUID)
    if missing:
        _read(ctx, book, missing, named)
    return book


def _leaders(received: Iterable[Received], kind: type[Any]) -> set[Any]:
    operations = (each.operation for each in received if each.operation is not None)
    return {leader for operation in operations for leader in operation.depends_on if isinstance(leader, kind)}


def _read(ctx: Context, book: Book, op_ids: Collection[UUID], brought: Collection[UUID]) -> None:
    values = {"op_ids": list(op_ids), "device_id": book.device_id}
    for row in ctx.session.execute(_RECEIPTS, values):
        if row.user_id == ctx.user_id:
            _note(book, row)
        elif row.op_id in brought:
            book.known[row.op_id] = Known(op_id=row.op_id, digest=NOBODYS, status=Status.REJECTED)


def _note(book: Book, row: Row[Any]) -> None:
    received = decode_operation(row.raw) if row.raw is not None else None
    operation = received.operation if received else None
    book.known[row.op_id] = Known(
        op_id=row.op_id,
        digest=row.digest,
        status=Status(row.status),
        seq=row.seq if row.device_id == book.device_id else None,
        entity_id=operation.entity_id if operation else None,
        depends_on=frozenset(_leaders([received], UUID)) if received else frozenset(),
        flags=tuple(flag for flag in row.flags or () if flag in order.INHERITED),
    )
    if received is not None:
        book.unsettled[row.op_id] = received


def _read_numbers(ctx: Context, book: Book, seqs: Collection[int]) -> None:
    if seqs:
        rows = ctx.session.execute(_NUMBERS, {"device_id": book.device_id, "seqs": list(seqs)})
        book.numbers = {row.seq: row.op_id for row in rows}
