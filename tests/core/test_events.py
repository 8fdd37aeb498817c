"""Events: what reacts, how often, and what a rollback leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from inspection_api.core.db import Database
from inspection_api.core.errors import Conflict
from inspection_api.core.events import Event, EventDelivery, Subscription, Trace, When, claim_next, deliver
from inspection_api.http.runtime import Caller
from inspection_api.subscriptions import SUBSCRIPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from sqlalchemy import Engine

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context
    from inspection_api.core.events import Recorded
    from inspection_api.http.runtime import Runtime
    from tests.factories import World
    from tests.fixtures import Clock

Seen = list[tuple[str, list[Any]]]


class Bench:
    """A bank with subscriptions of the test's own, which write down what they saw."""

    def __init__(self, engine: Engine, clock: Clock, bank: Bank) -> None:
        self.engine, self.clock, self.bank = engine, clock, bank
        self.seen: Seen = []
        self.woken: list[Bank] = []

    def handler(self, name: str, then: Callable[[Context], None] = lambda _: None) -> Any:
        def handle(ctx: Context, events: Sequence[Recorded]) -> None:
            self.seen.append((name, [event.data.get("n") for event in events]))
            then(ctx)

        handle.__name__ = name
        return handle

    def transaction(self, *rows: Subscription) -> AbstractContextManager[Context]:
        database = Database(self.engine, clock=self.clock, subscriptions=rows, wake=self.woken.append)
        return database.transaction(self.bank)

    def read(self, statement: Any) -> list[Any]:
        with Database(self.engine, clock=self.clock).transaction(self.bank, read_only=True) as ctx:
            return list(ctx.session.execute(statement).all())


@pytest.fixture
def bench(engine: Engine, clock: Clock, committed_bank: Bank) -> Bench:
    return Bench(engine, clock, committed_bank)


def test_an_inline_handler_runs_once_with_all_events_of_its_kind(bench: Bench) -> None:
    with bench.transaction(Subscription("a.done", When.INLINE, bench.handler("on_a"))) as ctx:
        for n in (1, 2, 3):
            ctx.record("a.done", n=n)
            ctx.record("b.done", n=n)
        assert bench.seen == []
    assert bench.seen == [("on_a", [1, 2, 3])]


def test_all_handlers_of_a_kind_run_in_the_tables_order(bench: Bench) -> None:
    rows = [Subscription("a.done", When.INLINE, bench.handler(name)) for name in ("first", "second")]
    with bench.transaction(*rows) as ctx:
        ctx.record("a.done", n=1)
    assert [name for name, _ in bench.seen] == ["first", "second"]


def test_reactions_to_reactions_run_until_nothing_is_new(bench: Bench) -> None:
    rows = (
        Subscription("a.done", When.INLINE, bench.handler("on_a", lambda ctx: ctx.record("b.done", n=2))),
        Subscription("b.done", When.INLINE, bench.handler("on_b", lambda ctx: ctx.record("c.done", n=3))),
    )
    with bench.transaction(*rows) as ctx:
        ctx.record("a.done", n=1)
    assert bench.seen == [("on_a", [1]), ("on_b", [2])]
    assert [row.kind for row in bench.read(select(Event.kind).order_by(Event.number))] == ["a.done", "b.done", "c.done"]


def test_an_exception_in_a_handler_rolls_the_use_case_back(bench: Bench) -> None:
    def refuse(_ctx: Context) -> None:
        raise Conflict

    def use_case() -> None:
        with bench.transaction(Subscription("a.done", When.INLINE, bench.handler("on_a", refuse))) as ctx:
            ctx.session.execute(text("INSERT INTO feed_tick (ids) VALUES ('{}')"))
            ctx.record("a.done", n=1)

    with pytest.raises(Conflict):
        use_case()
    assert bench.read(select(Event)) == bench.read(text("SELECT 1 FROM feed_tick")) == []
    assert bench.woken == []


def test_events_are_numbered_without_gaps_in_the_order_of_commits(bench: Bench) -> None:
    def rolled_back() -> None:
        with bench.transaction() as ctx:
            ctx.record("lost", n=0)
            raise Conflict

    for n in range(1, 6):
        with bench.transaction() as ctx:
            ctx.record("a.done", n=n)
            ctx.record("b.done", n=n)
        with pytest.raises(Conflict):
            rolled_back()
    rows = bench.read(select(Event.number, Event.data["n"].as_integer()).order_by(Event.number))
    assert [row[0] for row in rows] == list(range(1, 11))
    assert [row[1] for row in rows] == [n for n in range(1, 6) for _ in "ab"]


