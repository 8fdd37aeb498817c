"""The command line: `python -m inspection_api COMMAND`; each command is one transaction and one service call.

A command's module is loaded when it is called: the application alone takes seconds, and not every command needs it.
"""

from __future__ import annotations

from importlib import import_module

import click
from sqlalchemy.exc import OperationalError

from inspection_api.core.errors import Problem
from inspection_api.core.settings import SettingsError

HOMES = {
    "create-bank": "banks",
    "create-user": "banks",
    "demo": "showing",
    "export-openapi": "documents",
    "export-problems": "documents",
    "generate-tasks": "chores",
    "migrate": "banks",
    "restore-finish": "banks",
    "run": "starting",
    "seed-demo": "showing",
    "serve": "serving",
    "serve-https": "serving",
    "sweep": "chores",
    "sync-doctor": "offline",
    "sync-reprocess": "offline",
    "sync-signatures": "offline",
    "verify-figures": "chores",
    "worker": "working",
}
"""The module of each command; the command is the function of its name."""


class Commands(click.Group):
    """Commands that end with one clear line instead of a traceback where the cause is outside of the program."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(HOMES)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, loading its module; None where there is none."""
        if name not in HOMES:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{HOMES[name]}"), name.replace("-", "_"))
        return command

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
