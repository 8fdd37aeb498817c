"""Reads of the inspections slice; rows for decisions are plain, locked in id order (sync.md §3, Lock order)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Float, or_, select, text

from checkpoints import queries as places
from checkpoints.models import Checkpoint
from inspection_api.accounts import queries as accounts
from inspection_api.accounts.queries import get_one, visible
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among
from inspection_api.inspections.evidence import draw_at, proof_of
from inspection_api.inspections.models import Inspection, InspectionComment, InspectionRevision
from inspection_api.media import queries as media
from inspection_api.media.models import Media
from inspection_api.templates.forms import Medium

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import ColumnElement, Row, Select
    from sqlalchemy.orm import Session

    from checkpoints.rules.sketch import Sketch
    from inspection_api.core.context import Actor, Context

READ = Permission(Action.ONSITE, "read")
READ_PAPERS = Permission(Action.PAPERS, "read")

_SNAPSHOT = text(
    """
    SELECT c.id AS customer_id, c.name AS customer_name, c.uscc,
           coalesce(jsonb_agg(jsonb_build_object(
               'contract_no', l.contract_no, 'amount', l.amount::text, 'disbursed_on', l.disbursed_on,
               'matures_on', l.matures_on, 'five_class', l.five_class) ORDER BY l.disbursed_on, l.contract_no)
               FILTER (WHERE l.id IS NOT NULL), '[]') AS loans
    FROM customer c LEFT JOIN loan l ON l.customer_id = c.id
    WHERE c.id = ANY (CAST(:ids AS uuid[]))
    GROUP BY c.id
    """
)


def in_reach(actor: Actor, permission: Permission) -> ColumnElement[bool]:
    """Return the condition that the actor reaches a record: his subtrees, his grants, and what he inspected himself.

    His own work needs no grant: devices drop what was finished long ago, he keeps it (sync.md §5, Compaction).
    """
    reached = visible(Inspection, "inspection", actor, permission)
    if actor.user_id is None or not actor.may_own(permission):
        return reached
    return or_(reached, Inspection.officer_id == actor.user_id)


def visible_inspections(actor: Actor) -> Select[Inspection]:
    """Return the records that the actor reaches as one who inspects there, or who reads papers."""
    return select(Inspection).where(or_(in_reach(actor, READ), in_reach(actor, READ_PAPERS)))


def get_visible(session: Session, actor: Actor, inspection_id: UUID) -> Inspection:
    """Return one record in the actor's scope.

    Raises:
        NotFound: no such record there.
    """
    return get_one(session, visible_inspections(actor).where(Inspection.id == inspection_id))


def inspections_of(actor: Actor, filters: dict[str, Any]) -> Select[Inspection]:
    """Return the visible records, narrowed by every filter that is not None (column names)."""
    statement = visible_inspections(actor)
    for name, value in filters.items():
        if value is not None:
            statement = statement.where(getattr(Inspection, name) == value)
    return statement


def columns_of(row: Inspection | Media) -> dict[str, Any]:
    """Return a row's columns by name, for a view that adds to them."""
    return {column.key: getattr(row, column.key) for column in type(row).__mapper__.column_attrs}


def media_seen(ctx: Context, record: Inspection) -> list[dict[str, Any]]:
    """Return the record's media, oldest first, and how much of each the actor may see."""
    found = media.of_inspections(ctx.session, [record.id]).get(record.id, [])
    access = media.access_to(ctx.session, ctx.actor, found)
    return [{**columns_of(each), "access": access[each.id]} for each in found]


def seen_by_a_decider(session: Session, record: Inspection) -> dict[str, Any]:
    """Return what a record leaves to ids and numbers, for whoever decides about it: names, and the fence drawn.

    The fence is that of the place which judged the visit; a visit that no place judged is drawn around the one of now.
    """
    checkpoint = session.get_one(Checkpoint, record.checkpoint_id)
    officer_name = accounts.name_of(session, record.officer_id)
    return {"checkpoint_name": checkpoint.name, "officer_name": officer_name, "sketch": _drawn(session, record)}


def _drawn(session: Session, record: Inspection) -> Sketch | None:
    judgement = record.judgement or {}
    place = judgement.get("location_id")
    fence = places.fence_of(session, record.checkpoint_id, UUID(place) if place else None)
    if record.evidence is None or fence is None:
        return None
    centre, radius_m = fence
    return draw_at(proof_of(record.evidence), centre, judgement.get("radius_m", radius_m))


