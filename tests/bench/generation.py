"""`make bench-tasks`: how long does the generation take for 300,000 checkpoints, from empty and with nothing to do?

The checkpoints are copies of the demo bank's, with joining days all over three years, made set by set without triggers.
The floor writes as many bare rows by one statement into a table like ``task``, without triggers, grants or changes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.bench.figures import Figure, figure, table, write
from tests.bench.stage import BANK, open_stage

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from tests.bench.stage import Stage

RESULT = Path("var/bench/tasks.json")
CHECKPOINTS = 300_000
_SCHEMA = "bank_demo"

_CLEAR = ("TRUNCATE task, visit CASCADE", "UPDATE plan_membership SET generated_through = NULL")
_POINTS = """
    CREATE TEMP TABLE copies AS
    SELECT m.plan_id, m.checkpoint_id AS old, uuidv7() AS new, current_date - (random() * 1000)::int AS joined_on
    FROM (SELECT * FROM plan_membership WHERE left_on IS NULL ORDER BY id LIMIT 2000) m
    CROSS JOIN generate_series(1, :times) LIMIT :amount
"""
_MEMBERS = """
    INSERT INTO plan_membership (id, plan_id, checkpoint_id, joined_on, source, recorded_on)
    SELECT uuidv7(), plan_id, new, joined_on, 'auto', current_date FROM copies
"""
_FLOOR = """
    INSERT INTO floor_task
    SELECT uuidv7(), p.id, p.rule_id, m.id, m.checkpoint_id, p.organisation_id, current_date, current_date + n
    FROM plan_membership m JOIN plan p ON p.id = m.plan_id CROSS JOIN generate_series(1, :each) n
"""
_FLOOR_TABLE = """
    CREATE TABLE floor_task (id uuid PRIMARY KEY, plan_id uuid, rule_id uuid, episode_id uuid, checkpoint_id uuid,
                             organisation_id uuid, period_start date, due_on date,
                             UNIQUE (episode_id, period_start, due_on))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run of the command: wall time in seconds, peak memory in MB, and how many tasks there are afterwards."""

    wall_s: float
    peak_mb: float
    tasks: int


def main() -> None:
    """Measure the generation from empty, and again with nothing to do."""
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else CHECKPOINTS
    with open_stage() as stage:
        _populate(stage, amount)
        full = _run(stage)
        idle = [_run(stage) for _ in range(3)]
        floor_s = _floor(stage, full.tasks)
    figures = _figures(full, idle, floor_s)
    write(RESULT, figures)
    sys.stdout.write(f"{table(figures)}\n")


def _figures(full: _Run, idle: list[_Run], floor_s: float) -> list[Figure]:
    return [
        figure("tasks.generate.from_empty_s", "s", [full.wall_s], [floor_s]),
        figure("tasks.generate.tasks", "tasks", [full.tasks]),
        figure("tasks.generate.nothing_to_do_s", "s", [run.wall_s for run in idle]),
        figure("tasks.generate.peak_mb", "MB", [full.peak_mb]),
    ]


def _populate(stage: Stage, amount: int) -> None:
    """Fill the bank up to ``amount`` checkpoints, none of which has a task."""
    with stage.runtime.database.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL search_path TO {_SCHEMA}"))
        connection.execute(text("SET LOCAL session_replication_role TO replica"))
        for statement in _CLEAR:
            connection.execute(text(statement))
        connection.execute(text(_POINTS), {"times": -(-amount // 2000) + 1, "amount": amount})
        _copy_points(connection)
        connection.execute(text(_MEMBERS))
    with stage.runtime.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))


def _copy_points(connection: Connection) -> None:
    fresh = {
        "id": "c.new",
        "code": "'K' || row_number() OVER ()",
        "public_id": "'K' || row_number() OVER ()",
        "effective_from": "c.joined_on",
    }
    names = connection.scalars(
        text(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_schema = :schema AND table_name = 'checkpoint' AND is_generated = 'NEVER'"
        ),
        {"schema": _SCHEMA},
    ).all()
    values = ", ".join(fresh.get(name, f"t.{name}") for name in names)
    copy = f"INSERT INTO checkpoint ({', '.join(names)}) SELECT {values}"
    connection.execute(text(f"{copy} FROM copies c JOIN checkpoint t ON t.id = c.old"))


def _run(stage: Stage) -> _Run:
    """Run the command as operators do, in a process of its own."""
    settings = stage.runtime.settings
    env = os.environ | {
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "XUNJI_MODE": settings.mode.value,
        "XUNJI_SECRET_KEY": settings.secret_key.decode(),
        "XUNJI_VAR": str(settings.var),
    }
    begun = time.perf_counter()
    command = [sys.executable, "-m", "inspection_api", "generate-tasks", BANK]
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"generate-tasks: {status}")
    return _Run(wall_s=time.perf_counter() - begun, peak_mb=usage.ru_maxrss / 1024, tasks=_count(stage))


def _count(stage: Stage) -> int:
    with stage.runtime.database.engine.connect() as connection:
        return int(connection.scalar(text(f"SELECT count(*) FROM {_SCHEMA}.task")) or 0)  # noqa: S608 - a constant


def _floor(stage: Stage, tasks: int) -> float:
    """Return the seconds that one statement takes to write about as many bare rows."""
    with stage.runtime.database.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL search_path TO {_SCHEMA}"))
        connection.execute(text(_FLOOR_TABLE))
        members = connection.scalar(text("SELECT count(*) FROM plan_membership")) or 1
        begun = time.perf_counter()
        connection.execute(text(_FLOOR), {"each": max(1, round(tasks / members))})
        return time.perf_counter() - begun


if __name__ == "__main__":
    main()
