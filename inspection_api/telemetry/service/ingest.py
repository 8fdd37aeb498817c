"""Ingest: a gateway's batch of readings, judged row by row, written in bulk, harmless when it comes again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, cast
from uuid import UUID

from sqlalchemy import text

from inspection_api.core.periods import local_day
from inspection_api.telemetry import queries, rules
from inspection_api.telemetry.rules import RowProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from psycopg import Connection as DriverConnection

    from inspection_api.core.context import Context
    from inspection_api.telemetry.rules import ReadingRow

Key = tuple[UUID, datetime]

_STAGE = text(
    "CREATE TEMPORARY TABLE IF NOT EXISTS incoming_reading"
    " (meter_id uuid, at timestamptz, counter_kwh numeric(18, 4)) ON COMMIT DROP"
)
_EMPTY = text("TRUNCATE pg_temp.incoming_reading")
_COPY = "COPY pg_temp.incoming_reading (meter_id, at, counter_kwh) FROM STDIN"
_INSERT = text(
    """
    INSERT INTO reading (meter_id, at, counter_kwh)
    SELECT meter_id, at, counter_kwh FROM pg_temp.incoming_reading ORDER BY meter_id, at
    ON CONFLICT (meter_id, at) DO NOTHING
    RETURNING meter_id, at
    """
)
_DIFFERING = text(
    """
    SELECT r.meter_id, r.at FROM pg_temp.incoming_reading i
    JOIN reading r ON r.meter_id = i.meter_id AND r.at = i.at AND r.counter_kwh <> i.counter_kwh
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One row that was not kept, by its place in the batch."""

    index: int
    code: RowProblem
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What became of a batch: new rows, rows that were known, and rows refused one by one."""

    stored: int
    duplicates: int
    refused: Sequence[Refused]


def ingest(ctx: Context, rows: Sequence[ReadingRow | None]) -> Receipt:
    """Store a batch of the acting gateway's readings; None stands for a row that could not be read.

    Bad rows harm only themselves. Days that gained readings are named in the event ``telemetry.ingested``, from which
    their facts are made.
    """
    meters = queries.meters_of_gateway(ctx.session, _gateway(ctx))
    verdicts = rules.judge_rows(rows, known=meters.keys(), now=ctx.now)
    incoming = {
        (meters[row.meter], row.at): row.counter_kwh
        for row, verdict in zip(rows, verdicts, strict=True)
        if row is not None and verdict is None
    }
    stored, differing = _write(ctx, incoming) if incoming else (set(), set())
    _record(ctx, stored)
    refused = [
        _refused(index, verdict or RowProblem.DIFFERS)
        for index, (row, verdict) in enumerate(zip(rows, verdicts, strict=True))
        if verdict is not None or (row is not None and (meters[row.meter], row.at) in differing)
    ]
    return Receipt(stored=len(stored), duplicates=len(rows) - len(refused) - len(stored), refused=refused)


def _gateway(ctx: Context) -> UUID:
    if ctx.actor.device_id is None:
        raise AssertionError("only a gateway ingests")
    return ctx.actor.device_id


def _refused(index: int, problem: RowProblem) -> Refused:
    return Refused(index=index, code=problem, message=rules.ROW_MESSAGES[problem])


def _write(ctx: Context, incoming: Mapping[Key, Decimal]) -> tuple[set[Key], set[Key]]:
    """COPY the rows beside the table and insert what is new; return the new keys and those that differ."""
    ctx.session.execute(_STAGE)
    ctx.session.execute(_EMPTY)
    driver = cast("DriverConnection", ctx.session.connection().connection.driver_connection)
    with driver.cursor() as cursor, cursor.copy(_COPY) as copy:
        for (meter_id, at), counter_kwh in incoming.items():
            copy.write_row((meter_id, at, counter_kwh))
    stored = {(row.meter_id, row.at) for row in ctx.session.execute(_INSERT)}
    if len(stored) == len(incoming):
        return stored, set()
    return stored, {(row.meter_id, row.at) for row in ctx.session.execute(_DIFFERING)}


def _record(ctx: Context, stored: Iterable[Key]) -> None:
    days: dict[UUID, set[date]] = defaultdict(set)
    for meter_id, at in stored:
        days[meter_id].add(local_day(at))
    if not days:
        return
    customers = queries.customers_of_meters(ctx.session, days)
    touched: dict[str, set[date]] = defaultdict(set)
    for meter_id, its_days in days.items():
        touched[str(customers[meter_id])] |= its_days
    ctx.record("telemetry.ingested", days={key: sorted(map(str, its_days)) for key, its_days in touched.items()})
