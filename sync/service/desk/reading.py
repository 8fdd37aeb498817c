"""What waits at the desk, with everything that whoever decides needs to see, in a constant number of queries."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from sqlalchemy import and_, false, or_, select, text, true

from checkpoints import queries as places
from checkpoints.models import Checkpoint
from inspection_api.accounts.models import Device
from inspection_api.accounts.queries import get_one, in_subtree
from inspection_api.core.paging import Page, paginate
from inspection_api.core.tables import among
from inspection_api.inspections.models import Inspection
from inspection_api.templates import queries as templates
from kiosk_print import queries as papers
from sync.models import SyncConflict, SyncQuarantine
from sync.protocol import desk

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select

    from checkpoints.rules.sketch import Sketch
    from inspection_api.core.context import Actor, Context
    from kiosk_print.queries import Person

_RECEIVED = text(
    """
    SELECT r.device_id, r.seq, r.op_id, r.received_at FROM sync_receipt r
    WHERE r.op_id = ANY (CAST(:op_ids AS uuid[]))
       OR (r.device_id, r.seq) IN (SELECT * FROM unnest(CAST(:devices AS uuid[]), CAST(:seqs AS bigint[])))
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One value of a conflict, and where it came from: a device and when; nobody's where a decision had set it."""

    value: Any
    device_id: UUID | None
    device_name: str | None
    at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictView:
    """A conflict as a person decides it: the field in his words, both values, and the one that stands now."""

    id: UUID
    inspection_id: UUID
    record_state: str
    checkpoint_id: UUID
    checkpoint_name: str
    officer: Person
    field: str
    label: str
    server: Side
    device: Side
    current: Any
    state: str
    kept: str | None
    decided_by: Person | None
    decided_at: datetime | None
    reason: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineView:
    """A quarantined operation as a person decides it; ``content`` is what it says where it has left no record."""

    op_id: UUID
    type: str
    entity_id: UUID
    officer: Person
    device_id: UUID
    organisation_id: UUID
    checkpoint_id: UUID | None
    checkpoint_name: str | None
    reasons: Sequence[Mapping[str, str]]
    judgement: Mapping[str, Any] | None
    content: Mapping[str, Any] | None
    state: str
    received_at: datetime
    decided_by: Person | None
    decided_at: datetime | None
    reason: str | None


def _own(column: Any, actor: Actor) -> ColumnElement[bool]:
    may = actor.user_id is not None and actor.may_own(desk.READ)
    return column == actor.user_id if may else false()


def visible_conflicts(actor: Actor) -> Select[SyncConflict]:
    """Return the conflicts in the records of the actor's subtrees, and in his own."""
    in_scope = or_(in_subtree(Inspection.organisation_id, actor.paths(desk.READ)), _own(Inspection.officer_id, actor))
    return select(SyncConflict).join(Inspection, Inspection.id == SyncConflict.inspection_id).where(in_scope)


def list_conflicts(
    ctx: Context, *, state: str | None, inspection_id: UUID | None, limit: int, cursor: str | None
) -> Page[ConflictView]:
    """Return one page of the visible conflicts, of one record or of all, oldest first; ``state`` None: of any."""
    narrowed = true() if state is None else SyncConflict.state == state
    of_record = true() if inspection_id is None else SyncConflict.inspection_id == inspection_id
    statement = visible_conflicts(ctx.actor).where(narrowed, of_record)
    page = paginate(ctx.session, statement, by=[SyncConflict.id], limit=limit, cursor=cursor)
    return Page(items=_conflict_views(ctx, page.items), next_cursor=page.next_cursor)


def conflict(ctx: Context, conflict_id: UUID) -> ConflictView:
    """Return one conflict, whoever may see it."""
    (view,) = _conflict_views(ctx, [ctx.session.get_one(SyncConflict, conflict_id)])
    return view


def _conflict_views(ctx: Context, conflicts: Sequence[SyncConflict]) -> list[ConflictView]:
    records = _records(ctx, [each.inspection_id for each in conflicts])
    versions = templates.versions_by_id(ctx, [row.template_version_id for row in records.values()])
    users = [*(row.officer_id for row in records.values()), *(each.decided_by for each in conflicts)]
    people = papers.people(ctx.session, users)
    devices = _devices(ctx, [id_ for each in conflicts for id_ in (each.device_id, each.server_device_id) if id_])
    times = _received(ctx, conflicts)
    views = []
    for each in conflicts:
        row = records[each.inspection_id]
        view = ConflictView(
            id=each.id,
            inspection_id=each.inspection_id,
            record_state=row.state,
            checkpoint_id=row.checkpoint_id,
            checkpoint_name=row.checkpoint_name,
            officer=people[row.officer_id],
            field=each.field,
            label=desk.label_of(versions[row.template_version_id].form, each.field),
            server=Side(
                value=each.server,
                device_id=each.server_device_id,
                device_name=devices.get(each.server_device_id),
                at=times.get((each.server_device_id, each.server_seq)),
            ),
            device=Side(
                value=each.device,
                device_id=each.device_id,
                device_name=devices.get(each.device_id),
                at=times.get(each.op_id),
            ),
            current=desk.value_of(row.answers, row.note, each.field),
            state=each.state,
            kept=each.kept,
            decided_by=people.get(each.decided_by) if each.decided_by else None,
            decided_at=each.decided_at,
            reason=each.reason,
            created_at=each.created_at,
        )
        views.append(view)
    return views


