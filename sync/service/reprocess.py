"""Reprocessing: what is parked by our fault, and what waits behind it or an old gap, is judged again (sync.md §4).

By a command after a repair, and by the timetable; never by the device's next batch. The receipts reach it by pull.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError

from inspection_api.core import ahead
from inspection_api.core.logs import log
from sync import queries
from sync.errors import DeviceUnknown
from sync.models import SyncReceipt
from sync.protocol import order
from sync.protocol.verdicts import Status
from sync.service import judging, quarantine, receipts
from sync.service.behalf import as_officer
from sync.service.book import open_book

if TYPE_CHECKING:
    from collections.abc import Sequence

    from inspection_api.core.context import Context
    from sync.service.judging import Judged

REVIEW_EVERY = timedelta(hours=1)

_DUE = text(
    """
    SELECT s.device_id FROM sync_device s
    WHERE (s.reviewed_at IS NULL OR s.reviewed_at <= :before)
      AND EXISTS (SELECT FROM sync_receipt r WHERE r.device_id = s.device_id AND r.raw IS NOT NULL)
    ORDER BY s.device_id LIMIT 1
    """
)
_REVIEWED = text("UPDATE sync_device SET reviewed_at = :now WHERE device_id = :device_id")


def find_stuck(ctx: Context) -> Sequence[UUID]:
    """Return the devices of which something is held or parked."""
    statement = select(SyncReceipt.device_id).where(SyncReceipt.raw.is_not(None)).distinct()
    return ctx.session.scalars(statement.order_by(SyncReceipt.device_id)).all()


def review(ctx: Context) -> bool:
    """Reprocess the next device that was not looked at for an hour; return whether there was one.

    One that fails is told in the log and has its turn again in an hour: it never keeps the others waiting.
    """
    device_id = ctx.session.scalar(_DUE, {"before": ctx.now - REVIEW_EVERY})
    if device_id is None:
        return False
    pending = len(ctx.pending)
    try:
        with ahead.savepoint(ctx.session):
            reprocess(ctx, device_id)
    except OperationalError:
        raise  # a lock timeout or a deadlock passes: the same device comes again
    except Exception:
        log.exception("device_review_failed", device_id=str(device_id))
        del ctx.pending[pending:]
        ctx.session.execute(_REVIEWED, {"device_id": device_id, "now": ctx.now})
    return True


def reprocess(ctx: Context, device_id: UUID, *, op_id: UUID | None = None) -> list[Judged]:
    """Judge a device's parked operations again (``op_id``: only this one), and what waits; return what is news.

    Raises:
        DeviceUnknown: there is no such device.
    """
    device = queries.find_judged_device(ctx.session, device_id, lock=True)
    if device is None:
        raise DeviceUnknown
    officer = as_officer(ctx, device.user_id)
    position = queries.lock_position(ctx.session, device_id)
    book = open_book(officer, device_id)
    parked = {id_ for id_, each in book.known.items() if each.status is Status.PARKED and each.seq is not None}
    retried = parked if op_id is None else parked & {op_id}
    arrangement = order.arrange([], book.taken_again(retried=retried), book.known, position, now=ctx.now)
    terms = device.ending.terms(ctx.now) if device.ending else {}
    judged = judging.judge(
        officer, device, arrangement.queue, lambda: book.ledger(arrangement, ctx, retried=retried, **terms)
    )
    receipts.store(officer, device_id, judged, known=book.known)
    quarantine.store(officer, device_id, judged)
    ctx.session.execute(_REVIEWED, {"device_id": device_id, "now": ctx.now})
    return judged
