"""The documents that are made from the program; they need no database."""

from __future__ import annotations

import json
from pathlib import Path

import click

from inspection_api.app import openapi
from inspection_api.http.document import problem_table


@click.command("export-openapi")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default=Path("docs/openapi.json"))
def export_openapi(path: Path) -> None:
    """Write the OpenAPI document; needs no database."""
    path.write_text(json.dumps(openapi(), ensure_ascii=False, indent=2, sort_keys=True) + "\n")


@click.command("export-problems")
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path), default=Path("docs/problems.md"))
def export_problems(path: Path) -> None:
    """Write the list of all problem codes; needs no database."""
    path.write_text(problem_table())
