"""What the worker does by the clock, now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from inspection_api import schedule
from inspection_api.cli.runtime import open_runtime
from inspection_api.core.errors import NotFound
from inspection_api.core.periods import local_day
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
