"""Reads of the jobs slice: everybody sees his own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from inspection_api.accounts.queries import get_one
from inspection_api.core.events import EventDelivery
from inspection_api.jobs.models import Job
from inspection_api.jobs.rules import OPEN

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from inspection_api.core.context import Actor


def own_jobs(actor: Actor) -> Select[Job]:
    """Return the jobs that the actor asked for."""
    return select(Job).where(Job.requested_by == actor.user_id)


def get_own(session: Session, actor: Actor, job_id: UUID) -> Job:
    """Return one of the actor's jobs.

    Raises:
        NotFound: none, or somebody else's.
    """
    return get_one(session, own_jobs(actor).where(Job.id == job_id))


def find_by_key(session: Session, actor: Actor, key: str) -> Job | None:
    """Return the job that the actor asked for by this key, if there is one."""
    return session.scalars(own_jobs(actor).where(Job.idempotency_key == key)).one_or_none()


def count_open(session: Session, actor: Actor) -> int:
    """Return how many of the actor's jobs are unfinished."""
    unfinished = own_jobs(actor).where(Job.status.in_(OPEN)).subquery()
    return session.scalars(select(func.count()).select_from(unfinished)).one()


def attempts_of(session: Session, event_id: UUID) -> int:
    """Return how often the event's delivery was begun; every beginning was committed before anything was done."""
    statement = select(func.max(EventDelivery.attempts)).where(EventDelivery.event_id == event_id)
    return session.scalars(statement).one() or 1
