"""`make bench`: the hot paths beside their floors, in one run on one machine (performance.md).

PostgreSQL is durable (fsync and synchronous_commit on), load generators are processes of their own, everything is
warmed up, repeated and given as medians. No figure fails the run: machines differ, ratios within one run are what
counts. The result is printed and written to ``var/bench/latest.json``. ``python -m tests.bench push`` measures a part.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench import desk, herd, pulling, pushing
from tests.bench.figures import table, write
from tests.bench.staff import BATCH, hire
from tests.bench.stage import learn, open_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bench.figures import Figure
    from tests.bench.stage import Stage

RESULT = Path("var/bench/latest.json")
PULLED_CHECKPOINTS = 1000
PUSHING = 4


def main(names: Sequence[str]) -> None:
    """Measure everything, or the parts that are named; only everything is written down."""
    begun = time.monotonic()
    load = os.getloadavg()[0]
    with open_stage() as stage:
        figures = [figure for name in names or PARTS for figure in _measured(stage, name)]
    if not names:
        write(RESULT, figures)
        _say(f"written: {RESULT}")
    _say(table(figures))
    _say(f"{os.cpu_count()} cores, load {load:.1f} before, {time.monotonic() - begun:.0f} s")


def _measured(stage: Stage, name: str) -> list[Figure]:
    _say(f"{name} …")
    return PARTS[name](stage)


def _pull(stage: Stage) -> list[Figure]:
    collector = hire(stage, "collector", portfolio=PULLED_CHECKPOINTS)
    learn(stage)
    return pulling.measure(stage, collector)


def _push(stage: Stage) -> list[Figure]:
    phones = [hire(stage, f"pusher{number}", portfolio=BATCH) for number in range(PUSHING)]
    for phone in phones:
        phone.shake_hands()
    learn(stage)
    return pushing.measure(stage, phones)


PARTS: dict[str, Callable[[Stage], list[Figure]]] = {
    "pull": _pull,
    "push": _push,
    "desk": desk.measure,
    "herd": herd.measure,
}


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


main(sys.argv[1:])
