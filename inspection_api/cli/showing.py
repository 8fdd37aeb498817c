"""The demo: an invented bank, and a day in it."""

from __future__ import annotations

import sys

import click

from inspection_api.cli.runtime import open_runtime
from inspection_api.demo import day
from inspection_api.demo.seed import seed


@click.command("seed-demo")
@click.option("--bank", default="demo", help="Code of the demo bank.")
@click.option("--small", is_flag=True, help="One branch only, for tests.")
@click.option("--past", is_flag=True, help="With a year behind it, as `run` makes it.")
def seed_demo(bank: str, *, small: bool, past: bool) -> None:
    """Fill an invented bank of real size, once; a seeded bank is left alone."""
    seed(open_runtime(), bank, small=small, with_past=past)


@click.command()
def demo() -> None:
    """Live through a day in the field, step by step; exit status 1 if any step is not as it must be."""
    sys.exit(day.run())
