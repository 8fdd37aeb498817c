"""Banks: their schemas, their first people, and what is to be done after a restore."""

from __future__ import annotations

import sys

import click

from inspection_api.accounts import service as accounts
from inspection_api.accounts.schemas import OrganisationInput, UserInput
from inspection_api.cli.runtime import open_runtime, transaction
from inspection_api.core import migrations
from inspection_api.core.errors import NotFound
from inspection_api.core.permissions import PEOPLE
from inspection_api.http.parser import checked
from inspection_api.templates import service as templates
from sync import service as sync


@click.command()
def migrate() -> None:
    """Upgrade every bank's schema; report each, go on past a broken one, and exit with 1 if any is broken."""
    catalogue = open_runtime().banks
    broken = 0
    banks = catalogue.everyone()
    with click.progressbar(migrations.upgrade_all(catalogue), length=len(banks), label="迁移", file=sys.stderr) as bar:
        outcomes = list(bar)
    for outcome in outcomes:
        broken += bool(outcome.error)
        click.echo(f"{outcome.bank.code}: {outcome.error or migrations.head()}")
    sys.exit(1 if broken else 0)


@click.command("restore-finish")
@click.option("--bank", "code", help="One bank only, whatever its database says; left out: all that were restored.")
def restore_finish(code: str | None) -> None:
    """After a restore from backup: begin a new epoch, so that every device takes a snapshot and sends again."""
    runtime = open_runtime()
    banks = [bank for bank in runtime.banks.everyone() if (bank.is_restored if code is None else bank.code == code)]
    if code is not None and not banks:
        raise NotFound(code)
    for bank in banks:
        with runtime.database.transaction(bank) as ctx:
            epoch = sync.begin_epoch(ctx)
        runtime.banks.note_restored(bank)
        click.echo(f"{bank.code}: {epoch}")


@click.command("create-bank")
@click.argument("code")
@click.argument("name")
def create_bank(code: str, name: str) -> None:
    """Create a bank: its schema, its keys, the default template."""
    runtime = open_runtime()
    bank = runtime.banks.create(code, **checked(OrganisationInput(only=["name"]), {"name": name}))
    migrations.upgrade(runtime.banks, bank)
    with runtime.transaction(code=code) as ctx:
        templates.ensure_default_template(ctx)
    click.echo(f"{code}: {bank.tag}")


@click.command("create-user")
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
    place = checked(OrganisationInput(only=["code"]), {"code": organisation})
    person = {"username": username, "name": name, "password": password}
    values = checked(UserInput(exclude=["organisation_id"]), person)
    with transaction(bank) as (_, ctx):
        node = accounts.ensure_root(ctx, place["code"])
        user = accounts.create_user(ctx, organisation_id=node.id, **values)
        accounts.assign_role(ctx, user.id, role=role, organisation_id=node.id)
    click.echo(f"{username}: {user.id}")
