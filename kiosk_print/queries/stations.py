"""Reads of print stations and of what waits for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, false, func, literal, or_, select

from inspection_api.accounts.models import Device, Organisation
from inspection_api.accounts.queries import get_one
from inspection_api.accounts.rules import DeviceKind, DeviceStatus
from kiosk_print.models import PaperPrint, PrintJob
from kiosk_print.rules.stations import OPEN, JobState

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from sqlalchemy import ColumnElement, Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor


def near_stations(actor: Actor) -> Select[Device]:
    """Return the stations at which the actor may release: of his organisations, of those above and of those below."""
    line = [
        or_(
            Organisation.path.startswith(held.path, autoescape=True),
            func.starts_with(literal(held.path), Organisation.path),
        )
        for held in actor.assignments
    ]
    places = select(Organisation.id).where(or_(false(), *line))
    return select(Device).where(
        Device.kind == DeviceKind.PRINT_STATION,
        Device.status == DeviceStatus.APPROVED,
        Device.organisation_id.in_(places),
    )


def find_near_station(session: Session, actor: Actor, station_id: UUID) -> Device | None:
    """Return one of those stations, if it is one."""
    return session.scalars(near_stations(actor).where(Device.id == station_id)).one_or_none()


def own_print_jobs(actor: Actor, state: str | None = None) -> Select[PrintJob]:
    """Return the print jobs that the actor asked for."""
    statement = select(PrintJob).where(PrintJob.requested_by == actor.user_id)
    return statement if state is None else statement.where(PrintJob.state == state)


def get_own_print_job(session: Session, actor: Actor, job_id: UUID, *, lock: bool = False) -> PrintJob:
    """Return one of them.

    Raises:
        NotFound: none, or somebody else's.
    """
    statement = own_print_jobs(actor).where(PrintJob.id == job_id)
    return get_one(session, _locked(statement) if lock else statement)


def get_leased(session: Session, station_id: UUID, job_id: UUID) -> PrintJob:
    """Return a job that was released at a station, locked.

    Raises:
        NotFound: none, or released elsewhere.
    """
    return get_one(session, _locked(select(PrintJob).where(PrintJob.id == job_id, PrintJob.station_id == station_id)))


def find_print_job_by_key(session: Session, user_id: UUID, idempotency_key: str) -> PrintJob | None:
    """Return the job that this user asked for by this key, if there is one."""
    statement = select(PrintJob).where(PrintJob.requested_by == user_id, PrintJob.idempotency_key == idempotency_key)
    return session.scalars(statement).one_or_none()


def find_print_job_of(session: Session, print_id: UUID) -> PrintJob | None:
    """Return the job that will print, or has printed, this print, if there is one."""
    dead = [JobState.FAILED, JobState.EXPIRED]
    statement = select(PrintJob).where(PrintJob.print_id == print_id, PrintJob.state.not_in(dead))
    return session.scalars(statement).one_or_none()


def count_open_print_jobs(session: Session, user_id: UUID) -> int:
    """Return how many of a user's jobs wait."""
    statement = select(func.count()).where(PrintJob.requested_by == user_id, PrintJob.state.in_(OPEN))
    return session.scalars(statement).one()


def find_waiting(session: Session, station_id: UUID, now: datetime) -> PrintJob | None:
    """Return the job that a station takes next, locked: two that ask at once get two, or one gets none."""
    waits = (PrintJob.station_id == station_id) & (PrintJob.state == JobState.RELEASED) & ~is_over(now)
    statement = select(PrintJob).where(waits).order_by(PrintJob.released_at, PrintJob.id).limit(1)
    return session.scalars(_locked(statement, skip=True)).one_or_none()


def lapsed(now: datetime, station_id: UUID | None = None) -> Select[PrintJob]:
    """Return the jobs whose stations (None: all) went silent, locked; nobody waits for those in somebody's hands."""
    statement = select(PrintJob).where(PrintJob.state == JobState.PRINTING, PrintJob.lease_until <= now)
    return _locked(statement if station_id is None else statement.where(PrintJob.station_id == station_id), skip=True)


def overdue(now: datetime) -> Select[PrintJob]:
    """Return the jobs that wait and are over, locked."""
    waits = PrintJob.state.in_([JobState.QUEUED, JobState.RELEASED])
    return _locked(select(PrintJob).where(waits, is_over(now)), skip=True)


def is_over(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a job's time has run out, or its print no longer counts."""
    dead = select(PaperPrint.id).where(PaperPrint.id == PrintJob.print_id, PaperPrint.status != "valid").exists()
    return or_(PrintJob.expires_at <= now, and_(PrintJob.print_id.is_not(None), dead))


def _locked(statement: Select[PrintJob], *, skip: bool = False) -> Select[PrintJob]:
    return statement.with_for_update(of=PrintJob, skip_locked=skip).execution_options(populate_existing=True)
