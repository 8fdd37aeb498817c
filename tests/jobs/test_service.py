"""A job from its request to the end of its file: step by step, after failures, and after kill -9."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, update

from inspection_api.accounts.models import UserAccount
from inspection_api.core.db import Database
from inspection_api.core.errors import NotFound
from inspection_api.core.events import Event, Subscription, When
from inspection_api.jobs import rules
from inspection_api.jobs import service as jobs
from inspection_api.jobs.errors import TooManyJobs
from inspection_api.jobs.models import Job
from inspection_api.worker import Outbox
from tests.factories import World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

    from sqlalchemy import Engine

    from inspection_api.core.banks import Bank, BankCatalogue
    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.core.storage import Storage
    from tests.fixtures import Clock

ROOT = Path(__file__).parents[2]
PARTS = 3
KILLED = """
import os, signal, sys
from datetime import datetime
from pathlib import Path
from inspection_api.core import migrations
from inspection_api.core.banks import BankCatalogue
from inspection_api.core.db import Database, open_engine
from inspection_api.core.events import Subscription, When
from inspection_api.core.storage import Storage
from inspection_api.jobs import service as jobs
from inspection_api.worker import Outbox
url, root, code, now = sys.argv[1:]
def dying(work):
    work.stash_part(work.parts, lambda file: file.write(b"half"))
    os.kill(os.getpid(), signal.SIGKILL)
def on_counted(ctx, events):
    jobs.advance(ctx, events, dying)
