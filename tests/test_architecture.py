"""The house rules of ARCHITECTURE.md that a program can check."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection_api.app import openapi
from inspection_api.http.document import problem_table

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
PACKAGES = ("inspection_api", "sync", "checkpoints", "kiosk_print")
CONTRACTS = {
    contract["id"]: contract
    for contract in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
}
LINE = [word.strip() for layer in CONTRACTS["the-line"]["layers"] for word in layer.split("|")]
SLICES = CONTRACTS["files"]["containers"]
NO_SLICES = {"cli", "core", "http", "demo"}

VOCABULARY = {
    *("__init__", "routes", "schemas", "service", "entities", "queries", "models"),
    *("rules", "forms", "protocol", "evidence", "roles", "qr", "paper", "labels", "images", "coordinates", "errors"),
}
OWN_WORDS = {
    "inspection_api.imports": {"workbook", "delimited"},  # the two kinds of files
    "inspection_api.reports": {
        *("completion", "coverage", "branch_checks", "details", "comparison", "series"),
        *("indicators", "conclusions", "migrations", "records", "anomalies", "alerting", "month_end"),
        *("catalogue", "table", "words"),  # one file per report, all of them, and what they fill
        *("scope", "duties", "visits", "incidents", "covering", "kept"),  # what several of them are counted from
        *("exporting", "spreadsheets", "printing", "templates"),  # as files
    },
    "inspection_api.templates": {"default_template"},  # data: the form that every bank starts with
    "kiosk_print": {
        *("templates", "public", "verifying"),  # what typst and Jinja read, and the page behind a QR
        *("page", "kiosk"),  # the screen of a print station, and who serves it
        "fitting",  # how tall the paper's form will be
    },
    "inspection_api.web": {"pages", "phone", "static", "vendor", "templates"},  # who serves them, and what browsers run
    "sync": {"client"},  # the reference client, which imports nothing of the server
}
FORBIDDEN_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "base_service", "shared"}

MAX_LINES = 300
SPEAKING = {"service", "queries", "rules", "forms", "protocol", "evidence", "coordinates", "qr", "paper", "labels"}


def folder_of(name: str) -> Path:
    return ROOT / name.replace(".", "/")


def sources() -> Iterator[Path]:
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(  # noqa: S603 - our own tool
        [linter, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_no_slice_stands_outside_the_line() -> None:
    inside = {f"inspection_api.{entry.stem}" for entry in (ROOT / "inspection_api").iterdir() if is_code(entry)}
    found = (inside | set(PACKAGES[1:])) - {"inspection_api.__init__", "inspection_api.__main__"}
    assert found == set(LINE)
    packages = {name for name in found if folder_of(name).is_dir()}
    assert packages == set(SLICES) | {f"inspection_api.{name}" for name in NO_SLICES}


def is_code(entry: Path) -> bool:
    return entry.suffix == ".py" or (entry.is_dir() and any(entry.glob("*.py")))


@pytest.mark.parametrize("name", SLICES)
def test_a_slice_is_made_of_the_known_words(name: str) -> None:
    words = {entry.stem for entry in folder_of(name).iterdir() if entry.name != "__pycache__"}
    assert words <= VOCABULARY | OWN_WORDS.get(name, set())


def test_every_slice_has_tests() -> None:
    tested = {entry.name for entry in (ROOT / "tests").iterdir() if entry.is_dir()}
    assert {name.removeprefix("inspection_api.") for name in [*SLICES, "core", "http"]} <= tested


def test_nothing_is_called_utils() -> None:
    assert [named(path) for path in sources() if path.stem in FORBIDDEN_NAMES] == []


def test_no_file_is_long() -> None:
    assert [named(path) for path in sources() if len(path.read_text().splitlines()) > MAX_LINES] == []


def speaking(path: Path) -> Iterator[ast.FunctionDef | ast.ClassDef]:
    """Yield the public functions, classes and methods of a file."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node
            inner = node.body if isinstance(node, ast.ClassDef) else []
            yield from (row for row in inner if isinstance(row, ast.FunctionDef) and not row.name.startswith("_"))


def test_what_has_a_business_meaning_says_it() -> None:
    meaningful = [path for path in sources() if SPEAKING & set(path.relative_to(ROOT).with_suffix("").parts)]
    silent = [
        f"{named(path)}:{node.lineno} {node.name}"
        for path in meaningful
        for node in speaking(path)
        if not ast.get_docstring(node)
    ]
    assert len(meaningful) > 50
    assert silent == []


def test_every_module_says_what_it_is() -> None:
    assert [named(path) for path in sources() if not ast.get_docstring(ast.parse(path.read_text()))] == []


def test_routes_decide_nothing() -> None:
    branching = {
        f"{named(path)}::{view.name}"
        for path in sources()
        if "routes" in path.relative_to(ROOT).with_suffix("").parts
        for view in ast.parse(path.read_text()).body
        if isinstance(view, ast.FunctionDef) and not view.name.startswith("_")
        if any(isinstance(node, ast.If | ast.For | ast.While | ast.Match) for node in ast.walk(view))
    }
    assert branching == {"inspection_api/media/routes.py::create"}  # tus: creation that brings its first bytes


def test_only_the_database_commits() -> None:
    committing = [
        named(path)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "commit" and "client" not in path.parts
    ]
    assert committing == ["inspection_api/core/db.py"]


def test_only_the_clock_tells_the_time() -> None:
    """Everything else gets its instant from the context; the client and the demo stand outside of the server."""
    telling = {
        named(path)
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr in {"now", "utcnow", "today"}
        if isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date"}
    }
    outside = {"sync/client/clock.py", "inspection_api/demo/stage.py"}
    assert telling - outside == {"inspection_api/core/settings.py"}


def test_the_openapi_document_is_current() -> None:
    """Write it again with ``make openapi``."""
    assert json.loads((ROOT / "docs/openapi.json").read_text()) == openapi()


def test_the_list_of_problems_is_current() -> None:
    """Write it again with ``make openapi``."""
    assert (ROOT / "docs/problems.md").read_text() == problem_table()
