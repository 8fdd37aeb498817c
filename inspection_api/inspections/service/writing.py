"""Writing pushed records: one statement for any number of drafts or visits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from inspection_api.accounts import service as accounts
from inspection_api.core import ahead
from inspection_api.core.jsonb import as_jsonb
from inspection_api.inspections.errors import RecordChanged
from inspection_api.tasks import service as tasks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import TextClause

    from inspection_api.core.context import Context
    from inspection_api.core.plain import Rows

_SAVE = text(
    """
    INSERT INTO inspection AS i (id, task_id, checkpoint_id, customer_id, organisation_id, officer_id, device_id,
                                 template_version_id, version, state, blockers, answers, note, field_versions)
    SELECT r.id, r.task_id, r.checkpoint_id, r.customer_id, r.organisation_id, r.officer_id, r.device_id,
           r.template_version_id, r.version, 'draft', r.blockers, r.answers, r.note, r.field_versions
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, task_id uuid, checkpoint_id uuid, customer_id uuid, organisation_id uuid, officer_id uuid,
        device_id uuid, template_version_id uuid, version int, blockers text[], answers jsonb, note text,
        field_versions jsonb)
    ORDER BY r.id
    ON CONFLICT (id) DO UPDATE
    SET blockers = excluded.blockers, answers = excluded.answers, note = excluded.note,
        field_versions = excluded.field_versions
    WHERE i.state = 'draft' AND i.officer_id = excluded.officer_id
      AND (excluded.version > 1 OR i.device_id = excluded.device_id)
    """
)

_SUBMITTED = """
    INSERT INTO inspection AS i (
        id, task_id, checkpoint_id, customer_id, organisation_id, officer_id, device_id, template_version_id, version,
        channel, state, blockers, quarantine_codes, flags, answers, note, conclusion, indicators, judgement, evidence,
        performed_at, performed_on, submitted_at, submitted_seq)
    SELECT r.id, r.task_id, r.checkpoint_id, r.customer_id, r.organisation_id, r.officer_id, r.device_id,
           r.template_version_id, r.version, r.channel, 'submitted', r.blockers, r.quarantine_codes, r.flags,
           r.answers, r.note, r.conclusion, r.indicators, r.judgement, r.evidence, r.performed_at, r.performed_on,
           r.submitted_at, r.submitted_seq
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
        id uuid, task_id uuid, checkpoint_id uuid, customer_id uuid, organisation_id uuid, officer_id uuid,
        device_id uuid, template_version_id uuid, version int, channel text, blockers text[],
        quarantine_codes text[], flags text[], answers jsonb, note text, conclusion text, indicators text[],
        judgement jsonb, evidence jsonb,
        performed_at timestamptz, performed_on date, submitted_at timestamptz, submitted_seq bigint)
    ORDER BY r.id
"""
# Most visits come without a draft: where nothing can be updated, the triggers of updates do not run.
_OVER_NOTHING = "ON CONFLICT (id) DO NOTHING"
_OVER_DRAFTS = """
    ON CONFLICT (id) DO UPDATE
    SET task_id = excluded.task_id, template_version_id = excluded.template_version_id, channel = excluded.channel,
        organisation_id = excluded.organisation_id, device_id = excluded.device_id, state = 'submitted',
        blockers = excluded.blockers,
        quarantine_codes = excluded.quarantine_codes, flags = excluded.flags, answers = excluded.answers,
        note = excluded.note, conclusion = excluded.conclusion, indicators = excluded.indicators,
        judgement = excluded.judgement, evidence = excluded.evidence, performed_at = excluded.performed_at,
        performed_on = excluded.performed_on, submitted_at = excluded.submitted_at,
        submitted_seq = excluded.submitted_seq
    WHERE i.state = 'draft' AND i.officer_id = excluded.officer_id
"""
_SUBMIT_NEW = text(_SUBMITTED + _OVER_NOTHING)
_SUBMIT_DRAFTS = text(_SUBMITTED + _OVER_DRAFTS)


def save_drafts(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Write drafts as they stand after merging; their tasks count as begun and their authors hold them."""
    if not rows:
        return
    _write(ctx, _SAVE, rows)
    _hold(ctx, rows)
    begun = [row["task_id"] for row in rows if row["task_id"]]
    if begun:
        tasks.start(ctx, begun)


def submit_visits(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    """Write submitted visits (new, or over their drafts) with what blocks them so far; `settle` decides the rest."""
    if not rows:
        return
    _write(ctx, _SUBMIT_NEW, [row for row in rows if row["version"] == 1])
    _write(ctx, _SUBMIT_DRAFTS, [row for row in rows if row["version"] > 1])
    _hold(ctx, rows)
    for row in rows:
        ctx.record(
            "inspection.submitted",
            inspection_id=str(row["id"]),
            checkpoint_id=str(row["checkpoint_id"]),
            organisation_id=str(row["organisation_id"]),
            codes=list(row["quarantine_codes"]),
        )


def _write(ctx: Context, statement: TextClause, rows: Sequence[dict[str, Any]]) -> None:
    """Send all rows or none; ``version`` is the one that the row gets, 1 for a record that was new when it was read.

    Raises:
        RecordChanged: another device made or took one of the records since; where the answer arrives.
    """
    if rows:
        ahead.send(ctx.session, statement, {"rows": as_jsonb(rows)}, partial(_ensure_all, len(rows)))


def _ensure_all(amount: int, written: Rows) -> None:
    if written.rowcount < amount:
        raise RecordChanged(retry_after_s=1)


def _hold(ctx: Context, rows: Sequence[dict[str, Any]]) -> None:
    accounts.grant(ctx, [(row["officer_id"], "inspection", row["id"]) for row in rows])
