"""What time alone does to papers: reminders, locks, expired and climbing requests, and prints that nobody finished."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased

from inspection_api.core.logs import log
from inspection_api.inspections.models import Inspection
from kiosk_print.models import PaperPrint, PaperWindow
from kiosk_print.rules.window import REMIND_BEFORE, PrintStatus
from kiosk_print.service.climbing import climb
from kiosk_print.service.prints import finish, render
from kiosk_print.service.unlocks import expire_overdue
from kiosk_print.service.void_circles import escalate_voids

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Row

    from inspection_api.core.context import Context

_BATCH = 500
_RENDERED_AT_ONCE = 20
_ABANDONED_AFTER = timedelta(minutes=5)
_PRINTED = exists().where(
    PaperPrint.inspection_id == PaperWindow.inspection_id, PaperPrint.window_number == PaperWindow.number
)

_LATER = aliased(PaperWindow)
_REOPENED = exists().where(_LATER.inspection_id == PaperWindow.inspection_id, _LATER.number > PaperWindow.number)


def sweep(ctx: Context) -> int:
    """Record what has come due and return how much it was; call again while it returns more than 0.

    The state of a paper never depends on this: it writes events, so that people are told.
    """
    waiting = len(expire_overdue(ctx)) + climb(ctx) + escalate_voids(ctx)
    return _remind(ctx) + _lock(ctx) + waiting + _finish(ctx)


def _remind(ctx: Context) -> int:
    """Say once, a day before the end, that nothing has been printed in this window."""
    due = (
        PaperWindow.reminded_at.is_(None)
        & (PaperWindow.closes_at > ctx.now)
        & (PaperWindow.closes_at <= ctx.now + REMIND_BEFORE)
        & ~_PRINTED
    )
    return _mark(ctx, "paper.closing_soon", due, PaperWindow.reminded_at.key)


def _lock(ctx: Context) -> int:
    due = PaperWindow.locked_at.is_(None) & (PaperWindow.closes_at <= ctx.now)
    return _mark(ctx, "paper.locked", due, PaperWindow.locked_at.key)


def _mark(ctx: Context, kind: str, due: ColumnElement[bool], column: str) -> int:
    batch = select(PaperWindow.id).where(due).limit(_BATCH).with_for_update(skip_locked=True)
    statement = (
        update(PaperWindow)
        .where(PaperWindow.id.in_(batch.scalar_subquery()), Inspection.id == PaperWindow.inspection_id)
        .values({column: ctx.now})
        .returning(
            PaperWindow.inspection_id,
            PaperWindow.number,
            PaperWindow.closes_at,
            Inspection.officer_id,
            Inspection.organisation_id,
            Inspection.state,
            _PRINTED.label("is_printed"),
            _REOPENED.label("is_reopened"),
        )
    )
    marked = ctx.session.execute(statement).all()
    for row in marked:
        if row.state != "voided":
            _record(ctx, kind, row)
    return len(marked)


def _record(ctx: Context, kind: str, row: Row[*tuple[Any, ...]]) -> None:
    ctx.record(
        kind,
        inspection_id=str(row.inspection_id),
        window=row.number,
        closes_at=row.closes_at.isoformat(),
        officer_id=str(row.officer_id),
        organisation_id=str(row.organisation_id),
        is_printed=row.is_printed,
        is_reopened=row.is_reopened,
    )


def _finish(ctx: Context) -> int:
    """Render what was reserved before a crash, so that no number stands without its paper.

    Whatever cannot be rendered is left for the next sweep: it holds up neither the others nor the locks.
    """
    statement = (
        select(PaperPrint)
        .where(PaperPrint.status == PrintStatus.RESERVED, PaperPrint.printed_at <= ctx.now - _ABANDONED_AFTER)
        .order_by(PaperPrint.id)
        .limit(_RENDERED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    return sum(_render_again(ctx, row) for row in ctx.session.scalars(statement).all())


def _render_again(ctx: Context, row: PaperPrint) -> bool:
    """Tell whether the print could be finished."""
    try:
        pdf = render(row)
    except Exception:
        log.exception("print_unrendered", print_id=str(row.id))
        return False
    finish(ctx, row.id, pdf)
    return True
