"""Reactions to what becomes of visits: accepted opens the first window, amended and voided end what was printed."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import text, update

from inspection_api.core.ids import new_id
from kiosk_print.models import PaperOpinion, PaperPrint
from kiosk_print.rules.window import LIVING, PrintStatus, open_window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

_OPEN = text(
    """
    INSERT INTO paper_window (id, inspection_id, number, opens_at, closes_at)
    SELECT r.id, r.inspection_id, 1, :opens_at, :closes_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:inspections AS uuid[])) AS r (id, inspection_id)
    ON CONFLICT (inspection_id, number) DO NOTHING
    """
)
_TELL = text(
    """
    UPDATE inspection SET print_opens_at = :opens_at, print_closes_at = :closes_at
    WHERE id = ANY (CAST(:inspections AS uuid[])) AND print_opens_at IS NULL
    """
)


def on_inspections_accepted(ctx: Context, events: Sequence[Recorded]) -> None:
    """Open the first print window of accepted and extra visits, in two statements for any number of them.

    A visit that had its window already (an extra one that was promoted) keeps it.
    """
    inspections = sorted(_inspection_ids(events))
    window = open_window(1, ctx.now)
    values = {"opens_at": window.opens_at, "closes_at": window.closes_at, "inspections": inspections}
    ctx.session.execute(_OPEN, {**values, "ids": [new_id() for _ in inspections]})
    ctx.session.execute(_TELL, values)


def on_inspections_amended(ctx: Context, events: Sequence[Recorded]) -> None:
    """Supersede what was printed of visits whose content changed; the superior's opinion must be given again."""
    _end_prints(ctx, _inspection_ids(events), PrintStatus.SUPERSEDED)


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
