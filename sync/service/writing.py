"""Writing a judged batch: one statement per table, in the order of every writer's locks (sync.md §3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from checkpoints import service as checkpoints
from checkpoints.service import NewBinding
from inspection_api.core import ahead
from inspection_api.core.errors import Problem
from inspection_api.core.ids import new_id
from inspection_api.core.jsonb import as_jsonb
from inspection_api.inspections import service as inspections
from kiosk_print import service as papers
from kiosk_print.rules.unlock import UnlockAsked
from sync.protocol.bind import BindWrite
from sync.protocol.save import DraftWrite
from sync.protocol.submit import VisitWrite
from sync.protocol.verdicts import rejected
from sync.queries import HEAR, position_of
from sync.service import adding, declaring

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from uuid import UUID

    from inspection_api.core.context import Context
    from sync.protocol.additions import MediaWrite
    from sync.protocol.envelope import Batch
    from sync.protocol.ledger import Position
    from sync.protocol.order import Arrangement
    from sync.service.judging import Judged

# The device's row first: whoever waits for it sees the batch that went before.
_TAKE = """
    WITH heard AS ({heard}),
    kept AS (
        INSERT INTO sync_batch (id, device_id, sha256, body, signature, received_at)
        SELECT :id, :device_id, :sha256, :body, :signature, :now FROM heard
        ON CONFLICT (id) DO NOTHING RETURNING id)
    SELECT heard.*, EXISTS (TABLE kept) AS is_new FROM heard
"""
_TAKE_BATCH = text(_TAKE.format(heard=HEAR))
_STORE_POSITION = text(
    "UPDATE sync_device SET next_seq = :next_seq, gaps = :gaps, gaps_since = :since WHERE device_id = :device_id"
)
_STORE_NUMBERS = text(
    """
    INSERT INTO sync_number (device_id, seq, op_id, noted_at)
    SELECT :device_id, n.seq, n.op_id, :now
    FROM unnest(CAST(:seqs AS bigint[]), CAST(:op_ids AS uuid[])) AS n (seq, op_id)
    """
)
_CONFLICTS = text(
    """
    INSERT INTO sync_conflict (id, inspection_id, device_id, op_id, field, server, device, server_device_id,
                               server_seq, created_at)
    SELECT r.id, r.inspection_id, r.device_id, r.op_id, r.field, r.server, r.device, r.server_device_id, r.server_seq,
           :now
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, inspection_id uuid, device_id uuid, op_id uuid, field text, server jsonb, device jsonb,
        server_device_id uuid, server_seq bigint)
    ON CONFLICT (inspection_id, field, device_id) WHERE state = 'open'
    DO UPDATE SET op_id = excluded.op_id, server = excluded.server, device = excluded.device,
                  server_device_id = excluded.server_device_id, server_seq = excluded.server_seq
    RETURNING id, inspection_id, field, (xmax = 0) AS is_new
    """
)
# Whoever sets a field knew the value that stood: what he says now is the device's word if the conflict is his, else it
# is what stands.
_CONTEST = text(
    """
    UPDATE sync_conflict c
    SET device = CASE WHEN c.device_id = r.device_id THEN r.value ELSE c.device END,
        op_id = CASE WHEN c.device_id = r.device_id THEN r.op_id ELSE c.op_id END,
        server = CASE WHEN c.device_id = r.device_id THEN c.server ELSE r.value END,
        server_device_id = CASE WHEN c.device_id = r.device_id THEN c.server_device_id ELSE r.device_id END,
        server_seq = CASE WHEN c.device_id = r.device_id THEN c.server_seq ELSE r.seq END
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        inspection_id uuid, device_id uuid, op_id uuid, seq bigint, field text, value jsonb)
    WHERE c.inspection_id = r.inspection_id AND c.field = r.field AND c.state = 'open'
    """
)


def take_batch(ctx: Context, batch: Batch, *, sha256: bytes, body: bytes, signature: bytes) -> tuple[Position, bool]:
    """Note that the device was heard and lock its row; return its position, and whether the batch is new.

    The received ``body`` is kept once: evidence, and the source for reprocessing.
    """
    values = {"id": batch.batch_id, "device_id": batch.device_id, "sha256": sha256, "body": body}
    heard = {"app": batch.app, "clock_skew_s": (batch.sent.wall - ctx.now).total_seconds()}
    row = ctx.session.execute(_TAKE_BATCH, {**values, **heard, "signature": signature, "now": ctx.now}).one()
    return position_of(row), row.is_new


def store_position(ctx: Context, device_id: UUID, arrangement: Arrangement) -> None:
    """Write down where the device's sequence stands, and what became of numbers that have no receipt of their own."""
    position, settled = arrangement.position, arrangement.settled
    gaps = sorted(position.gaps)
    since = [position.gaps[gap] for gap in gaps]
    values = {"device_id": device_id, "next_seq": position.next_seq, "gaps": gaps, "since": since}
    ahead.send(ctx.session, _STORE_POSITION, values)
    if settled:
        numbers = {"seqs": list(settled), "op_ids": list(settled.values())}
        ahead.send(ctx.session, _STORE_NUMBERS, {"device_id": device_id, "now": ctx.now, **numbers})