engine = open_engine(url)
banks = BankCatalogue(engine=engine, secret_key=b"test-secret-of-thirty-two-letters", head=migrations.head())
counted = Subscription("job.counting", When.LATER, on_counted)
database = Database(
    engine, clock=lambda: datetime.fromisoformat(now), subscriptions=(counted,), storage=Storage(Path(root))
)
Outbox(database=database, banks=banks).drain(banks.find_by_code(code))
"""


def count(work: jobs.Work) -> jobs.Step:
    """Stash the numbers 0 to 2, a step each, then write them into one file."""
    number = work.parts
    if number < PARTS:
        work.stash_part(number, lambda file: file.write(b"%d" % number))
        return jobs.Step(done=number + 1, total=PARTS, parts=number + 1, state={"last": number})
    found = b"".join(work.read_part(each) for each in range(PARTS))
    work.stash_file(lambda file: file.write(found))
    return jobs.Step(done=PARTS, total=PARTS, parts=PARTS, file=jobs.File(name="numbers.txt", mime="text/plain"))


class Workshop:
    """A bank of its own with an outbox whose only job counts; ``step`` can be exchanged."""

    def __init__(self, engine: Engine, banks: BankCatalogue, bank: Bank, **parts: Any) -> None:
        self.step: Callable[[jobs.Work], jobs.Step] = count
        counted = Subscription("job.counting", When.LATER, self.on_counted)
        database = Database(engine, subscriptions=(counted,), **parts)
        self.outbox = Outbox(database=database, banks=banks)
        self.world, self.bank = World(database=database, bank=bank).populate(), bank

    def on_counted(self, ctx: Context, events: Sequence[Recorded]) -> None:
        jobs.advance(ctx, events, self.step)

    def request(self, user: str = "manager") -> UUID:
        with self.world.transaction(user) as ctx:
            return jobs.request(ctx, "counting", up_to=PARTS).id

    def drain(self) -> int:
        return self.outbox.drain(self.bank)

    def job(self, job_id: UUID) -> Job:
        with self.world.transaction() as ctx:
            return ctx.session.get_one(Job, job_id)

    def read(self, job_id: UUID) -> bytes:
        with self.world.transaction("manager") as ctx, jobs.open_file(ctx, job_id)[1] as file:
            return file.read()


@pytest.fixture
def workshop(
    engine: Engine, catalogue: BankCatalogue, committed_bank: Bank, clock: Clock, storage: Storage
) -> Workshop:
    return Workshop(engine, catalogue, committed_bank, clock=clock, storage=storage)


def stashed(storage: Storage, bank: Bank) -> int:
    folder = storage._root / bank.tag / "stash"
    return len(list(folder.iterdir())) if folder.is_dir() else 0


def test_a_job_goes_step_by_step_and_ends_with_its_file(workshop: Workshop, storage: Storage) -> None:
    job_id = workshop.request()
    assert (workshop.job(job_id).status, workshop.job(job_id).arguments) == ("queued", {"up_to": PARTS})
    seen = []
    while workshop.outbox._deliver_one(workshop.bank):
        job = workshop.job(job_id)
        seen.append((job.status, job.done, job.total))
    assert seen == [("running", 1, 3), ("running", 2, 3), ("running", 3, 3), ("done", 3, 3)]
    assert workshop.read(job_id) == b"012"
    assert stashed(storage, workshop.bank) == 1, "the parts are gone"


def test_a_killed_worker_costs_one_step(workshop: Workshop, storage: Storage, clock: Clock, database_url: str) -> None:
    job_id = workshop.request()
    assert workshop.outbox._deliver_one(workshop.bank)
    arguments = [database_url, str(storage._root), workshop.bank.code, clock.now.isoformat()]
    died = subprocess.run([sys.executable, "-c", KILLED, *arguments], cwd=ROOT, check=False, timeout=60)  # noqa: S603
    assert died.returncode == -9
    assert (workshop.job(job_id).done, workshop.job(job_id).state) == (1, {"last": 0})
    assert workshop.drain() == 0, "the dead worker's claim is not due again yet"
    clock.advance(seconds=5)
    assert workshop.drain() == PARTS
    assert workshop.read(job_id) == b"012"


def test_a_step_that_always_breaks_fails_the_job_in_the_end(workshop: Workshop, storage: Storage, clock: Clock) -> None:
    def break_down(work: jobs.Work) -> jobs.Step:
        work.ctx.record("counting.half_done")
        raise ZeroDivisionError

    job_id = workshop.request()
    workshop.outbox._deliver_one(workshop.bank)
    workshop.step = break_down
    for _ in range(rules.MOST_ATTEMPTS):
        workshop.drain()
        assert workshop.job(job_id).status == "running"
        clock.advance(hours=1)
    workshop.drain()
    job = workshop.job(job_id)
    assert (job.status, job.problem, job.file_name) == ("failed", "job_gave_up", None)
    assert stashed(storage, workshop.bank) == 0
    with workshop.world.transaction() as ctx:
        assert ctx.session.scalars(select(Event.id).where(Event.kind == "counting.half_done")).all() == []


def test_a_refusal_fails_the_job_at_once_and_leaves_nothing_of_the_step(workshop: Workshop) -> None:
    def refuse(work: jobs.Work) -> jobs.Step:
        work.ctx.record("counting.half_done")
        raise NotFound

    workshop.step = refuse
    job_id = workshop.request()
    workshop.drain()
    assert (workshop.job(job_id).status, workshop.job(job_id).problem) == ("failed", "not_found")
    with workshop.world.transaction() as ctx:
        kinds = set(ctx.session.scalars(select(Event.kind).where(Event.kind.startswith("counting"))))
    assert kinds == set()


def test_a_job_acts_with_what_its_requester_may_do_now(workshop: Workshop) -> None:
    roles = []

    def note(work: jobs.Work) -> jobs.Step:
        roles.append([held.role.value for held in work.ctx.actor.assignments])
        return count(work)

    workshop.step = note
    job_id = workshop.request()
    workshop.outbox._deliver_one(workshop.bank)
    with workshop.world.transaction() as ctx:
        leaver = update(UserAccount).where(UserAccount.id == workshop.world.people["manager"])
        ctx.session.execute(leaver.values(disabled_at=datetime(2026, 3, 10, tzinfo=UTC)))
    workshop.drain()
    assert roles == [["sub_branch_manager"]]
    assert (workshop.job(job_id).status, workshop.job(job_id).problem) == ("failed", "requester_left")


def test_one_user_cannot_fill_the_queue(workshop: Workshop) -> None:
    for _ in range(rules.MOST_OPEN):
        workshop.request()
    with pytest.raises(TooManyJobs):
        workshop.request()
    workshop.request("officer")
    workshop.drain()
    workshop.request()


def test_an_expired_file_is_thrown_away(workshop: Workshop, storage: Storage, clock: Clock) -> None:
    job_id = workshop.request()
    workshop.drain()
    clock.advance(hours=23)
    kept = workshop.request()
    workshop.drain()
    clock.advance(hours=1)
    for _ in range(2):
        with workshop.world.transaction() as ctx:
            assert jobs.sweep(ctx) is False
    assert (workshop.job(job_id).status, workshop.job(kept).status) == ("expired", "done")
    assert stashed(storage, workshop.bank) == 1


def test_a_second_delivery_of_a_finished_job_does_nothing(workshop: Workshop) -> None:
    job_id = workshop.request()
    workshop.drain()
    with workshop.world.transaction() as ctx:
        event: Any = ctx.session.scalars(select(Event).where(Event.kind == "job.counting").limit(1)).one()
        jobs.advance(ctx, [event], count)
        assert ctx.pending == []
    assert workshop.job(job_id).status == "done"
