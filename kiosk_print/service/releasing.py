"""Pull printing, the officer's side: queue a document, then release it where he stands (domain.md §2.3)."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from inspection_api.accounts import service as accounts
from inspection_api.core.errors import NotFound
from inspection_api.core.events import Trace
from inspection_api.core.ids import new_id
from inspection_api.jobs import service as jobs
from kiosk_print import queries
from kiosk_print.errors import (
    IdempotencyKeyReused,
    PrintJobExists,
    StationCodeThrottled,
    StationCodeWrong,
)
from kiosk_print.labels import Layout
from kiosk_print.models import PaperPrint, PrintJob
from kiosk_print.rules import stations
from kiosk_print.rules.stations import JobKind, JobState, Move
from kiosk_print.service.prints import ensure_open
from kiosk_print.service.reserving import PRINT
from kiosk_print.service.sheets import LABEL_SHEETS, print_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from uuid import UUID

    from inspection_api.core.context import Context

    Transaction = Callable[[], AbstractContextManager[Context]]

STATION_KEY = "station"


def queue_paper(ctx: Context, *, print_id: UUID, idempotency_key: str) -> PrintJob:
    """Let a print wait for a station; it has its number already, so nothing is counted here.

    Raises:
        NotFound: the print is out of scope. PrintUnfinished, PrintEnded: it is not there yet, or does not count.
        PaperLocked: the print window is over. PrintJobExists: it waits already, or came out once.
        TooManyPrintJobs: the user has enough of them. IdempotencyKeyReused: the key belongs to another job.
    """
    known = _begin(ctx, idempotency_key)
    if known is not None:
        return _same(known, JobKind.PAPER, print_id)
    row = queries.get_print(ctx.session, ctx.actor, print_id, PRINT)
    stations.ensure_print_lives(row.status)
    windows = queries.windows_of(ctx.session, [row.inspection_id], lock=True)[row.inspection_id]
    ensure_open(ctx, queries.get_inspection(ctx.session, ctx.actor, row.inspection_id, PRINT))
    waiting = queries.find_print_job_of(ctx.session, print_id)
    if waiting is not None:
        raise PrintJobExists(existing_id=str(waiting.id), state=waiting.state)
    job = PrintJob(
        kind=JobKind.PAPER,
        title=f"明白纸 {row.number}（{'原件' if row.copy == 1 else f'补打 第{row.copy}次'}）",
        print_id=print_id,
        expires_at=stations.expires_at(ctx.now, windows[-1].closes_at),
        idempotency_key=idempotency_key,
    )
    return _queue(ctx, job)


def queue_labels(ctx: Context, *, checkpoint_ids: Sequence[UUID], layout: str, idempotency_key: str) -> PrintJob:
    """Let sheets of labels, or one plate, wait for a station; they are rendered now.

    Raises:
        NotFound: one of the checkpoints is out of scope.
        TooManyPrintJobs: the user has enough jobs that wait. IdempotencyKeyReused: the key belongs to another job.
    """
    is_plate = layout == Layout.SINGLE and len(checkpoint_ids) == 1
    kind = JobKind.PLATE if is_plate else JobKind.LABELS
    known = _begin(ctx, idempotency_key)
    if known is not None:
        return _same(known, kind, None)
    pdf = print_labels(ctx, checkpoint_ids=checkpoint_ids, layout=layout)
    job = PrintJob(
        id=new_id(),
        kind=kind,
        title="检查点二维码牌" if is_plate else f"检查点标签 {len(checkpoint_ids)} 个",
        expires_at=stations.expires_at(ctx.now, None),
        idempotency_key=idempotency_key,
    )
    ctx.storage.stash(ctx.bank.tag, job.id, lambda file: file.write(pdf))
    return _queue(ctx, job)


def queue_label_sheets(ctx: Context, *, job_id: UUID, idempotency_key: str) -> PrintJob:
    """Let the labels of a whole organisation, which a job has made, wait for a station.

    Raises:
        NotFound: the actor has no such job of labels. JobUnfinished, JobFileExpired: it has no file to print.
        TooManyPrintJobs: the user has enough jobs that wait. IdempotencyKeyReused: the key belongs to another job.
    """
    known = _begin(ctx, idempotency_key)
    if known is not None:
        return _same(known, JobKind.LABELS, None)
    waiting_id = new_id()
    made, file = jobs.open_file(ctx, job_id)
    with file:
        if made.kind != LABEL_SHEETS:
            raise NotFound
        ctx.storage.stash(ctx.bank.tag, waiting_id, lambda copy: shutil.copyfileobj(file, copy))
    waiting = PrintJob(
        id=waiting_id,
        kind=JobKind.LABELS,
        title=f"检查点标签 {made.done} 个",
        expires_at=stations.expires_at(ctx.now, None),
        idempotency_key=idempotency_key,
    )
    return _queue(ctx, waiting)


def _begin(ctx: Context, idempotency_key: str) -> PrintJob | None:
    """Return what this key asked for before, None for something new; one request of a user at a time."""
    accounts.lock_person(ctx, ctx.user_id)
    known = queries.find_print_job_by_key(ctx.session, ctx.user_id, idempotency_key)
    if known is None:
        stations.ensure_room(queries.count_open_print_jobs(ctx.session, ctx.user_id))
    return known


def _same(known: PrintJob, kind: JobKind, print_id: UUID | None) -> PrintJob:
    if (known.kind, known.print_id) != (kind, print_id):
        raise IdempotencyKeyReused
    return known


def _queue(ctx: Context, job: PrintJob) -> PrintJob:
    job.requested_by, job.requested_at = ctx.user_id, ctx.now
    ctx.session.add(job)
    ctx.session.flush()
    print_id = str(job.print_id) if job.print_id else None
    ctx.record("print_job.queued", print_job_id=str(job.id), kind=job.kind, print_id=print_id)
    return job


def release(begin: Transaction, job_id: UUID, *, station_id: UUID, code: str) -> PrintJob:
    """Release the actor's job at the station whose code he reads from its screen.

    ``begin`` opens a short transaction: a guess is counted in one of its own before it is judged.

    Raises:
        NotFound: not his job. PrintJobExpired, PrintJobSettled, PrintEnded: it cannot be printed any more.
        StationCodeThrottled: too many wrong codes. StationCodeWrong: wrong or old, or no such station near him.
    """
    with begin() as ctx:
        _releasable(ctx, job_id)
        keys = accounts.failure_keys(ctx, station=f"{ctx.user_id}\n{station_id}")
        pause_s = accounts.claim_guess(ctx, keys)
        if pause_s:
            raise StationCodeThrottled(retry_after_s=pause_s)
    with begin() as ctx:
        job = _releasable(ctx, job_id)
        station = queries.find_near_station(ctx.session, ctx.actor, station_id)
        if not station_rules(ctx, station_id).knows_code(code, ctx.now) or station is None:
            refused = {"station_id": str(station_id), "print_job_id": str(job_id)}
            raise StationCodeWrong(trace=[Trace("station.code_refused", refused)])
        accounts.forgive(ctx, keys)
        return _release(ctx, job, station_id)


def release_by_scan(ctx: Context, job_id: UUID, *, qr: str) -> PrintJob:
    """Release the actor's job at the station whose symbol he scans; 128 bits need no limit on attempts.

    Raises:
        NotFound: not his job. PrintJobExpired, PrintJobSettled, PrintEnded: it cannot be printed any more.
        StationCodeWrong: forged or old, or no station near him.
    """
    job, symbol = _releasable(ctx, job_id), stations.parse_symbol(qr)
    station = queries.find_near_station(ctx.session, ctx.actor, symbol.station_id)
    genuine = station_rules(ctx, symbol.station_id).knows_mac(symbol.mac, ctx.now) and symbol.tag == ctx.bank.tag
    if not genuine or station is None:
        refused = {"station_id": str(symbol.station_id), "print_job_id": str(job_id)}
        raise StationCodeWrong(trace=[Trace("station.symbol_refused", refused)])
    return _release(ctx, job, symbol.station_id)


def station_rules(ctx: Context, station_id: UUID) -> stations.Station:
    """Return what a station's codes are made of."""
    return stations.station_of(ctx.bank.derived_key(STATION_KEY), ctx.bank.tag, station_id)


def _releasable(ctx: Context, job_id: UUID) -> PrintJob:
    job = queries.get_own_print_job(ctx.session, ctx.actor, job_id, lock=True)
    stations.next_state(JobState(job.state), Move.RELEASE)
    stations.ensure_fresh(job.expires_at, ctx.now)
    stations.ensure_print_lives(status_of_print(ctx, job))
    return job


def status_of_print(ctx: Context, job: PrintJob) -> str | None:
    """Return whether the job's print counts; None for labels."""
    return (
        None if job.print_id is None else ctx.session.get_one(PaperPrint, job.print_id, populate_existing=True).status
    )


def _release(ctx: Context, job: PrintJob, station_id: UUID) -> PrintJob:
    job.state = stations.next_state(JobState(job.state), Move.RELEASE)
    job.station_id, job.released_at = station_id, ctx.now
    ctx.session.flush()
    ctx.record("print_job.released", print_job_id=str(job.id), station_id=str(station_id))
    return job
