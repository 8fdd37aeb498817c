"""The command line: `python -m inspection_api COMMAND`; each command is one transaction and one service call."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy.exc import OperationalError

from inspection_api.core.errors import NotFound, Problem
from inspection_api.core.permissions import PEOPLE
from inspection_api.core.settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from uuid import UUID

    from inspection_api.core.context import Context
    from inspection_api.http.runtime import Runtime


class Commands(click.Group):
    """Commands that end with one clear line instead of a traceback where the cause is outside of the program."""

    def invoke(self, ctx: click.Context) -> object:
        """Run a command and translate what may go wrong into one line and exit status 1."""
        try:
            return super().invoke(ctx)
        except SettingsError as error:
            raise click.ClickException(str(error)) from None
        except OperationalError as error:
            reason = str(error.orig).splitlines()[0]
            raise click.ClickException(f"无法连接数据库：{reason} (database_unreachable)") from None
        except Problem as problem:
            raise click.ClickException(_line(problem)) from None


def _line(problem: Problem) -> str:
    """Return a refusal as one line: what it is, why, and its code."""
    wrong = [f"{field}：{message}" for field, message in problem.fields.items()]
    return f"{'；'.join([problem.title, *filter(None, [problem.detail]), *wrong])} ({problem.code})"


@click.group(cls=Commands)
def main() -> None:
    """巡迹 Xunji: the field-inspection backend for post-loan checks."""


def _runtime() -> Runtime:
    from inspection_api.app import create_runtime  # noqa: PLC0415 - the commands that need no database start at once

    runtime = create_runtime(Settings.from_env(os.environ))
    click.get_current_context().call_on_close(runtime.database.engine.dispose)
    runtime.banks.ensure_table()
    return runtime


@contextmanager
def _transaction(code: str) -> Iterator[tuple[Runtime, Context]]:
    runtime = _runtime()
    with runtime.transaction(code=code) as ctx:
        yield runtime, ctx


def _ensure_not_restored() -> None:
    """Refuse to start on a database that came from a backup; one that is away may come back, and is asked again."""
    with suppress(OperationalError):
        _runtime().banks.ensure_not_restored()


@main.command()
def serve() -> None:
    """Serve HTTP with gunicorn on HOST:PORT until stopped."""
    from inspection_api.server import serve_forever  # noqa: PLC0415

    _ensure_not_restored()
    serve_forever(Settings.from_env(os.environ))


@main.command()
def worker() -> None:
    """Drain the outbox and run background jobs until stopped."""
    from inspection_api.worker import work  # noqa: PLC0415

    _ensure_not_restored()
    work(Settings.from_env(os.environ))


@main.command()
def migrate() -> None:
    """Upgrade every bank's schema; report each, go on past a broken one, and exit with 1 if any is broken."""
    from inspection_api.core import migrations  # noqa: PLC0415

    catalogue = _runtime().banks
    broken = 0
    banks = catalogue.everyone()
    with click.progressbar(migrations.upgrade_all(catalogue), length=len(banks), label="迁移", file=sys.stderr) as bar:
        outcomes = list(bar)
    for outcome in outcomes:
        broken += bool(outcome.error)
        click.echo(f"{outcome.bank.code}: {outcome.error or migrations.head()}")
    sys.exit(1 if broken else 0)


@main.command("restore-finish")
@click.option("--bank", "code", help="One bank only, whatever its database says; left out: all that were restored.")
def restore_finish(code: str | None) -> None:
    """After a restore from backup: begin a new epoch, so that every device takes a snapshot and sends again."""
    from sync import service as sync  # noqa: PLC0415

    runtime = _runtime()
    banks = [bank for bank in runtime.banks.everyone() if (bank.is_restored if code is None else bank.code == code)]
    if code is not None and not banks:
        raise NotFound(code)
    for bank in banks:
        with runtime.database.transaction(bank) as ctx:
            epoch = sync.begin_epoch(ctx)
        runtime.banks.note_restored(bank)
        click.echo(f"{bank.code}: {epoch}")


@main.command("create-bank")
@click.argument("code")
@click.argument("name")
def create_bank(code: str, name: str) -> None:
    """Create a bank: its schema, its keys, the default template."""
    from inspection_api.accounts.schemas import OrganisationInput  # noqa: PLC0415
    from inspection_api.core import migrations  # noqa: PLC0415
    from inspection_api.http.parser import checked  # noqa: PLC0415
    from inspection_api.templates import service as templates  # noqa: PLC0415

    runtime = _runtime()
    bank = runtime.banks.create(code, **checked(OrganisationInput(only=["name"]), {"name": name}))
    migrations.upgrade(runtime.banks, bank)
    with runtime.transaction(code=code) as ctx:
        templates.ensure_default_template(ctx)
    click.echo(f"{code}: {bank.tag}")


@main.command("create-user")
@click.argument("bank")
@click.argument("username")
@click.argument("name")
@click.option("--organisation", required=True, help="Code of an existing organisation, or of the new root.")
@click.option(
    "--role", required=True, type=click.Choice([role.value for role in PEOPLE]), help="A role of the permission matrix."
)
@click.password_option(help="At least 10 characters.")
def create_user(bank: str, username: str, name: str, organisation: str, role: str, password: str) -> None:
    """Create a user with a role; the bank's first user creates its root organisation."""
    from inspection_api.accounts import service as accounts  # noqa: PLC0415
    from inspection_api.accounts.schemas import OrganisationInput, UserInput  # noqa: PLC0415
    from inspection_api.http.parser import checked  # noqa: PLC0415

    place = checked(OrganisationInput(only=["code"]), {"code": organisation})
    person = {"username": username, "name": name, "password": password}
    values = checked(UserInput(exclude=["organisation_id"]), person)
    with _transaction(bank) as (_, ctx):
        node = accounts.ensure_root(ctx, place["code"])
        user = accounts.create_user(ctx, organisation_id=node.id, **values)
        accounts.assign_role(ctx, user.id, role=role, organisation_id=node.id)
    click.echo(f"{username}: {user.id}")


