"""Reactions to what becomes of visits: accepted opens the first window, amended and voided end what was printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import text, update

from inspection_api.core.ids import new_id
from kiosk_print.models import PaperOpinion, PaperPrint
from kiosk_print.rules.window import DEFAULT_WINDOW_DAYS, GRAVE_CONCLUSIONS, LIVING, PrintStatus, closings
from kiosk_print.service.void_circles import overtake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

# An array of PostgreSQL counts from 1: the n-th closing is that of a window of n days.
_OPEN = text(
    """
    INSERT INTO paper_window (id, inspection_id, number, opens_at, closes_at)
    SELECT r.id, r.inspection_id, 1, :opens_at, (CAST(:closings AS timestamptz[]))[COALESCE((
        SELECT t.window_days FROM print_terms t JOIN organisation above ON above.id = t.organisation_id
        WHERE starts_with(o.path, above.path) ORDER BY length(above.path) DESC LIMIT 1), :usual)]
    FROM unnest(CAST(:ids AS uuid[]), CAST(:inspections AS uuid[])) AS r (id, inspection_id)
    JOIN inspection i ON i.id = r.inspection_id JOIN organisation o ON o.id = i.organisation_id
    ON CONFLICT (inspection_id, number) DO NOTHING
    """
)
_TELL = text(
    """
    UPDATE inspection i SET print_opens_at = w.opens_at, print_closes_at = w.closes_at
    FROM paper_window w
    WHERE w.inspection_id = i.id AND w.number = 1 AND i.print_opens_at IS NULL
      AND i.id = ANY (CAST(:inspections AS uuid[]))
    RETURNING i.id, i.organisation_id, i.officer_id, i.conclusion
    """
)
_CONCLUDED = text(
    """
    SELECT i.id, i.organisation_id, i.officer_id, i.conclusion FROM inspection i
    WHERE i.id = ANY (CAST(:inspections AS uuid[])) AND i.state IN ('accepted', 'extra')
    ORDER BY i.id
    """
)


def on_inspections_accepted(ctx: Context, events: Sequence[Recorded]) -> None:
    """Open the first print window of accepted and extra visits, in two statements for any number of them.

    A visit that had its window already (an extra one that was promoted) keeps it.
    """
    inspections = sorted(_inspection_ids(events))
    terms = {"opens_at": ctx.now, "closings": closings(ctx.now), "usual": DEFAULT_WINDOW_DAYS}
    ids = [new_id() for _ in inspections]
    ctx.session.execute(_OPEN, {**terms, "ids": ids, "inspections": inspections})
    _ask_for_opinions(ctx, ctx.session.execute(_TELL, {"inspections": inspections}).all())


def on_inspections_amended(ctx: Context, events: Sequence[Recorded]) -> None:
    """Supersede what was printed of visits whose content changed; the superior's opinion must be given again."""
    ids = _inspection_ids(events)
    _end_prints(ctx, ids, PrintStatus.SUPERSEDED)
    _ask_for_opinions(ctx, ctx.session.execute(_CONCLUDED, {"inspections": sorted(ids)}).all())


def _ask_for_opinions(ctx: Context, rows: Sequence[Row[Any]]) -> None:
    """Record which papers cannot be printed before a superior has given his opinion (domain.md §2.1)."""
    for row in rows:
        if row.conclusion in GRAVE_CONCLUSIONS:
            ctx.record(
                "paper.opinion_required",
                inspection_id=str(row.id),
                organisation_id=str(row.organisation_id),
                officer_id=str(row.officer_id),
                conclusion=row.conclusion,
            )


def on_inspections_voided(ctx: Context, events: Sequence[Recorded]) -> None:
    """Void what was printed of voided visits."""
    _end_prints(ctx, _inspection_ids(events), PrintStatus.VOIDED)


def _inspection_ids(events: Sequence[Recorded]) -> set[UUID]:
    return {UUID(event.data["inspection_id"]) for event in events}


def _end_prints(ctx: Context, inspections: set[UUID], status: PrintStatus) -> None:
    ctx.session.execute(
        update(PaperPrint)
        .where(PaperPrint.inspection_id.in_(inspections), PaperPrint.status.in_(LIVING))
        .values(status=status, ended_at=ctx.now)
    )
    ctx.session.execute(
        update(PaperOpinion)
        .where(PaperOpinion.inspection_id.in_(inspections), PaperOpinion.voided_at.is_(None))
        .values(voided_at=ctx.now)
    )
    overtake(ctx, inspections)
