"""A herd of devices that come back at once, a worker that is killed among them, and what the workers' memory was."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import text

from tests.bench.drive import Generator, children_of
from tests.bench.figures import Figure, figure, p95_ms
from tests.bench.staff import hire_all, prepare
from tests.bench.stage import learn

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.stage import Stage
    from tests.sync.phone import Phone

HERD = 300
VISITS = 40
FEW = 16
BATCHES = 6
ALONE_S = 3.0
KILLED_AFTER_S = 1.5
_MODULE = "tests.bench.storm"

_STORED = text(
    "SELECT count(*) FROM sync_receipt r JOIN inspection i ON i.device_id = r.device_id AND i.submitted_seq = r.seq"
    " WHERE r.op_id = ANY (CAST(:ids AS uuid[]))"
)


def measure(stage: Stage) -> list[Figure]:
    """Return the figures of the herd, of the killed worker, and of memory."""
    phones = hire_all(stage, [f"herd{number}" for number in range(HERD)], portfolio=2)
    learn(stage)
    figures = _herd(stage, phones)
    peaks = _peaks_mb(stage)  # now: the killed worker takes its own with it
    figures += _killed(stage, phones[:FEW])
    return [*figures, figure("server.worker.peak_rss_mb", "MB", [max(peaks + _peaks_mb(stage))])]


def _herd(stage: Stage, phones: Sequence[Phone]) -> list[Figure]:
    """Let all come back with 40 visits each, while a manager opens his list of tasks again and again."""
    herd = _storm(stage, phones, batches=1)
    alone, _ = _watched(stage, lambda: time.sleep(ALONE_S))
    seconds, told = _watched(stage, lambda: _let_loose(herd).told())
    name = f"sync.herd.{len(phones)}"
    return [
        figure(f"{name}.slowest_drained_s", "s", [max(told["seconds"])]),
        figure(f"{name}.visits_per_s", "visits/s", [len(told["acknowledged"]) / max(told["seconds"])]),
        figure(f"{name}.told_to_come_again", "answers", [told["statuses"].get("503", 0)]),
        figure(f"{name}.other_answers", "answers", [_unexpected(told)]),
        figure(f"{name}.not_stored", "visits", [_missing(stage, told)]),
        figure(f"{name}.others_p95_ms", "ms", [p95_ms(seconds)], [p95_ms(alone)]),
    ]


def _killed(stage: Stage, phones: Sequence[Phone]) -> list[Figure]:
    """Kill a worker while some push; whatever was acknowledged must be stored."""
    storm = _let_loose(_storm(stage, phones, batches=BATCHES))
    time.sleep(KILLED_AFTER_S)
    os.kill(children_of(stage.product.pid)[0], signal.SIGKILL)
    told = storm.told()
    name = f"sync.killed.{len(phones)}"
    return [
        figure(f"{name}.acknowledged", "visits", [len(told["acknowledged"])]),
        figure(f"{name}.answers_lost", "answers", [told["lost"]]),
        figure(f"{name}.not_stored", "visits", [_missing(stage, told)]),
    ]


def _watched(stage: Stage, meanwhile: Callable[[], Any]) -> tuple[list[float], Any]:
    """Return how long a manager waited for his list of tasks during ``meanwhile``, and what that returned."""
    headers = stage.world.headers("second_manager")
    job = {"port": stage.product.port, "path": "/api/v1/tasks?limit=20", "headers": headers}
    watcher = _let_loose(Generator(job, module=_MODULE))
    outcome = meanwhile()
    watcher.tell("enough")
    return watcher.told()["seconds"], outcome


def _let_loose(generator: Generator) -> Generator:
    generator.ready()
    generator.tell("go")
    return generator


def _storm(stage: Stage, phones: Sequence[Phone], *, batches: int) -> Generator:
    devices = [_device(phone, batches) for phone in phones]
    return Generator({"port": stage.product.port, "devices": devices}, module=_MODULE)


def _device(phone: Phone, batches: int) -> dict[str, Any]:
    bodies = [(each.body.decode(), each.signature) for each in prepare(phone, batches, visits=VISITS)]
    hands = {"device_id": str(phone.id), "boot_id": "boot", "mono_ms": phone.mono_ms, "last_seq": 0}
    return {"headers": phone.headers, "hands": orjson.dumps(hands).decode(), "bodies": bodies}


def _unexpected(told: dict[str, Any]) -> int:
    return told["lost"] + sum(amount for status, amount in told["statuses"].items() if status not in {"200", "503"})


def _missing(stage: Stage, told: dict[str, Any]) -> int:
    """Return how many acknowledged visits are not in the database."""
    with stage.world.transaction() as ctx:
        stored = ctx.session.scalar(_STORED, {"ids": told["acknowledged"]}) or 0
    return len(told["acknowledged"]) - int(stored)


def _peaks_mb(stage: Stage) -> list[float]:
    return [_peak_mb(pid) for pid in children_of(stage.product.pid)]


def _peak_mb(pid: int) -> float:
    """Return the most memory that a process ever had resident, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
