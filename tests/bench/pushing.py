"""Push of the standard workload against its two floors, by one device and by four; replays; statements per batch."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from tests.bench.drive import Driven, drive
from tests.bench.figures import Figure, figure, p50_ms, p99_ms
from tests.bench.staff import BATCH, Batch, prepare

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Engine

    from tests.bench.stage import Stage
    from tests.sync.phone import Phone

REPEATS = 3
BATCHES = {1: 20, 4: 10}
_WARMING = 3
PUSH = "/api/v1/sync/push"


@dataclass(slots=True)
class _Runs:
    """The repetitions of one number of devices: first applications, replays, and the two floors."""

    product: list[Driven] = field(default_factory=list)
    replay: list[Driven] = field(default_factory=list)
    unjudged: list[Driven] = field(default_factory=list)
    skeleton: list[Driven] = field(default_factory=list)


def measure(stage: Stage, phones: Sequence[Phone]) -> list[Figure]:
    """Return the figures of push."""
    for amount in (1, len(phones)):
        _repeat(stage, phones[:amount], _WARMING)
    figures = [each for amount in (1, len(phones)) for each in _figures(stage, phones[:amount])]
    return [*figures, *_statements(stage, phones[0])]


def _figures(stage: Stage, phones: Sequence[Phone]) -> list[Figure]:
    name, runs = f"sync.push.{len(phones)}", _Runs()
    for _ in range(REPEATS):
        for kind, driven in _repeat(stage, phones, BATCHES[len(phones)]).items():
            getattr(runs, kind).append(driven)
    compared = (runs.product, runs.skeleton)
    return [
        _figure(f"{name}.visits_per_s", "visits/s", _rate, *compared),
        _figure(f"{name}.of_unjudged", "visits/s", _rate, runs.product, runs.unjudged),
        _figure(f"{name}.p50_ms", "ms", lambda run: p50_ms(run.seconds), *compared),
        _figure(f"{name}.p99_ms", "ms", lambda run: p99_ms(run.seconds), *compared),
        _figure(f"{name}.cpu_s_per_1000", "s", lambda run: 1000 * run.cpu_s / _visits(run), *compared),
        _figure(f"sync.replay.{len(phones)}.visits_per_s", "visits/s", _rate, runs.replay, runs.product),
    ]


def _figure(
    name: str, unit: str, number: Callable[[Driven], float], runs: Sequence[Driven], floors: Sequence[Driven]
) -> Figure:
    return figure(name, unit, [number(run) for run in runs], [number(run) for run in floors])


def _rate(run: Driven) -> float:
    return _visits(run) / run.wall_s


def _visits(run: Driven) -> int:
    return BATCH * len(run.seconds)


def _repeat(stage: Stage, phones: Sequence[Phone], batches: int) -> dict[str, Driven]:
    """Push fresh batches from all phones at once, and the same bytes again; then others to the two floors."""
    jobs = jobs_of(stage.product.port, PUSH, phones, batches)
    unjudged = jobs_of(stage.unjudged.port, PUSH, phones, batches)
    bare = [{**job, "port": stage.skeleton.port, "path": "/push", "headers": {}} for job in jobs]
    return {
        "product": drive(jobs, server_pid=stage.product.pid),
        "replay": drive(jobs, server_pid=stage.product.pid),
        "unjudged": drive(unjudged, server_pid=stage.unjudged.pid),
        "skeleton": drive(bare, server_pid=stage.skeleton.pid),
    }


def jobs_of(port: int, path: str, phones: Sequence[Phone], batches: int) -> list[dict[str, Any]]:
    return [_job(port, path, phone.headers, prepare(phone, batches)) for phone in phones]


def _job(port: int, path: str, headers: dict[str, str], batches: Sequence[Batch]) -> dict[str, Any]:
    bodies = [(batch.body.decode(), batch.signature) for batch in batches]
    return {"port": port, "path": path, "headers": headers, "bodies": bodies}


def _statements(stage: Stage, phone: Phone) -> list[Figure]:
    """Count what one request sends to the database, whatever its size."""
    counted = [(visits, _counted(stage.runtime.database.engine, phone, visits)) for visits in (1, 1, BATCH, 200)]
    return [figure(f"sync.push.statements.{visits}", "statements", [seen]) for visits, seen in counted[1:]]


def _counted(engine: Engine, phone: Phone, visits: int) -> int:
    (batch,) = prepare(phone, 1, visits=visits)
    headers = {**phone.headers, "Device-Signature": batch.signature}
    with _listening(engine) as seen:
        answer = phone.client.post(PUSH, data=batch.body, headers=headers)
    if answer.status_code != 200:
        raise SystemExit(f"push: {answer.status_code}")
    return len(seen)


@contextmanager
def _listening(engine: Engine) -> Iterator[list[str]]:
    """Collect the statements of the block, transaction control and the list of banks left out."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "public.bank" not in statement and not statement.startswith(("SAVEPOINT", "RELEASE")):
            seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)
