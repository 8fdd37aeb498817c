"""What a request may reach of the running program: settings, banks, databases, blobs; and who is calling."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar, cast

from flask import current_app
from sqlalchemy.exc import OperationalError

from inspection_api.core.context import SYSTEM
from inspection_api.core.db import lost_a_race
from inspection_api.core.errors import NotFound, Problem
from inspection_api.core.logs import log
from inspection_api.http.admission import Gate
from inspection_api.http.limiting import Buckets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from flask import Flask

    from inspection_api.core.banks import Bank, BankCatalogue
    from inspection_api.core.context import Actor, Context
    from inspection_api.core.db import Database
    from inspection_api.core.settings import Settings
    from inspection_api.core.storage import Storage

EXTENSION = "xunji"
REPEATS = 3
"""How often a transaction that lost a deadlock or a serialization begins anew (sync.md §3.3)."""

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The parts that `create_app` was given. ``authenticate`` turns a token's secret into an actor, or raises.

    ``gate`` is what the traffic of devices passes, ``strangers`` what those without a login do.
    """

    settings: Settings
    database: Database
    banks: BankCatalogue
    storage: Storage
    authenticate: Callable[[Context, str], Actor]
    gate: Gate = field(default_factory=Gate)
    strangers: Buckets = field(default_factory=Buckets)

    @contextmanager
    def transaction(self, *, code: str | None = None, tag: str | None = None) -> Iterator[Context]:
        """Open a transaction for a caller who is nobody yet, in the bank that he names.

        Raises:
            NotFound: there is no such bank.
        """
        bank = self.banks.find_by_code(code) if code is not None else self.banks.find_by_tag(tag or "")
        if bank is None:
            raise NotFound
        try:
            with self.database.transaction(bank) as ctx:
                yield ctx
        except Problem as problem:
            self.leave_trace(bank, SYSTEM, problem)
            raise

    def nowhere(self) -> AbstractContextManager[Context]:
        """Open a transaction outside of every bank, to count logins at banks that there are not."""
        return self.database.transaction(self.banks.nowhere())

    def leave_trace(self, bank: Bank, actor: Actor, problem: Problem) -> None:
        """Write the events that a refusal leaves behind, after its rollback."""
        if problem.trace:
            with self.database.transaction(bank, actor=actor) as ctx:
                for trace in problem.trace:
                    ctx.record(trace.kind, **trace.data)


@dataclass(slots=True, kw_only=True)
class Caller:
    """A caller outside a transaction, for streamed bodies: short transaction – stream – short one.

    He is authenticated, or his transactions ``identify`` him first, so that what brings no stream needs only one.
    """

    runtime: Runtime
    bank: Bank
    actor: Actor = SYSTEM
    identify: Callable[[Context], Actor] | None = None

    @contextmanager
    def transaction(self, *, read_only: bool = False, isolation: str | None = None) -> Iterator[Context]:
        """Open a short transaction as this caller.

        Raises:
            Unauthenticated, Forbidden: he is identified here, and may not call.
        """
        database = self.runtime.database
        try:
            with database.transaction(self.bank, actor=self.actor, read_only=read_only, isolation=isolation) as ctx:
                self.actor = self.identify(ctx) if self.identify else self.actor
                yield replace(ctx, actor=self.actor, stand_aside=self.runtime.gate.stand_aside)
        except Problem as problem:
            self.runtime.leave_trace(self.bank, self.actor, problem)
            raise

    def persist(self, work: Callable[[Context], _Answer]) -> _Answer:
        """Do all of ``work`` in a short transaction, again from the beginning when it loses to others, three times."""
        for _ in range(REPEATS):
            try:
                with self.transaction() as ctx:
                    return work(ctx)
            except OperationalError as error:
                if not lost_a_race(error):
                    raise
                log.warning("transaction_repeated", bank=self.bank.tag)
        with self.transaction() as ctx:
            return work(ctx)

    def acting_as(self, actor: Actor) -> Caller:
        """Return the same caller with another actor."""
        return replace(self, actor=actor, identify=None)


def current_runtime() -> Runtime:
    """Return the runtime of the application that serves this request."""
    return cast("Runtime", current_app.extensions[EXTENSION])


def install(app: Flask, runtime: Runtime) -> None:
    """Give the application its runtime."""
    app.extensions[EXTENSION] = runtime
