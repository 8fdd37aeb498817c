"""What happens by the clock: a table of how often -> function, run by the worker in every bank (architecture.md §1).

Every function is idempotent, takes the context alone, keeps its transaction small, and returns whether there is more to
do, in which case it is called again in a new transaction. A row runs when the worker starts and then again after
``every``; an advisory lock keeps two workers from running the same row of the same bank at once.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

from checkpoints import service as checkpoints
from inspection_api.alerts import service as alerts
from inspection_api.core.periods import local_day
from inspection_api.jobs import service as jobs
from inspection_api.media import service as media
from inspection_api.reports import service as reports
from inspection_api.tasks import service as tasks
from inspection_api.telemetry import service as telemetry
from kiosk_print import service as papers
from sync import service as sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context
    from inspection_api.core.db import Database

_LOCK = text("SELECT pg_try_advisory_xact_lock(:key)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """One row: a stable name, the time between two runs, and what to do."""

    name: str
    every: timedelta
    function: Callable[[Context], bool]


def run(database: Database, bank: Bank, row: Scheduled) -> int:
    """Run one row in one bank until nothing is left to do; return the number of transactions that it took."""
    transactions, more = 0, True
    while more:
        with database.transaction(bank) as ctx:
            more = bool(ctx.session.scalar(_LOCK, {"key": _lock_key(bank, row)})) and row.function(ctx)
        transactions += 1
    return transactions


def _lock_key(bank: Bank, row: Scheduled) -> int:
    return int.from_bytes(hashlib.sha256(f"{bank.tag}:{row.name}".encode()).digest()[:8], "big", signed=True)


def _generate_tasks(ctx: Context) -> bool:
    return not tasks.generate(ctx, local_day(ctx.now)).complete


def _sweep_tasks(ctx: Context) -> bool:
    return tasks.sweep(ctx) > 0


def _sweep_uploads(ctx: Context) -> bool:
    return media.sweep(ctx) > 0


def _sweep_papers(ctx: Context) -> bool:
    return papers.sweep(ctx) > 0


def _refresh_facts(ctx: Context) -> bool:
    telemetry.refresh_recent(ctx)
    return False


def _evaluate_alerts(ctx: Context) -> bool:
    alerts.evaluate_recent(ctx)
    return False


SCHEDULE: tuple[Scheduled, ...] = (
    Scheduled(name="let-exits-take-effect", every=timedelta(minutes=10), function=checkpoints.let_exits_take_effect),
    Scheduled(name="hand-on-expired", every=timedelta(hours=1), function=checkpoints.hand_on_expired),
    Scheduled(name="generate-tasks", every=timedelta(minutes=1), function=_generate_tasks),
    Scheduled(name="advance-campaigns", every=timedelta(minutes=1), function=tasks.advance_campaigns),
    Scheduled(name="sweep-tasks", every=timedelta(hours=1), function=_sweep_tasks),
    Scheduled(name="fold-tallies", every=timedelta(minutes=10), function=reports.fold),
    Scheduled(name="sweep-uploads", every=timedelta(hours=6), function=_sweep_uploads),
    Scheduled(name="sweep-jobs", every=timedelta(hours=1), function=jobs.sweep),
    Scheduled(name="sweep-papers", every=timedelta(minutes=10), function=_sweep_papers),
    Scheduled(name="sweep-print-jobs", every=timedelta(minutes=1), function=papers.sweep_print_jobs),
    Scheduled(name="withdraw-finished", every=timedelta(days=1), function=sync.withdraw_finished),
    Scheduled(name="compact-feed", every=timedelta(days=1), function=sync.compact),
    Scheduled(name="refresh-facts", every=timedelta(hours=6), function=_refresh_facts),
    Scheduled(name="review-devices", every=timedelta(hours=1), function=sync.review),
    Scheduled(name="escalate-alerts", every=timedelta(minutes=10), function=alerts.escalate),
    Scheduled(name="evaluate-alerts", every=timedelta(hours=1), function=_evaluate_alerts),
)
