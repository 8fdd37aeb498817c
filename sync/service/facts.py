"""Everything that a batch is judged by, loaded in a constant number of queries (sync.md §3.3)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select, text

from checkpoints import queries as checkpoint_queries
from checkpoints.rules.plate import KEY_PURPOSE
from inspection_api.accounts import queries as accounts
from inspection_api.alerts import queries as alert_queries
from inspection_api.core.periods import Period, local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.core.tables import among
from inspection_api.inspections import queries as inspection_queries
from inspection_api.inspections.rules import Blocker, FieldChange, State
from inspection_api.tasks import queries as task_queries
from inspection_api.tasks.rules import Attempt
from inspection_api.templates import queries as template_queries
from sync.models import SyncQuarantine
from sync.protocol.facts import DeclaredMedia, Facts, HeldRole, PublishedTemplate, Record, Sender
from sync.protocol.fixes import all_or_none

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from checkpoints.rules.values import Neighbour
    from inspection_api.core.context import Context
    from sync.protocol.naming import Names
    from sync.queries import DeviceRow

PERFORM = Permission(Action.ONSITE, "perform")
LONGEST_OFFLINE = timedelta(days=45)
"""How far before the device's last sample its visits may lie and still find the task of their day."""

# The look-up by hash goes through its index whatever the planner believes; `OR` would read the whole table for a batch.
_MEDIA = text(
    """
    SELECT id, owner_user_id, inspection_id, sha256, bytes, mime, true AS is_named
    FROM media WHERE id = ANY (CAST(:ids AS uuid[]))
    UNION ALL
    SELECT first.*, false
    FROM unnest(CAST(:hashes AS text[])) AS h (sha256)
    CROSS JOIN LATERAL (SELECT id, owner_user_id, inspection_id, sha256, bytes, mime FROM media m
                        WHERE m.sha256 = h.sha256 AND m.inspection_id IS NOT NULL
                        ORDER BY m.declared_at LIMIT 1) first
    """
)

_RECORDS = text(
    """
    SELECT id, officer_id, checkpoint_id, organisation_id, device_id, submitted_seq, state, version, answers, note,
           field_versions, blockers, print_closes_at
    FROM inspection WHERE id = ANY (CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
    """
)


def sender(ctx: Context, device: DeviceRow) -> Sender:
    """Return who pushes, with the device's time samples."""
    return Sender(
        user_id=ctx.user_id,
        device_id=device.id,
        is_approved=device.is_approved,
        since=device.created_at,
        samples=device.samples,
        bank_tag=ctx.bank.tag,
        plate_key=ctx.bank.derived_key(KEY_PURPOSE),
        received_at=device.received_at or ctx.now,
        inspected_until=_inspected_until(ctx),
    )


def _inspected_until(ctx: Context) -> date | None:
    """Return the last day of somebody who inspects no more; his outbox still drains, judged by what he was."""
    if ctx.actor.may(PERFORM):
        return None
    return accounts.last_day_with(ctx.session, ctx.user_id, PERFORM) or date.min


def load_facts(ctx: Context, device: DeviceRow, names: Names) -> Facts:
    """Load all that the batch names, taking the locks in the order of every writer: task, checkpoint, inspection."""
    who = sender(ctx, device)
    locked = _tasks(ctx, who, names)
    places = checkpoint_queries.facts_of(ctx, names.checkpoints, PERFORM, bound=names.bound)
    records = _records(ctx.session, names.records)
    known_media = _media(ctx.session, names)
    templates = _templates(ctx, names.templates)
    return Facts(
        sender=who,
        tasks={task.terms.id: task.terms for task in locked},
        responsible={task.terms.id: task.organisation_id for task in locked},
        checkpoints=places.checkpoints,
        plates=places.plates,
        locations=places.locations,
        assignments=places.assignments,
        reachable=places.reachable,
        supervised=places.supervised,
        bindable=places.bindable,
        reset_by_himself=places.reset_by_himself,
        neighbours=_neighbours(ctx.session, names),
        records=records,
        attempts=task_queries.attempts_among(ctx.session, names.attempts),
        waiting_attempts=_waiting_attempts(ctx.session, names.declared),
        stored_versions={record.id: record.version for record in records.values()},
        reachable_records=inspection_queries.reachable_ids(ctx, names.commented, PERFORM),
        alerts=alert_queries.answerable(ctx, names.alerts),
        templates=templates,
        held_roles=_held_roles(ctx, templates.values(), locked),
        entrusted=frozenset(task.terms.checkpoint_id for task in locked if task.terms.is_left_to(ctx.user_id)),
        media={row.id: _declared(row) for row in known_media if row.is_named},
        media_elsewhere={row.sha256: row.inspection_id for row in known_media if not row.is_named},
    )


