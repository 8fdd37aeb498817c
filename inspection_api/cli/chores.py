"""What the worker does by the clock, now, and whether its figures are right."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from inspection_api import schedule
from inspection_api.cli.runtime import open_runtime, transaction
from inspection_api.core.errors import NotFound
from inspection_api.core.periods import local_day
from inspection_api.reports import service as reports
from inspection_api.tasks import service as tasks

if TYPE_CHECKING:
    from datetime import datetime


@click.command("generate-tasks")
@click.argument("bank")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day to generate for; today if left out.")
def generate_tasks(bank: str, as_of: datetime | None) -> None:
    """Create the tasks of the running and the next period; running it again changes nothing."""
    runtime, created, complete = open_runtime(), 0, False
    day = as_of.date() if as_of else local_day(runtime.settings.clock())
    while not complete:
        with runtime.transaction(code=bank) as ctx:
            made = tasks.generate(ctx, day)
        created, complete = created + made.created, made.complete
        click.echo(f"{bank}: {day} +{made.created}", err=True)
    click.echo(f"{bank}: {created}")


@click.command()
@click.argument("bank")
def sweep(bank: str) -> None:
    """Do now what the worker does by the clock: tasks, missed tasks, locked papers, expired uploads, alerts."""
    runtime = open_runtime()
    found = runtime.banks.find_by_code(bank)
    if found is None:
        raise NotFound(bank)
    with click.progressbar(schedule.SCHEDULE, label="清理", item_show_func=lambda row: row.name if row else "") as rows:
        for row in rows:
            schedule.run(runtime.database, found, row)


@click.command("verify-figures")
@click.argument("bank")
@click.option("--mend", is_flag=True, help="Write the tally anew where it is wrong.")
def verify_figures(bank: str, *, mend: bool) -> None:
    """Hold the tally behind the completion figures to a full recount of all tasks; exit with 1 if they differ."""
    with transaction(bank) as (_, ctx):
        wrong = reports.verify(ctx)
        if wrong and mend:
            reports.recount(ctx)
    for row in wrong:
        place = " ".join(str(row[name]) for name in ("organisation_id", "inspection_type", "period_start", "due_on"))
        click.echo(f"  {place}: {row['tallied']} ≠ {row['counted']}")
    click.echo(f"{bank}：{len(wrong)} 处不符{'，已重算' if wrong and mend else ''}" if wrong else f"{bank}：完全一致")
    sys.exit(bool(wrong) and not mend)
