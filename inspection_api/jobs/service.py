"""Use cases of the jobs slice: ask for something long, do it step by step, fetch the file, throw it away.

Each step is one delivery of the outbox: its handler's writes, the progress and the event of the next step commit
together, under the lock of the delivery's row, which is the job's lease: it ends with its holder's connection. A worker
that is killed costs one step; another one begins it again from the state that the last step left.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from uuid import UUID

from sqlalchemy import select

from inspection_api.accounts import service as accounts
from inspection_api.accounts.models import Organisation, UserAccount
from inspection_api.accounts.queries import assignments_on, get_one, visible_organisations
from inspection_api.core import ahead
from inspection_api.core.context import Actor
from inspection_api.core.errors import Problem
from inspection_api.core.logs import log
from inspection_api.core.periods import local_day
from inspection_api.core.permissions import Action, Permission
from inspection_api.jobs import queries, rules
from inspection_api.jobs.errors import RequesterLeft
from inspection_api.jobs.models import Job
from inspection_api.jobs.rules import OPEN, File, Status, Step

if TYPE_CHECKING:
    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded

__all__ = ["File", "Step", "Within", "Work", "advance", "open_file", "request", "sweep"]

SWEEP_LIMIT = 200
_WITHIN = "within"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One step's share: what was asked for, where the step before stopped, and a place for parts and the file.

    ``ctx`` acts as whoever asked, with the roles that he has now.
    """

    ctx: Context
    job_id: UUID
    arguments: dict[str, Any]
    state: dict[str, Any]
    parts: int

    def stash_part(self, number: int, write: Callable[[BinaryIO], object]) -> None:
        """Keep part ``number`` until the job is over; ``write`` gets the open file."""
        self.ctx.storage.stash(self.ctx.bank.tag, rules.part_id(self.job_id, number), write)

    def read_part(self, number: int) -> bytes:
        """Return part ``number`` of an earlier step."""
        with self.ctx.storage.open_stashed(self.ctx.bank.tag, rules.part_id(self.job_id, number)) as file:
            return file.read()

    def stash_file(self, write: Callable[[BinaryIO], object]) -> None:
        """Write the file that the user will fetch; the step's ``file`` names it."""
        self.ctx.storage.stash(self.ctx.bank.tag, self.job_id, write)


@dataclass(frozen=True, slots=True, kw_only=True)
class Within:
    """What whoever asked for a job must still be allowed to when he fetches its file, and in which organisation."""

    permission: Permission
    organisation_id: UUID


def request(ctx: Context, kind: str, key: str | None = None, *, within: Within | None = None, **arguments: Any) -> Job:
    """Ask for a job; ``subscriptions.py`` has the row ``job.<kind>`` whose handler calls :func:`advance`.

    The same ``key`` of the same user is the same job. A role that ends closes the file that it made (security.md §1,
    8.3.2), if the job says ``within`` which right and place.

    Raises:
        TooManyJobs: the user waits for enough of them.
        JobKeyReused: the key belongs to a job that does something else.
    """
    if within is not None:
        told = {"action": within.permission.action.value, "capability": within.permission.capability}
        arguments[_WITHIN] = told | {"organisation_id": str(within.organisation_id)}
    accounts.lock_person(ctx, ctx.user_id)
    known = queries.find_by_key(ctx.session, ctx.actor, key) if key else None
    if known is not None:
        rules.ensure_same((known.kind, known.arguments), (kind, arguments))
        return known
    rules.ensure_room(queries.count_open(ctx.session, ctx.actor))
    job = Job(kind=kind, arguments=arguments, requested_by=ctx.user_id, requested_at=ctx.now, idempotency_key=key)
    ctx.session.add(job)
    ctx.session.flush()
    ctx.record(f"job.{kind}", job_id=str(job.id))
    return job


def advance(ctx: Context, events: Sequence[Recorded], step: Callable[[Work], Step]) -> None:
    """Do the next step of each job; what refuses it fails the job, what breaks it is tried again a few times."""
    for event in events:
        job = ctx.session.get_one(Job, UUID(event.data["job_id"]), with_for_update=True)
        if job.status in OPEN:
            _advance(ctx, job, event, step)


