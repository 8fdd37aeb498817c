"""The worker process: RQ jobs in the main thread, and a housekeeper that needs no Redis.

The housekeeper drains every bank's outbox every two seconds and runs the schedule; RQ only brings a bank's
turn forward. So a Redis that is away, or comes back empty, loses nothing and stops nothing (security.md §0).
"""

from __future__ import annotations

import signal
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, ClassVar

from redis import Redis, RedisError
from rq import SimpleWorker
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer
from sqlalchemy.exc import SQLAlchemyError

from inspection_api import schedule
from inspection_api.core import logs, migrations
from inspection_api.core.banks import BankCatalogue
from inspection_api.core.db import Database, open_engine
from inspection_api.core.events import Subscription, claim_next
from inspection_api.core.events import deliver as deliver_claimed
from inspection_api.core.logs import log
from inspection_api.core.queue import jobs, waker
from inspection_api.core.storage import Storage
from inspection_api.subscriptions import SUBSCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

    from inspection_api.core.banks import Bank
    from inspection_api.core.settings import Settings

POLL_S = 2.0
TURN_S = 5.0
"""How long one bank's deliveries may keep the others waiting."""
_LEAVE_PATIENCE_S = 15.0


@dataclass(slots=True, kw_only=True)
class Outbox:
    """Runs the later handlers of all banks, from the database."""

    database: Database
    banks: BankCatalogue

    def drain(self, bank: Bank, *, turn_s: float = inf) -> int:
        """Run one bank's due deliveries, each on its own, until its turn is over; return how many were tried.

        A long job has its next step due at once: without turns the timetable and all other banks would wait for it.
        """
        count, ends = 0, time.monotonic() + turn_s
        while time.monotonic() < ends and self._deliver_one(bank):
            count += 1
        return count

    def drain_all(self) -> None:
        """Drain every bank that is at the migration head; a broken bank does not hold up the next one."""
        for bank in self.ready():
            with _guarded(bank, "drain"):
                self.drain(bank, turn_s=TURN_S)

    def ready(self) -> Sequence[Bank]:
        """Return the banks that may be worked in; none while the database is away."""
        try:
            return [bank for bank in self.banks.everyone() if self.banks.is_ready(bank)]
        except SQLAlchemyError as error:
            log.warning("database_away", error=type(error).__name__)
            return []

    def _deliver_one(self, bank: Bank) -> bool:
        with self.database.transaction(bank) as ctx:
            claim = claim_next(ctx)
        if claim is None:
            return False
        with _guarded(bank, claim.handler), self.database.transaction(bank) as ctx:
            deliver_claimed(ctx, claim, self.database.subscriptions)
        return True


@dataclass(slots=True, kw_only=True)
class Timetable:
    """Runs the schedule's rows when they are due, in every bank."""

    outbox: Outbox
    rows: Sequence[schedule.Scheduled]
    _due: dict[tuple[str, str], float] = field(default_factory=dict)

    def run_due(self) -> None:
        """Run what is due now; a failure is logged and tried again at the next turn of that row."""
        for bank in self.outbox.ready():
            for row in self.rows:
                if self._due.get((bank.tag, row.name), 0.0) <= time.monotonic():
                    self._due[bank.tag, row.name] = time.monotonic() + row.every.total_seconds()
                    with _guarded(bank, row.name):
                        schedule.run(self.outbox.database, bank, row)


class _Stop(BaseException):
    """The process was asked to end."""


class _JobsWorker(SimpleWorker):
    """RQ's worker in this very process, since the database connections are here."""

    max_connection_wait_time = 10
    outbox: ClassVar[Outbox | None] = None
    asked_to_stop: ClassVar[bool] = False

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Remember why the loop ended: RQ itself also ends when Redis goes away."""
        _JobsWorker.asked_to_stop = True
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]  # RQ leaves it untyped


def deliver(tag: str) -> None:
    """RQ job: drain one bank's outbox now."""
    outbox = _JobsWorker.outbox
    if outbox is not None:
        for bank in outbox.ready():
            if bank.tag == tag:
                with _guarded(bank, "drain"):
                    outbox.drain(bank, turn_s=TURN_S)


def work(
    settings: Settings,
    *,
    subscriptions: Sequence[Subscription] = SUBSCRIPTIONS,
    rows: Sequence[schedule.Scheduled] = schedule.SCHEDULE,
) -> None:
    """Work until SIGINT or SIGTERM; the delivery under way is finished first."""
    logs.configure()
    outbox = open_outbox(settings, subscriptions)
    stopping = threading.Event()
    timetable = Timetable(outbox=outbox, rows=rows)
    housekeeper = threading.Thread(target=_keep_house, args=(outbox, timetable, stopping), daemon=True)
    housekeeper.start()
    try:
        run_jobs(settings.redis_url, outbox)
    except _Stop:
        log.info("worker_stopping")
    finally:
        stopping.set()
        housekeeper.join(_LEAVE_PATIENCE_S)


def open_outbox(settings: Settings, subscriptions: Sequence[Subscription]) -> Outbox:
    """Open the worker's own database, banks and blobs."""
    engine = open_engine(settings.database_url)
    database = Database(
        engine,
        clock=settings.clock,
        subscriptions=subscriptions,
        wake=waker(settings.redis_url),
        storage=Storage(settings.var / "blobs"),
    )
    banks = BankCatalogue(engine=engine, secret_key=settings.secret_key, head=migrations.head())
    return Outbox(database=database, banks=banks)


def run_jobs(redis_url: str, outbox: Outbox, *, burst: bool = False) -> None:
    """Run RQ jobs until asked to stop, coming back whenever Redis does (``burst``: until the queue is empty)."""
    _JobsWorker.outbox, _JobsWorker.asked_to_stop = outbox, False
    while not _JobsWorker.asked_to_stop:
        signal.signal(signal.SIGINT, _stop)
        signal.signal(signal.SIGTERM, _stop)
        try:
            redis = Redis.from_url(redis_url)
            worker = _JobsWorker([jobs(redis)], connection=redis, serializer=JSONSerializer)
            worker.work(burst=burst, logging_level="WARNING")
        except RedisError as error:
            log.warning("redis_away", error=type(error).__name__)
        except StopRequested:
            return
        if burst:
            return
        if not _JobsWorker.asked_to_stop:
            time.sleep(POLL_S)


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise _Stop


def _keep_house(outbox: Outbox, timetable: Timetable, stopping: threading.Event) -> None:
    while not stopping.is_set():
        outbox.drain_all()
        timetable.run_due()
        stopping.wait(POLL_S)


@contextmanager
def _guarded(bank: Bank, what: str) -> Iterator[None]:
    """Do something for one bank; whatever goes wrong is logged, and the worker lives on."""
    try:
        yield
    except Exception:
        log.exception("work_failed", bank=bank.tag, what=what)
