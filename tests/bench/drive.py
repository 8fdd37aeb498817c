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


def drive(jobs: Sequence[dict[str, Any]], *, server_pid: int) -> Driven:
    """Run one generator per job, all at once, and return what they saw."""
    generators = [_started(job) for job in jobs]
    for each in generators:
        _line_of(each)
    before = cpu_s(server_pid)
    for each in generators:
        _tell(each, "go")
    told = [json.loads(_line_of(each)) for each in generators]
    used = cpu_s(server_pid) - before
    for each in generators:
        each.communicate()
    return Driven(
        seconds=tuple(second for each in told for second in each["seconds"]),
        rows=sum(each["rows"] for each in told),
        wall_s=max(each["ended"] for each in told) - min(each["began"] for each in told),
        cpu_s=used,
    )


def _started(job: dict[str, Any]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.bench.load"]
    generator = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
    _tell(generator, json.dumps(job))
    return generator


def _tell(generator: subprocess.Popen[str], line: str) -> None:
    if generator.stdin is not None:
        generator.stdin.write(f"{line}\n")
        generator.stdin.flush()


def _line_of(generator: subprocess.Popen[str]) -> str:
    line = generator.stdout.readline() if generator.stdout is not None else ""
    if not line:
        raise SystemExit("a load generator gave up")
    return line


def cpu_s(server_pid: int) -> float:
    """Return the CPU seconds that the children of ``server_pid`` (gunicorn's workers) have used so far."""
    used = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            fields = path.read_text().rpartition(")")[2].split()
            used += (int(fields[11]) + int(fields[12])) * (int(fields[1]) == server_pid)
    return used / _TICKS
