"""The cursor that commit order cannot fool: a reader polls while sixteen connections write (sync.md §5, §9.4).

The same reader loses rows when numbers are taken as rows are written, so it would see a loss if there were one.
"""

from __future__ import annotations

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from inspection_api.core.db import Database, open_engine
from tests.fixtures import Clock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from inspection_api.core.banks import Bank
    from inspection_api.core.context import Context
    from tests.factories import World

WRITERS = 16
PAGE = 500
MOST_ROWS = 40
LONG_S = 0.2

HEAD = text("SELECT value FROM feed_counter")
FEED = text("SELECT seq FROM sync_change WHERE seq > :cursor ORDER BY seq LIMIT :limit")
WRITE = text(
    "INSERT INTO access_grant (user_id, entity, entity_id)"
    " SELECT :user, 'customer', gen_random_uuid() FROM generate_series(1, :rows)"
)
BY_NEXTVAL = """
CREATE SEQUENCE naive;
SELECT setval('naive', value + 1, false) FROM feed_counter;
CREATE FUNCTION naive_number() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    INSERT INTO sync_change (seq, change, entity, audience, entity_id)
    SELECT nextval('naive'), NEW.change, f.* FROM unnest(NEW.entities, NEW.audiences, NEW.ids) AS f;
    RETURN NULL;
END $$;
CREATE TRIGGER naive_number AFTER INSERT ON feed_tick FOR EACH ROW EXECUTE FUNCTION naive_number();
ALTER TABLE feed_tick DISABLE TRIGGER feed_stamp
"""
BY_COUNTER = """
ALTER TABLE feed_tick ENABLE TRIGGER feed_stamp;
DROP TRIGGER naive_number ON feed_tick;
DROP FUNCTION naive_number();
UPDATE feed_counter SET value = (SELECT last_value FROM naive);
DROP SEQUENCE naive
"""


class Poller:
    """Reads the feed as a device does: everything after its cursor, again and again, in pages."""

    def __init__(self, database: Database, bank: Bank) -> None:
        self.database, self.bank = database, bank
        with database.transaction(bank, read_only=True) as ctx:
            self.start = self.cursor = int(ctx.session.scalar(HEAD))
        self.received: list[int] = []

    def poll(self) -> int:
        with self.database.transaction(self.bank, read_only=True) as ctx:
            page = list(ctx.session.scalars(FEED, {"cursor": self.cursor, "limit": PAGE}))
        self.received += page
        self.cursor = page[-1] if page else self.cursor
        return len(page)

    def lost(self) -> list[int]:
        """Read to the end, and return what is in the feed but was never received."""
        while self.poll():
            pass
        assert self.received == sorted(set(self.received))
        return sorted(set(self.written()) - set(self.received))

    def written(self) -> list[int]:
        with self.database.transaction(self.bank, read_only=True) as ctx:
            return list(ctx.session.scalars(FEED, {"cursor": self.start, "limit": None}))


@pytest.fixture
def crowd(database_url: str) -> Iterator[Database]:
    """A database with a connection for every writer and the reader."""
    engine = open_engine(database_url, pool_size=WRITERS + 2)
    yield Database(engine, clock=Clock())
    engine.dispose()


def write(ctx: Context, world: World, rows: int) -> None:
    ctx.session.execute(WRITE, {"user": world.people["colleague"], "rows": rows})


def write_much(database: Database, world: World, seed: int, rows: int) -> None:
    """Write so many rows in transactions of random size: most short, some long, some rolled back."""
    dice = random.Random(seed)  # noqa: S311 - a reproducible mix, no secret
    while rows > 0:
        amount, fate = dice.randint(1, MOST_ROWS), dice.random()
        with database.transaction(world.bank) as ctx:
            write(ctx, world, amount)
            time.sleep(LONG_S if fate < 0.04 else dice.random() * 0.004)
            if fate > 0.95:
                ctx.session.rollback()
                amount = 0
        rows -= amount


def read_while_writing(database: Database, world: World, *, rows: int) -> Poller:
    """Let all writers write ``rows`` together while a reader polls; return the reader."""
    poller, done = Poller(database, world.bank), threading.Event()

    def read() -> None:
        while not done.is_set():
            poller.poll()

    with ThreadPoolExecutor(WRITERS + 1) as pool:
        reader = pool.submit(read)
        try:
            each = -(-rows // WRITERS)
            writers = [pool.submit(write_much, database, world, seed, each) for seed in range(WRITERS)]
            for writer in writers:
                writer.result()
        finally:
            done.set()
        reader.result()
    return poller


@pytest.mark.parametrize("rows", [5_000, pytest.param(60_000, marks=pytest.mark.long)])
def test_a_reader_with_a_cursor_misses_nothing_of_sixteen_writers(
    crowd: Database, committed_world: World, rows: int
) -> None:
    poller = read_while_writing(crowd, committed_world, rows=rows)
    assert poller.lost() == []
    assert len(poller.received) >= rows
    written = poller.written()
    assert written == list(range(poller.start + 1, poller.start + 1 + len(written)))


def lose_to_a_slow_transaction(database: Database, world: World) -> list[int]:
    """Let a transaction write, a later one write and commit, and the reader poll, before the first one commits."""
    poller = Poller(database, world.bank)
    with database.transaction(world.bank) as slow:
        write(slow, world, 3)
        with database.transaction(world.bank) as quick:
            write(quick, world, 2)
        assert poller.poll() == 2
    lost = poller.lost()
    assert len(poller.written()) == 5
    return lost


@contextmanager
def numbering_by_nextval(world: World) -> Iterator[None]:
    """Number the feed as rows are written, as a plain sequence does."""
    with world.transaction() as ctx:
        ctx.session.execute(text(BY_NEXTVAL))
    try:
        yield
    finally:
        with world.transaction() as ctx:
            ctx.session.execute(text(BY_COUNTER))


def test_a_slow_transaction_hides_nothing_from_the_reader(crowd: Database, committed_world: World) -> None:
    assert lose_to_a_slow_transaction(crowd, committed_world) == []


def test_the_reader_would_see_the_loss_of_rows_numbered_by_a_sequence(crowd: Database, committed_world: World) -> None:
    with numbering_by_nextval(committed_world):
        assert len(lose_to_a_slow_transaction(crowd, committed_world)) == 3
    assert lose_to_a_slow_transaction(crowd, committed_world) == []