@main.command("generate-tasks")
@click.argument("bank")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="The day to generate for; today if left out.")
def generate_tasks(bank: str, as_of: datetime | None) -> None:
    """Create the tasks of the running and the next period; running it again changes nothing."""
    from inspection_api.core.periods import local_day  # noqa: PLC0415
    from inspection_api.tasks import service as tasks  # noqa: PLC0415

    runtime, created, complete = _runtime(), 0, False
    day = as_of.date() if as_of else local_day(runtime.settings.clock())
    while not complete:
        with runtime.transaction(code=bank) as ctx:
            made = tasks.generate(ctx, day)
        created, complete = created + made.created, made.complete
        click.echo(f"{bank}: {day} +{made.created}", err=True)
    click.echo(f"{bank}: {created}")


@main.command()
@click.argument("bank")
def sweep(bank: str) -> None:
    """Do now what the worker does by the clock: tasks, missed tasks, locked papers, expired uploads, alerts."""
    from inspection_api import schedule  # noqa: PLC0415

    runtime = _runtime()
    found = runtime.banks.find_by_code(bank)
    if found is None:
        raise NotFound(bank)
    with click.progressbar(schedule.SCHEDULE, label="清理", item_show_func=lambda row: row.name if row else "") as rows:
        for row in rows:
            schedule.run(runtime.database, found, row)


@main.command("sync-reprocess")
@click.option("--bank", required=True, help="Code of the bank.")
@click.option("--device", "device_id", type=click.UUID, help="One device; all of which something waits if left out.")
@click.option("--op", "op_id", type=click.UUID, help="One parked operation; all if left out.")
def sync_reprocess(bank: str, device_id: UUID | None, op_id: UUID | None) -> None:
    """Judge parked operations again, and what waits behind them; print what became of each."""
    from sync import service as sync  # noqa: PLC0415

    runtime = _runtime()
    with runtime.transaction(code=bank) as ctx:
        devices = sync.find_stuck(ctx) if device_id is None else [device_id]
    for device in devices:
        with runtime.transaction(code=bank) as ctx:
            judged = sync.reprocess(ctx, device, op_id=op_id)
        for each in judged:
            head = each.received.head
            click.echo(f"{device} {head.seq} {head.op_id}: {each.verdict.message} ({each.verdict.code})")


@main.command("sync-doctor")
@click.option("--bank", help="Code of the bank; all banks if left out.")
def sync_doctor(bank: str | None) -> None:
    """Print what is stuck in the offline sync, and why."""
    from sync import service as sync  # noqa: PLC0415

    runtime = _runtime()
    for code in [bank] if bank else [each.code for each in runtime.banks.everyone()]:
        with runtime.transaction(code=code) as ctx:
            complaints = sync.examine(ctx)
        click.echo(f"{code}：{len(complaints)} 台设备需要关注" if complaints else f"{code}：一切正常")
        for complaint in complaints:
            click.echo(f"  {complaint}")


@main.command("sync-signatures")
@click.argument("bank")
@click.argument("rule", type=click.Choice(["refuse", "flag"]))
def sync_signatures(bank: str, rule: str) -> None:
    """Say whether a pushed batch with a bad signature is refused, or taken and flagged."""
    from sync import service as sync  # noqa: PLC0415

    with _transaction(bank) as (_, ctx):
        sync.set_bad_signature(ctx, rule)
    click.echo(f"{bank}: {rule}")


@main.command("seed-demo")
@click.option("--bank", default="demo", help="Code of the demo bank.")
@click.option("--small", is_flag=True, help="One branch only, for tests.")
def seed_demo(bank: str, *, small: bool) -> None:
    """Fill an invented bank of real size, once; a seeded bank is left alone."""
    from inspection_api.demo.seed import seed  # noqa: PLC0415

    seed(_runtime(), bank, small=small)


@main.command()
def demo() -> None:
    """Live through a day in the field, step by step; exit status 1 if any step is not as it must be."""
    from inspection_api.demo.day import run  # noqa: PLC0415

    sys.exit(run())


@main.command()
def run() -> None:
    """Start everything: PostgreSQL and Redis where none is given, the web server and the worker, on a demo bank."""
    from inspection_api.supervisor import run_everything  # noqa: PLC0415

    sys.exit(run_everything(os.environ))


@main.command("export-openapi")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default=Path("docs/openapi.json"))
def export_openapi(path: Path) -> None:
    """Write the OpenAPI document; needs no database."""
    from inspection_api.app import openapi  # noqa: PLC0415

    path.write_text(json.dumps(openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n")


@main.command("export-problems")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default=Path("docs/problems.md"))
def export_problems(path: Path) -> None:
    """Write the list of all problem codes; needs no database."""
    from inspection_api import app  # noqa: F401, PLC0415 - imports every slice, and so every problem
    from inspection_api.http.document import problem_table  # noqa: PLC0415

    path.write_text(problem_table())
