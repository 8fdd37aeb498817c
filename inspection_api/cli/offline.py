"""The offline sync: what is stuck and why, and what a bank wants of signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from inspection_api.cli.runtime import open_runtime, transaction
from sync import service as sync

if TYPE_CHECKING:
    from uuid import UUID


@click.command("sync-reprocess")
@click.option("--bank", required=True, help="Code of the bank.")
@click.option("--device", "device_id", type=click.UUID, help="One device; all of which something waits if left out.")
@click.option("--op", "op_id", type=click.UUID, help="One parked operation; all if left out.")
def sync_reprocess(bank: str, device_id: UUID | None, op_id: UUID | None) -> None:
    """Judge parked operations again, and what waits behind them; print what became of each."""
    runtime = open_runtime()
    with runtime.transaction(code=bank) as ctx:
        devices = sync.find_stuck(ctx) if device_id is None else [device_id]
    for device in devices:
        with runtime.transaction(code=bank) as ctx:
            judged = sync.reprocess(ctx, device, op_id=op_id)
        for each in judged:
            head = each.received.head
            click.echo(f"{device} {head.seq} {head.op_id}: {each.verdict.message} ({each.verdict.code})")


@click.command("sync-doctor")
@click.option("--bank", help="Code of the bank; all banks if left out.")
def sync_doctor(bank: str | None) -> None:
    """Print what is stuck in the offline sync, and why."""
    runtime = open_runtime()
    for code in [bank] if bank else [each.code for each in runtime.banks.everyone()]:
        with runtime.transaction(code=code) as ctx:
            complaints = sync.examine(ctx)
        click.echo(f"{code}：{len(complaints)} 台设备需要关注" if complaints else f"{code}：一切正常")
        for complaint in complaints:
            click.echo(f"  {complaint}")


@click.command("sync-signatures")
@click.argument("bank")
@click.argument("rule", type=click.Choice(["refuse", "flag"]))
def sync_signatures(bank: str, rule: str) -> None:
    """Say whether a pushed batch with a bad signature is refused, or taken and flagged."""
    with transaction(bank) as (_, ctx):
        sync.set_bad_signature(ctx, rule)
    click.echo(f"{bank}: {rule}")