def _tasks(ctx: Context, who: Sender, names: Names) -> Sequence[task_queries.LockedTask]:
    """Lock the tasks that a visit since the device was last heard may concern."""
    first = max((sample.server_time for sample in who.samples), default=who.since) - LONGEST_OFFLINE
    days = Period(start=local_day(first), end=local_day(ctx.now))
    return task_queries.lock_tasks(ctx.session, days=days, checkpoint_ids=names.checkpoints, task_ids=names.tasks)


def _waiting_attempts(session: Session, ids: Collection[UUID]) -> dict[UUID, Attempt]:
    """Return the attempts among ``ids`` that wait in quarantine; without ids nothing is asked."""
    if not ids:
        return {}
    columns = (SyncQuarantine.entity_id, SyncQuarantine.officer_id, SyncQuarantine.organisation_id)
    waits = (SyncQuarantine.type == "visit.unmet", SyncQuarantine.state == "open")
    rows = session.execute(select(*columns).where(among(SyncQuarantine.entity_id, ids), *waits))
    return {id_: Attempt(id=id_, officer_id=officer, organisation_id=at) for id_, officer, at in rows}


def _neighbours(session: Session, names: Names) -> tuple[Neighbour, ...]:
    """Return the bound places near the batch's bindings; a batch without bindings asks nothing."""
    points = [fix.point for fixes in names.bound.values() for fix in all_or_none(fixes)]
    return checkpoint_queries.neighbours_of(session, points) if points else ()


def _records(session: Session, ids: Iterable[UUID]) -> dict[UUID, Record]:
    return {row.id: _record(row) for row in session.execute(_RECORDS, {"ids": list(ids)})}


def _record(row: Row[Any]) -> Record:
    return Record(
        id=row.id,
        officer_id=row.officer_id,
        checkpoint_id=row.checkpoint_id,
        organisation_id=row.organisation_id,
        device_id=row.device_id,
        submitted_seq=row.submitted_seq,
        state=State(row.state),
        version=row.version,
        answers=row.answers,
        note=row.note,
        changes={name: FieldChange(**change) for name, change in row.field_versions.items()},
        in_conflict=Blocker.CONFLICT in row.blockers,
        prints_until=row.print_closes_at,
    )


def _templates(ctx: Context, ids: Iterable[UUID]) -> dict[UUID, PublishedTemplate]:
    versions = template_queries.versions_by_id(ctx, ids)
    return {id_: PublishedTemplate(form=each.form, family=each.family) for id_, each in versions.items()}


def _held_roles(
    ctx: Context, templates: Iterable[PublishedTemplate], tasks: Iterable[task_queries.LockedTask]
) -> tuple[HeldRole, ...]:
    """Return the sender's roles, of all days, where a form or a rule asks by role; else nothing is asked."""
    if not any(template.form.by_role for template in templates) and not any(
        task.terms.performing_role for task in tasks
    ):
        return ()
    return tuple(HeldRole(*row[1:]) for row in accounts.roles_held(ctx.session, [ctx.user_id]))


def _media(session: Session, names: Names) -> Sequence[Row[Any]]:
    """Return the media with one of the declared ids, and for each sha256 the record that brought these bytes first."""
    ids = [medium.id for medium in names.media]
    hashes = {medium.sha256 for medium in names.media}
    return session.execute(_MEDIA, {"ids": ids, "hashes": list(hashes)}).all() if ids else ()


def _declared(row: Any) -> DeclaredMedia:
    names = ("owner_user_id", "inspection_id", "sha256", "bytes", "mime")
    return DeclaredMedia(**{name: getattr(row, name) for name in names})
