"""Driving load generators against a server, and what the server's processes used meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Driven:
    """What all generators of one run saw together; ``cpu_s`` are the seconds of the server's workers."""

    seconds: tuple[float, ...]
    rows: int
    wall_s: float
    cpu_s: float


class Generator:
    """A load generator: a process that gets its job, waits for ``go``, and tells at the end what it saw."""

    def __init__(self, job: dict[str, Any], *, module: str = "tests.bench.load") -> None:
        """Start the process with its job."""
        command = [sys.executable, "-m", module]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        self.tell(json.dumps(job))

    def ready(self) -> None:
        """Wait until it could begin."""
        self._line()

    def tell(self, line: str) -> None:
        """Write one line to it."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def told(self) -> Any:
        """Wait for what it saw, and for its end."""
        seen = json.loads(self._line())
        self._process.communicate()
        return seen

    def _line(self) -> str:
        line = self._process.stdout.readline() if self._process.stdout is not None else ""
        if not line:
            raise SystemExit("a load generator gave up")
        return line


def drive(jobs: Sequence[dict[str, Any]], *, server_pid: int) -> Driven:
    """Run one generator per job, all at once, and return what they saw."""
    generators = [Generator(job) for job in jobs]
    for each in generators:
        each.ready()
    before = cpu_s(server_pid)
    for each in generators:
        each.tell("go")
    told = [each.told() for each in generators]
    used = cpu_s(server_pid) - before
    return Driven(
        seconds=tuple(second for each in told for second in each["seconds"]),
        rows=sum(each["rows"] for each in told),
        wall_s=max(each["ended"] for each in told) - min(each["began"] for each in told),
        cpu_s=used,
    )


def cpu_s(server_pid: int) -> float:
    """Return the CPU seconds that the children of ``server_pid`` (gunicorn's workers) have used so far."""
    stats = _stats_of_children(server_pid).values()
    return sum(int(fields[11]) + int(fields[12]) for fields in stats) / _TICKS


def children_of(pid: int) -> list[int]:
    """Return the process ids of gunicorn's workers."""
    return sorted(_stats_of_children(pid))


def _stats_of_children(pid: int) -> dict[int, list[str]]:
    """Return the fields of ``/proc/…/stat`` behind the command, from the state on, by process id."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found[int(path.parent.name)] = fields
    return found