def test_a_later_handler_leaves_a_delivery_and_wakes_the_worker(bench: Bench) -> None:
    later = Subscription("a.done", When.LATER, bench.handler("on_a"))
    with bench.transaction(later) as ctx:
        ctx.record("a.done", n=1)
        ctx.record("b.done", n=2)
    assert bench.seen == []
    assert [bank.code for bank in bench.woken] == [bench.bank.code]
    (delivery,) = bench.read(select(EventDelivery.handler, EventDelivery.attempts, EventDelivery.done_at))
    assert delivery == (later.name, 0, None)


def test_a_delivery_finds_its_handler_after_that_moved_to_another_module(bench: Bench) -> None:
    later = Subscription("a.done", When.LATER, bench.handler("on_a"))
    with bench.transaction(later) as ctx:
        ctx.record("a.done", n=1)
    with bench.transaction() as ctx:
        ctx.session.execute(text("UPDATE event_delivery SET handler = 'inspection_api.elsewhere.' || handler"))
    with bench.transaction() as ctx:
        claim = claim_next(ctx)
    with bench.transaction() as ctx:
        deliver(ctx, claim, (later,))
    assert bench.seen == [("on_a", [1])]
    assert bench.read(select(EventDelivery.done_at)) != [(None,)]


def test_nobody_is_woken_for_nothing(bench: Bench) -> None:
    with bench.transaction(Subscription("a.done", When.LATER, bench.handler("on_a"))) as ctx:
        ctx.record("b.done", n=2)
    assert bench.woken == []


def test_an_event_says_who_and_when(world: World, clock: Clock) -> None:
    with world.transaction("officer") as ctx:
        ctx.record("a.done", thing="1")
    with world.transaction() as ctx:
        event = ctx.session.scalars(select(Event).where(Event.kind == "a.done")).one()
        assert (event.actor_id, event.at, event.data) == (world.people["officer"], clock(), {"thing": "1"})


def test_a_refusal_leaves_its_trace_and_nothing_else(runtime: Runtime, world: World) -> None:
    caller = Caller(runtime=runtime, bank=world.bank, actor=world.actor("officer"))

    def refused() -> None:
        with caller.transaction() as ctx:
            ctx.record("print.made")
            raise Conflict(trace=[Trace("print.refused", {"n": 1})])

    with pytest.raises(Conflict):
        refused()
    with world.transaction() as ctx:
        kinds = select(Event.kind, Event.actor_id).where(Event.kind.startswith("print."))
        assert ctx.session.execute(kinds).all() == [("print.refused", world.people["officer"])]


def test_the_table_of_reactions_names_every_handler_once() -> None:
    rows = [(row.kind, row.handler) for row in SUBSCRIPTIONS]
    assert len(rows) == len(set(rows))
    later = {(row.name, row.handler) for row in SUBSCRIPTIONS if row.when is When.LATER}
    assert len(dict(later)) == len(later)
    for row in SUBSCRIPTIONS:
        assert row.handler.__doc__, row.name
        noun, _, past = row.kind.partition(".")
        assert noun, row.kind
        assert past, row.kind


def test_two_events_never_share_a_number(bench: Bench) -> None:
    with bench.transaction() as ctx:
        ctx.record("a.done")
    with pytest.raises(DBAPIError, match="ix_event_number"), bench.transaction() as ctx:
        ctx.session.execute(
            text("INSERT INTO event SELECT gen_random_uuid(), kind, actor_id, at, data, number FROM event")
        )


def test_an_event_comes_into_being_with_its_number_and_is_never_written_again(bench: Bench) -> None:
    later = Subscription("a.done", When.LATER, bench.handler("on_a"))
    with bench.transaction(later) as ctx:
        ctx.session.execute(
            text(
                "CREATE TRIGGER written_once BEFORE UPDATE ON event FOR EACH STATEMENT"
                " EXECUTE FUNCTION feed_untruncated()"
            )
        )
        ctx.record("a.done", n=1)
        ctx.record("b.done", n=2)
    assert bench.read(text("SELECT kind, number FROM event ORDER BY number")) == [("a.done", 1), ("b.done", 2)]
    with pytest.raises(DBAPIError), bench.transaction() as ctx:
        ctx.session.execute(text("UPDATE event SET kind = kind"))


def test_an_event_that_somebody_inserts_by_hand_is_numbered_with_the_others(bench: Bench) -> None:
    by_hand = text(
        "INSERT INTO event (id, kind, at, data) VALUES (gen_random_uuid(), 'by.hand', now(), '{}'),"
        " (gen_random_uuid(), 'by.hand', now(), '{}')"
    )
    with bench.transaction() as ctx:
        ctx.record("a.done", n=1)
        ctx.session.execute(by_hand)
    assert bench.read(text("SELECT number FROM event ORDER BY 1")) == [(1,), (2,), (3,)]
