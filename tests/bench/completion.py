"""`make bench-figures`: the completion pages of a branch and of the province over five million tasks, through HTTP.

The tasks are spread over the demo bank's sub-branches and sixty months, written set by set without triggers; the tally
is then a recount of them. The floor of a page is one query on an open connection: the same sums of the tally's rows.
"""

from __future__ import annotations

import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from sqlalchemy import text

from inspection_api.core.periods import first_of_month, local_day
from inspection_api.reports import service as reports
from tests.bench.drive import drive
from tests.bench.figures import Figure, figure, p50_ms, p95_ms, table, write
from tests.bench.stage import open_stage

if TYPE_CHECKING:
    from datetime import date
    from uuid import UUID

    from tests.bench.stage import Stage

RESULT = Path("var/bench/figures.json")
TASKS = 5_000_000
MONTHS = 60
TIMES = 200
_SCHEMA = "bank_demo"

_POINTS = """
    CREATE TEMP TABLE points AS
    SELECT uuidv7() AS episode_id, uuidv7() AS checkpoint_id, t.plan_id, t.rule_id, t.rule_version, t.customer_id,
           t.officer_id, t.organisation_id, t.template_version_id
    FROM (SELECT DISTINCT ON (episode_id) * FROM task) t CROSS JOIN generate_series(1, :times) LIMIT :amount
"""
_CHECKPOINTS = """
    INSERT INTO checkpoint (id, code, public_id, name, customer_id, organisation_id, effective_from, state)
    SELECT checkpoint_id, 'B' || number, 'B' || number, '检查点', customer_id, organisation_id, current_date, 'active'
    FROM (SELECT *, row_number() OVER () AS number FROM points) p
"""
_TASKS = """
    INSERT INTO task (id, plan_id, rule_id, rule_version, episode_id, checkpoint_id, customer_id, officer_id,
                      organisation_id, template_version_id, kind, period_start, period_end, due_on, window_end_on,
                      state, closed_by, performed_on)
    SELECT uuidv7(), plan_id, rule_id, rule_version, episode_id, checkpoint_id, customer_id, officer_id,
           organisation_id, template_version_id, 'regular', first, last, last, last,
           CASE WHEN chance < 0.9 THEN 'done' WHEN chance < 0.94 THEN 'done_late' WHEN chance < 0.97 THEN 'missed'
                WHEN chance < 0.98 THEN 'cancelled' ELSE 'pending' END, uuidv7(), first
    FROM (SELECT *, random() AS chance,
                 (date_trunc('month', current_date) - :month * interval '1 month')::date AS first,
                 (date_trunc('month', current_date) - (:month - 1) * interval '1 month')::date - 1 AS last
          FROM points) p
"""
_FLOOR = text(f"""
    SELECT o.path, sum(t.open), sum(t.done), sum(t.done_late), sum(t.missed)
    FROM {_SCHEMA}.task_tally t JOIN {_SCHEMA}.organisation o ON o.id = t.organisation_id
    WHERE o.path LIKE :below AND t.due_on BETWEEN :start AND :end GROUP BY o.path
""")  # noqa: S608 - a constant


def main() -> None:
    """Fill the bank, then measure the pages, a list behind a number, and the verifier."""
    amount = int(sys.argv[1]) if len(sys.argv) > 1 else TASKS
    with open_stage() as stage:
        _populate(stage, amount)
        recount_s, verify_s = _recounted(stage), _verified(stage)
        figures = [
            *_pages(stage),
            figure("figures.recount_s", "s", [recount_s]),
            figure("figures.verify_s", "s", [verify_s]),
            figure("figures.tasks", "tasks", [amount]),
        ]
    write(RESULT, figures)
    sys.stdout.write(f"{table(figures)}\n")


def _populate(stage: Stage, amount: int) -> None:
    each = amount // MONTHS
    with stage.runtime.database.engine.begin() as connection:
        connection.execute(text(f"SET LOCAL search_path TO {_SCHEMA}"))
        connection.execute(text("SET LOCAL session_replication_role TO replica"))
        episodes = connection.scalar(text("SELECT count(DISTINCT episode_id) FROM task"))
        connection.execute(text(_POINTS), {"times": each // episodes + 1, "amount": each})
        connection.execute(text(_CHECKPOINTS))
        for month in range(MONTHS):
            connection.execute(text(_TASKS), {"month": month})
    with stage.runtime.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM (ANALYZE)"))
        connection.execute(text("CHECKPOINT"))


def _recounted(stage: Stage) -> float:
    begun = time.perf_counter()
    with stage.world.transaction() as ctx:
        reports.recount(ctx)
    return time.perf_counter() - begun


def _verified(stage: Stage) -> float:
    begun = time.perf_counter()
    with stage.world.transaction() as ctx:
        if reports.verify(ctx):
            raise SystemExit("the tally is no recount")
    return time.perf_counter() - begun


def _pages(stage: Stage) -> list[Figure]:
    """Ask for a branch and for the province, over this month and over a year; and for the list behind a number."""
    with stage.world.transaction() as ctx:
        head = ctx.session.execute(text("SELECT id FROM user_account WHERE username = 'hq'")).scalar_one()
        places = ctx.session.execute(
            text("SELECT id, path FROM organisation WHERE kind IN ('province', 'branch') ORDER BY path LIMIT 2")
        ).all()
        today = local_day(ctx.now)
    stage.world.people["hq"] = head
    headers = stage.world.headers("hq")
    windows = {"month": first_of_month(today), "year": first_of_month(today - timedelta(days=330))}
    figures = []
    for name, (organisation_id, path) in zip(("province", "branch"), places, strict=True):
        for window, start in windows.items():
            floors = _floors(stage, path, start, today)
            page = _asked(stage, headers, "completion", organisation_id, start, today)
            figures.append(figure(f"figures.{name}.{window}.p95_ms", "ms", [p95_ms(page)], [p95_ms(floors)]))
            figures.append(figure(f"figures.{name}.{window}.p50_ms", "ms", [p50_ms(page)], [p50_ms(floors)]))
        listed = _asked(stage, headers, "completion/tasks", organisation_id, windows["year"], today, measure="overdue")
        figures.append(figure(f"figures.{name}.list.p95_ms", "ms", [p95_ms(listed)]))
    return figures


def _asked(
    stage: Stage, headers: dict[str, str], report: str, organisation_id: UUID, start: date, end: date, **more: str
) -> list[float]:
    query = urlencode({"organisation_id": organisation_id, "from": start, "to": end, **more})
    job = {"port": stage.product.port, "headers": headers, "path": f"/api/v1/reports/{report}?{query}", "follow": False}
    drive([job | {"times": 10}], server_pid=stage.product.pid)
    return list(drive([job | {"times": TIMES}], server_pid=stage.product.pid).seconds)


def _floors(stage: Stage, path: str, start: date, end: date) -> list[float]:
    seconds = []
    with stage.runtime.database.engine.connect() as connection:
        for _ in range(TIMES):
            begun = time.perf_counter()
            connection.execute(_FLOOR, {"below": f"{path}%", "start": start, "end": end}).all()
            seconds.append(time.perf_counter() - begun)
    return seconds


if __name__ == "__main__":
    main()
