"""Acceptance: the moment at which a record counts (domain.md §0, Inspection).

One path for every cause: a push, the last required medium stored, a device approved, a place decided. It takes the
tasks' locks before the records', as every writer does (sync.md §3), and costs the same number of statements for one
record as for a thousand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text

from inspection_api.core.jsonb import as_jsonb
from inspection_api.core.periods import Period
from inspection_api.inspections import queries, rules
from inspection_api.inspections.rules import Blocker, State
from inspection_api.tasks import queries as task_queries
from inspection_api.tasks import service as tasks
from inspection_api.tasks.rules import Visit
from inspection_api.templates import forms
from inspection_api.templates import queries as template_queries

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.tasks.rules import Closing

_BLOCK = text(
    """
    UPDATE inspection i SET blockers = r.blockers
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, blockers text[])
    WHERE i.id = r.id AND i.blockers <> r.blockers
    """
)
_ACCEPT = text(
    """
    UPDATE inspection i
    SET state = r.state, blockers = '{}', accepted_at = :now, snapshot = r.snapshot, task_id = r.task_id,
        flags = i.flags || r.flags
    FROM jsonb_to_recordset(CAST(:rows AS jsonb))
         AS r (id uuid, state text, snapshot jsonb, task_id uuid, flags text[])
    WHERE i.id = r.id
    """
)
_PROMOTE = text(
    """
    UPDATE inspection i
    SET state = 'accepted', task_id = c.task_id, flags = array_remove(i.flags, 'task_cancelled')
    FROM unnest(CAST(:ids AS uuid[]), CAST(:task_ids AS uuid[])) AS c (id, task_id)
    WHERE i.id = c.id AND i.state = 'extra'
    RETURNING i.id, i.checkpoint_id, i.officer_id, i.conclusion
    """
)
_WAITING = text(
    """
    SELECT id FROM inspection
    WHERE state = 'submitted' AND 'device_unapproved' = ANY (quarantine_codes)
      AND device_id = ANY (CAST(:devices AS uuid[]))
    """
)
_RELEASE = text(
    """
    UPDATE inspection SET quarantine_codes = array_remove(quarantine_codes, 'device_unapproved')
    WHERE id = ANY (CAST(:ids AS uuid[])) AND 'device_unapproved' = ANY (quarantine_codes)
    """
)


def settle(ctx: Context, ids: Iterable[UUID]) -> dict[UUID, State]:
    """Accept every submitted record among ``ids`` that nothing blocks any more; return the new state of those.

    The others keep state and learn what still blocks them.
    """
    rows = lock_submitted(ctx, list(ids))
    if not rows:
        return {}
    blocked = _blockers(ctx, rows)
    _write_blockers(ctx, blocked)
    free = [row for row in rows if not blocked[row.id]]
    return _accept(ctx, free) if free else {}


def lock_submitted(ctx: Context, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    """Return the submitted records among ``ids``: first their tasks are locked, then they themselves."""
    candidates = queries.submitted(ctx.session, ids, lock=False) if ids else []
    if not candidates:
        return []
    days = Period(start=min(row.performed_on for row in candidates), end=max(row.performed_on for row in candidates))
    task_queries.lock_tasks(ctx.session, days=days, checkpoint_ids={row.checkpoint_id for row in candidates})
    return queries.submitted(ctx.session, [row.id for row in candidates], lock=True)


def _blockers(ctx: Context, rows: Sequence[Row[Any]]) -> dict[UUID, list[str]]:
    media = queries.media_of(ctx.session, [row.id for row in rows])
    versions = template_queries.versions_by_id(ctx, [row.template_version_id for row in rows])
    return {
        row.id: rules.blockers(
            quarantine_codes=row.quarantine_codes,
            in_conflict=Blocker.CONFLICT in row.blockers,
            media_missing=_is_media_missing(row, versions[row.template_version_id].form, media[row.id]),
        )
        for row in rows
    }


def _is_media_missing(row: Row[Any], form: forms.Form, media: queries.MediaOf) -> bool:
    asked = form.asked_of(row.roles)
    lacking = forms.evidence_missing(asked, row.answers, media.stored)
    waived = forms.evidence_missing(asked, row.answers, media.declared) if row.media_waived else ()
    return rules.is_media_missing(lacking, waived)


def _write_blockers(ctx: Context, blocked: dict[UUID, list[str]]) -> None:
    rows = [{"id": id_, "blockers": codes} for id_, codes in blocked.items() if codes]
    if rows:
        ctx.session.execute(_BLOCK, {"rows": as_jsonb(rows)})


def _accept(ctx: Context, rows: Sequence[Row[Any]]) -> dict[UUID, State]:
    """Close the tasks, then write the records as they became."""
    closings = tasks.close(ctx, [_visit(ctx, row) for row in rows])
    snapshots = queries.snapshots(ctx.session, [row.customer_id for row in rows], ctx.now.isoformat())
    states = {
        row.id: rules.decide_acceptance(State.SUBMITTED, [], completes_task=not closing.is_extra)
        for row, closing in zip(rows, closings, strict=True)
    }
    written = [
        _accepted_row(row, closing, states[row.id], snapshots[row.customer_id])
        for row, closing in zip(rows, closings, strict=True)
    ]
    ctx.session.execute(_ACCEPT, {"rows": as_jsonb(written), "now": ctx.now})
    for row, values in zip(rows, written, strict=True):
        _record(ctx, row, values)
    return states


def _visit(ctx: Context, row: Row[Any]) -> Visit:
    return Visit(
        inspection_id=row.id,
        checkpoint_id=row.checkpoint_id,
        performed_on=row.performed_on,
        template_family=template_queries.versions_by_id(ctx, [row.template_version_id])[row.template_version_id].family,
        channel=row.channel,
        task_id=row.task_id,
        officer_id=row.officer_id,
    )


def _accepted_row(row: Row[Any], closing: Closing, state: State, snapshot: dict[str, Any]) -> dict[str, Any]:
    task_id = closing.task_id or row.task_id
    return {
        "id": row.id,
        "state": state,
        "snapshot": snapshot,
        "task_id": task_id,
        "flags": list(closing.flags),
    }


def _record(ctx: Context, row: Row[Any], values: dict[str, Any]) -> None:
    ctx.record(
        f"inspection.{values['state']}",
        inspection_id=str(row.id),
        task_id=str(values["task_id"]) if values["task_id"] else None,
        checkpoint_id=str(row.checkpoint_id),
        organisation_id=str(row.organisation_id),
        officer_id=str(row.officer_id),
    )
    if rules.proposes_exit(State(values["state"]), row.conclusion):
        record_exit_concluded(ctx, inspection_id=row.id, checkpoint_id=row.checkpoint_id, officer_id=row.officer_id)


def record_exit_concluded(ctx: Context, *, inspection_id: UUID, checkpoint_id: UUID, officer_id: UUID) -> None:
    """Record that an accepted visit concludes 退出, so that its checkpoint's exit is proposed."""
    ctx.record(
        "inspection.exit_concluded",
        inspection_id=str(inspection_id),
        checkpoint_id=str(checkpoint_id),
        officer_id=str(officer_id),
    )


