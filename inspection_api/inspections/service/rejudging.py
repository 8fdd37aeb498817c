"""Visits that were judged by a doubtful place, once a manager has decided about it (domain.md §3.4, sync.md §4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from checkpoints import queries as checkpoint_queries
from inspection_api.core.jsonb import as_jsonb
from inspection_api.inspections import evidence, queries
from inspection_api.inspections.evidence import Standing
from inspection_api.inspections.service.acceptance import lock_submitted, settle
from inspection_api.templates import queries as template_queries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from sqlalchemy import Row

    from checkpoints.rules.binding import Location
    from inspection_api.core.context import Context

_MOVE = text(
    """
    UPDATE inspection i SET quarantine_codes = r.codes, flags = r.flags, judgement = r.judgement
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (id uuid, codes text[], flags text[], judgement jsonb)
    WHERE i.id = r.id
    """
)


def judge_again(ctx: Context, ids: Sequence[UUID]) -> list[UUID]:
    """Release the visits of confirmed places, judge those of rejected ones by the place that holds now.

    Takes those of ``ids`` that are submitted, and returns those that stand differently now.
    """
    waiting = lock_submitted(ctx, ids)
    locations = checkpoint_queries.locations_by_checkpoint(ctx.session, {row.checkpoint_id for row in waiting})
    placed = _placed(ctx, [row.id for row in waiting])
    found = ((row, _judged_again(ctx, row, locations.get(row.checkpoint_id, []))) for row in placed)
    moved = [_row(row, after) for row, after in found if after != _before(row)]
    if moved:
        ctx.session.execute(_MOVE, {"rows": as_jsonb(moved)})
    for row in moved:
        ctx.record("inspection.rejudged", inspection_id=str(row["id"]), codes=list(row["codes"]))
    settle(ctx, [row["id"] for row in moved])
    return [row["id"] for row in moved]


def _placed(ctx: Context, ids: Sequence[UUID]) -> Sequence[Row[Any]]:
    return queries.placed(ctx.session, ids) if ids else ()


def _before(row: Row[Any]) -> Standing:
    return Standing(codes=tuple(row.quarantine_codes), flags=tuple(row.flags), judgement=row.judgement)


def _judged_again(ctx: Context, row: Row[Any], locations: Sequence[Location]) -> Standing:
    version = template_queries.versions_by_id(ctx, [row.template_version_id])[row.template_version_id]
    return evidence.judge_again(
        _before(row),
        evidence.proof_of(row.evidence),
        locations,
        radius_m=row.judgement["radius_m"],
        min_dwell_s=version.form.definition.min_dwell_s,
    )


def _row(row: Row[Any], after: Standing) -> dict[str, Any]:
    return {"id": row.id, "codes": after.codes, "flags": after.flags, "judgement": after.judgement}
