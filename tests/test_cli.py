"""The command line: every command is found, and one that needs no application loads none."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from inspection_api.cli import HOMES, main


@pytest.mark.parametrize("name", HOMES)
def test_every_command_is_found_under_its_name_and_says_what_it_does(name: str) -> None:
    command = main.get_command(click.Context(main), name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_an_unknown_command_is_none() -> None:
    assert main.get_command(click.Context(main), "nonsense") is None


def test_starting_everything_loads_no_application() -> None:
    look = "import sys; import inspection_api.cli.starting; print('inspection_api.app' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)  # noqa: S603 - our own program
    assert done.stdout.strip() == "False"