def _records(ctx: Context, ids: Iterable[UUID]) -> dict[UUID, Row[Any]]:
    columns = (
        Inspection.id,
        Inspection.state,
        Inspection.checkpoint_id,
        Inspection.officer_id,
        Inspection.template_version_id,
        Inspection.answers,
        Inspection.note,
        Inspection.quarantine_codes,
        Inspection.judgement,
        Checkpoint.name.label("checkpoint_name"),
    )
    statement = select(*columns).join(Checkpoint, Checkpoint.id == Inspection.checkpoint_id)
    return {row.id: row for row in ctx.session.execute(statement.where(among(Inspection.id, ids)))}


def _devices(ctx: Context, ids: Iterable[UUID]) -> dict[UUID | None, str]:
    statement = select(Device.id, Device.name).where(among(Device.id, ids))
    return {row.id: row.name for row in ctx.session.execute(statement)}


def _received(ctx: Context, conflicts: Sequence[SyncConflict]) -> dict[Any, datetime]:
    """Return when the operations behind both values came, by their ids and by their devices' numbers."""
    known = [each for each in conflicts if each.server_device_id]
    values = {
        "op_ids": [each.op_id for each in conflicts],
        "devices": [each.server_device_id for each in known],
        "seqs": [each.server_seq for each in known],
    }
    rows = ctx.session.execute(_RECEIVED, values).all()
    by_number: dict[Any, datetime] = {(row.device_id, row.seq): row.received_at for row in rows}
    return by_number | {row.op_id: row.received_at for row in rows}


def visible_quarantine(actor: Actor) -> Select[SyncQuarantine]:
    """Return the quarantined operations of the actor's subtrees, and his own."""
    paths = actor.paths(desk.READ)
    in_scope = or_(in_subtree(SyncQuarantine.organisation_id, paths), _own(SyncQuarantine.officer_id, actor))
    return select(SyncQuarantine).where(in_scope)


def list_quarantine(ctx: Context, *, limit: int, cursor: str | None) -> Page[QuarantineView]:
    """Return one page of what waits for a decision, oldest first.

    A visit waits while its record says so, whatever was said when it came: a confirmed binding has released it.
    """
    waits = or_(
        SyncQuarantine.raw.is_not(None), and_(Inspection.state == "submitted", Inspection.quarantine_codes != [])
    )
    statement = (
        visible_quarantine(ctx.actor)
        .outerjoin(Inspection, Inspection.id == SyncQuarantine.entity_id)
        .where(SyncQuarantine.state == "open", waits)
    )
    by = [SyncQuarantine.received_at, SyncQuarantine.op_id]
    page = paginate(ctx.session, statement, by=by, limit=limit, cursor=cursor)
    return Page(items=_quarantine_views(ctx, page.items), next_cursor=page.next_cursor)


def get_quarantined(ctx: Context, op_id: UUID) -> dict[str, Any]:
    """Return one visible quarantined operation, decided or not, with its fence drawn where it has left no record.

    Raises:
        NotFound: none, or out of scope.
    """
    row = get_one(ctx.session, visible_quarantine(ctx.actor).where(SyncQuarantine.op_id == op_id))
    (view,) = _quarantine_views(ctx, [row])
    return {**asdict(view), "sketch": _drawn(ctx, view)}


def _drawn(ctx: Context, view: QuarantineView) -> Sketch | None:
    """Return where the phone was beside the fence, of a checkpoint in the actor's own subtrees."""
    if view.content is None or view.checkpoint_id is None:
        return None
    in_reach = in_subtree(Checkpoint.organisation_id, ctx.actor.paths(desk.READ))
    if ctx.session.scalar(select(Checkpoint.id).where(Checkpoint.id == view.checkpoint_id, in_reach)) is None:
        return None
    fence = places.fence_of(ctx.session, view.checkpoint_id, None)
    return None if fence is None else desk.draw(view.content, *fence)


def quarantined(ctx: Context, op_id: UUID) -> QuarantineView:
    """Return one quarantined operation, whoever may see it."""
    (view,) = _quarantine_views(ctx, [ctx.session.get_one(SyncQuarantine, op_id, populate_existing=True)])
    return view


def _quarantine_views(ctx: Context, rows: Sequence[SyncQuarantine]) -> list[QuarantineView]:
    contents = {row.op_id: _content(row.raw) for row in rows}
    records = _records(ctx, [desk.record_of(row.entity_id, contents[row.op_id]) for row in rows])
    places = _checkpoints(ctx, [desk.place_of(row.entity_id, contents[row.op_id]) for row in rows])
    people = papers.people(ctx.session, [*(row.officer_id for row in rows), *(row.decided_by for row in rows)])
    views = []
    for row in rows:
        content = contents[row.op_id]
        record = records.get(desk.record_of(row.entity_id, content))
        place = desk.place_of(row.entity_id, content)
        codes = record.quarantine_codes if record is not None and content is None else row.codes
        view = QuarantineView(
            op_id=row.op_id,
            type=row.type,
            entity_id=row.entity_id,
            officer=people[row.officer_id],
            device_id=row.device_id,
            organisation_id=row.organisation_id,
            checkpoint_id=record.checkpoint_id if record is not None else place if place in places else None,
            checkpoint_name=record.checkpoint_name if record is not None else places.get(place),
            reasons=desk.sentences(codes, record.judgement if record is not None else None),
            judgement=record.judgement if record is not None and content is None else None,
            content=content,
            state=row.state,
            received_at=row.received_at,
            decided_by=people.get(row.decided_by) if row.decided_by else None,
            decided_at=row.decided_at,
            reason=row.reason,
        )
        views.append(view)
    return views


def _content(raw: bytes | None) -> dict[str, Any] | None:
    return msgspec.json.decode(raw).get("payload") if raw is not None else None


def _checkpoints(ctx: Context, ids: Iterable[UUID]) -> dict[UUID, str]:
    statement = select(Checkpoint.id, Checkpoint.name).where(among(Checkpoint.id, ids))
    return {row.id: row.name for row in ctx.session.execute(statement)}
