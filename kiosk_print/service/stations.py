"""Pull printing, the station's side: show the code, take the next job, fetch its PDF, report (domain.md §2.3).

A job is leased for two minutes. A station that went silent loses it, and takes the same document again: the same print
with the same number, never another original. Whether the sheet came out before the crash, the page asks a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from checkpoints import qr
from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Device
from inspection_api.accounts.rules import DeviceKind
from kiosk_print import queries
from kiosk_print.models import PaperPrint, PrintJob
from kiosk_print.rules import stations
from kiosk_print.rules.stations import CRASHED, JobState, Move, Outcome
from kiosk_print.service.releasing import station_rules, status_of_print

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from inspection_api.core.context import Context

_BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """What a station shows: who it is, the code and its symbol (SVG), and until when; ``now`` is the server's clock."""

    id: UUID
    name: str
    organisation: str
    code: str
    symbol: str
    symbol_svg: str
    now: datetime
    changes_at: datetime


def enrol_station(ctx: Context, *, name: str, organisation_id: UUID) -> tuple[Device, str]:
    """Enrol a print station of an organisation in scope; return it and its token, which is shown once.

    Raises:
        NotFound: the organisation is out of scope.
    """
    kind = DeviceKind.PRINT_STATION
    return accounts.enrol_machine(ctx, kind=kind, name=name, organisation_id=organisation_id)


def face(ctx: Context) -> Face:
    """Return what the acting station shows now."""
    device = ctx.session.get_one(Device, _station_id(ctx))
    law = station_rules(ctx, device.id)
    symbol = law.symbol(ctx.now)
    return Face(
        id=device.id,
        name=device.name,
        organisation=queries.organisation(ctx.session, device.organisation_id).name,
        code=law.code(ctx.now),
        symbol=symbol,
        symbol_svg=qr.svg(symbol),
        now=ctx.now,
        changes_at=stations.changes_at(ctx.now),
    )


def _station_id(ctx: Context) -> UUID:
    if ctx.actor.device_id is None:
        raise AssertionError("only stations have this permission")
    return ctx.actor.device_id


def take_next(ctx: Context) -> PrintJob | None:
    """Lease the oldest job that was released at the acting station, None when nothing waits."""
    station_id = _station_id(ctx)
    for silent in ctx.session.scalars(queries.lapsed(ctx.now, station_id)).all():
        _let_lapse(ctx, silent)
    job = queries.find_waiting(ctx.session, station_id, ctx.now)
    if job is None:
        return None
    job.state = stations.next_state(JobState(job.state), Move.LEASE)
    job.attempts, job.lease_until = job.attempts + 1, ctx.now + stations.LEASE
    _note(ctx, "print_job.leased", job)
    return job


def open_document(ctx: Context, job_id: UUID) -> tuple[PrintJob, BinaryIO]:
    """Return a job that the acting station holds, and its open PDF; that it was fetched is recorded.

    Raises:
        NotFound: not released at this station. PrintJobSettled: not in its hands now.
        PrintEnded: the print was superseded or voided meanwhile.
    """
    job = queries.get_leased(ctx.session, _station_id(ctx), job_id)
    stations.next_state(JobState(job.state), Move.LAPSE)
    stations.ensure_print_lives(status_of_print(ctx, job))
    _note(ctx, "print_job.fetched", job)
    if job.print_id is None:
        return job, ctx.storage.open_stashed(ctx.bank.tag, job.id)
    sha256 = ctx.session.get_one(PaperPrint, job.print_id).sha256
    return job, ctx.storage.open(ctx.bank.tag, sha256 or "")


def report(ctx: Context, job_id: UUID, *, attempt: int, outcome: str) -> PrintJob:
    """Write down what became of a job in the acting station's hands; a late report counts while nobody took it since.

    Raises:
        NotFound: not released at this station. PrintJobSettled: it is over, or another attempt has begun.
    """
    job, told = queries.get_leased(ctx.session, _station_id(ctx), job_id), Outcome(outcome)
    move = stations.decide_report(told)
    state = stations.next_state(JobState(job.state), move)
    stations.ensure_attempt(job.attempts, attempt)
    _end(ctx, job, state, None if move is Move.SUCCEED else told.value)
    return job


def sweep_print_jobs(ctx: Context) -> bool:
    """Take back what silent stations hold, and end what nobody fetched; return whether there may be more."""
    silent = ctx.session.scalars(queries.lapsed(ctx.now).limit(_BATCH)).all()
    for job in silent:
        _let_lapse(ctx, job)
    overdue = ctx.session.scalars(queries.overdue(ctx.now).limit(_BATCH)).all()
    for job in overdue:
        _end(ctx, job, stations.next_state(JobState(job.state), Move.EXPIRE), None)
    return max(len(silent), len(overdue)) == _BATCH


def _let_lapse(ctx: Context, job: PrintJob) -> None:
    move = stations.decide_lapse(job.attempts)
    state = stations.next_state(JobState(job.state), move)
    if move is Move.GIVE_UP:
        _end(ctx, job, state, CRASHED)
        return
    job.state, job.lease_until = state, None
    _note(ctx, "print_job.lapsed", job)


def _end(ctx: Context, job: PrintJob, state: JobState, problem: str | None) -> None:
    job.state, job.problem, job.lease_until, job.finished_at = state, problem, None, ctx.now
    if job.print_id is None:
        ctx.storage.unstash(ctx.bank.tag, job.id)
    _note(ctx, f"print_job.{state}", job)


def _note(ctx: Context, kind: str, job: PrintJob) -> None:
    ctx.session.flush()
    station_id, print_id = (str(each) if each else None for each in (job.station_id, job.print_id))
    facts = {"print_job_id": str(job.id), "station_id": station_id, "print_id": print_id}
    ctx.record(kind, **facts, attempt=job.attempts, problem=job.problem)