def _advance(ctx: Context, job: Job, event: Recorded, step: Callable[[Work], Step]) -> None:
    if queries.attempts_of(ctx.session, event.id) > rules.MOST_ATTEMPTS:
        _fail(ctx, job, rules.GAVE_UP)
        return
    recorded = len(ctx.pending)
    try:
        with ahead.savepoint(ctx.session):
            came_to = step(_work(ctx, job))
    except Problem as problem:
        del ctx.pending[recorded:]
        log.warning("job_refused", job=str(job.id), code=problem.code)
        _fail(ctx, job, problem.code)
        return
    _write(ctx, job, came_to)


def _work(ctx: Context, job: Job) -> Work:
    user = ctx.session.get_one(UserAccount, job.requested_by)
    if user.disabled_at is not None:
        raise RequesterLeft
    held = assignments_on(ctx.session, [user.id], local_day(ctx.now)).get(user.id, ())
    acting = ctx.acting_as(Actor(user_id=user.id, assignments=held))
    return Work(ctx=acting, job_id=job.id, arguments=job.arguments, state=job.state, parts=job.parts)


def _write(ctx: Context, job: Job, came_to: Step) -> None:
    job.done, job.total, job.state, job.parts = came_to.done, came_to.total, dict(came_to.state), came_to.parts
    if came_to.file is None:
        job.status = Status.RUNNING.value
        ctx.record(f"job.{job.kind}", job_id=str(job.id))
    else:
        job.status, job.file_name, job.mime = Status.DONE.value, came_to.file.name, came_to.file.mime
        job.finished_at, job.expires_at = ctx.now, ctx.now + rules.FILE_LIVES
        job.result = dict(came_to.result)
        _drop_parts(ctx, job)
        ctx.record("job.done", job_id=str(job.id))
    ctx.session.flush()


def _fail(ctx: Context, job: Job, problem: str) -> None:
    job.status, job.problem, job.finished_at = Status.FAILED.value, problem, ctx.now
    ctx.session.flush()
    _drop_parts(ctx, job)
    ctx.record("job.failed", job_id=str(job.id), problem=problem)


def _drop_parts(ctx: Context, job: Job) -> None:
    for number in range(job.parts):
        ctx.storage.unstash(ctx.bank.tag, rules.part_id(job.id, number))


def open_file(ctx: Context, job_id: UUID) -> tuple[Job, BinaryIO]:
    """Return the actor's finished job and its open file; that he fetched it is recorded.

    Raises:
        NotFound: none of his, or he lost the right that it took.
        JobUnfinished: there is no file yet. JobFileExpired: it is over.
    """
    job = queries.get_own(ctx.session, ctx.actor, job_id)
    _ensure_still_may(ctx, job)
    rules.ensure_file(Status(job.status), job.expires_at, ctx.now)
    file = ctx.storage.open_stashed(ctx.bank.tag, job.id)
    ctx.record("job.fetched", job_id=str(job.id))
    return job, file


def _ensure_still_may(ctx: Context, job: Job) -> None:
    within = job.arguments.get(_WITHIN)
    if within is not None:
        permission = Permission(Action(within["action"]), within["capability"])
        scope = visible_organisations(ctx.actor, permission)
        get_one(ctx.session, scope.where(Organisation.id == UUID(within["organisation_id"])))


def sweep(ctx: Context) -> bool:
    """Throw the files away whose time is over; return whether there may be more."""
    over = select(Job).where(Job.status == Status.DONE, Job.expires_at <= ctx.now).order_by(Job.expires_at)
    jobs = ctx.session.scalars(over.limit(SWEEP_LIMIT).with_for_update(skip_locked=True)).all()
    for job in jobs:
        ctx.storage.unstash(ctx.bank.tag, job.id)
        job.status = Status.EXPIRED.value
        ctx.record("job.expired", job_id=str(job.id))
    ctx.session.flush()
    return len(jobs) == SWEEP_LIMIT
