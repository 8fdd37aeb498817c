"""How pages are served: what they may run, their files for ever and packed, and nothing from elsewhere."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from inspection_api import web
from inspection_api.core.permissions import PEOPLE
from inspection_api.http.pages import Assets, policy
from inspection_api.web.pages import ASSETS, PAGES, Page

if TYPE_CHECKING:
    from flask.testing import FlaskClient

HOME = Path(web.__file__).parent
OWN = [path for path in sorted((HOME / "static").rglob("*.*")) if path.suffix != ".png"]
MODULES = [path for path in OWN if path.suffix == ".js"]
MOST_FIRST_BYTES = 300_000
MOST_BYTES_BEHIND = 450_000
"""What comes behind the first load of `/m`, and once: the reader of codes, so that scanning needs no network."""


def linked(html: str) -> list[str]:
    return re.findall(r'(?:src|href)="(/[^"]+)"', html)


def packed_bytes(client: FlaskClient, path: str) -> int:
    with client.get(path, headers={"Accept-Encoding": "gzip"}) as answer:
        assert answer.status_code == 200, path
        return len(answer.data)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_runs_only_what_comes_from_here(client: FlaskClient, page: Page) -> None:
    answer = client.get(page.path)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    rules = dict(part.split(maxsplit=1) for part in answer.headers["Content-Security-Policy"].split("; "))
    assert (rules["default-src"], rules["style-src"], rules["frame-ancestors"]) == ("'none'", "'self'", "'none'")
    assert rules["script-src"] in {"'self'", "'self' 'wasm-unsafe-eval'"}
    assert not re.search(
        r"unsafe-(inline|eval)\b(?<!wasm-unsafe-eval)|https?:|\*", answer.headers["Content-Security-Policy"]
    )
    assert "camera=" in answer.headers["Permissions-Policy"]
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]* src=)|https?:", answer.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_the_first_load_of_a_page_is_small(client: FlaskClient, page: Page) -> None:
    html = client.get(page.path).text
    assert sum(packed_bytes(client, path) for path in {page.path, *linked(html)}) <= MOST_FIRST_BYTES


def test_what_a_phone_keeps_behind_its_first_load_is_the_reader_and_nothing_else_that_is_large(
    client: FlaskClient,
) -> None:
    files = json.loads(re.findall(r"const FILES = (.*);", client.get("/m/worker.js").text)[0])
    behind = {path for path in files if path not in linked(client.get("/m").text)}
    assert sum(packed_bytes(client, path) for path in behind) <= MOST_BYTES_BEHIND
    assert any(path.endswith("zxing_reader.wasm") for path in behind)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.path)
def test_a_page_names_every_module_that_it_loads(client: FlaskClient, page: Page) -> None:
    names = {path.split("/", 3)[3] for path in linked(client.get(page.path).text) if path.startswith("/assets/")}
    for name in sorted(name for name in names if name.endswith(".js")):
        for target in re.findall(r'^(?:import|export)\b[^"\n]*"(\.[^"]+)"', (HOME / name).read_text(), re.MULTILINE):
            assert ((HOME / name).parent / target).resolve().relative_to(HOME).as_posix() in names, (name, target)


def test_a_file_is_kept_for_ever_and_packed(client: FlaskClient) -> None:
    url = ASSETS.url("static/shell/shell.css")
    plain, packed = client.get(url), client.get(url, headers={"Accept-Encoding": "gzip, br"})
    assert plain.data == gzip.decompress(packed.data) == (HOME / "static/shell/shell.css").read_bytes()
    assert (plain.mimetype, packed.headers["Content-Encoding"]) == ("text/css", "gzip")
    for answer in (plain, packed):
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Vary"] == "Accept-Encoding"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    again = client.get(url, headers={"If-None-Match": plain.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/assets/0000000000000000/static/shell/shell.css",
        "/assets/{version}/pages.py",
        "/assets/{version}/static/../pages.py",
        "/assets/{version}/static/..%2f..%2fpages.py",
        "/assets/{version}/templates/page.html",
        "/assets/{version}/static",
    ],
)
def test_nothing_else_is_sent(client: FlaskClient, path: str) -> None:
    answer = client.get(path.replace("{version}", ASSETS.version))
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")
    assert answer.headers["Cache-Control"] == "no-store"


def test_another_content_has_another_address(tmp_path: Path) -> None:
    (tmp_path / "static").mkdir()
    file = tmp_path / "static" / "a.js"
    versions = set()
    for content in ("one", "two"):
        file.write_text(content)
        versions.add(Assets(tmp_path, ("static",), "/assets").version)
    file.rename(file.with_name("b.js"))
    versions.add(Assets(tmp_path, ("static",), "/assets").version)
    assert len(versions) == 3


@pytest.mark.parametrize("path", OWN, ids=lambda path: path.relative_to(HOME).as_posix())
def test_a_file_of_ours_names_no_other_host_and_parses_no_html(path: Path) -> None:
    text = path.read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|[\"'`(]//[a-z0-9-]+\.[a-z]|@import|\beval\(|new Function|document\.write", text)
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|\sstyle=", text)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(HOME).as_posix())
def test_a_module_says_what_it_is_and_is_short(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert lines[0].startswith("// ")
    assert len(lines) <= 300


def test_pages_name_roles_that_there_are_and_have_a_word_for_each() -> None:
    arrays = re.findall(r"(?:roles|leads): \[(.*?)\]", (HOME / "static/shell/pages.js").read_text(), re.DOTALL)
    of_pages = re.findall(r"[a-z_]+", " ".join(arrays))
    words = re.findall(r'^  ([a-z_]+): "', (HOME / "static/shell/format.js").read_text(), re.MULTILINE)
    assert set(of_pages) <= set(words) == {role.value for role in PEOPLE}
    assert len(of_pages) > 5


def test_the_root_leads_to_the_login(client: FlaskClient) -> None:
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/login")


def test_a_policy_forbids_what_it_does_not_name() -> None:
    assert policy() == "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    assert policy(form_action="'self'").count("form-action") == 1
