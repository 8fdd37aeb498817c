"""`make bench`: the hot paths beside their floors, in one run on one machine (performance.md).

PostgreSQL is durable (fsync and synchronous_commit on), load generators are processes of their own, everything is
warmed up, repeated and given as medians. No figure fails the run: machines differ, ratios within one run are what
counts. The result is printed and written to ``var/bench/latest.json``.
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
    from tests.bench.figures import Figure

RESULT = Path("var/bench/latest.json")
PULLED_CHECKPOINTS = 1000
PUSHING = 4


def main() -> None:
    """Measure everything."""
    begun = time.monotonic()
    load = os.getloadavg()[0]
    figures = _measured()
    write(RESULT, figures)
    _say(table(figures))
    _say(f"{RESULT}: {os.cpu_count()} cores, load {load:.1f} before, {time.monotonic() - begun:.0f} s")


def _measured() -> list[Figure]:
    with open_stage() as stage:
        _say("pull …")
        collector = hire(stage, "collector", portfolio=PULLED_CHECKPOINTS)
        learn(stage)
        figures = pulling.measure(stage, collector)
        _say("push …")
        phones = [hire(stage, f"pusher{number}", portfolio=BATCH) for number in range(PUSHING)]
        for phone in phones:
            phone.shake_hands()
        learn(stage)
        figures += pushing.measure(stage, phones)
        _say("tasks, report, paper …")
        figures += desk.measure(stage)
        _say("herd …")
        return figures + herd.measure(stage)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


main()
