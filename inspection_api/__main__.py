"""`python -m inspection_api COMMAND`."""

from __future__ import annotations

from inspection_api.cli import main

main(prog_name="python -m inspection_api")