def apply(ctx: Context, judged: Sequence[Judged], meanwhile: Callable[[], object] = bool) -> None:
    """Write the effects of judged operations; the caller holds the savepoint.

    ``meanwhile`` is done when everything is on its way, while the database writes.
    """
    visits = [(each, each.write) for each in judged if isinstance(each.write, VisitWrite)]
    bindings = [(each, each.write) for each in judged if isinstance(each.write, BindWrite)]
    _bind(ctx, [write for _, write in bindings])
    _save_drafts(ctx, judged, {write.row["id"] for _, write in visits})
    ctx.stand_aside()
    inspections.submit_visits(ctx, [write.row for _, write in visits])
    adding.add(ctx, judged)
    further = adding.further_media(judged)
    ctx.stand_aside()
    hear_stored = declaring.declare(
        ctx, visits=[write for _, write in visits], photos=[write for _, write in bindings], further=further
    )
    _store_conflicts(ctx, judged)
    _contest(ctx, judged)
    checkpoints.note_scans(ctx, _scans(judged))
    for each in judged:
        _trace(ctx, each)
    _request_unlocks(ctx, judged)
    meanwhile()
    stored = hear_stored()
    helped = [id_ for write in further if (id_ := write.inspection_id) and _is_any(write, stored)]
    inspections.settle(ctx, [*helped, *(write.row["id"] for _, write in visits if _may_be_free(write, stored))])


def _is_any(write: MediaWrite | VisitWrite, stored: set[UUID]) -> bool:
    """Tell whether bytes of a write's media are here already."""
    return any(medium.id in stored for medium in write.media)


def declare_further(ctx: Context, write: MediaWrite) -> None:
    """Declare further media of one record; it may be accepted if bytes of them are here already."""
    if declaring.declare(ctx, further=[write])() and write.inspection_id:
        inspections.settle(ctx, [write.inspection_id])


def _bind(ctx: Context, writes: Sequence[BindWrite]) -> None:
    checkpoints.apply_bindings(
        ctx,
        [
            NewBinding(
                location=write.location,
                device_id=write.device_id,
                reasons=write.reasons,
                fixes=write.fixes,
                photo_media_id=write.photo.id,
                rivalry=write.rivalry,
            )
            for write in writes
        ],
    )


def _save_drafts(ctx: Context, judged: Sequence[Judged], submitted: set[Any]) -> None:
    """Write each draft once, as its last save left it; a submit of the same batch says it all."""
    drafts = {each.write.row["id"]: each.write.row for each in judged if isinstance(each.write, DraftWrite)}
    inspections.save_drafts(ctx, [row for id_, row in drafts.items() if id_ not in submitted])


def _may_be_free(write: VisitWrite, stored: set[UUID]) -> bool:
    """Tell whether a visit may be accepted now: nothing blocks it, or media came before it."""
    return not write.row["blockers"] or _is_any(write, stored)


def _contest(ctx: Context, judged: Sequence[Judged]) -> None:
    """Let open conflicts know the values that were set since; the last word of the batch counts."""
    rows = {
        (each.write.row["id"], name): {
            "inspection_id": each.write.row["id"],
            "device_id": each.write.row["device_id"],
            "op_id": each.received.head.op_id,
            "seq": each.received.head.seq,
            "field": name,
            "value": value,
        }
        for each in judged
        if isinstance(each.write, DraftWrite | VisitWrite)
        for name, value in each.write.contested.items()
    }
    if rows:
        ctx.session.execute(_CONTEST, {"rows": as_jsonb(list(rows.values()))})


def _store_conflicts(ctx: Context, judged: Sequence[Judged]) -> None:
    """Keep both values of every clash, and let the receipts name it.

    A device's later value for the same field takes the place of its earlier one.
    """
    rows = {
        (each.write.row["id"], clash.field): {
            "id": new_id(),
            "inspection_id": each.write.row["id"],
            "device_id": each.write.row["device_id"],
            "op_id": each.received.head.op_id,
            "field": clash.field,
            "server": clash.server,
            "device": clash.device,
            "server_device_id": None if clash.standing.is_decision else clash.standing.device_id,
            "server_seq": clash.standing.seq,
        }
        for each in judged
        if isinstance(each.write, DraftWrite | VisitWrite)
        for clash in each.write.conflicts
    }
    if rows:
        stored = ctx.session.execute(_CONFLICTS, {"rows": as_jsonb(list(rows.values())), "now": ctx.now}).all()
        _name_conflicts(judged, {(row.inspection_id, row.field): str(row.id) for row in stored})
        for row in stored:
            if row.is_new:
                ctx.record("conflict.opened", conflict_id=str(row.id), inspection_id=str(row.inspection_id))


def _name_conflicts(judged: Sequence[Judged], ids: Mapping[tuple[UUID, str], str]) -> None:
    for each in judged:
        if isinstance(each.write, DraftWrite | VisitWrite):
            for clash in each.write.conflicts:
                each.verdict.fields[clash.field]["conflict_id"] = ids[each.write.row["id"], clash.field]


def _scans(judged: Sequence[Judged]) -> set[tuple[UUID, int]]:
    plates = (getattr(each.write, "scanned_plate", None) for each in judged)
    return {plate for plate in plates if plate is not None}


def _trace(ctx: Context, judged: Judged) -> None:
    """Record the security events that the verdict found; ids only, never the forged text."""
    for kind in judged.verdict.traces:
        ctx.record(kind, op_id=str(judged.received.head.op_id))


def _request_unlocks(ctx: Context, judged: Sequence[Judged]) -> None:
    """Make the unlock requests; the paper's rules may refuse one, and that harms only itself."""
    asking = [each for each in judged if isinstance(each.write, UnlockAsked)]
    for each, outcome in zip(asking, papers.request_unlocks(ctx, [each.write for each in asking]), strict=True):
        if isinstance(outcome, Problem):
            each.verdict = rejected(outcome.code, outcome.detail or outcome.title)
