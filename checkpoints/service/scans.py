"""Scans: what a plate says online, and what every scan leaves behind (domain.md §0, QR plate)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from checkpoints import queries
from checkpoints.models import Checkpoint, CheckpointPlate
from checkpoints.rules import fence, plate, scan
from checkpoints.rules.lifecycle import State
from inspection_api.accounts.queries import get_one
from inspection_api.core.permissions import Action, Permission

if TYPE_CHECKING:
    from checkpoints.rules.scan import ScanAnswer
    from inspection_api.core.context import Context

PERFORM = Permission(Action.ONSITE, "perform")

_NOTE = text(
    """
    WITH fresh AS (
        SELECT p.checkpoint_id, p.generation
        FROM checkpoint_plate p
        JOIN unnest(CAST(:ids AS uuid[]), CAST(:generations AS int[])) AS s (id, generation)
             ON s.id = p.checkpoint_id AND s.generation = p.generation
        WHERE p.first_scanned_at IS NULL
        ORDER BY p.checkpoint_id, p.generation FOR NO KEY UPDATE OF p
    )
    UPDATE checkpoint_plate p
    SET first_scanned_at = CASE WHEN (p.checkpoint_id, p.generation) IN (SELECT checkpoint_id, generation FROM fresh)
                                THEN :now ELSE p.first_scanned_at END,
        revoked_at = CASE WHEN p.generation < f.latest
                          THEN GREATEST(p.issued_at, LEAST(p.revoked_at, :now)) ELSE p.revoked_at END
    FROM (SELECT checkpoint_id, max(generation) AS latest FROM fresh GROUP BY checkpoint_id) f
    WHERE p.checkpoint_id = f.checkpoint_id AND p.generation <= f.latest
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A scanned checkpoint, the generation of the plate on its wall, and what the officer is told."""

    checkpoint: Checkpoint
    plate_generation: int
    answer: ScanAnswer


def look_up(ctx: Context, *, qr: str, fixes: Sequence[dict[str, Any]]) -> Scanned:
    """Say what a scanned plate means here and now, and note the scan.

    Raises:
        QrInvalid: forged, damaged, another bank's, or of no checkpoint; leaves a security event.
        QrRevoked: a newer plate took its place.
        NotFound: the checkpoint is out of the actor's scope.
        AxisSwapped, CoordinateOutOfRange: a fix is no place.
        FixMock, FixStale, FixOutside, FixTooCoarse: the fixes say that he is not there.
    """
    received = [fence.fix_as_received(fix) for fix in fixes]
    parts = plate.ensure_genuine(qr, bank_tag=ctx.bank.tag, key=ctx.bank.derived_key(plate.KEY_PURPOSE))
    checkpoint_id = ctx.session.scalars(select(Checkpoint.id).where(Checkpoint.public_id == parts.public_id)).first()
    if checkpoint_id is None:
        raise plate.invalid(qr)
    scope = queries.visible_checkpoints(ctx.actor, PERFORM).where(Checkpoint.id == checkpoint_id)
    checkpoint = get_one(ctx.session, scope)
    ensure_plate(ctx, checkpoint, parts.generation, qr)
    answer = scan.decide_scan(State(checkpoint.state), queries.place_of(checkpoint), received, checkpoint.radius_m)
    if answer.judgement is not None:
        fence.ensure_accepted(answer.judgement, checkpoint_id=str(checkpoint.id))
    note_scans(ctx, [(checkpoint.id, parts.generation)])
    ctx.record(
        "checkpoint.scanned",
        checkpoint_id=str(checkpoint.id),
        plate_generation=parts.generation,
        code=answer.code.value,
    )
    return Scanned(checkpoint=checkpoint, plate_generation=parts.generation, answer=answer)


def ensure_plate(ctx: Context, checkpoint: Checkpoint, generation: int, qr: str) -> None:
    """Refuse a plate that was never issued to the checkpoint, or no longer counts.

    Raises:
        QrInvalid: never issued.
        QrRevoked: no longer counts.
    """
    issued = ctx.session.get(CheckpointPlate, (checkpoint.id, generation))
    if issued is None:
        raise plate.invalid(qr)
    plate.ensure_in_force(queries.plate_value(issued), ctx.now)


def note_scans(ctx: Context, scans: Iterable[tuple[UUID, int]]) -> None:
    """Note the scans of (checkpoint, plate generation) pairs, in one statement; only a plate's first one matters."""
    pairs = sorted(set(scans))
    if pairs:
        ids, generations = zip(*pairs, strict=True)
        ctx.session.flush()
        values = {"ids": list(ids), "generations": list(generations), "now": ctx.now}
        ctx.session.execute(_NOTE, values)
