"""`make bench-growth`: is a push slower in a bank that holds half a million visits than in one that holds ten thousand?

The stored visits are copies of pushed ones, with media, receipts, changes, grants and events of their own ids, made set
by set without triggers. Everything else is the ordinary benchmark of one device.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.bench.drive import Driven, drive
from tests.bench.figures import Figure, figure, p50_ms, table, write
from tests.bench.pushing import PUSH, jobs_of
from tests.bench.staff import BATCH, hire
from tests.bench.stage import open_stage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from tests.bench.stage import Stage
    from tests.sync.phone import Phone

RESULT = Path("var/bench/growth.json")
SIZES = (10_000, 500_000)
STEP = 50_000
REPEATS = 3
BATCHES = 20

# Tables of a visit, and the column that says whose visit a row belongs to; `id` is new for every copy.
_COPIED = {"media": "inspection_id", "access_grant": "entity_id", "sync_change": "entity_id"}
_MEDIUM = {"id": "uuidv7('-1 day')", "sha256": "encode(sha256(uuidv7()::text::bytea), 'hex')"}
_SCHEMA = "bank_demo"


def main() -> None:
    """Measure the push at every size of the bank."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    with open_stage() as stage:
        phone = hire(stage, "pusher0", portfolio=BATCH)
        phone.shake_hands()
        figures = _measured(stage, phone, sizes)
    write(RESULT, figures)
    sys.stdout.write(f"{table(figures)}\n")


def _measured(stage: Stage, phone: Phone, sizes: Sequence[int]) -> list[Figure]:
    runs: dict[int, list[float]] = {}
    cpu: dict[int, list[float]] = {}
    _push(stage, phone, BATCHES)
    for size in sizes:
        _grow(stage, size)
        _push(stage, phone, BATCHES)
        driven = [_push(stage, phone, BATCHES) for _ in range(REPEATS)]
        runs[size] = [p50_ms(each.seconds) for each in driven]
        cpu[size] = [1000 * each.cpu_s / (BATCH * len(each.seconds)) for each in driven]
    least = sizes[0]
    return [
        figure(name, unit, values[size], values[least])
        for size in sizes
        for name, unit, values in (
            (f"sync.growth.{size}.p50_ms", "ms", runs),
            (f"sync.growth.{size}.cpu_s_per_1000", "s", cpu),
        )
    ]


def _push(stage: Stage, phone: Phone, batches: int) -> Driven:
    return drive(jobs_of(stage.product.port, PUSH, [phone], batches), server_pid=stage.product.pid)


def _grow(stage: Stage, size: int) -> None:
    """Copy pushed visits until the bank holds ``size``."""
    with stage.runtime.database.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL search_path TO {_SCHEMA}"))
        connection.execute(text("SET LOCAL session_replication_role TO replica"))
        connection.execute(text("SET LOCAL enable_nestloop TO off"))  # a copy is a join of large sets
        while (stored := connection.scalar(text("SELECT count(*) FROM inspection")) or 0) < size:
            _copy(connection, min(STEP, size - stored))
    _settle(stage)


def _settle(stage: Stage) -> None:
    """Leave PostgreSQL no work behind the copies: a bank grows in years, not in a minute before it is measured."""
    with stage.runtime.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))


def _copy(connection: Connection, amount: int) -> None:
    """Copy ``amount`` visits with all that belongs to them."""
    connection.execute(text("DROP TABLE IF EXISTS copies"))
    connection.execute(
        text(
            "CREATE TEMP TABLE copies AS SELECT i.id AS old, uuidv7('-1 day') AS new"
            " FROM (SELECT id FROM inspection WHERE state = 'submitted' ORDER BY id LIMIT 500) i"
            " CROSS JOIN generate_series(1, :times) LIMIT :amount"
        ),
        {"times": -(-amount // 500), "amount": amount},
    )
    connection.execute(text("ANALYZE copies"))
    _insert(connection, "inspection", {"id": "c.new"}, "t.id = c.old")
    for table_name, owner in _COPIED.items():
        fresh = {owner: "c.new"} | (_MEDIUM if table_name == "media" else {})
        _insert(connection, table_name, fresh, f"t.{owner} = c.old")
    receipt = {"op_id": "c.new", "seq": "-(row_number() OVER ()) - (SELECT count(*) FROM sync_receipt)"}
    visit = "i.id = c.old AND t.device_id = i.device_id AND t.seq = i.submitted_seq"
    _insert(connection, "sync_receipt", receipt, visit, also="JOIN inspection i ON true")
    event = {"id": "uuidv7('-1 day')", "number": "-(row_number() OVER ()) - (SELECT count(*) FROM event)"}
    pushed = "t.number > 0 AND t.kind = 'inspection.submitted' AND t.data ->> 'inspection_id' = c.old::text"
    _insert(connection, "event", event, pushed)


def _insert(connection: Connection, table_name: str, fresh: dict[str, str], where: str, *, also: str = "") -> None:
    names = connection.scalars(
        text(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = :schema AND table_name = :name"
            " AND is_generated = 'NEVER'"
        ),
        {"schema": _SCHEMA, "name": table_name},
    ).all()
    values = ", ".join(fresh.get(name, f"t.{name}") for name in names)
    source = f"{table_name} t {also} JOIN copies c ON {where}"
    connection.execute(text(f"INSERT INTO {table_name} ({', '.join(names)}) SELECT {values} FROM {source}"))  # noqa: S608 - our own


if __name__ == "__main__":
    main()