def submitted(session: Session, ids: Iterable[UUID], *, lock: bool) -> Sequence[Row[Any]]:
    """Return what acceptance needs of the submitted records among ``ids``, in id order."""
    statement = (
        select(
            Inspection.id,
            Inspection.checkpoint_id,
            Inspection.customer_id,
            Inspection.organisation_id,
            Inspection.officer_id,
            Inspection.task_id,
            Inspection.template_version_id,
            Inspection.channel,
            Inspection.performed_on,
            Inspection.answers,
            Inspection.conclusion,
            Inspection.quarantine_codes,
            Inspection.blockers,
            Inspection.media_waived,
            Inspection.judgement["roles"].label("roles"),
        )
        .where(among(Inspection.id, ids), Inspection.state == "submitted")
        .order_by(Inspection.id)
    )
    return session.execute(statement.with_for_update(key_share=True) if lock else statement).all()


def submitted_at(session: Session, checkpoint_ids: Iterable[UUID]) -> Sequence[Row[UUID, UUID | None]]:
    """Return the submitted records of the checkpoints, and the devices that brought them; nothing is locked."""
    statement = select(Inspection.id, Inspection.device_id)
    return session.execute(
        statement.where(among(Inspection.checkpoint_id, checkpoint_ids), Inspection.state == "submitted")
    ).all()


def placed(session: Session, ids: Iterable[UUID]) -> Sequence[Row[Any]]:
    """Return what a place's verdict rests on, of the records ``ids`` that were judged by a place."""
    statement = select(
        Inspection.id,
        Inspection.checkpoint_id,
        Inspection.template_version_id,
        Inspection.quarantine_codes,
        Inspection.flags,
        Inspection.judgement,
        Inspection.evidence,
    ).where(among(Inspection.id, ids), Inspection.judgement["location_id"].is_not(None))
    return session.execute(statement).all()


@dataclass(slots=True)
class MediaOf:
    """One record's media as the form's evidence rules count them: all that may still come, and those that have."""

    declared: list[Medium] = field(default_factory=list)
    stored: list[Medium] = field(default_factory=list)


def media_of(session: Session, inspection_ids: Iterable[UUID]) -> dict[UUID, MediaOf]:
    """Return each record's media, without those that were refused."""
    seconds = Media.captured["seconds"].astext.cast(Float)
    statement = select(Media.inspection_id, Media.item_key, Media.kind, seconds, Media.status).where(
        among(Media.inspection_id, inspection_ids), Media.status != "refused"
    )
    found: dict[UUID, MediaOf] = defaultdict(MediaOf)
    for inspection_id, item, kind, length, status in session.execute(statement):
        medium = Medium(item=item, kind=kind, seconds=length or 0.0)
        found[inspection_id].declared.append(medium)
        if status == "stored":
            found[inspection_id].stored.append(medium)
    return found


def revisions(session: Session, inspection_id: UUID) -> Sequence[InspectionRevision]:
    """Return what a record said before each of its amendments, the first one first."""
    statement = select(InspectionRevision).where(InspectionRevision.inspection_id == inspection_id)
    return session.scalars(statement.order_by(InspectionRevision.number)).all()


def comments(session: Session, inspection_id: UUID) -> Sequence[InspectionComment]:
    """Return what was said about a record, the first word first."""
    statement = select(InspectionComment).where(InspectionComment.inspection_id == inspection_id)
    return session.scalars(statement.order_by(InspectionComment.at, InspectionComment.id)).all()


def reachable_ids(ctx: Context, ids: Collection[UUID], permission: Permission) -> frozenset[UUID]:
    """Return which of the records the actor reaches with ``permission``; without ids nothing is asked."""
    if not ids:
        return frozenset()
    reached = select(Inspection.id).where(among(Inspection.id, ids), in_reach(ctx.actor, permission))
    return frozenset(ctx.session.scalars(reached))


def snapshots(session: Session, customer_ids: Iterable[UUID], as_of: str) -> dict[UUID, dict[str, Any]]:
    """Return what the 明白纸's header shows of each customer, as it stands now (domain.md §2.1, H1-H5)."""
    rows = session.execute(_SNAPSHOT, {"ids": list(set(customer_ids))})
    return {
        row.customer_id: {"as_of": as_of, "customer_name": row.customer_name, "uscc": row.uscc, "loans": row.loans}
        for row in rows
    }