def on_visits_counted(ctx: Context, events: Sequence[Recorded]) -> None:
    """React to ``visit.counted``: a record whose task was made after it is extra no longer (§1.8)."""
    ids, task_ids = ([event.data[name] for event in events] for name in ("inspection_id", "task_id"))
    for row in ctx.session.execute(_PROMOTE, {"ids": ids, "task_ids": task_ids}).all():
        if rules.proposes_exit(State.ACCEPTED, row.conclusion):
            record_exit_concluded(ctx, inspection_id=row.id, checkpoint_id=row.checkpoint_id, officer_id=row.officer_id)


def on_media_stored(ctx: Context, events: Sequence[Recorded]) -> None:
    """Look again at the records whose media arrived."""
    settle(ctx, {UUID(event.data["inspection_id"]) for event in events if event.data.get("inspection_id")})


def on_device_approved(ctx: Context, events: Sequence[Recorded]) -> None:
    """Release what a device pushed before a manager approved it; found without a lock, as their tasks come first."""
    devices = [event.data["device_id"] for event in events]
    waiting = ctx.session.scalars(_WAITING, {"devices": devices}).all()
    ids = [row.id for row in lock_submitted(ctx, waiting)]
    if ids:
        ctx.session.execute(_RELEASE, {"ids": ids})
    settle(ctx, ids)
