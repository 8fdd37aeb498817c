"""README and ARCHITECTURE name files, functions, endpoints, commands and variables that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from uuid import uuid4

import pytest

from inspection_api.app import openapi
from inspection_api.cli import HOMES
from inspection_api.demo.portfolio import PASSWORD
from sync.entities import OPERATIONS
from sync.protocol.envelope import decode_operation

ROOT = Path(__file__).parents[1]
README, ARCHITECTURE = ((ROOT / name).read_text() for name in ("README.md", "ARCHITECTURE.md"))
SETTINGS = (ROOT / "inspection_api/core/settings.py").read_text()
PLACE = re.compile(r"`([\w./-]+/[\w./-]*)(?:::(\w+))?`")
PLACES = sorted({match for words in (README, ARCHITECTURE) for match in PLACE.findall(words)})
MADE_WHILE_RUNNING = {"var/", "var/bench/", "var/demo/", "var/screenshots/", "var/secrets.env", "var/tls/", "blobs/"}


@pytest.mark.parametrize(("path", "name"), PLACES)
def test_a_place_that_a_document_names_exists(path: str, name: str) -> None:
    if path in MADE_WHILE_RUNNING or path.startswith("/"):
        return
    found = [folder / path for folder in (ROOT, ROOT / "inspection_api") if (folder / path).exists()]
    assert found, path
    if name:
        names = {getattr(node, "name", None) for node in ast.walk(ast.parse(found[0].read_text()))}
        targets = re.findall(r"^(\w+)\s*[:=]", found[0].read_text(), re.MULTILINE)
        assert name in names | set(targets)


def test_the_line_in_the_document_is_the_line_in_force() -> None:
    table = ARCHITECTURE.split("## The line")[1].split("## A slice")[0]
    told = [word.strip("`/ ") for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for word in row.split(",")]
    layers = re.search(r'id = "the-line".*?layers = \[(.*?)\]', (ROOT / "pyproject.toml").read_text(), re.DOTALL)
    assert layers
    force = re.findall(r"[\w.]+", layers[1].replace('"', " "))
    assert told == [word.removeprefix("inspection_api.") for word in force]


def test_the_requests_of_the_readme_are_endpoints() -> None:
    paths = {f"/{path}" for path in re.findall(r"\$API/([a-z/-]+)(?![a-z/$-])", README)}
    assert len(paths) >= 5
    assert {f"/api/v1{path}" for path in paths} <= set(openapi()["paths"])


def test_the_commands_of_the_readme_exist() -> None:
    commands = set(re.findall(r"python -m inspection_api ([a-z-]+)", README))
    assert commands
    assert commands <= set(HOMES)


def test_the_readme_tells_every_command_that_make_help_lists() -> None:
    listed = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", README, re.MULTILINE)) == listed


def test_every_variable_is_documented() -> None:
    read = set(re.findall(r'env(?:\.get\(|, )"([A-Z_]+)"', SETTINGS))
    table = README.split("## Configuration")[1].split("## Production")[0]
    assert read == set(re.findall(r"`([A-Z_]+)`", table.replace("`, `", "` `")))


def test_the_demo_password_of_the_readme_is_the_demos() -> None:
    assert f"`{PASSWORD}`" in README


def test_the_visit_of_the_clients_page_is_one() -> None:
    page = (ROOT / "docs/sync-clients.md").read_text()
    (example,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    raw = re.sub(r"_id\": \"…|\"id\": \"…", lambda found: found.group().replace("…", str(uuid4())), example)
    received = decode_operation(raw.encode())
    assert received.operation is not None
    visit = OPERATIONS[received.operation.type].payload.decode(received.operation.payload)
    assert [medium.item for medium in visit.media] == ["tax_ytd"]


def test_the_endpoints_of_the_clients_page_exist() -> None:
    page = (ROOT / "docs/sync-clients.md").read_text()
    named = set(re.findall(r"`(GET|POST|PATCH|HEAD) (/[\w/{}]+)", page))
    paths = openapi()["paths"]
    assert len(named) >= 10
    assert [(verb, path) for verb, path in named if verb.lower() not in paths.get(f"/api/v1{path}", {})] == []
