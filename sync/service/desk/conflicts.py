"""Deciding a conflict: one of its two values stands, and the record goes on (sync.md §4)."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select, update

from inspection_api.accounts import queries as accounts
from inspection_api.inspections import service as inspections
from inspection_api.inspections.rules import State
from kiosk_print import queries as papers
from sync.errors import ConflictDecided
from sync.models import SyncConflict
from sync.protocol import desk
from sync.protocol.desk import Keep
from sync.service.desk import reading

if TYPE_CHECKING:
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.inspections.models import Inspection
    from sync.service.desk.reading import ConflictView


def resolve(ctx: Context, conflict_id: UUID, *, keep: Keep, reason: str | None) -> ConflictView:
    """Decide which value of a conflict stands; the first decision counts.

    With the last conflict of a submitted record gone, it is accepted if nothing else blocks it.

    Raises:
        NotFound: out of scope.
        Forbidden: the actor does not decide there. OwnRecord: he made the visit himself.
        ConflictDecided: somebody was faster.
        AnswersInvalid: the device's value would make a submitted record's answers wrong.
    """
    conflict = accounts.get_one(ctx.session, reading.visible_conflicts(ctx.actor).where(SyncConflict.id == conflict_id))
    record = inspections.get_locked(ctx, conflict.inspection_id)
    path = accounts.organisation_paths(ctx.session, [record.organisation_id])[record.organisation_id]
    desk.ensure_may_resolve(ctx.actor, path, officer_id=record.officer_id, state=State(record.state))
    _decide(ctx, conflict, keep, reason)
    _settle(ctx, record, conflict.field, conflict.device if keep is Keep.DEVICE else conflict.server)
    if not _is_in_conflict(ctx, record.id):
        inspections.end_conflict(ctx, record)
    ctx.record(
        "conflict.resolved",
        conflict_id=str(conflict.id),
        inspection_id=str(record.id),
        field=conflict.field,
        kept=keep.value,
    )
    return reading.conflict(ctx, conflict_id)


def _decide(ctx: Context, conflict: SyncConflict, keep: Keep, reason: str | None) -> None:
    decision = {"state": "resolved", "kept": keep.value, "decided_by": ctx.user_id, "decided_at": ctx.now}
    statement = (
        update(SyncConflict)
        .where(SyncConflict.id == conflict.id, SyncConflict.state == "open")
        .values(**decision, reason=reason)
        .returning(SyncConflict.id)
    )
    decided = ctx.session.execute(statement).one_or_none()
    ctx.session.refresh(conflict)
    if decided is None:
        raise _decided_before(ctx, conflict)


def _decided_before(ctx: Context, conflict: SyncConflict) -> ConflictDecided:
    (winner,) = papers.people(ctx.session, [conflict.decided_by]).values()
    sentence = f"该冲突已由{winner.name}处理"
    return ConflictDecided(sentence, decided_by=str(winner.id), decided_by_name=winner.name, kept=conflict.kept)


def _settle(ctx: Context, record: Inspection, field: str, value: Any) -> None:
    """Let the field have the value, so that whatever else a device still brings for it clashes again."""
    if desk.value_of(record.answers, record.note, field) == value:
        return
    answers, note = desk.with_value(record.answers, record.note, field, value)
    change = {field: asdict(desk.next_change(record.version))}
    inspections.decide_field(ctx, record, answers=answers, note=note, changes=change)


def _is_in_conflict(ctx: Context, inspection_id: UUID) -> bool:
    is_open = exists().where(SyncConflict.inspection_id == inspection_id, SyncConflict.state == "open")
    return bool(ctx.session.scalar(select(is_open)))
